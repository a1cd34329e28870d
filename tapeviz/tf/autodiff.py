"""``tf.autodiff``: reverse mode (``GradientTape``) and forward mode."""

from tapeviz.engine.forward_mode import ForwardAccumulator
from tapeviz.engine.tape import GradientTape

__all__ = ["ForwardAccumulator", "GradientTape"]
