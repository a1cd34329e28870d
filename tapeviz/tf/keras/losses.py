"""``keras.losses``: how far a prediction is from the truth.

Each loss is a function that gives one number for each sample, and a class that reduces
them to one. Every call counts as one group of ops on the learner's line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tapeviz.engine.scopes import composite, grouped
from tapeviz.errors import value_error, warn
from tapeviz.tf import clip
from tapeviz.tf.arrays import creation, indexing, shaping
from tapeviz.tf.keras import activations, backend
from tapeviz.tf.keras.naming import Configurable, auto_name, by_name
from tapeviz.tf.math import arithmetic, elementwise, reductions
from tapeviz.tf.nn import losses

REDUCTIONS = (
    "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None
)  # fmt: skip

# -- one number for each sample --------------------------------------------------------


def _both(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Truth and prediction as tensors of one dtype and one rank."""
    y_pred = _tensor(y_pred)
    return _same_rank(_tensor(y_true, y_pred.dtype), y_pred)


def _tensor(x: Any, dtype: Any = None) -> Any:
    x = creation.convert_to_tensor(x)
    return x if dtype is None or x.dtype == dtype else creation.cast(x, dtype)


def _same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """A last axis of size 1 that one has and the other lacks is added or dropped."""
    if len(a.shape) == len(b.shape) + 1 and a.shape[-1] == 1:
        return (a, _longer(b)) if len(b.shape) == 1 else (_shorter(a), b)
    if len(b.shape) == len(a.shape) + 1 and b.shape[-1] == 1:
        return (_longer(a), b) if len(a.shape) == 1 else (a, _shorter(b))
    return a, b


def _longer(x: Any) -> Any:
    return shaping.reshape(x, (*x.shape, 1))


def _shorter(x: Any) -> Any:
    return shaping.reshape(x, tuple(x.shape[:-1]))


def _mean(x: Any) -> Any:
    """The mean over the last axis; of whole numbers too it is a float."""
    x = creation.cast(x, "float32") if x.dtype.is_integer else x
    return reductions.reduce_mean(x, axis=-1)


@composite("mean_squared_error")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of ``(y_true - y_pred)²`` over the last axis.

    >>> float(mean_squared_error([[0.0, 2.0]], [[1.0, 5.0]])[0])
    5.0
    """
    y_true, y_pred = _both(y_true, y_pred)
    return _mean(elementwise.square(y_true - y_pred))


@composite("mean_absolute_error")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of ``|y_true - y_pred|`` over the last axis."""
    y_true, y_pred = _both(y_true, y_pred)
    return _mean(elementwise.abs(y_true - y_pred))


@composite("mean_absolute_percentage_error")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """A hundred times the mean of ``|y_true - y_pred| / |y_true|``."""
    y_true, y_pred = _both(y_true, y_pred)
    size = arithmetic.maximum(elementwise.abs(y_true), backend.epsilon())
    return 100.0 * _mean(elementwise.abs((y_true - y_pred) / size))


@composite("huber")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Half the square of an error up to ``delta``, from there on a straight line.

    >>> import tapeviz as tf
    >>> tf.keras.losses.huber([[0.0], [0.0]], [[0.5], [3.0]]).numpy()
    array([0.125, 2.5  ], dtype=float32)
    """
    y_true, y_pred = _both(y_true, y_pred)
    error = y_pred - y_true
    size = elementwise.abs(error)
    line = delta * size - 0.5 * delta**2
    curve = 0.5 * elementwise.square(error)
    return _mean(indexing.where(size <= delta, curve, line))


@composite("log_cosh")
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of ``log(cosh(error))``: a square near zero, a line far from it."""
    y_true, y_pred = _both(y_true, y_pred)
    error = y_pred - y_true
    log_2 = elementwise.log(creation.constant(2.0, y_pred.dtype))
    return _mean(error + elementwise.softplus(error * -2.0) - log_2)


@composite("hinge")
def hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of ``max(1 - y_true * y_pred, 0)``; labels 0 and 1 become -1 and 1.

    >>> import tapeviz as tf
    >>> tf.keras.losses.hinge([[1.0], [-1.0]], [[0.5], [0.5]]).numpy()
    array([0.5, 1.5], dtype=float32)
    """
    return _mean(arithmetic.maximum(_margin(y_true, y_pred), 0.0))


@composite("squared_hinge")
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of ``max(1 - y_true * y_pred, 0)²``."""
    margin = arithmetic.maximum(_margin(y_true, y_pred), 0.0)
    return _mean(elementwise.square(margin))


