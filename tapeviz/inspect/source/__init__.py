"""The learner's code: which line ran, what its names hold, where a value came from.

It reads code and knows nothing of gradients or reasons. It may import ``engine``,
``trace`` and ``errors``.
"""
