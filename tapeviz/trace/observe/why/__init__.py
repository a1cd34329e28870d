"""Why a gradient is None, zero, nan, or what it is: from a tape to an ``Answer``."""

from tapeviz.trace.observe.why.asked import why

__all__ = ["why"]
