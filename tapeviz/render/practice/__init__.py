"""Tasks to practise with in a page: the sheet of a drill, and steps to be ordered.

The page judges, and needs no kernel. It may import ``trace``, ``wording`` and other
rooms of ``render``.
"""
