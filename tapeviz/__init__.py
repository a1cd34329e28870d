"""See automatic differentiation: a tape spelled like TensorFlow's, and its pictures.

>>> import tapeviz as tf
>>> x = tf.Variable(3.0)
>>> with tf.GradientTape() as tape:
...     y = x**2 + 2*x + 1
>>> tape.gradient(y, x).numpy()
np.float32(8.0)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tapeviz import errors
from tapeviz.descending import descent
from tapeviz.engine.dtypes import (
    DType,
    TensorShape,
    as_dtype,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from tapeviz.engine.dtypes import bool_ as bool
from tapeviz.engine.tape import GradientTape, UnconnectedGradients
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.face import bundle as _bundle
from tapeviz.face import draw, explain, play, why

__version__ = "0.1.0"

__all__ = [
    "Assert",
    "DType",
    "GradientTape",
    "IndexedSlices",
    "Module",
    "Tensor",
    "TensorArray",
    "TensorShape",
    "TensorSpec",
    "UnconnectedGradients",
    "Variable",
    "__version__",
    "abs",
    "acos",
    "acosh",
    "add",
    "add_n",
    "argmax",
    "argmin",
    "argsort",
    "as_dtype",
    "asin",
    "asinh",
    "assert_equal",
    "assert_greater",
    "assert_less",
    "assert_rank",
    "atan",
    "atan2",
    "atanh",
    "autodiff",
    "bool",
    "boolean_mask",
    "broadcast_to",
    "case",
    "cast",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "complex",
    "complex64",
    "complex128",
    "concat",
    "cond",
    "config",
    "constant",
    "control_dependencies",
    "convert_to_tensor",
    "cos",
    "cosh",
    "cumsum",
    "custom_gradient",
    "debugging",
    "descent",
    "device",
    "divide",
    "double",
    "draw",
    "dtypes",
    "einsum",
    "ensure_shape",
    "equal",
    "errors",
    "executing_eagerly",
    "exp",
    "expand_dims",
    "explain",
    "explore",
    "eye",
    "fill",
    "float16",
    "float32",
    "float64",
    "floor",
    "foldl",
    "foldr",
    "function",
    "gather",
    "gather_nd",
    "grad_pass_through",
    "greater",
    "greater_equal",
    "group",
    "half",
    "identity",
    "identity_n",
    "image",
    "init_scope",
    "initializers",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_tensor",
    "keras",
    "less",
    "less_equal",
    "linalg",
    "linspace",
    "logical_and",
    "logical_not",
    "logical_or",
    "losses",
    "map_fn",
    "math",
    "matmul",
    "maximum",
    "meshgrid",
    "metrics",
    "minimum",
    "multiply",
    "name_scope",
    "negative",
    "nest",
    "newaxis",
    "nn",
    "no_op",
    "norm",
    "not_equal",
    "numpy_function",
    "one_hot",
    "ones",
    "ones_like",
    "optimizers",
    "pad",
    "play",
    "pow",
    "print",
    "py_function",
    "random",
    "range",
    "rank",
    "recompute_grad",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "repeat",
    "reshape",
    "reverse",
    "roll",
    "round",
    "saved_model",
    "scalar_mul",
    "scan",
    "scatter_nd",
    "searchsorted",
    "sequence_mask",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "size",
    "slice",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "strided_slice",
    "string",
    "subtract",
    "switch_case",
    "tan",
    "tanh",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensordot",
    "tile",
    "transpose",
    "truediv",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unique",
    "unstack",
    "vectorized_map",
    "where",
    "while_loop",
    "why",
    "zeros",
    "zeros_like",
]  # fmt: skip

double = float64
half = float16

_shown: Any = GradientTape  # its picture is no business of the engine
_shown._repr_mimebundle_ = _bundle

if TYPE_CHECKING:
    from tapeviz import (
        autodiff,
        config,
        debugging,
        image,
        keras,
        linalg,
        math,
        nest,
        nn,
        random,
        saved_model,
    )
    from tapeviz.arrays import (
        TensorArray,
        argsort,
        boolean_mask,
        broadcast_to,
        cast,
        concat,
        constant,
        convert_to_tensor,
        ensure_shape,
        expand_dims,
        eye,
        fill,
        gather,
        gather_nd,
        identity,
        identity_n,
        is_tensor,
        linspace,
        meshgrid,
        newaxis,
        one_hot,
        ones,
        ones_like,
        pad,
        range,
        rank,
        repeat,
        reshape,
        reverse,
        roll,
        scatter_nd,
        searchsorted,
        sequence_mask,
        shape,
        size,
        slice,
        sort,
        split,
        squeeze,
        stack,
        stop_gradient,
        strided_slice,
        tensor_scatter_nd_add,
        tensor_scatter_nd_sub,
        tensor_scatter_nd_update,
        tile,
        transpose,
        unique,
        unstack,
        where,
        zeros,
        zeros_like,
    )  # fmt: skip
    from tapeviz.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
    from tapeviz.control import (
        case,
        cond,
        control_dependencies,
        device,
        executing_eagerly,
        foldl,
        foldr,
        group,
        init_scope,
        map_fn,
        no_op,
        scan,
        switch_case,
        vectorized_map,
        while_loop,
    )  # fmt: skip
    from tapeviz.debugging import (
        Assert,
        assert_equal,
        assert_greater,
        assert_less,
        assert_rank,
    )  # fmt: skip
    from tapeviz.engine import dtypes
    from tapeviz.engine.slices import IndexedSlices
    from tapeviz.exploring import explore
    from tapeviz.gradients import (
        custom_gradient,
        grad_pass_through,
        numpy_function,
        py_function,
        recompute_grad,
    )  # fmt: skip
    from tapeviz.keras import initializers, losses, metrics, optimizers
    from tapeviz.linalg import einsum, matmul, norm, tensordot
    from tapeviz.math import (
        abs,
        acos,
        acosh,
        add,
        add_n,
        argmax,
        argmin,
        asin,
        asinh,
        atan,
        atan2,
        atanh,
        cos,
        cosh,
        cumsum,
        divide,
        equal,
        exp,
        floor,
        greater,
        greater_equal,
        less,
        less_equal,
        logical_and,
        logical_not,
        logical_or,
        maximum,
        minimum,
        multiply,
        negative,
        not_equal,
        pow,
        reduce_all,
        reduce_any,
        reduce_logsumexp,
        reduce_max,
        reduce_mean,
        reduce_min,
        reduce_prod,
        reduce_sum,
        round,
        scalar_mul,
        sigmoid,
        sign,
        sin,
        sinh,
        sqrt,
        square,
        subtract,
        tan,
        tanh,
        truediv,
    )  # fmt: skip
    from tapeviz.math.functions import complex
    from tapeviz.module import Module, function, name_scope
    from tapeviz.printing import print
    from tapeviz.spec import TensorSpec

_ROOMS = {
    "arrays": """
        TensorArray argsort boolean_mask broadcast_to cast concat constant
        convert_to_tensor ensure_shape expand_dims eye fill gather gather_nd identity
        identity_n
        is_tensor linspace meshgrid newaxis one_hot ones ones_like pad range rank
        repeat reshape reverse roll scatter_nd searchsorted sequence_mask shape size
        slice sort split squeeze stack stop_gradient strided_slice
        tensor_scatter_nd_add tensor_scatter_nd_sub tensor_scatter_nd_update tile
        transpose unique unstack where zeros zeros_like
    """,
    "clipping": "clip_by_global_norm clip_by_norm clip_by_value",
    "control": """
        case cond control_dependencies device executing_eagerly foldl foldr group
        init_scope map_fn no_op scan switch_case vectorized_map while_loop
    """,
    "debugging": "Assert assert_equal assert_greater assert_less assert_rank",
    "engine.slices": "IndexedSlices",
    "exploring": "explore",
    "gradients": """
        custom_gradient grad_pass_through numpy_function py_function recompute_grad
    """,
    "linalg": "einsum matmul norm tensordot",
    "math": """
        abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh
        cos cosh cumsum divide equal exp floor greater
        greater_equal less less_equal logical_and logical_not logical_or maximum
        minimum multiply negative not_equal pow reduce_all reduce_any
        reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum
        round scalar_mul sigmoid sign sin sinh sqrt square subtract tan tanh truediv
    """,
    "math.functions": "complex",
    "module": "Module function name_scope",
    "printing": "print",
    "spec": "TensorSpec",
}
"""Where the public names are, so that a name costs nothing before it is used."""

_SPACES = {
    name: name for name in
    ("autodiff", "config", "debugging", "image", "keras", "linalg", "math", "nest",
     "nn", "random", "saved_model")
} | {
    name: f"keras.{name}"
    for name in ("initializers", "losses", "metrics", "optimizers")
} | {"dtypes": "engine.dtypes"}  # fmt: skip
"""The namespaces: ``tf.math`` and the like."""

_PLACES = {name: room for room, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """A public name at its first use; for others, what to use instead."""
    if name in _SPACES:
        found: Any = import_module(f"tapeviz.{_SPACES[name]}")
    elif name in _PLACES:
        found = getattr(import_module(f"tapeviz.{_PLACES[name]}"), name)
    else:
        from tapeviz.missing import missing

        raise AttributeError(missing("", name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """All public names, also those not loaded yet."""
    return list(__all__)
