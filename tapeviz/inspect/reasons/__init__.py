"""Why a gradient is None, zero, nan, or what it is: from a tape to an ``Answer``."""
