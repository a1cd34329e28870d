"""What all optimizers share: state, clipping, weight decay, the errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypedDict

import numpy as np

from tapeviz.engine.arguments import plain
from tapeviz.engine.foreign_names import ForeignName
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tensor import Variable, WeightPath, wrap
from tapeviz.errors import invalid_argument, type_error, value_error, warn
from tapeviz.tf.arrays import creation
from tapeviz.tf.keras.missing import no_unknown
from tapeviz.tf.keras.naming import Configurable, auto_name
from tapeviz.tf.keras.optimizers.repeated_rows import RepeatedRows, dense, repeated
from tapeviz.tf.keras.optimizers.schedules import LearningRateSchedule
from tapeviz.tf.keras.optimizers.update_rule import StepNumber, UpdateRule, UpdateTerm

DECAY = "x -= x * weight_decay * lr"
DECAYED = {"weight decay": "-x * weight_decay * lr"}

Pairs = list[tuple[Any, Variable]]


class Options(TypedDict, total=False):
    """What every optimizer can be given by name, beside its own settings."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    name: str | None


class Optimizer(Configurable):
    """Updates variables from their gradients; the base of all optimizers.

    A subclass gives its formula as a text, ``update``, and those of its terms,
    ``formulas`` (see ``update_rule.py``), with the full names of its ``slots`` and the
    names of its ``settings`` (``rounded`` are those that Keras rounds to float32 even
    for float64 variables). Or it overrides ``build`` and ``update_step``, as in Keras.

    ``weight_decay`` draws variables to zero; ``clipnorm`` limits the norm of each
    gradient, ``global_clipnorm`` that of all together, ``clipvalue`` every entry.
    ``iterations``, an int64 variable, is how many updates were made.
    """

    update: str = ""
    formulas: Mapping[str, str] = MappingProxyType({})
    slots: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[tuple[str, ...]] = ()
    rounded: ClassVar[tuple[str, ...]] = ("weight_decay",)

    def __init__(
        self, learning_rate: Any, weight_decay: float | None = None,
        clipnorm: float | None = None, clipvalue: float | None = None,
        global_clipnorm: float | None = None, *, name: str | None = None,
        **unknown: Any,
    ) -> None:  # fmt: skip
        no_unknown(unknown)
        _one_clip(clipnorm, clipvalue, global_clipnorm)
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.built = False
        self._variables: list[Variable] = []
        self._of: list[Variable] = []
        self._index: dict[int, int] = {}
        self._slots: list[dict[str, Variable]] = []
        self._last: dict[int, tuple[UpdateRule, dict[str, Any]]] = {}
        self._update_rules: dict[bool, UpdateRule] = {}
        self._undecayed: set[int] = set()
        self._undecayed_names: tuple[str, ...] = ()
        self.iterations = self._keep(np.int64(0), "iteration")
        self._learning_rate = self._rate(learning_rate)

    minimize = ForeignName(
        "minimize",
        "Keras has left it out: tape.gradient(loss, variables), then "
        "apply_gradients(zip(gradients, variables))",
    )

    # -- state -----------------------------------------------------------------------

    def _keep(self, value: Any, name: str) -> Variable:
        """A variable of the optimizer's own."""
        made = Variable(value, trainable=False)
        made._name = WeightPath(f"{self.name}/{name}")
        self._variables.append(made)
        return made

    def _rate(self, rate: Any) -> Any:
        if callable(rate):
            return rate
        if isinstance(rate, float):
            return self._keep(np.float32(rate), "learning_rate")
        raise value_error(
            "Argument `learning_rate` should be float, or an instance of "
            "LearningRateSchedule, or a callable (that takes in the current "
            "iteration value and returns the corresponding learning rate value). "
            f"Received instead: learning_rate={rate}",
            f"write {float(rate)}" if isinstance(rate, int) else "give a Python float",
        )

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a float32 variable, or what a schedule gives for now."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self.iterations)
        return rate() if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        old = self._learning_rate
        if callable(rate):
            self._variables = [v for v in self._variables if v is not old]
            self._learning_rate = rate
        elif isinstance(old, Variable):
            old.assign(rate)
        else:
            raise type_error(
                "This optimizer was created with a `LearningRateSchedule` object "
                "as its `learning_rate` constructor argument, hence its learning "
                "rate is not settable.",
                "make the optimizer with a float learning_rate to be able to set it",
            )

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables: iteration, learning rate, slots."""
        return list(self._variables)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for these variables; the first ``apply`` does it by itself."""
        if self.built:
            return
        self._of = list(variables)
        self._index = {id(v): i for i, v in enumerate(self._of)}
        used = [(s, n) for s, n in self.slots.items() if f"{s}_old" in self.update]
        self._slots = [
            {s: self._slot(v, n, self.start(s)) for s, n in used} for v in self._of
        ]
        self.built = True

    def start(self, slot: str) -> float:
        """What a slot holds at first."""
        return 0.0

    def _slot(self, v: Variable, name: str, value: float) -> Variable:
        known = v._name if isinstance(v._name, WeightPath) else v.name
        of = known.replace("/", "_").replace(":", "_")
        return self._keep(np.full_like(v._v, np.float32(value))[()], f"{of}_{name}")

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None,
        initializer: Any = 0.0,
    ) -> Variable:  # fmt: skip
        """A slot for a variable, of its shape and dtype, for a subclass's ``build``."""
        value = 0.0 if isinstance(initializer, str) else initializer
        return self._slot(reference_variable, name or "var", value)

    def _get_variable_index(self, variable: Variable) -> int:
        return self._index[id(variable)]

    # -- applying gradients ----------------------------------------------------------

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Variable]]
    ) -> Variable:
        """Update each variable by its gradient: ``apply_gradients(zip(grads, vars))``.

        A gradient that is None leaves its variable as it is, with a UserWarning;
        ValueError if all are None or a variable was not there at the first call.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise value_error("not enough values to unpack (expected 2, got 0)", _ONCE)
        grads, variables = zip(*pairs, strict=True)
        self.apply(grads, variables)
        return self.iterations

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Iterable[Variable] | None = None,
    ) -> None:
        """Update variables (by default those it was built with) by their gradients."""
        if not len(grads):
            return
        variables = self._ready(grads, trainable_variables)
        pairs = self._connected(grads, variables)
        outer, tape_stack.optimizer = tape_stack.optimizer, self
        try:
            grads = self._clipped([g for g, _ in pairs])
            self._step(list(zip(grads, (v for _, v in pairs), strict=True)))
        finally:
            tape_stack.optimizer = outer
        for _, v in pairs:
            if v.constraint is not None:
                v.assign(v.constraint(v))
        self.iterations._put(self.iterations._v + 1)

    def _ready(
        self, grads: Sequence[Any], given: Iterable[Variable] | None
    ) -> list[Variable]:
        """The variables to update, the optimizer being built for them."""
        if given is None:
            return self._own(grads)
        variables = list(given)
        if not self.built:
            self.build(variables)
            self.built = True
        for v in variables:
            if id(v) not in self._index:
                raise value_error(
                    f"Unknown variable: {v}. This optimizer can only be called "
                    "for the variables it was originally built with. When working "
                    "with a new set of variables, you should recreate a new "
                    "optimizer instance.",
                    "make a new optimizer, or call optimizer.build([...]) with all "
                    "variables before the first step",
                )
        return variables

    def _own(self, grads: Sequence[Any]) -> list[Variable]:
        if not self.built:
            raise value_error(
                "When passing `grads` without `variables`, the optimizer must "
                "already be built on a list of variables. Call "
                "`optimizer.build(trainable_variables)` first."
            )
        if len(grads) != len(self._of):
            raise value_error(
                "When passing `grads` as a list of gradient tensors, the "
                "gradients must match `optimizer.variables` one-to-on. Received a "
                f"list of {len(grads)} gradients, but the optimizer is tracking "
                f"{len(self._of)} trainable variables."
            )
        return self._of

    def _connected(self, grads: Sequence[Any], variables: list[Variable]) -> Pairs:
        """The pairs that have a gradient, as raw values of the variable's dtype."""
        given = list(zip(grads, variables, strict=True))
        pairs = [(_raw(g, v), v) for g, v in given if g is not None]
        if not pairs:
            raise value_error(
                "No gradients provided for any variable.",
                "every gradient is None; why(tape, loss, x) says the reason",
            )
        if len(pairs) < len(given):
            names = [v.name for g, v in given if g is None]
            warn(
                f"Gradients do not exist for variables {names} when minimizing the "
                "loss. They stay as they are; why(tape, loss, x) says the reason."
            )
        return pairs

    def _step(self, pairs: Pairs) -> None:
        rate = self.learning_rate
        own = type(self).update_step is not Optimizer.update_step
        for g, v in pairs:
            if own:
                self._decay(v, rate)
                self.update_step(wrap(dense(g)), v, rate)
            else:
                self._run(g, v, rate)

    def update_step(
        self, gradient: Any, variable: Variable, learning_rate: Any
    ) -> None:
        """Update one variable; a subclass without a text overrides this."""
        self._run(_raw(gradient, variable), variable, learning_rate)

    def _run(self, g: Any, v: Variable, rate: Any) -> None:
        """One variable's update, by the text."""
        if not self.update:
            raise NotImplementedError(
                f"{type(self).__name__} needs an `update` text or an `update_step` "
                "method"
            )
        rule = self._update_rule(decay=self._use_weight_decay(v))
        slots = self._slots[self._index[id(v)]]
        values = self._values(v._v.dtype.type, rate) | {"x": v._v, "g": g}
        values |= {f"{short}_old": slot._v for short, slot in slots.items()}
        values = rule.run(values)
        self._last[id(v)] = (rule, values)
        for short, slot in slots.items():
            slot._put(values[short])
        v.assign(wrap(values["x_new"]))

    def _values(self, kind: Callable[[Any], Any], rate: Any) -> dict[str, Any]:
        """The learning rate, the step's number, and the settings."""
        values = {n: getattr(self, n) for n in (*self.settings, "weight_decay")}
        for n in self.rounded:
            if values.get(n) is not None:
                values[n] = float(np.float32(values[n]))
        number = StepNumber(int(self.iterations._v) + 1, kind)
        return values | {"lr": kind(plain(rate)), "t": number}

    def _update_rule(self, *, decay: bool) -> UpdateRule:
        if decay not in self._update_rules:
            text = f"{DECAY}\n{self.update}" if decay else self.update
            terms = {**(DECAYED if decay else {}), **self.formulas}
            self._update_rules[decay] = UpdateRule(text, terms)
        return self._update_rules[decay]

    # -- what happened ---------------------------------------------------------------

    @property
    def formula(self) -> str:
        """The update as text, with these settings: what is run for each variable."""
        return self._update_rule(decay=self.weight_decay is not None).text

    def terms(self, variable: Variable) -> tuple[UpdateTerm, ...]:
        """The variable's last move as a sum: gradient, momentum, weight decay.

        Each term has a name, its formula and its value. ValueError if this optimizer
        has not updated the variable.
        """
        rule, values = self._last_step(variable)
        return rule.terms(values)

    def values(self, variable: Variable) -> dict[str, Any]:
        """Every name of the formula with its number in the variable's last update.

        ``x`` is the value before it, ``x_new`` after it, ``m_old`` and ``m`` a slot
        before and after.
        """
        return dict(self._last_step(variable)[1])

    def _last_step(self, variable: Variable) -> tuple[UpdateRule, dict[str, Any]]:
        """The rule of a variable's last update, and the values of its names."""
        try:
            return self._last[id(variable)]
        except KeyError:
            raise value_error(
                f"{self.name} has not updated {variable.name}", "apply a gradient first"
            ) from None

    # -- clipping, decay -------------------------------------------------------------

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm and self.clipnorm > 0:
            return [_clip_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm and self.global_clipnorm > 0:
            return _clip_global([dense(g) for g in grads], self.global_clipnorm)
        if self.clipvalue and self.clipvalue > 0:
            limit = self.clipvalue
            return [
                np.clip(dense(g), g.dtype.type(-limit), g.dtype.type(limit))
                for g in grads
            ]
        return grads

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Leave variables out of weight decay, as such or by a part of their name."""
        self._undecayed = {id(v) for v in var_list or ()}
        self._undecayed_names = tuple(var_names or ())

    def _use_weight_decay(self, variable: Variable) -> bool:
        if self.weight_decay is None or id(variable) in self._undecayed:
            return False
        return not any(re.search(n, variable.name) for n in self._undecayed_names)

    def _decay(self, v: Variable, rate: Any) -> None:
        """Weight decay as a step of its own, before a subclass's ``update_step``."""
        if self._use_weight_decay(v):
            values = self._values(v._v.dtype.type, rate)
            v.assign(v._v - v._v * values["weight_decay"] * values["lr"])

    # -- for subclasses in Keras' style ------------------------------------------------

    def assign(self, variable: Variable, value: Any) -> None:
        """Give a variable a value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an optimizer like this one."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate._v)
        names = (*Options.__optional_keys__, *self.settings)
        return {"learning_rate": rate} | {n: getattr(self, n) for n in sorted(names)}

    def __repr__(self) -> str:
        if not self.update:
            return object.__repr__(self)
        text = "; ".join(self.formula.splitlines())
        return f"<{type(self).__name__} name={self.name}: {text}>"


_ONCE = "zip() can be used up only once: make a new zip(grads, variables) for each step"


def _raw(gradient: Any, v: Variable) -> Any:
    """A gradient as a raw value of the variable's dtype and shape."""
    if hasattr(gradient, "dense_shape"):
        rows = repeated(gradient)
        if rows is not None and rows.shape == np.shape(v._v):
            return rows if rows.dtype == v._v.dtype else rows.astype(v._v.dtype)
        gradient = creation.convert_to_tensor(gradient)
    g = plain(gradient)
    g = g if hasattr(g, "dtype") else np.asarray(g)[()]
    if np.shape(g) != np.shape(v._v):
        raise invalid_argument(
            f"Cannot update variable with shape {list(np.shape(v._v))} using a "
            f"Tensor with shape {list(np.shape(g))}, shapes must be equal.",
            f"does this gradient belong to {v.name}? Pairs are (gradient, variable)",
        )
    return g if g.dtype == v._v.dtype else g.astype(v._v.dtype)


def _clip_norm(g: Any, limit: float) -> Any:
    entries = g.values if isinstance(g, RepeatedRows) else g
    square = np.add.reduce(np.square(entries), axis=None)
    norm = np.sqrt(square) if square > 0 else square
    return g * limit / np.maximum(norm, g.dtype.type(limit))


def _clip_global(grads: list[Any], limit: float) -> list[Any]:
    squares = np.stack([np.add.reduce(np.square(g), axis=None) for g in grads])
    norm = np.sqrt(np.add.reduce(squares))
    with np.errstate(all="ignore"):
        scale = limit * np.minimum(1 / norm, norm.dtype.type(1 / limit))
        return [g * (scale + (norm - norm)) for g in grads]


def _one_clip(
    norm: float | None, value: float | None, global_norm: float | None
) -> None:
    if sum(c is not None for c in (norm, value, global_norm)) > 1:
        raise value_error(
            "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. "
            f"Received: clipnorm={norm}, clipvalue={value}, "
            f"global_clipnorm={global_norm}"
        )
