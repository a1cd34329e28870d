"""``tf.nn``: what neural networks are made of, as functions.

Layers with variables are in ``tf.keras``. It may import ``engine``, ``errors`` and
other rooms of ``tf``.
"""
