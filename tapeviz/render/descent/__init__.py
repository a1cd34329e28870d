"""Pictures and films of gradient descent, and the explorer's chart.

Frozen data goes in, text or bytes come out; nothing here sees a tensor. It may import
``analysis``, ``wording``, ``trace`` and other rooms of ``render``.
"""
