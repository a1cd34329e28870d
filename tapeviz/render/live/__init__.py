"""What runs in a page: recorded programs, and what is shown of them.

The Python side says which scripts an output needs. It may import ``trace`` and other
rooms of ``render``.
"""
