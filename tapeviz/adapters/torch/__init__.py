"""PyTorch through our pictures: ``with tapeviz.torch.record() as tape``.

It may import ``engine``, ``inspect``, ``trace`` and ``errors``, and TensorFlow's names
by the door.
"""

from tapeviz.adapters.torch.recording import TorchTape as record

__all__ = ["record"]