def _margin(y_true: Any, y_pred: Any) -> Any:
    y_pred = _tensor(y_pred)
    labels = _tensor(y_true, y_pred.dtype)
    if all(v in (0, 1) for v in labels.numpy().ravel()):
        labels = 2.0 * labels - 1.0
    return 1.0 - labels * y_pred


@composite("kl_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """The sum of ``y_true * log(y_true / y_pred)`` over the last axis."""
    y_pred = _tensor(y_pred)
    small = backend.epsilon()
    y_true = clip.clip_by_value(_tensor(y_true, y_pred.dtype), small, 1.0)
    y_pred = clip.clip_by_value(y_pred, small, 1.0)
    return reductions.reduce_sum(y_true * elementwise.log(y_true / y_pred), axis=-1)


@composite("poisson")
def poisson(y_true: Any, y_pred: Any) -> Any:
    """The mean of ``y_pred - y_true * log(y_pred)``.

    >>> import tapeviz as tf
    >>> tf.keras.losses.poisson([[1.0]], [[1.0]]).numpy()
    array([0.9999999], dtype=float32)
    """
    y_true, y_pred = _both(y_true, y_pred)
    return _mean(y_pred - y_true * elementwise.log(y_pred + backend.epsilon()))


@composite("binary_crossentropy")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """The mean of ``-y_true log(p) - (1 - y_true) log(1 - p)`` over the last axis.

    With ``from_logits`` the prediction is what would go into a sigmoid, and nothing can
    overflow; else it is ``p`` itself, kept a little off 0 and 1. If it came out of
    ``keras.activations.sigmoid``, the loss comes from what went in, as Keras does it:
    a confident mistake keeps its gradient, and the loss has none by ``p``.

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]])
    >>> loss.numpy().round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = _labelled(y_true, y_pred, label_smoothing, 2)
    y_pred, from_logits = _logits(y_pred, from_logits, "binary_crossentropy")
    if from_logits:
        each = losses.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
        return reductions.reduce_mean(each, axis=axis)
    p = _inside(y_pred)
    each = y_true * elementwise.log(p) + (1.0 - y_true) * elementwise.log(1.0 - p)
    return reductions.reduce_mean(-each, axis=axis)


