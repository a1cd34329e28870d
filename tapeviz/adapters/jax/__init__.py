"""JAX through our pictures: ``tape = tapeviz.jax.record(loss, w, x)``.

It may import ``engine``, ``tf``, ``inspect``, ``trace`` and ``errors``.
"""

from tapeviz.adapters.jax.recording import JaxTape, record, seen

__all__ = ["JaxTape", "record", "seen"]
