"""``keras.Sequential`` and ``keras.Model``: networks of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tapeviz.engine.tensor import Variable
from tapeviz.errors import attribute_error, not_implemented, value_error
from tapeviz.tf.keras.layers import InputLayer, Layer, Shape
from tapeviz.tf.module import leaves, name_scope

NOT_HERE = (
    "compile", "evaluate", "export", "fit", "load_weights", "predict", "save",
    "save_weights", "test_on_batch", "train_on_batch",
)  # fmt: skip


class Model(Layer):
    """A layer of layers: made in ``__init__``, used in ``call``."""

    def __init__(self, *args: Any, name: str | None = None, **options: Any) -> None:
        if args or "inputs" in options:
            raise not_implemented(
                "keras.Model(inputs, outputs) is not in tapeviz",
                "use keras.Sequential, or a subclass of keras.Model with a call method",
            )
        super().__init__(name=name, **options)

    @property
    def layers(self) -> list[Layer]:
        """The layers in the attributes."""
        held = [t for thing in vars(self).values() for t in leaves(thing)]
        return list({id(t): t for t in held if isinstance(t, Layer)}.values())

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print the layers, their output shapes and how many numbers they hold."""
        text = _summary(self)
        if print_fn is None:
            print(text, end="")  # noqa: T201 - that is what it is for
        else:
            print_fn(text)

    def __getattr__(self, name: str) -> Any:
        if name in NOT_HERE:
            raise attribute_error(
                f"Keras has {type(self).__name__}.{name}, tapeviz has not",
                "write the loop: a GradientTape, tape.gradient, apply_gradients",
            )
        raise AttributeError(
            f"'{type(self).__name__}' object has no attribute '{name}'"
        )


class Sequential(Model):
    """Layers one after the other.

    >>> from tapeviz.tf.keras.layers import Dense, Input
    >>> hidden = Dense(16, "tanh", name="hidden")
    >>> model = Sequential([Input((2,)), hidden, Dense(1)], name="net")
    >>> [v.path for v in model.trainable_variables][:2]
    ['net/hidden/kernel', 'net/hidden/bias']
    >>> model([[1.0, 2.0], [3.0, 4.0]]).shape
    TensorShape([2, 1])
    """

    def __init__(
        self, layers: Iterable[Layer] | None = None, trainable: bool = True,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, trainable=trainable)
        self._layers: list[Layer] = []
        self._input: Shape | None = None
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._layers)

    def add(self, layer: Layer) -> None:
        """Put a layer at the end."""
        if not isinstance(layer, Layer):
            raise value_error(
                "Only instances of `keras.Layer` can be added to a Sequential "
                f"model. Received: {layer} (of type {type(layer)})",
                "keras.layers.Activation makes a layer of a function",
            )
        if layer.name in [known.name for known in self._layers]:
            raise value_error(
                "All layers added to a Sequential model should have unique names. "
                f"Name '{layer.name}' is already the name of a layer in this "
                "model. Update the `name` argument to pass a unique name.",
                "a layer that is used twice stands in a subclass of keras.Model, "
                "whose call uses it twice",
            )
        if isinstance(layer, InputLayer):
            self._begin(layer)
            return
        self._layers.append(layer)
        if layer._given_shape is not None and self._input is None:
            self._input = (None, *layer._given_shape)
        if self._input is not None:
            self.build(self._input)

    def _begin(self, layer: InputLayer) -> None:
        if self._layers or self._input is not None:
            raise value_error(
                f"Sequential model '{self.name}' has already been configured to "
                f"use input shape {self._input}. You cannot add a different Input "
                "layer to it."
            )
        self._input = layer.batch_shape

    def pop(self) -> Layer:
        """Take the last layer off."""
        return self._layers.pop()

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of all layers for inputs of this shape; None is any size."""
        if input_shape is None:
            return
        shape: Shape = tuple(input_shape)
        with name_scope(f"{self.name}/"):
            for layer in self._layers:
                with name_scope(layer.name):
                    layer._build(shape)
                shape = layer._output = layer.compute_output_shape(shape)
        self.built = bool(self._layers)

    def _build(self, shape: Any) -> None:
        """The layers make their own weights when they are called."""
        self.built = True

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The layers, one after the other."""
        if not self._layers:
            raise value_error(
                f"Sequential model {self.name} cannot be built because it has no "
                "layers. Call `model.add(layer)`."
            )
        x = inputs
        for layer in self._layers:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape that comes out of the last layer."""
        shape = tuple(input_shape)
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape


# -- the summary ---------------------------------------------------------------------

WIDTHS = (33, 24, 15)
KILO = 1024


def _summary(model: Model) -> str:
    rows = [_row(layer) for layer in model.layers]
    head = _cells(("Layer (type)", "Output Shape", "Param #"), "┃")
    body = f"\n{_rule('├┼┤', '─')}\n".join(_cells(row, "│") for row in rows)
    table = [
        f'Model: "{model.name}"', _rule("┏┳┓", "━"), head, _rule("┡╇┩", "━"),
        *([body] if body else []), _rule("└┴┘", "─"),
    ]  # fmt: skip
    trained, rest = model.trainable_variables, model.non_trainable_variables
    totals = [
        _total("Total", [*trained, *rest]),
        _total("Trainable", trained),
        _total("Non-trainable", rest),
    ]
    return "\n".join([*table, *totals, ""])


def _row(layer: Layer) -> tuple[str, str, str]:
    shape = "?" if layer._output is None else str(layer._output)
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    return f"{layer.name} ({type(layer).__name__})", shape, count


def _cells(texts: tuple[str, ...], bar: str) -> str:
    name, shape, count = (
        _cut(text, width - 2) for text, width in zip(texts, WIDTHS, strict=True)
    )
    a, b, c = (width - 2 for width in WIDTHS)
    return f"{bar} {name:<{a}} {bar} {shape:<{b}} {bar} {count:>{c}} {bar}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _rule(joints: str, line: str) -> str:
    return joints[0] + joints[1].join(line * n for n in WIDTHS) + joints[2]


def _total(what: str, variables: list[Variable]) -> str:
    count = sum(int(v._v.size) for v in variables)
    size = float(sum(v._v.nbytes for v in variables))
    return f" {what} params: {count:,} ({_bytes(size)})"


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < KILO:
            return f"{size:.2f} {unit}"
        size /= KILO
    return f"{size:.2f} GB"
