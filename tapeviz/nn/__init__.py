"""``tf.nn``: what neural networks are made of."""

from __future__ import annotations

from tapeviz.arrays.ordering import in_top_k, top_k
from tapeviz.math.functions import sigmoid, softplus, softsign, tanh
from tapeviz.math.reductions import l2_normalize, zero_fraction
from tapeviz.missing import teller
from tapeviz.nn.activations import (
    crelu,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    silu,
    softmax,
    swish,
)  # fmt: skip
from tapeviz.nn.layers import (
    avg_pool,
    avg_pool2d,
    batch_normalization,
    bias_add,
    conv1d,
    conv2d,
    dropout,
    embedding_lookup,
    l2_loss,
    max_pool,
    max_pool2d,
    moments,
)  # fmt: skip
from tapeviz.nn.losses import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)  # fmt: skip

__all__ = [
    "avg_pool", "avg_pool2d", "batch_normalization", "bias_add", "conv1d", "conv2d",
    "crelu", "dropout", "elu", "embedding_lookup", "gelu", "in_top_k", "l2_loss",
    "l2_normalize", "leaky_relu", "log_softmax", "max_pool", "max_pool2d",
    "moments", "relu", "relu6", "selu", "sigmoid",
    "sigmoid_cross_entropy_with_logits", "silu", "softmax",
    "softmax_cross_entropy_with_logits", "softplus", "softsign",
    "sparse_softmax_cross_entropy_with_logits", "swish", "tanh", "top_k",
    "weighted_cross_entropy_with_logits", "zero_fraction",
]  # fmt: skip

__getattr__ = teller("nn")
