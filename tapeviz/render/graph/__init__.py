"""The picture of a computation graph: layout, boxes, arrows, groups.

Frozen data goes in, text or bytes come out; nothing here sees a tensor. It may import
``analysis``, ``wording``, ``trace`` and other rooms of ``render``.
"""
