"""How a number, a formula and a name are written, and how wide a text is.

No picture is made here. It may import ``trace``.
"""
