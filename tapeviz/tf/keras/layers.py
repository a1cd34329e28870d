"""``keras.layers``: Dense, Dropout, normalization, embedding and their like.

A layer makes its weights when it is first called, from the shape of what it is given.
The ops of one call have the learner's line as call site and are a group with the
layer's name.
"""

from __future__ import annotations

import functools
import inspect
import math
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import numpy as np

from tapeviz.engine.dtypes import as_dtype
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.scopes import grouped
from tapeviz.engine.tensor import Tensor, Variable, WeightPath
from tapeviz.errors import attribute_error, runtime_error, value_error, warn
from tapeviz.tf import linalg
from tapeviz.tf.arrays import creation, indexing, shaping
from tapeviz.tf.keras import activations, backend, initializers, regularizers
from tapeviz.tf.keras.naming import Configurable, auto_name
from tapeviz.tf.module import Module, leaves, name_scope
from tapeviz.tf.nn import convolution

Shape = tuple[int | None, ...]

RANK = 2
"""A dense layer takes rows: one axis for samples, one for numbers."""


class _Mode(threading.local):
    """If there is an outer layer, and whether it was called with ``training=True``."""

    training: Any = None
    inside = False


_mode = _Mode()


class Layer(Configurable, Module):
    """The base of the layers: weights are made in ``build``, used in ``call``.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight((), "ones", name="factor")
    ...     def call(self, x):
    ...         return self.factor * x
    >>> layer = Scale(name="scale")
    >>> layer([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    >>> [v.name for v in layer.trainable_variables]
    ['factor']
    """

    _takes_training: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._takes_training = "training" in inspect.signature(cls.call).parameters

    def __init__(
        self, *, name: str | None = None, trainable: bool = True, dtype: Any = None,
        activity_regularizer: Any = None, **unknown: Any,
    ) -> None:  # fmt: skip
        self._given_shape = _given_shape(unknown)
        if unknown:
            raise value_error(
                "Unrecognized keyword arguments passed to "
                f"{type(self).__name__}: {unknown}"
            )
        self._name = name or auto_name(type(self).__name__)
        self._name_scope = name_scope(self._name)
        self._path = ""
        self.trainable = trainable
        self.dtype = as_dtype(dtype or backend.floatx()).name
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False
        self._weights: list[Variable] = []
        self._penalties: list[tuple[Variable, Callable[[Any], Any]]] = []
        self._added_losses: list[Any] = []
        self._output: Shape | None = None

    # -- weights -----------------------------------------------------------------------

    def add_weight(
        self, shape: Any = None, initializer: Any = None, dtype: Any = None,
        trainable: bool = True, name: str | None = None, regularizer: Any = None,
    ) -> Variable:  # fmt: skip
        """A new weight, kept in ``weights``; by default of Glorot's random numbers."""
        if shape is not None and not isinstance(shape, (tuple, list)):
            shape = (shape,)
        make = initializers.get(initializer or "glorot_uniform")
        value = make(tuple(shape or ()), dtype=dtype or self.dtype)
        with name_scope(self._path):
            made = Variable(value, trainable=trainable, name=name or "variable")
        made._name = WeightPath(made._name)
        self._weights.append(made)
        if regularizer is not None:
            self._penalties.append((made, regularizers.get(regularizer)))
        return made

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape."""

    def _build(self, shape: Any) -> None:
        """Build once, in the scope of this layer's name."""
        if not self.built:
            self._path = tape_stack.scope or f"{self._name}/"
            self.build(shape)
            self.built = True

    def _each_variable(self, seen: set[int]) -> Iterator[Variable]:
        """Own weights first, then those of the layers in the attributes."""
        held = [
            t
            for name, thing in vars(self).items()
            if name not in ("_weights", "_penalties", "_added_losses")
            for t in leaves(thing)
        ]
        own = [*self._weights, *(t for t in held if isinstance(t, Variable))]
        for v in sorted(own, key=lambda v: not v.trainable):
            if id(v) not in seen:
                seen.add(id(v))
                yield v
        for module in held:
            if isinstance(module, Module) and id(module) not in seen:
                seen.add(id(module))
                yield from module._each_variable(seen)

    @property
    def variables(self) -> list[Variable]:
        """All weights, those of inner layers included."""
        return list(self._each_variable({id(self)}))

    weights = variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that are to be trained; none if ``trainable`` is False."""
        frozen = [layer for layer in self._layers_within() if not layer.trainable]
        out = {id(v) for layer in frozen for v in layer.variables}
        return [v for v in self.variables if v.trainable and id(v) not in out]

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The weights that are not to be trained."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    non_trainable_weights = non_trainable_variables

    def _layers_within(self) -> list[Layer]:
        """The layer itself and those inside it."""
        return [m for m in (self, *self.submodules) if isinstance(m, Layer)]

    @property
    def losses(self) -> list[Any]:
        """What the last call and the regularizers of the weights add to the loss.

        >>> layer = Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
        >>> layer([[3.0, 4.0]]).numpy(), [float(loss.numpy()) for loss in layer.losses]
        (array([[7.]], dtype=float32), [0.019999999552965164])
        """
        every = self._layers_within()
        added = [loss for layer in every for loss in layer._added_losses]
        trained = {id(v) for v in self.trainable_variables}
        costs = [pair for layer in every for pair in layer._penalties]
        return added + [cost(v) for v, cost in costs if id(v) in trained]

    def add_loss(self, loss: Any) -> None:
        """In ``call``: one more term for the loss, kept in ``losses``."""
        given = loss if isinstance(loss, (list, tuple)) else [loss]
        self._added_losses += [creation.convert_to_tensor(t) for t in given]

    def get_weights(self) -> list[Any]:
        """The weights' values as arrays."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Iterable[Any]) -> None:
        """Give the weights these values, in the order of ``weights``."""
        values, mine = list(weights), self.variables
        if len(values) != len(mine):
            raise value_error(
                f"You called `set_weights(weights)` on layer '{self.name}' with a "
                f"weight list of length {len(values)}, but the layer was expecting "
                f"{len(mine)} weights."
            )
        for v, value in zip(mine, values, strict=True):
            v.assign(np.asarray(value))

    def get_config(self) -> dict[str, Any]:
        """Name, dtype and the plain settings: numbers, texts, True or False.

        A subclass adds its own: ``{**super().get_config(), "rate": self.rate}``.

        >>> Dense(3, name="last").get_config()["units"]
        3
        """
        taken = inspect.signature(type(self).__init__).parameters
        plain = {
            name: getattr(self, name)
            for name in taken
            if isinstance(getattr(self, name, None), (bool, int, float, str))
        }
        common = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        return common | plain

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        return sum(int(v._v.size) for v in self.variables)

    # -- calling -----------------------------------------------------------------------

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Apply the layer; the first call makes its weights."""
        if not hasattr(self, "_weights"):
            raise runtime_error(
                f"In layer '{type(self).__name__}', you forgot to call "
                "`super().__init__()` as the first statement in the `__init__()` "
                "method. Go add it!"
            )
        if not _mode.inside:
            for layer in self._layers_within():
                layer._added_losses.clear()
        with grouped(self._name), name_scope(self._name):
            _no_symbols(self._name, inputs)
            given = [_ready(x, self.dtype) for x in inputs]
            if given and (given[0] is None or isinstance(given[0], (str, bool))):
                raise value_error(
                    f"Inputs to a layer should be tensors. Got {given[0]!r} (of "
                    f"type {type(given[0])}) as input for layer '{self._name}'.",
                    "give it an array or a tensor, one row for each sample",
                )
            if given:
                self._build(_shape_of(given[0]))
                self._check(given[0])
            out = self._called(given, options)
        if isinstance(out, Tensor):
            self._output = self._output or tuple(out.shape)
            if self.activity_regularizer is not None:
                self.add_loss(self.activity_regularizer(out))
        return out

    def _called(self, given: list[Any], options: dict[str, Any]) -> Any:
        """``call``, with ``training`` handed on to inner layers."""
        outer, training = _mode.training, options.get("training")
        inside, _mode.inside = _mode.inside, True
        if training is None:
            training = outer
        if self._takes_training:
            options["training"] = training
        else:
            options.pop("training", None)
        _mode.training = training
        try:
            return self.call(*given, **options)
        finally:
            _mode.training, _mode.inside = outer, inside

    def call(self, *inputs: Any, **options: Any) -> Any:
        """What the layer computes."""
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `call()` method implemented."
        )

    def _check(self, x: Any) -> None:
        """An error if the layer cannot take this input."""

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape that comes out for one that goes in; None stands for any size."""
        batch = input_shape[0]
        sizes = tuple(1 if n is None else n for n in input_shape)
        out = tuple(self.call(creation.zeros(sizes, self.dtype)).shape)
        return (batch, *out[1:])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _no_symbols(name: str, inputs: Any) -> None:
    """An error for ``Dense(1)(Input((2,)))``: there are no symbolic tensors."""
    if any(isinstance(x, InputLayer) for x in leaves(inputs)):
        raise value_error(
            f"Layer '{name}' was called on Input(...), which has no values: there "
            "are no functional models here.",
            "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), or a "
            "subclass of keras.Model with the layers called in `call`",
        )


