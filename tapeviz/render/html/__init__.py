"""Pages around a picture: the document, its scripts and styles, the code beside it.

Frozen data goes in, text or bytes come out; nothing here sees a tensor. It may import
``analysis``, ``wording``, ``trace`` and other rooms of ``render``.
"""
