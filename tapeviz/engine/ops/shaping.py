"""Reshaping, broadcasting, slicing, joining and gathering: entries are only moved."""

from __future__ import annotations

from typing import Any

from tapeviz.engine.ops.registry import ORDERED, op

op(
    "unbroadcast", "unbroadcast(x, shape, at)", "broadcast_to(g, shape(x), at)",
    symbol="Σ", settings=("shape", "at"),
    why="the rule gives g to every entry that went in",
)  # fmt: skip
op(
    "broadcast_to", "broadcast_to(x, shape, at)", "unbroadcast(g, shape(x), at)",
    kernel="BroadcastTo", symbol="stretch", settings=("shape", "at"),
)  # fmt: skip
op(
    "reshape", "reshape(x, shape)", "reshape(g, shape(x))",
    kernel="Reshape", symbol="reshape", settings=("shape",),
)  # fmt: skip
op(
    "expand_dims", "reshape(x, shape)", "reshape(g, shape(x))",
    kernel="ExpandDims", symbol="+axis", settings=("shape",),
)  # fmt: skip
op(
    "squeeze", "reshape(x, shape)", "reshape(g, shape(x))",
    kernel="Squeeze", symbol="−axis", settings=("shape",),
)  # fmt: skip
op(
    "transpose", "transpose(x, perm)", "transpose(g, inverse(perm))",
    kernel="Transpose", symbol="transpose", settings=("perm",),
)  # fmt: skip
op("T", "T(x)", "T(g)", kernel="Transpose", symbol="T")
op(
    "reverse", "reverse(x, axis)", "reverse(g, axis)",
    kernel="ReverseV2", symbol="reverse", settings=("axis",),
)  # fmt: skip
op(
    "roll", "roll(x, shift, axis)", "roll(g, opposite(shift), axis)",
    kernel="Roll", symbol="roll", settings=("shift", "axis"),
)  # fmt: skip

# -- parts and wholes ------------------------------------------------------------------

op(
    "pick", "pick(x, key)", "put(g, shape(x), key)",
    kernel="StridedSlice", symbol="[ ]",
    nickname="a slice puts its gradient back in place", settings=("key",),
)  # fmt: skip
op(
    "put", "put(x, shape, key)", "pick(g, key)",
    symbol="place", settings=("shape", "key"),
)  # fmt: skip
op(
    "stack", "stack(xs, axis)", "pick_at(g, k, axis)",
    kernel="Pack", symbol="stack", operands=("xs",), settings=("axis",),
)  # fmt: skip
op(
    "pick_at", "pick_at(x, k, axis)", "place_at(g, shape(x)[axis], k, axis)",
    kernel="StridedSlice", symbol="[ ]", settings=("k", "axis"),
)  # fmt: skip
op(
    "place_at", "place_at(x, size, k, axis)", "pick_at(g, k, axis)",
    symbol="place", settings=("size", "k", "axis"),
)  # fmt: skip
op(
    "concat", "concat(xs, axis)",
    "narrow(g, before(shape(xs), k, axis), shape(xs)[k][axis], axis)",
    kernel="ConcatV2", symbol="concat", nickname="each part gets its own piece back",
    operands=("xs",), settings=("axis",),
)  # fmt: skip
op(
    "narrow", "narrow(x, start, size, axis)", "widen(g, shape(x)[axis], start, axis)",
    kernel="Slice", symbol="part", settings=("start", "size", "axis"),
)  # fmt: skip
op(
    "widen", "widen(x, size, start, axis)", "narrow(g, start, shape(x)[axis], axis)",
    symbol="place", settings=("size", "start", "axis"),
)  # fmt: skip
op(
    "pad", "pad(x, widths, value)", "trim(g, widths)",
    kernel="PadV2", symbol="pad", nickname="what was added gets no gradient",
    settings=("widths", "value"),
)  # fmt: skip
op("trim", "trim(x, widths)", "pad(g, widths, 0)", symbol="trim", settings=("widths",))
op(
    "tile", "tile(x, times)", "untile(g, shape(x), times)",
    kernel="Tile", symbol="tile", nickname="copies add", settings=("times",),
)  # fmt: skip
op(
    "untile", "untile(x, shape, times)", "tile(g, times)",
    symbol="Σ", settings=("shape", "times"),
)  # fmt: skip

# -- entries by number -----------------------------------------------------------------

BY: dict[str, Any] = {"settings": ("ids", "axis")}

op(
    "gather", "gather(x, ids, axis)", "scatter(g, shape(x), ids, axis)",
    kernel="GatherV2", symbol="gather",
    nickname="what was taken twice gets both gradients", **BY,
)  # fmt: skip
op(
    "gather_rows", "gather(x, ids, axis)", "rows(g, shape(x), ids, axis)",
    kernel="ResourceGather", symbol="gather",
    nickname="only the rows that were taken get a gradient", **BY,
)  # fmt: skip
op(
    "repeat", "gather(x, ids, axis)", "scatter(g, shape(x), ids, axis)",
    kernel="Repeat", symbol="repeat", nickname="copies add", **BY,
)  # fmt: skip
op(
    "mirror_pad", "gather(x, ids, axis)", "scatter(g, shape(x), ids, axis)",
    kernel="MirrorPad", symbol="pad", nickname="copies add", **BY,
)  # fmt: skip
op(
    "scatter", "scatter(x, shape, ids, axis)", "gather(g, ids, axis)",
    kernel="SegmentSum", symbol="scatter", settings=("shape", "ids", "axis"),
)  # fmt: skip
op(
    "gather_nd", "gather_nd(x, ids, lead)", "scatter_nd(g, shape(x), ids, lead)",
    kernel="GatherNd", symbol="gather", settings=("ids", "lead"),
)  # fmt: skip
op(
    "scatter_nd", "scatter_nd(x, shape, ids, lead)", "gather_nd(g, ids, lead)",
    kernel="ScatterNd", symbol="scatter", nickname="what meets in one place adds",
    settings=("shape", "ids", "lead"),
)  # fmt: skip
op(
    "sort", "along(x, ids, axis)", "put_along(g, shape(x), ids, axis)",
    kernel="Sort", symbol="sort",
    nickname="each gradient goes back to where its number came from", **BY, **ORDERED,
)  # fmt: skip
op(
    "top_k", "along(x, ids, axis)", "put_along(g, shape(x), ids, axis)",
    kernel="TopKV2", symbol="top k", nickname="only the greatest get a gradient", **BY,
    **ORDERED,
)  # fmt: skip
op(
    "along", "along(x, ids, axis)", "put_along(g, shape(x), ids, axis)",
    symbol="[ ]", **BY,
)  # fmt: skip
op(
    "put_along", "put_along(x, shape, ids, axis)", "along(g, ids, axis)",
    symbol="place", settings=("shape", "ids", "axis"),
)  # fmt: skip
