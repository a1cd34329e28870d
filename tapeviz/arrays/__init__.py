"""Making tensors, changing their shape, taking parts of them."""

from __future__ import annotations

from tapeviz.arrays.growing import TensorArray
from tapeviz.arrays.making import (
    cast,
    constant,
    convert_to_tensor,
    eye,
    fill,
    is_tensor,
    linspace,
    newaxis,
    one_hot,
    ones,
    ones_like,
    range,
    rank,
    shape,
    size,
    zeros,
    zeros_like,
)  # fmt: skip
from tapeviz.arrays.ordering import argsort, in_top_k, sort, top_k
from tapeviz.arrays.shaping import (
    broadcast_to,
    concat,
    ensure_shape,
    expand_dims,
    identity,
    identity_n,
    meshgrid,
    pad,
    repeat,
    reshape,
    reverse,
    roll,
    searchsorted,
    split,
    squeeze,
    stack,
    stop_gradient,
    tile,
    transpose,
    unstack,
)  # fmt: skip
from tapeviz.arrays.taking import (
    boolean_mask,
    gather,
    gather_nd,
    scatter_nd,
    sequence_mask,
    slice,
    strided_slice,
    tensor_scatter_nd_add,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
    unique,
    where,
)  # fmt: skip

__all__ = [
    "TensorArray", "argsort", "boolean_mask", "broadcast_to", "cast", "concat",
    "constant",
    "convert_to_tensor", "ensure_shape", "expand_dims", "eye", "fill", "gather",
    "gather_nd", "identity", "identity_n", "in_top_k", "is_tensor", "linspace",
    "meshgrid", "newaxis", "one_hot", "ones", "ones_like", "pad", "range", "rank",
    "repeat", "reshape", "reverse", "roll", "scatter_nd", "searchsorted",
    "sequence_mask", "shape", "size", "slice", "sort", "split", "squeeze", "stack",
    "stop_gradient", "strided_slice", "tensor_scatter_nd_add",
    "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "tile", "top_k",
    "transpose", "unique", "unstack", "where", "zeros", "zeros_like",
]  # fmt: skip
