"""The error for names that tapeviz does not have: whose they are, what is nearest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

_BY_NAMES = {
    "data": "loop over NumPy arrays or Python lists",
    "io": "read files with Python or NumPy",
    "strings": "work on text with Python",
    "signal": "work on signals with NumPy, outside the tape",
    "train": "np.save the values; optimizers are in tf.keras.optimizers",
    "summary": "descent(...) records a run, and play(...) shows it",
    "config": "there is one device, the CPU, and nothing to configure",
    "distribute": "there is one device, the CPU",
    "compat": "write it in TensorFlow 2's way",
    "Session": "tensors have their values at once: t.numpy()",
    "placeholder": "tensors have their values at once: use tf.constant or an argument",
    "gradients": "use tf.GradientTape",
    "hessians": "use two nested tf.GradientTape and .jacobian",
    "RaggedTensor ragged": "pad the rows to one length, or use a list",
    "SparseTensor sparse": "use a tensor with zeros",
    "raw_ops": "every op has a name of its own, as tf.add",
    "experimental": "its parts are in tf itself, or not here",
    "version": "tf.__version__ begins with TensorFlow's and ends with tapeviz's own",
    "autograph": "Python's own if and for run as they are",
    "types": "use Python's own type hints",
    "lookup": "use a Python dict",
    "bfloat16": "use tf.float16",
    "test": "use pytest, and np.testing.assert_allclose",
    "Graph Operation": "there are no graphs: everything is computed at once",
    "RegisterGradient": "tf.custom_gradient gives a function its own gradient",
    "realdiv": "the same is tf.divide",
    "truncatediv": "tf.cast(a / b, tf.int32) cuts off the fraction",
    "truncatemod": "tf.math.floormod, of the same sign as the divisor",
    "unravel_index": "np.unravel_index",
    "segment_max segment_min segment_mean segment_prod":
        "tf.boolean_mask picks one segment at a time",
    "eig eigvals matrix_rank": "np.linalg.{}(t.numpy()), outside the tape",
    "lu logm sqrtm expm": "scipy.linalg has it, outside the tape",
    "betainc erfinv erfcinv igamma igammac lbeta ndtri special zeta":
        "scipy.special has it, outside the tape",
}  # fmt: skip
_HINTS = {n: do.format(n) for names, do in _BY_NAMES.items() for n in names.split()}
"""What to do instead, where no name that is spelt alike would do."""

_SLIPS = {
    "Adam": "tf.keras.optimizers.Adam", "SGD": "tf.keras.optimizers.SGD",
    "adam": "tf.keras.optimizers.Adam", "sgd": "tf.keras.optimizers.SGD",
    "absolute": "tf.abs", "array": "tf.constant", "concatenate": "tf.concat",
    "exp10": "10.0 ** x", "float": "tf.float32", "int": "tf.int32",
    "inverse": "tf.linalg.inv", "ln": "tf.math.log",
    "log10": "tf.math.log(x) / 2.302585",
    "mean_squared_error": "tf.keras.losses.MeanSquaredError",
    "optimizer": "tf.keras.optimizers", "power": "tf.pow", "rand": "tf.random.uniform",
    "randn": "tf.random.normal", "softmax": "tf.nn.softmax", "sqr": "tf.square",
    "square_root": "tf.sqrt", "clip": "tf.clip_by_value", "div": "tf.divide",
    "dot": "tf.tensordot(a, b, 1)", "gradient": "tape.gradient, of a tf.GradientTape",
    "layers": "tf.keras.layers", "max": "tf.reduce_max, or tf.maximum of two",
    "min": "tf.reduce_min, or tf.minimum of two", "mul": "tf.multiply",
    "neg": "tf.negative", "reduce_avg": "tf.reduce_mean", "sub": "tf.subtract",
    "sum": "tf.reduce_sum", "to_float": "tf.cast(x, tf.float32)", "var": "tf.Variable",
}  # fmt: skip
"""What other libraries call something, and what it is here."""

_SHORT = 3
"""Names of this many letters are not taken for slips of others."""


@cache
def names() -> dict[str, list[str]]:
    """TensorFlow's public names by namespace; ``""`` is the top level.

    >>> "matvec" in names()["linalg"]
    True
    """
    found: dict[str, list[str]] = {}
    listed: list[str] = []
    text = files("tapeviz.tf").joinpath("tensorflow_names.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            listed = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            listed += line.split()
    return found


Offered = Mapping[str, Collection[str]]
"""The names that tapeviz offers, by namespace."""


def missing(space: str, name: str, offered: Offered) -> str:
    """The message for a name that a namespace (``""`` is the top) does not have.

    >>> print(missing("", "log", {"math": ["log"]}))
    tf.log does not exist, in TensorFlow neither; you may mean tf.math.log
    """
    asked = _spelt(space, name)
    near = _nearest(space, name, offered)
    if name in names().get(space, ()):
        hint = _HINTS.get(name) or (f"the nearest is {near}" if near else "")
        return f"tapeviz has no {asked}" + (f"; {hint}" if hint else "")
    if name.startswith("__"):
        return f"module {('tapeviz.' + space).rstrip('.')!r} has no attribute {name!r}"
    near = _SLIPS.get(name, near)
    hint = _HINTS.get(name) or (f"you may mean {near}" if near else "")
    home = next((s for s, listed in names().items() if name in listed), None)
    if home is not None and name not in _SLIPS and not near.endswith(f".{name}"):
        return f"{asked} does not exist; tapeviz has no {_spelt(home, name)} either"
    return f"{asked} does not exist, in TensorFlow neither" + (
        f"; {hint}" if hint else ""
    )


def _spelt(space: str, name: str) -> str:
    return f"tf.{space}.{name}" if space else f"tf.{name}"


def _homes(offered: Offered) -> dict[str, list[str]]:
    """The namespaces of every name that TensorFlow has too."""
    found: dict[str, list[str]] = {}
    for space, ours in offered.items():
        for name in names().get(space, ours):
            if name in ours:
                found.setdefault(name, []).append(space)
    return found


def _nearest(space: str, name: str, offered: Offered) -> str:
    """The same name elsewhere, or one that is spelt like it."""
    homes = _homes(offered)
    close = [name] if name in homes else []
    if not close and len(name) > _SHORT:
        close = get_close_matches(name, homes, 1, 0.8)
    if not close:
        words = set(name.split("_"))
        long = [(n, set(n.split("_"))) for n in homes if len(n) > _SHORT]
        parts = [n for n, theirs in long if words <= theirs or words >= theirs]
        close = sorted(parts, key=lambda n: abs(len(n) - len(name)))
    if not close:
        return ""
    best, spaces = close[0], homes[close[0]]
    return _spelt(space if space in spaces else spaces[0], best)
