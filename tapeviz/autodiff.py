"""``tf.autodiff``: the tape, and its forward-mode twin."""

from tapeviz.engine.forward import ForwardAccumulator
from tapeviz.engine.tape import GradientTape
from tapeviz.missing import teller

__all__ = ["ForwardAccumulator", "GradientTape"]

__getattr__ = teller("autodiff")