def _given_shape(options: dict[str, Any]) -> Shape | None:
    """The shape of one input, if the first layer was given it."""
    if "input_dim" in options:
        return (options.pop("input_dim"),)
    given = options.pop("input_shape", None)
    return None if given is None else tuple(given)


def _ready(x: Any, dtype: str) -> Any:
    """An input as the layer takes it: tensors, floats in the layer's own dtype."""
    if isinstance(x, dict):
        return {k: _ready(v, dtype) for k, v in x.items()}
    if isinstance(x, (list, tuple)) and any(
        isinstance(v, (Tensor, Variable, np.ndarray)) for v in x
    ):
        return type(x)(_ready(v, dtype) for v in x)
    if x is None or isinstance(x, (bool, str)):
        return x
    t = creation.convert_to_tensor(x)
    return creation.cast(t, dtype) if t.dtype.is_floating and t.dtype != dtype else t


def _shape_of(x: Any) -> Any:
    if isinstance(x, dict):
        return {k: _shape_of(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_shape_of(v) for v in x]
    return tuple(x.shape) if isinstance(x, Tensor) else None


class InputLayer(Layer):
    """The shape of the input: ``Input(shape=(2,))`` at the head of a Sequential."""

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, *,
        name: str | None = None, **unknown: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype, **unknown)
        if shape is None:
            raise value_error("You must pass a `shape` argument.", "Input(shape=(2,))")
        self.batch_shape: Shape = (batch_size, *shape)

    def call(self, inputs: Any) -> Any:
        """The input itself."""
        return inputs