@composite("categorical_crossentropy")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """The sum of ``-y_true log(p)`` over the classes; ``y_true`` is one-hot.

    With ``from_logits`` the prediction is what would go into a softmax; else it is made
    to sum to 1 and kept a little off 0 and 1.

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    >>> loss.numpy().round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = _labelled(y_true, y_pred, label_smoothing, None)
    y_pred, from_logits = _logits(y_pred, from_logits, "categorical_crossentropy")
    if from_logits:
        return losses.softmax_cross_entropy_with_logits(y_true, y_pred, axis=axis)
    p = y_pred / reductions.reduce_sum(y_pred, axis=axis, keepdims=True)
    return -reductions.reduce_sum(y_true * elementwise.log(_inside(p)), axis=axis)


@composite("sparse_categorical_crossentropy")
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False,
    ignore_class: int | None = None, axis: int = -1,
) -> Any:  # fmt: skip
    """``-log(p)`` of the right class; ``y_true`` holds the numbers of the classes.

    >>> import tapeviz as tf
    >>> y_true, y_pred = tf.constant([1]), tf.constant([[0.25, 0.75]])
    >>> loss = tf.keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
    >>> loss.numpy().round(4)
    array([0.2877], dtype=float32)
    """
    y_pred = _tensor(y_pred)
    labels = creation.cast(_tensor(y_true), "int64")
    if len(labels.shape) == len(y_pred.shape) and labels.shape[-1] == 1:
        labels = _shorter(labels)
    _labels_fit(labels, y_pred, axis)
    valid = None if ignore_class is None else labels != ignore_class
    if valid is not None:
        labels = indexing.where(valid, labels, creation.zeros_like(labels))
    name = "sparse_categorical_crossentropy"
    y_pred, from_logits = _logits(y_pred, from_logits, name)
    if not from_logits:
        y_pred = elementwise.log(_inside(y_pred))
    each = losses.sparse_softmax_cross_entropy_with_logits(labels, y_pred)
    if valid is None:
        return each
    return indexing.where(valid, each, creation.zeros_like(each))


def _logits(output: Any, from_logits: bool, name: str) -> tuple[Any, bool]:
    """What went into a sigmoid or softmax activation, if the prediction came out."""
    known = activations.logits_of(output)
    if known is None:
        return output, from_logits
    if from_logits:
        warn(
            f"`{name}` received `from_logits=True`, but the `output` argument was "
            "produced by a sigmoid or softmax activation and thus does not represent "
            "logits. Was this intended?"
        )
    return known, True


def _inside(p: Any) -> Any:
    """Probabilities kept a little off 0 and 1."""
    return clip.clip_by_value(p, backend.epsilon(), 1.0 - backend.epsilon())


def _labelled(
    y_true: Any, y_pred: Any, smoothing: float, classes: int | None
) -> tuple[Any, Any]:
    """Labels, smoothed over the classes, and predictions of one shape with them."""
    output = _tensor(y_pred)
    target = _tensor(y_true, output.dtype)
    if smoothing:
        share = smoothing / (classes or target.shape[-1])
        target = target * (1.0 - smoothing) + share
    if tuple(target.shape) != tuple(output.shape):
        alike = len(target.shape) == len(output.shape)
        raise value_error(
            f"Arguments `target` and `output` must have the same "
            f"{'shape' if alike else 'rank (ndim)'}. Received: "
            f"target.shape={target.shape}, output.shape={output.shape}",
            "tf.reshape one of them, or tf.one_hot the labels",
        )
    return target, output


def _labels_fit(target: Any, output: Any, axis: int) -> None:
    if axis not in (-1, len(output.shape) - 1):
        raise value_error(f"Only axis=-1 is currently supported. Received: axis={axis}")
    if len(target.shape) != len(output.shape) - 1:
        what = "Argument `output` must have rank (ndim) `target.ndim - 1`"
    elif tuple(target.shape) != tuple(output.shape[:-1]):
        what = (
            "Arguments `target` and `output` must have the same shape up until the "
            "last dimension"
        )
    else:
        return
    raise value_error(
        f"{what}. Received: target.shape={target.shape}, output.shape={output.shape}",
        "labels are one whole number for each row of predictions; one-hot labels "
        "go to CategoricalCrossentropy",
    )


# -- one number for all --------------------------------------------------------------


class Loss(Configurable):
    """The base of the losses: a subclass gives ``call(y_true, y_pred)``.

    ``reduction`` says how the samples' losses become one: ``"sum_over_batch_size"``
    (also ``"mean"``) divides their sum by how many there are, ``"sum"`` does not,
    ``"mean_with_sample_weight"`` divides by the weights' sum, None leaves them alone.
    """

    _options: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if reduction not in REDUCTIONS:
            raise value_error(
                "Invalid value for argument `reduction`. Expected one of "
                f"{set(REDUCTIONS)}. Received: reduction={reduction}"
            )
        self.name = name or auto_name(type(self).__name__)
        self.reduction = reduction
        self.dtype = dtype or backend.floatx()

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of predictions; ``sample_weight`` weighs the samples."""
        with grouped(self.name):
            y_pred = _tensor(y_pred, self.dtype)
            y_true = _tensor(y_true, self.dtype)
            each = self.call(y_true, y_pred)
            return self._reduced(_tensor(each, self.dtype), sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError

    def _reduced(self, each: Any, weights: Any) -> Any:
        if weights is not None:
            each, weights = _same_rank(each, _tensor(weights, self.dtype))
            each = each * weights
        if self.reduction in (None, "none") or tuple(each.shape) in ((), (0,)):
            return each
        if self.reduction == "sum":
            return reductions.reduce_sum(each)
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return arithmetic.divide_no_nan(
                reductions.reduce_sum(each), reductions.reduce_sum(weights)
            )
        reduce = reductions.reduce_mean if each._v.size else reductions.reduce_sum
        return reduce(each)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a loss like this one."""
        config = {n: v for n, v in super().get_config().items() if n != "dtype"}
        return config | dict(self._options)


class _Wrapped(Loss):
    """A loss whose samples are measured by a function of this module."""

    measure: Callable[..., Any]

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(name or type(self).measure.__name__, reduction, dtype)
        self._options = options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        return type(self).measure(*_same_rank(y_true, y_pred), **self._options)


class MeanSquaredError(_Wrapped):
    """The mean of the squared errors.

    >>> float(MeanSquaredError()([[0.0], [2.0]], [[1.0], [5.0]]))
    5.0
    """

    measure = mean_squared_error


class MeanAbsoluteError(_Wrapped):
    """The mean of the errors' sizes.

    >>> import tapeviz as tf
    >>> float(tf.keras.losses.MeanAbsoluteError()([[0.0], [2.0]], [[1.0], [5.0]]))
    2.0
    """

    measure = mean_absolute_error


class MeanAbsolutePercentageError(_Wrapped):
    """The mean of the errors' sizes, in percent of the truth.

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.MeanAbsolutePercentageError()
    >>> float(loss([[2.0], [4.0]], [[1.0], [5.0]]))
    37.5
    """

    measure = mean_absolute_percentage_error


class LogCosh(_Wrapped):
    """The mean of ``log(cosh(error))``.

    >>> import tapeviz as tf
    >>> f"{float(tf.keras.losses.LogCosh()([[0.0]], [[1.0]])):.4f}"
    '0.4338'
    """

    measure = log_cosh


class Hinge(_Wrapped):
    """The mean of ``max(1 - y_true * y_pred, 0)``.

    >>> import tapeviz as tf
    >>> float(tf.keras.losses.Hinge()([[1.0], [-1.0]], [[0.5], [0.5]]))
    1.0
    """

    measure = hinge


class SquaredHinge(_Wrapped):
    """The mean of ``max(1 - y_true * y_pred, 0)²``.

    >>> import tapeviz as tf
    >>> float(tf.keras.losses.SquaredHinge()([[1.0], [-1.0]], [[0.5], [0.5]]))
    1.25
    """

    measure = squared_hinge


class KLDivergence(_Wrapped):
    """How far the predicted distribution is from the true one.

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.KLDivergence()
    >>> f"{float(loss([[0.5, 0.5]], [[0.25, 0.75]])):.4f}"
    '0.1438'
    """

    measure = kl_divergence


class Poisson(_Wrapped):
    """The mean of ``y_pred - y_true * log(y_pred)``.

    >>> import tapeviz as tf
    >>> float(tf.keras.losses.Poisson()([[1.0]], [[1.0]]))
    0.9999998807907104
    """

    measure = poisson


class Huber(_Wrapped):
    """Squares of small errors, sizes of large ones; ``delta`` is the border.

    >>> import tapeviz as tf
    >>> float(tf.keras.losses.Huber(delta=1.0)([[0.0], [0.0]], [[0.5], [3.0]]))
    1.3125
    """

    measure = huber

    def __init__(
        self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, delta=delta)


class _Crossentropy(_Wrapped):
    """A cross entropy whose labels may be smoothed."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            reduction, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class BinaryCrossentropy(_Crossentropy):
    """How surprising labels 0 and 1 are to predicted probabilities (or logits).

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    >>> f"{float(loss([[1.0], [0.0]], [[2.0], [2.0]])):.4f}"
    '1.1269'
    """

    measure = binary_crossentropy


class CategoricalCrossentropy(_Crossentropy):
    """How surprising one-hot labels are to predicted probabilities (or logits).

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.CategoricalCrossentropy()
    >>> f"{float(loss([[0.0, 1.0]], [[0.25, 0.75]])):.4f}"
    '0.2877'
    """

    measure = categorical_crossentropy


class SparseCategoricalCrossentropy(_Wrapped):
    """How surprising class numbers are to predicted probabilities (or logits).

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    >>> f"{float(loss(tf.constant([1]), tf.constant([[0.0, 0.0]]))):.4f}"
    '0.6931'
    """

    measure = sparse_categorical_crossentropy

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size", axis: int = -1,
        name: str = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            reduction, name, dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of predictions; samples of ``ignore_class`` count nothing."""
        ignored = self._options["ignore_class"]
        if ignored is not None:
            valid = creation.cast(_tensor(y_true, "int64") != ignored, self.dtype)
            if self.reduction in ("mean", "sum_over_batch_size"):
                size = float(valid.shape.num_elements())
                valid = valid * arithmetic.divide_no_nan(
                    size, reductions.reduce_sum(valid)
                )
            given = 1.0 if sample_weight is None else sample_weight
            sample_weight = valid * _tensor(given, self.dtype)
        return super().__call__(y_true, y_pred, sample_weight)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
logcosh = log_cosh
kld = KLD = kl_divergence

_CLASSES = (
    MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, LogCosh, Hinge,
    SquaredHinge, KLDivergence, Poisson, Huber, BinaryCrossentropy,
    CategoricalCrossentropy, SparseCategoricalCrossentropy,
)  # fmt: skip


_KNOWN: dict[str, Any] = {
    **{kind.measure.__name__: kind.measure for kind in _CLASSES},
    "mse": mse, "mae": mae, "mape": mape, "kld": kld, "logcosh": logcosh,
    **{kind.__name__: kind for kind in _CLASSES},
}  # fmt: skip


def get(identifier: Any) -> Any:
    """A loss by its name (``"mse"``, ``"MeanSquaredError"``), or itself.

    >>> import tapeviz as tf
    >>> loss = tf.keras.losses.get("mse")
    >>> loss(tf.constant([[0.0, 2.0]]), tf.constant([[1.0, 5.0]])).numpy()
    array([5.], dtype=float32)
    """
    return identifier if identifier is None else by_name("loss", _KNOWN, identifier)
