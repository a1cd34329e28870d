"""PyTorch through our pictures: ``with tapeviz.torch.record() as tape``.

It may import ``engine``, ``tf``, ``inspect``, ``trace`` and ``errors``.
"""

from tapeviz.adapters.torch.descent import TorchRecorder as Recorder
from tapeviz.adapters.torch.why import TorchTape

__all__ = ["Recorder", "record"]


def record() -> TorchTape:
    """A tape for what PyTorch computes in a ``with`` block, whose code stays as it is.

    Then ``draw(tape)``, ``play(tape, loss, [w, b])``, ``explain`` and ``why`` take
    PyTorch's tensors. Values and gradients are PyTorch's own, also those of a backward
    pass that ran in the meantime; the rules shown are ours, evaluated on them.
    """
    return TorchTape()