def Input(  # noqa: N802 - Keras' name
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, *,
    name: str | None = None,
) -> InputLayer:  # fmt: skip
    """The shape of one input, for the head of a Sequential."""
    return InputLayer(shape, batch_size, dtype, name=name)


class Dense(Layer):
    """``activation(x @ kernel + bias)``: every output from every input.

    >>> layer = Dense(1, kernel_initializer="ones", bias_initializer="zeros")
    >>> layer([[1.0, 2.0]]).numpy()
    array([[3.]], dtype=float32)
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        if not isinstance(units, int) or units <= 0:
            raise value_error(
                "Received an invalid value for `units`, expected a positive "
                f"integer. Received: units={units}"
            )
        super().__init__(**options)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias: Variable | None = None

    @property
    def kernel(self) -> Variable:
        """The matrix of weights, inputs by outputs."""
        if not self.built:
            raise attribute_error(
                "You must build the layer before accessing `kernel`.",
                "call the layer once, or layer.build((None, inputs))",
            )
        return self._weights[0]

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        if self._weights:
            return
        self._path = self._path or f"{self._name}/"
        self._wants(input_shape, None)
        size = (input_shape[-1], self.units)
        self.add_weight(
            size, self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), self.bias_initializer, name="bias",
                regularizer=self.bias_regularizer,
            )  # fmt: skip
        self.built = True

    def _check(self, x: Any) -> None:
        self._wants(tuple(x.shape), int(self.kernel._v.shape[0]))

    def _wants(self, shape: Any, size: int | None) -> None:
        """A shape that this layer can take, or ValueError."""
        if len(shape) < RANK:
            what = (
                f"expected min_ndim=2, found ndim={len(shape)}. Full shape received: "
                f"{shape}"
            )
            do = "one row for each sample: x[tf.newaxis, :] or x[:, tf.newaxis]"
        elif size is not None and shape[-1] != size:
            what = (
                f"expected axis -1 of input shape to have value {size}, but received "
                f"input with shape {shape}"
            )
            do = f"the layer's kernel was made for {size} inputs"
        else:
            return
        raise value_error(
            f"Input 0 of layer '{self.name}' is incompatible with the layer: {what}", do
        )

    def call(self, inputs: Any) -> Any:
        """``activation(inputs @ kernel + bias)``."""
        if inputs.dtype != self.dtype:
            inputs = creation.cast(inputs, self.dtype)
        x = linalg.matmul(inputs, self.kernel)
        if self.bias is not None:
            x = x + self.bias
        return self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The last size becomes ``units``."""
        return (*input_shape[:-1], self.units)


