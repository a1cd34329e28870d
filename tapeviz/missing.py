"""What to say of a name that is not there: is it TensorFlow's, what is nearest."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

_HINTS = {
    "data": "loop over NumPy arrays or Python lists",
    "io": "read files with Python or NumPy",
    "strings": "work on text with Python",
    "signal": "work on signals with NumPy, outside the tape",
    "saved_model": "np.save the values of the variables",
    "train": "np.save the values; optimizers are in tf.keras.optimizers",
    "summary": "descent(...) records a run, and play(...) shows it",
    "config": "there is one device, the CPU, and nothing to configure",
    "distribute": "there is one device, the CPU",
    "compat": "write it in TensorFlow 2's way",
    "Session": "tensors have their values at once: t.numpy()",
    "placeholder": "tensors have their values at once: use tf.constant or an argument",
    "gradients": "use tf.GradientTape",
    "hessians": "use two nested tf.GradientTape and .jacobian",
    "RaggedTensor": "pad the rows to one length, or use a list",
    "SparseTensor": "use a tensor with zeros",
    "TensorArray": "use a Python list and tf.stack",
    "svd": "np.linalg.svd(t.numpy()), outside the tape",
    "eigh": "np.linalg.eigh(t.numpy()), outside the tape",
    "qr": "np.linalg.qr(t.numpy()), outside the tape",
}


def missing(space: str, name: str) -> str:
    """The message for a name that a namespace (``""`` is the top) does not have.

    >>> print(missing("", "log"))
    tf.log does not exist, in TensorFlow neither; you may mean tf.math.log
    """
    from tapeviz.tensorflow_names import NAMES

    asked = _spelt(space, name)
    near = _nearest(space, name)
    if name in NAMES.get(space, "").split():
        hint = _HINTS.get(name) or (f"the nearest is {near}" if near else "")
        return f"tapeviz has no {asked}" + (f"; {hint}" if hint else "")
    if name.startswith("__"):
        return f"module {('tapeviz.' + space).rstrip('.')!r} has no attribute {name!r}"
    hint = _HINTS.get(name) or (f"you may mean {near}" if near else "")
    home = next((s for s in NAMES if name in NAMES[s].split()), None)
    if home is not None and not near.endswith(f".{name}"):
        return f"{asked} does not exist; tapeviz has no {_spelt(home, name)} either"
    return f"{asked} does not exist, in TensorFlow neither" + (
        f"; {hint}" if hint else ""
    )


def _spelt(space: str, name: str) -> str:
    return f"tf.{space}.{name}" if space else f"tf.{name}"


def _offered() -> dict[str, list[str]]:
    """Every public name of ours, and where it is."""
    import tapeviz

    found: dict[str, list[str]] = {}
    for space in ("", "math", "nn", "linalg", "random", "debugging", "image", "keras"):
        module = import_module(f"tapeviz.{space}") if space else tapeviz
        for name in dir(module):
            if name[0] != "_" and not hasattr(import_module, name):
                found.setdefault(name, []).append(space)
    return found


def _nearest(space: str, name: str) -> str:
    """The same name elsewhere, or one that is spelt like it."""
    offered = _offered()
    close = get_close_matches(name, offered, 1, 0.8)
    if name not in offered and not close:
        parts = [n for n in offered if len(n) > 3 and (n in name or name in n)]
        close = sorted(parts, key=lambda n: abs(len(n) - len(name)))[:1]
    best = name if name in offered else (close[0] if close else "")
    if not best:
        return ""
    spaces = offered[best]
    return _spelt(space if space in spaces else spaces[0], best)


def teller(space: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a namespace."""

    def absent(name: str) -> Any:
        raise AttributeError(missing(space, name))

    return absent
