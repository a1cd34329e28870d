"""See automatic differentiation: a tape spelled like TensorFlow's, and its pictures.

>>> import tapeviz as tf
>>> x = tf.Variable(3.0)
>>> with tf.GradientTape() as tape:
...     y = x**2 + 2*x + 1
>>> tape.gradient(y, x).numpy()
np.float32(8.0)

This is the door: each public name is written once, in ``PLACES`` or ``NAMESPACES``, and
loaded when it is first used. ``__all__``, ``dir`` and the type stub follow from them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from tapeviz.engine.tape import GradientTape as _GradientTape
from tapeviz.errors import hide_own_frames as _hide_own_frames

__version__ = "2.21.0+tapeviz.0.2.0"
"""The version of TensorFlow whose names these are, then our own.

Many notebooks begin by comparing ``tf.__version__`` with a version of TensorFlow.
"""

PLACES = {
    "api": "descent draw explain explore play why",
    "engine.indexed_slices": "IndexedSlices",
    "inspect.object_graph": "describe lines_of",
    "engine.asking": "UnconnectedGradients",
    "engine.tape": "GradientTape",
    "engine.tensor": "Tensor Variable",
    "render.graph.layout": "load_graphviz",
    "tf.arrays.creation": """
        cast constant convert_to_tensor eye fill is_tensor linspace newaxis one_hot ones
        ones_like range rank shape size zeros zeros_like
    """,
    "tf.arrays.indexing": """
        boolean_mask gather gather_nd scatter_nd sequence_mask slice strided_slice
        tensor_scatter_nd_add tensor_scatter_nd_sub tensor_scatter_nd_update unique
        where
    """,
    "tf.arrays.shaping": """
        broadcast_to concat ensure_shape expand_dims identity identity_n meshgrid pad
        repeat reshape reverse roll searchsorted split squeeze stack stop_gradient tile
        transpose unstack
    """,
    "tf.arrays.sorting": "argsort sort",
    "tf.arrays.tensor_array": "TensorArray",
    "tf.clip": "clip_by_global_norm clip_by_norm clip_by_value",
    "tf.control_flow": """
        case cond control_dependencies device executing_eagerly foldl foldr group
        init_scope map_fn no_op scan switch_case vectorized_map while_loop
    """,
    "tf.custom_gradient": """
        custom_gradient grad_pass_through numpy_function py_function recompute_grad
    """,
    "tf.debugging": "Assert assert_equal assert_greater assert_less assert_rank",
    "tf.dtypes": """
        DType TensorShape as_dtype bool complex64 complex128 double float16 float32
        float64 half int8 int16 int32 int64 string uint8 uint16 uint32 uint64
    """,
    "tf.linalg": "einsum matmul norm tensordot",
    "tf.math.arithmetic": """
        add add_n atan2 divide equal greater greater_equal less less_equal logical_and
        logical_not logical_or maximum minimum multiply negative not_equal pow
        scalar_mul subtract truediv
    """,
    "tf.math.elementwise": """
        abs acos acosh asin asinh atan atanh complex cos cosh exp floor round sigmoid
        sign sin sinh sqrt square tan tanh
    """,
    "tf.math.reductions": """
        argmax argmin cumsum reduce_all reduce_any reduce_logsumexp reduce_max
        reduce_mean reduce_min reduce_prod reduce_sum
    """,
    "tf.module": "Module function name_scope",
    "tf.printing": "print timestamp",
    "tf.tensor_spec": "TensorSpec",
}
"""The names at the top level, by the module that defines them."""

NAMESPACES = {
    "autodiff": "tf.autodiff",
    "config": "tf.config",
    "debugging": "tf.debugging",
    "dtypes": "tf.dtypes",
    "errors": "errors",
    "image": "tf.image",
    "initializers": "tf.keras.initializers",
    "keras": "tf.keras",
    "linalg": "tf.linalg",
    "losses": "tf.keras.losses",
    "math": """
        tf.math tf.math.arithmetic tf.math.elementwise tf.math.reductions
        tf.arrays.sorting tf.nn.activations
    """,
    "metrics": "tf.keras.metrics",
    "nest": "tf.nest",
    "nn": """
        tf.nn tf.nn.activations tf.nn.convolution tf.nn.losses tf.arrays.sorting
        tf.math.elementwise tf.math.reductions
    """,
    "optimizers": "tf.keras.optimizers",
    "random": "tf.random",
    "saved_model": "tf.saved_model",
}
"""The namespaces, ``tf.math`` and the like, by the modules that define what is in them.