class Embedding(Layer):
    """A row of numbers for each whole number: a table to look words up in.

    The gradient of the table is an ``IndexedSlices``: only the rows that were used.

    >>> layer = Embedding(5, 2, embeddings_initializer="ones")
    >>> layer([[1, 4, 4]]).shape
    TensorShape([1, 3, 2])
    """

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        self._path = self._path or f"{self._name}/"
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim), self.embeddings_initializer,
            name="embeddings", regularizer=self.embeddings_regularizer,
        )  # fmt: skip
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The rows of the table with these numbers."""
        whole = inputs if inputs.dtype.is_integer else creation.cast(inputs, "int32")
        return indexing.gather(self.embeddings, whole)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """One more axis."""
        return (*input_shape, self.output_dim)


class _SameShape(Layer):
    """A layer whose output has the shape of its input."""

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The same shape."""
        return tuple(input_shape)


class Activation(_SameShape):
    """A function of each entry, by name or as it is.

    >>> import tapeviz as tf
    >>> layer = tf.keras.layers.Activation("relu")
    >>> layer(tf.constant([[-1.0, 2.0]])).numpy()
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """The activation of the inputs."""
        return self.activation(inputs)


class Lambda(Layer):
    """A function of the input as a layer.

    >>> Lambda(lambda x: 2.0 * x)([[1.0, 2.0]]).numpy()
    array([[2., 4.]], dtype=float32)
    """

    def __init__(
        self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None,
        arguments: dict[str, Any] | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.function = function
        self.arguments = arguments or {}

    def call(self, inputs: Any) -> Any:
        """What the function makes of the inputs."""
        return self.function(inputs, **self.arguments)


class ReLU(Activation):
    """``max(x, 0)``, at most ``max_value``; ``negative_slope`` below ``threshold``.

    >>> ReLU(0.5)([-1.0, 0.2, 2.0]).numpy()
    array([0. , 0.2, 0.5], dtype=float32)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0,
        threshold: float = 0.0, **options: Any,
    ) -> None:  # fmt: skip
        made = functools.partial(
            activations.relu, negative_slope=negative_slope, max_value=max_value,
            threshold=threshold,
        )  # fmt: skip
        super().__init__(made, **options)


class LeakyReLU(Activation):
    """``x`` where it is positive, else ``negative_slope * x``.

    >>> LeakyReLU(0.5)([-1.0, 2.0]).numpy()
    array([-0.5,  2. ], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        if "alpha" in options:
            negative_slope = options.pop("alpha")
            warn("Argument `alpha` is deprecated. Use `negative_slope` instead.")
        made = functools.partial(activations.leaky_relu, negative_slope=negative_slope)
        super().__init__(made, **options)


class ELU(Activation):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    >>> ELU()([-1.0, 2.0]).numpy().round(3)
    array([-0.632,  2.   ], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(functools.partial(activations.elu, alpha=alpha), **options)


class Softmax(Activation):
    """Positive numbers that sum to 1 along ``axis``.

    >>> Softmax()([[0.0, 0.0]]).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **options: Any) -> None:
        super().__init__(functools.partial(activations.softmax, axis=axis), **options)


