"""``tf.math``: functions of each entry, reductions, comparison and logic."""

from __future__ import annotations

from tapeviz.arrays.ordering import in_top_k, top_k
from tapeviz.missing import teller
from tapeviz.math.arithmetic import (
    accumulate_n, add, add_n, atan2, clip_by_value, divide, divide_no_nan, equal,
    floordiv, floormod, greater, greater_equal, less, less_equal, logical_and,
    logical_not, logical_or, logical_xor, maximum, minimum, mod, multiply,
    multiply_no_nan, negative, not_equal, polyval, pow, reciprocal_no_nan, scalar_mul,
    squared_difference, subtract, truediv, xdivy, xlog1py, xlogy,
)  # fmt: skip
from tapeviz.math.functions import (
    abs, acos, acosh, angle, asin, asinh, atan, atanh, ceil, complex, conj, cos, cosh,
    erf, erfc, exp, expm1, floor, imag, is_finite, is_inf, is_nan, log, log1p,
    log_sigmoid, real, reciprocal, rint, round, rsqrt, sigmoid, sign, sin, sinh,
    softplus, softsign, sqrt, square, tan, tanh,
)  # fmt: skip
from tapeviz.math.reductions import (
    argmax, argmin, bincount, confusion_matrix, count_nonzero, cumprod, cumsum,
    l2_normalize, reduce_all, reduce_any, reduce_euclidean_norm, reduce_logsumexp,
    reduce_max, reduce_mean, reduce_min, reduce_prod, reduce_std, reduce_sum,
    reduce_variance, segment_sum, unsorted_segment_sum, zero_fraction,
)  # fmt: skip
from tapeviz.nn.activations import log_softmax, softmax

__getattr__ = teller("math")
