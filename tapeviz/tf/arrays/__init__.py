"""Making tensors, changing their shape, taking parts of them.

No mathematics of entries (that is ``tf.math``). It may import ``engine`` and
``errors``.
"""
