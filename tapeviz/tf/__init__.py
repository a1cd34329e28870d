"""TensorFlow's public names over the engine: ``tf.math``, ``tf.nn``, ``tf.keras``, ...

No derivative is written here and no picture is drawn. It may import ``engine`` and
``errors``; only the door (``tapeviz/__init__.py``) and the lessons look in.
"""
