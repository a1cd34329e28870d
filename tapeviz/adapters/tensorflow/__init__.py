"""TensorFlow through our pictures: ``with tapeviz.tensorflow.record() as tape``.

It may import ``engine``, ``tf``, ``inspect``, ``trace`` and ``errors``.
"""

from tapeviz.adapters.tensorflow.descent import EagerRecorder as Recorder
from tapeviz.adapters.tensorflow.recording import EagerTape, record, seen

__all__ = ["EagerTape", "Recorder", "record", "seen"]
