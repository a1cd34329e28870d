"""``tf.autodiff``: the tape, and its forward-mode twin."""

from tapeviz.engine.forward_mode import ForwardAccumulator
from tapeviz.engine.tape import GradientTape

__all__ = ["ForwardAccumulator", "GradientTape"]