class Flatten(Layer):
    """Each sample's numbers in one row.

    >>> import tapeviz as tf
    >>> tf.keras.layers.Flatten()(tf.zeros((2, 3, 4))).shape
    TensorShape([2, 12])
    """

    def call(self, inputs: Any) -> Any:
        """The rows."""
        return shaping.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The batch, and the product of the other sizes."""
        sizes = [n for n in input_shape[1:] if n is not None]
        known = len(sizes) == len(input_shape) - 1
        return (input_shape[0], math.prod(sizes) if known else None)


class Dropout(_SameShape):
    """In training, zeroes a share of the entries and scales up the others.

    >>> import tapeviz as tf
    >>> layer = tf.keras.layers.Dropout(0.5)
    >>> layer(tf.constant([[1.0, 2.0]])).numpy()
    array([[1., 2.]], dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.noise_shape = noise_shape
        if not 0 <= rate <= 1:
            raise value_error(
                "Invalid value received for argument `rate`. Expected a float "
                f"value between 0 and 1. Received: rate={rate}"
            )
        self.rate = rate
        self.seed = seed
        own = initializers.new_seed() if seed is None else seed
        self._numbers = np.random.default_rng(own)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, some of them zeroed if ``training``."""
        if not training or not self.rate:
            return inputs
        if self.rate == 1:
            return creation.zeros_like(inputs)
        pairs = zip(self.noise_shape or inputs.shape, inputs.shape, strict=True)
        shape = tuple(own if n is None else n for n, own in pairs)
        survivors = self._numbers.random(shape) >= self.rate
        scaled = (survivors / (1 - self.rate)).astype(inputs.dtype.as_numpy_dtype)
        return inputs * creation.constant(scaled)


class BatchNormalization(_SameShape):
    """Each feature brought to mean 0 and variance 1 over the batch.

    In training by the batch's own mean and variance, of which running means are kept;
    else by those. ``gamma`` and ``beta`` then scale and shift.

    >>> layer = BatchNormalization()
    >>> layer([[1.0], [3.0]], training=True).numpy().round(2).ravel()
    array([-1.,  1.], dtype=float32)
    """

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3,
        center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.axis, self.momentum, self.epsilon = int(axis), momentum, epsilon
        self.center, self.scale = center, scale
        self.gamma: Variable | None = None
        self.beta: Variable | None = None
        self._start = {
            "gamma": gamma_initializer, "beta": beta_initializer,
            "moving_mean": moving_mean_initializer,
            "moving_variance": moving_variance_initializer,
        }  # fmt: skip

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta, and the running means, which are not trained."""
        size = (input_shape[self.axis],)

        def weight(name: str, trainable: bool) -> Variable:
            first = initializers.get(self._start[name])
            return self.add_weight(size, first, trainable=trainable, name=name)

        self.gamma = weight("gamma", True) if self.scale else None
        self.beta = weight("beta", True) if self.center else None
        self.moving_mean = weight("moving_mean", False)
        self.moving_variance = weight("moving_variance", False)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The normalized inputs."""
        inputs = creation.cast(inputs, self.dtype)
        rank = len(inputs.shape)
        across = [i for i in range(rank) if i != self.axis % rank]
        mean: Any = self.moving_mean
        variance: Any = self.moving_variance
        if training and self.trainable:
            mean, variance = convolution.moments(inputs, across)
            self._follow(self.moving_mean, mean)
            self._follow(self.moving_variance, variance)
        size = [1 if i in across else n for i, n in enumerate(inputs.shape)]
        mean, variance, beta, gamma = (
            None if v is None else shaping.reshape(v, size)
            for v in (mean, variance, self.beta, self.gamma)
        )
        return convolution.batch_normalization(
            inputs, mean, variance, beta, gamma, self.epsilon
        )

    def _follow(self, running: Variable, now: Any) -> None:
        """Move a running mean a little towards what the batch has."""
        decayed = running * self.momentum
        running.assign(decayed + shaping.stop_gradient(now) * (1 - self.momentum))
