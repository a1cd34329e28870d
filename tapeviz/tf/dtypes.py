"""``tf.dtypes``: the kinds of numbers, under TensorFlow's names."""

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

__all__ = [
    "DType", "TensorShape", "as_dtype", "bool", "complex64", "complex128", "double",
    "float16", "float32", "float64", "half", "int8", "int16", "int32", "int64",
    "string", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip

double = float64
half = float16