What a namespace offers follows from those modules: see ``tf/namespace.py``.
"""

_WHERE = {name: module for module, names in PLACES.items() for name in names.split()}

# The linter cannot see that what is unpacked are texts.
# Written once, in the tables above; the linter knows literal lists only.
__all__ = ["__version__", *sorted([*_WHERE, *NAMESPACES])]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """A public name at its first use; for others, what to use instead."""
    if name in _WHERE:
        found = getattr(import_module(f"tapeviz.{_WHERE[name]}"), name)
    elif name in NAMESPACES:
        found = _namespace(name)
    elif name in FRAMEWORKS:
        found = _adapter(name)
    elif name in _ROOMS:
        found = import_module(f"tapeviz.{name}")
    else:
        from tapeviz.tf.missing import missing

        raise AttributeError(missing("", name, _offered()))
    globals()[name] = found
    return found


def _adapter(name: str) -> ModuleType:
    """The adapter of a framework; ModuleNotFoundError if the framework is not there."""
    try:
        return import_module(f"tapeviz.adapters.{name}")
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        do = f'install it: pip install "tapeviz[{name}]"'
        what = f"tapeviz.{name} records {name}, which is not installed"
        raise ModuleNotFoundError(f"{what}\n  what to do: {do}", name=name) from None


FRAMEWORKS = frozenset({"jax", "tensorflow", "torch"})
"""Frameworks that are seen through our pictures; each needs the framework itself."""

_ROOMS = frozenset({
    "adapters", "analysis", "api", "cli", "doctor", "engine", "inspect", "lessons",
    "render", "tf", "trace", "views", "wording",
})  # fmt: skip
"""The rooms of this house: not public, but ``from tapeviz import inspect`` works."""


def __dir__() -> list[str]:
    """All public names, also those not loaded yet."""
    return list(__all__)


def _namespace(name: str) -> ModuleType:
    from tapeviz.tf.namespace import Namespace

    rooms = [f"tapeviz.{room}" for room in NAMESPACES[name].split()]
    home = rooms[0].removeprefix("tapeviz.tf.").removeprefix("tapeviz.")
    return Namespace(home, rooms, _offered)


def _offered() -> dict[str, list[str]]:
    """What can be suggested for a name that is not there, by namespace."""
    spaces = ("math", "nn", "linalg", "random", "debugging", "image", "keras")
    tapeviz: Any = sys.modules[__name__]
    return {"": [*_WHERE], **{space: dir(getattr(tapeviz, space)) for space in spaces}}


globals().pop("errors")  # the module: its namespace is what a learner asks for


class _Finder:
    """Lets ``from tapeviz.keras import layers`` and the like find the namespaces."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        """The spec of a namespace, or None for what is none."""
        package, _, space = name.partition(".")
        spaces = (NAMESPACES.keys() - {"errors"}) | FRAMEWORKS
        public = space.partition(".")[0] in spaces
        return ModuleSpec(name, _Finder) if package == __name__ and public else None

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        """The namespace that ``tf.keras.layers`` and the like would give."""
        found: Any = sys.modules[__name__]
        for part in spec.name.split(".")[1:]:
            found = getattr(found, part, None)
        if not isinstance(found, ModuleType):
            raise ModuleNotFoundError(f"No module named {spec.name!r}", name=spec.name)
        return found

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Nothing: what a namespace holds is there."""


sys.meta_path.insert(0, _Finder)


def _picture(tape: Any, **asked: Any) -> dict[str, Any]:
    """What a bare tape at the end of a cell shows; no business of the engine."""
    from tapeviz.api import bundle

    return bundle(tape, **asked)


# Hung on from here, as the class itself must know no picture.
# Set here, since the engine has never heard of a picture.
_GradientTape._repr_mimebundle_ = _picture  # type: ignore[attr-defined]

_hide_own_frames()
