"""Reshaping, broadcasting, slicing, joining and gathering: entries are only moved."""

from __future__ import annotations

from tapeviz.engine.ops.registry import ORDERED, op

op(
    "unbroadcast", "unbroadcast(x, shape, at)", "broadcast_to(g, shape(x), at)",
    symbol="Σ", why="the rule gives g to every entry that went in",
)  # fmt: skip
op(
    "broadcast_to", "broadcast_to(x, shape, at)", "unbroadcast(g, shape(x), at)",
    symbol="stretch",
)  # fmt: skip
op("reshape", "reshape(x, shape)", "reshape(g, shape(x))")
op("expand_dims", "reshape(x, shape)", "reshape(g, shape(x))", symbol="+axis")
op("squeeze", "reshape(x, shape)", "reshape(g, shape(x))", symbol="−axis")
op("transpose", "transpose(x, perm)", "transpose(g, inverse(perm))")
op("T", "T(x)", "T(g)", kernel="Transpose")
op("reverse", "reverse(x, axis)", "reverse(g, axis)", kernel="ReverseV2")
op("roll", "roll(x, shift, axis)", "roll(g, opposite(shift), axis)")

# -- parts and wholes ------------------------------------------------------------------

op(
    "pick", "pick(x, key)", "put(g, shape(x), key)",
    kernel="StridedSlice", symbol="[ ]",
    nickname="a slice puts its gradient back in place",
)  # fmt: skip
op("put", "put(x, shape, key)", "pick(g, key)", symbol="place")
op("stack", "stack(xs, axis)", "pick_at(g, k, axis)", kernel="Pack")
op(
    "pick_at", "pick_at(x, k, axis)", "place_at(g, shape(x)[axis], k, axis)",
    kernel="StridedSlice", symbol="[ ]",
)  # fmt: skip
op("place_at", "place_at(x, size, k, axis)", "pick_at(g, k, axis)", symbol="place")
op(
    "concat", "concat(xs, axis)",
    "narrow(g, before(shape(xs), k, axis), shape(xs)[k][axis], axis)",
    kernel="ConcatV2", nickname="each part gets its own piece back",
)  # fmt: skip
op(
    "narrow", "narrow(x, start, size, axis)", "widen(g, shape(x)[axis], start, axis)",
    kernel="Slice", symbol="part",
)  # fmt: skip
op(
    "widen", "widen(x, size, start, axis)", "narrow(g, start, shape(x)[axis], axis)",
    symbol="place",
)  # fmt: skip
op(
    "pad", "pad(x, widths, value)", "trim(g, widths)",
    kernel="PadV2", nickname="what was added gets no gradient",
)  # fmt: skip
op("trim", "trim(x, widths)", "pad(g, widths, 0)")
op("tile", "tile(x, times)", "untile(g, shape(x), times)", nickname="copies add")
op("untile", "untile(x, shape, times)", "tile(g, times)", symbol="Σ")

# -- entries by number -----------------------------------------------------------------

op(
    "gather", "gather(x, ids, axis)", "scatter(g, shape(x), ids, axis)",
    kernel="GatherV2", nickname="what was taken twice gets both gradients",
)  # fmt: skip
op(
    "gather_rows", "gather(x, ids, axis)", "rows(g, shape(x), ids, axis)",
    kernel="ResourceGather", symbol="gather",
    nickname="only the rows that were taken get a gradient",
)  # fmt: skip
op(
    "repeat", "gather(x, ids, axis)", "scatter(g, shape(x), ids, axis)",
    nickname="copies add",
)  # fmt: skip
op(
    "mirror_pad", "gather(x, ids, axis)", "scatter(g, shape(x), ids, axis)",
    symbol="pad", nickname="copies add",
)  # fmt: skip
op(
    "scatter", "scatter(x, shape, ids, axis)", "gather(g, ids, axis)",
    kernel="SegmentSum",
)  # fmt: skip
op(
    "gather_nd", "gather_nd(x, ids, lead)", "scatter_nd(g, shape(x), ids, lead)",
    symbol="gather",
)  # fmt: skip
op(
    "scatter_nd", "scatter_nd(x, shape, ids, lead)", "gather_nd(g, ids, lead)",
    symbol="scatter", nickname="what meets in one place adds",
)  # fmt: skip
op(
    "sort", "along(x, ids, axis)", "put_along(g, shape(x), ids, axis)",
    nickname="each gradient goes back to where its number came from", **ORDERED,
)  # fmt: skip
op(
    "top_k", "along(x, ids, axis)", "put_along(g, shape(x), ids, axis)",
    kernel="TopKV2", symbol="top k", nickname="only the greatest get a gradient",
    **ORDERED,
)  # fmt: skip
op("along", "along(x, ids, axis)", "put_along(g, shape(x), ids, axis)", symbol="[ ]")
op("put_along", "put_along(x, shape, ids, axis)", "along(g, ids, axis)", symbol="place")
