"""``tf.math``: functions of each entry, reductions, comparison and logic.

Products of matrices are in ``tf.linalg``. It may import ``engine``, ``errors`` and
other rooms of ``tf``.
"""
