"""How a descent behaves: its regime named, and the inequality that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.momentum import momentum_of
from tapeviz.analysis.trajectory import (
    Track,
    apart,
    called,
    entries,
    number,
    opening,
    rows_of,
    track,
)
from tapeviz.errors import value_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from tapeviz.analysis.momentum import Momentum
    from tapeviz.analysis.trajectory import Floats
    from tapeviz.trace.descent import Curvature, Descent, Update
    from tapeviz.trace.value import Value

CONVERGING = "converging"
OVERSHOOTING = "converging with overshoot"
OSCILLATING = "oscillating"
DIVERGING = "diverging"
SADDLE = "stuck at a saddle"
FLAT = "flat"
NAN = "hit nan"
NONE = "no update"
NOISY = "noisy"

NAMES = (
    CONVERGING, OVERSHOOTING, OSCILLATING, DIVERGING, SADDLE, FLAT, NAN, NONE, NOISY,
)  # fmt: skip
"""Every regime."""

_SAME = 1e-3
_SHARE = 1e-6
_EDGE = 1e-5
_STILL = 1e-4
_FINE = 2.5e-7
_ARRIVED = 0.01
_GROWN = 10.0
_PART = 0.02
_NEAR = 0.02


@dataclass(frozen=True)
class Regime:
    """What a run does, in one of ``NAMES``; why, in a sentence; and the inequality.

    ``limit`` is the learning rate above which the run cannot settle at the minimum:
    2 / largest curvature for plain descent, more or less with momentum; None where it
    is not known.
    """

    name: str
    sentence: str
    inequality: str = ""
    limit: float | None = None

    def __str__(self) -> str:
        tail = f" ({self.inequality})" if self.inequality else ""
        return f"{self.name}: {self.sentence}{tail}"


def regime(run: Descent) -> Regime:
    """The regime of a run, by theory where the loss is quadratic, else as observed.

    On a quadratic loss plain gradient descent multiplies the distance to the minimum
    along each eigenvector of the Hessian by ``1 - rate * eigenvalue`` per step, and
    these factors decide; with momentum there are two such factors per eigenvector.
    """
    t = track(run)
    name, sentence, inequality = _verdict(run, t)
    limit, momentum = None if run.shifting else run.limit, _momentum_of(run)
    if momentum is not None and limit is not None:
        limit = None if momentum.lasts else limit * momentum.bound / 2
    return Regime(name, sentence, inequality or _unruled(run, name), limit)


def _momentum_of(run: Descent) -> Momentum | None:
    """The momentum of a run that is not plain gradient descent; else None."""
    return momentum_of(run) if steady_rate(run) is None else None


def _unruled(run: Descent, name: str) -> str:
    """Why no inequality is given: minibatches, or an optimizer that rescales."""
    if run.shifting and name in {CONVERGING, DIVERGING, NOISY}:
        return "the loss is another one at each step, so no inequality decides"
    if run.method in {"", "SGD"} or name not in {
        CONVERGING, OVERSHOOTING, OSCILLATING, DIVERGING,
    }:  # fmt: skip
        return ""
    return f"{run.method} rescales every update, so no inequality decides: as observed"


_Verdict = tuple[str, str, str]


def _verdict(run: Descent, t: Track) -> _Verdict:
    if not t.updates:
        return NONE, "No variable changed inside the block.", ""
    checks: tuple[Callable[[Descent, Track], _Verdict | None], ...] = (
        _broken,
        _too_small,
        _at_rest,
        _by_theory,
    )
    found = (check(run, t) for check in checks)
    return next((verdict for verdict in found if verdict), None) or _observed(run, t)


def _broken(run: Descent, t: Track) -> _Verdict | None:
    """A run with a loss, gradient or point that is nan or infinite."""
    bad = ~np.isfinite(t.slopes)
    if not np.isnan(t.losses).all():
        bad = bad | ~np.isfinite(t.losses)
    if not bad.any() and t.whole.all():
        return None
    first = int(np.argmax(bad)) if bad.any() else t.updates
    before = t.losses[:first][np.isfinite(t.losses[:first])]
    if before.size >= 2 and before[-1] > _GROWN * abs(before[0]) and _rises(before):
        _, why, inequality = _by_theory(run, t) or ("", "", _rule(run, ">", 2))
        last = number(before[-1])
        how = f"The loss grows, to {last} before the numbers end at step {first}."
        return DIVERGING, why or how, inequality
    what = f"At step {first} {_what_broke(run, t, first)}"
    lost = bad[first:].all() or not t.whole[-1]
    return NAN, what + ("; from there on nothing can be learned." if lost else "."), ""


def _rises(losses: Floats) -> bool:
    return bool(losses[-1] > losses[-2])


def _what_broke(run: Descent, t: Track, first: int) -> str:
    loss = called(run.loss_name)
    if first >= t.updates:
        return "the variables are no numbers any more"
    if not np.isfinite(t.losses[first]) and not np.isnan(t.losses).all():
        return f"{loss} is {number(t.losses[first])}"
    return f"the gradient is {number(t.slopes[first])}"


def _too_small(_: Descent, t: Track) -> _Verdict | None:
    """A run whose updates vanish in floating-point rounding."""
    if t.strides.any() or not t.slopes.any():
        return None
    said = "The updates are too small to change the variables: they round to nothing."
    return FLAT, said, f"length of gradient = {number(t.slopes[0])}"


def _at_rest(run: Descent, t: Track) -> _Verdict | None:
    """A run whose gradient is zero where it starts."""
    if t.slopes[0] or t.strides.any():
        return None
    loss = called(run.loss_name)
    if all(g is None for g in run.updates[0].gradients):
        return FLAT, "The tape gave no gradient, so nothing moves.", ""
    start = run.curvature("start")
    if start is None:
        return FLAT, f"The gradient is zero, so nothing moves: {loss} is flat.", ""
    low, high = start.eigenvalues[0], start.eigenvalues[-1]
    spectrum = f"curvature from {number(low)} to {number(high)}"
    if low < 0 < high:
        said = "The gradient is zero where the run starts: a saddle."
        return SADDLE, said, spectrum
    lead = "The gradient is zero where the run starts, so nothing moves"
    if low > 0:
        return FLAT, f"{lead}: it starts at the minimum.", spectrum
    top = "at a top" if high < 0 else f"{loss} is flat there"
    return FLAT, f"{lead}: {top}.", spectrum


# -- by theory -----------------------------------------------------------------------


def _by_theory(run: Descent, t: Track) -> _Verdict | None:
    """The regime of a quadratic loss by its eigenvalues; None for another loss."""
    start, momentum = run.curvature("start"), _momentum_of(run)
    rate = steady_rate(run) if momentum is None else momentum.rate
    if start is None or rate is None or not _parabola(run):
        return None
    eigenvalues = np.array(start.eigenvalues)
    share = np.abs(np.array(start.eigenvectors) @ np.array(start.slope))
    moving = share > _SHARE * float(share.max() or 1.0)
    if not moving.any():
        return None
    scale = float(np.abs(eigenvalues).max()) or 1.0
    level = np.abs(eigenvalues) <= _EDGE * scale
    if (moving & level).any():
        return None if _flips(run) else _no_end(run)
    if (moving & (rate * eigenvalues < 0)).any():
        return _away_for_good(rate, number(float(eigenvalues[moving].min())))
    top = float((rate * eigenvalues[moving]).max())
    most = 2.0 if momentum is None else momentum.bound
    if (~moving & ~level & (eigenvalues < 0)).any() and top < most:
        low = number(float(eigenvalues.min()))
        return (
            SADDLE,
            "The run moves along the ridge of a saddle and stops on it.",
            f"smallest curvature {low} < 0, and no gradient along it",
        )
    if momentum is None:
        verdict = _by_factor(rate, eigenvalues[moving])
    else:
        verdict = _with_momentum(run, t, momentum, eigenvalues[moving])
    return verdict


def _parabola(run: Descent) -> bool:
    """Whether one quadratic has the gradients and Hessians seen at both ends."""
    one = run.curvature("start")
    two = run.curvature("minimum") or run.curvature("end")
    if one is None or two is None or run.shifting:
        return False
    first, second = _matrix(one), _matrix(two)
    scale = max(float(np.abs(first).max()), float(np.abs(second).max()), 1e-30)
    gap = first @ (np.array(two.at) - np.array(one.at))
    slopes = np.array(one.slope), np.array(two.slope)
    size = max(float(np.abs(v).max(initial=0)) for v in (gap, *slopes))
    fits = np.abs(slopes[1] - slopes[0] - gap).max() <= _SAME * size
    return bool(fits and np.abs(first - second).max() <= _SAME * scale)


def _matrix(c: Curvature) -> Floats:
    eigenvectors = np.array(c.eigenvectors)
    found: Floats = eigenvectors.T @ np.diag(c.eigenvalues) @ eigenvectors
    return found


def _flips(run: Descent) -> bool:
    """Whether some gradient points against the first one, as beyond a kink."""
    width = sum(v.size for v in run.updates[0].at)
    slopes = rows_of([u.gradients for u in run.updates], width)
    return bool((slopes @ slopes[0] < 0).any())


def _no_end(run: Descent) -> _Verdict:
    loss = called(run.loss_name)
    said = f"As far as it goes, {loss} falls in a straight line: no end is in sight."
    return DIVERGING, said, "curvature 0 along the way"


def _away_for_good(rate: float, low: str) -> _Verdict:
    """A run that moves away from the critical point: negative rate or curvature."""
    if rate < 0:
        said = (
            "Each update goes uphill: it adds the gradient, which descent takes away."
        )
        return DIVERGING, said, f"learning rate {number(rate)} < 0"
    said = "The loss bends down in a direction the run moves in, so it never ends."
    return DIVERGING, said, f"smallest curvature {low} < 0"


def _by_factor(rate: float, eigenvalues: Floats) -> _Verdict:
    """The regime by the largest ``rate * eigenvalue`` against 1 and 2."""
    largest = float(eigenvalues.max())
    top = rate * largest
    said = apart(top, 1.0, 2.0)[0]
    product = f"rate · curvature = {number(rate)} · {number(largest)} = {said}"
    if top <= 1 + _EDGE:
        return CONVERGING, _SAID[CONVERGING], f"{product} ≤ 1"
    everywhere = rate * float(eigenvalues.min()) > 1 + _EDGE
    where = "Each" if everywhere else "Along the direction that bends most, each"
    if abs(top - 2) <= _EDGE:
        return OSCILLATING, f"{where} {_SAID[OSCILLATING]}", product
    if top > 2:
        return DIVERGING, f"{where} {_SAID[DIVERGING]}", f"{product} > 2"
    return OVERSHOOTING, f"{where} {_SAID[OVERSHOOTING]}", f"1 < {product} < 2"


def _with_momentum(
    run: Descent, t: Track, momentum: Momentum, eigenvalues: Floats
) -> _Verdict:
    """The regime by ``rate * eigenvalue`` against the bound that momentum shifts."""
    largest = float(eigenvalues.max())
    top = momentum.rate * largest
    factors = f"{number(momentum.rate)} · {number(largest)}"
    product = f"rate · curvature = {factors} = {apart(top, momentum.bound)[0]}"
    if momentum.lasts and top < momentum.bound:
        said = "Every update carries on in full, so the run swings to and fro for ever."
        return OSCILLATING, said, f"{product}, and the momentum is 1"
    if abs(top - momentum.bound) <= _EDGE:
        said = "The momentum carries each update as far past the minimum as before."
        return OSCILLATING, said, f"{product}, the edge {momentum.words}"
    if top > momentum.bound:
        said = "The momentum carries each update past the minimum, ever farther."
        return DIVERGING, said, f"{product} > {momentum.words}"
    rule = f"{product} < {momentum.words}"
    if not any(momentum.swings(b) for b in eigenvalues):
        said = "The momentum is too small to carry the run past the minimum."
        return CONVERGING, said, rule
    if not _turns(run, t).any():
        said = "The run is still on its way; its momentum will carry it past the"
        return CONVERGING, f"{said} minimum and back.", rule
    said = "The momentum carries the run past the minimum and back, less each time."
    return OVERSHOOTING, said, rule


_SAID = {
    CONVERGING: "Each update goes part of the way to the minimum, from the same side.",
    OVERSHOOTING: "update goes past the minimum, but ends nearer to it.",
    OSCILLATING: "update lands as far from the minimum as before, on the other side.",
    DIVERGING: "update goes past the minimum and ends farther from it.",
}


def steady_rate(run: Descent) -> float | None:
    """The constant learning rate of plain gradient descent.

    None where the rate changes or where an update is not ``-rate * gradient``.
    """
    if run.method not in {"", "SGD"} or _more_terms(run):
        return None
    first = next((u.rate for u in run.updates if u.rate is not None), 0.0)
    telling = [u for u in run.updates if not _rounded(u, first)]
    rates = {first, *(u.rate for u in telling if u.rate is not None)} - {0.0}
    plain_ = all(
        u.rate is not None or not _moved(u.gradients) or any(map(_odd, u.moves))
        for u in telling
        if u is not run.updates[-1]
    )
    if len(rates) != 1 or not plain_:
        return _nearly(rates) if plain_ else None
    return rates.pop()


def _more_terms(run: Descent) -> bool:
    return any(p.name != "gradient" for u in run.updates for p in u.parts)


def _rounded(u: Update, rate: float) -> bool:
    """Whether an update is ``-rate * gradient`` up to the dtype's rounding."""
    gaps = (
        abs(move + rate * slope) <= _FINE * max(abs(at), abs(to))
        for m, g, a, b in zip(u.moves, u.gradients, u.at, u.to, strict=True)
        if g is not None and g.size == m.size
        for move, slope, at, to in zip(*map(entries, (m, g, a, b)), strict=True)
    )
    return all(gaps)


def _moved(gradients: Iterable[Value | None]) -> bool:
    return any(g is not None and not g.is_zero and not _odd(g) for g in gradients)


def _odd(value: Value) -> bool:
    data = value.data
    return data is None or not np.isfinite(np.array(data, dtype=float)).all()


def _nearly(rates: set[float]) -> float | None:
    """The median of several rates that differ by rounding only; else None."""
    if not rates or max(rates) - min(rates) > 1e-2 * abs(max(rates, key=abs)):
        return None
    return float(np.median(list(rates)))


# -- as observed ---------------------------------------------------------------------


def _observed(run: Descent, t: Track) -> _Verdict:
    known = t.losses[np.isfinite(t.losses)]
    if run.shifting:
        return _all_in_all(run, known)
    if _away(known, t):
        way = "from {} to {}".format(*apart(known[0], known[-1]))
        loss = opening(run.loss_name)
        said = f"{loss} grows {way}, and the updates grow with it."
        return DIVERGING, said, _rule(run, ">", 2)
    saddle = _saddle(run, t)
    if saddle:
        return saddle
    if _level(run, t):
        loss = called(run.loss_name)
        said = f"The gradient is next to zero all along: {loss} is flat here."
        return FLAT, said, f"length of gradient = {number(t.slopes[-1])}"
    return _by_turns(run, t) if t.seen else _by_losses(run, t, known)


def _all_in_all(run: Descent, losses: Floats) -> _Verdict:
    """The regime of a minibatch run by the mean of its first and last losses."""
    part = max(1, len(losses) // 4)
    before, after = float(losses[:part].mean()), float(losses[-part:].mean())
    name, does = NOISY, "does not fall"
    if after > before + _GROWN * abs(before):
        name, does = DIVERGING, "grows"
    elif after < before:
        name, does = CONVERGING, "falls"
    rough = apart(*(float(f"{v:.2g}") for v in (before, after)))
    ends = rough if rough[0] != rough[1] else apart(before, after)
    way = " to ".join(f"about {end}" for end in ends)
    said = f"All in all {called(run.loss_name)} {does}, from {way}."
    return name, f"{said} Each step sees other data, so the path is noisy.", ""


def _by_turns(run: Descent, t: Track) -> _Verdict:
    """The regime by whether the path turns back."""
    turns = _turns(run, t)
    if _swinging(turns, t.strides):
        said = "The updates turn back again and again and do not get smaller."
        return OSCILLATING, said, _rule(run, "≈", 2)
    if turns.any():
        many = _times(int(turns.sum()))
        if _restless(turns, t.strides):
            said = f"The run turns back {many} and does not come to rest."
            return OSCILLATING, said, _rule(run, ">", 2)
        far = "past the minimum" if t.kind == "line" else "too far"
        said = f"The run turns back {many}: it goes {far} and returns."
        return OVERSHOOTING, said, _rule(run, ">", 1)
    return CONVERGING, _settling(run, t), _rule(run, "≤", 1)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _restless(turns: NDArray[np.bool_], strides: Floats) -> bool:
    """Whether a run still turns back at its end, with updates as long as before."""
    third = len(strides) // 3
    if third < 2 or turns[-third:].sum() < 2:
        return False
    middle, end = strides[-2 * third : -third], strides[-third:]
    return bool(end.max() > 0.9 * middle.max())


def _by_losses(run: Descent, t: Track, losses: Floats) -> _Verdict:
    """The regime by the losses alone, where the parameters were not recorded."""
    loss, n = called(run.loss_name), len(losses) - 1
    rises = int((np.diff(losses) > 0).sum())
    if not rises and (n < 1 or losses[-1] < losses[0]):
        return CONVERGING, _settling(run, t), _rule(run, "≤", 1)
    if losses[-1] < losses[0]:
        said = f"On its way down {loss} rises at {rises} of {n} steps: some updates go"
        return OVERSHOOTING, f"{said} too far, or saw other data.", ""
    way = "from {} to {}".format(*apart(losses[0], losses[-1]))
    said = f"{opening(run.loss_name)} does not fall: {n} updates bring it {way}."
    return OSCILLATING, said, ""


def _settling(run: Descent, t: Track) -> str:
    end = run.curvature("end")
    low = t.slopes[-1] <= _ARRIVED * max(t.slopes.max(), 1e-30)
    if low and (end is None or _reached(end, t)):
        return "The run comes to rest where the gradient is next to zero."
    return f"{opening(run.loss_name)} falls and the run is still on its way."


def _away(losses: Floats, t: Track) -> bool:
    if losses.size < 2:
        return False
    half = len(t.strides) // 2
    grows = t.strides[half:].max() > 1.02 * t.strides[: half + 1].max()
    return bool(losses[-1] > losses[0] and grows)


def _saddle(run: Descent, t: Track) -> _Verdict | None:
    end = run.curvature("end")
    if end is None or not end.eigenvalues or not np.isfinite(t.slopes).all():
        return None
    flat_end = float(np.hypot.reduce(np.array(end.slope))) <= _STILL * max(
        float(t.slopes.max()), 1e-30
    )
    if (
        flat_end
        and _reached(end, t)
        and end.eigenvalues[0] < -_EDGE * abs(end.eigenvalues[-1])
        and end.eigenvalues[-1] > 0
    ):
        low, high = number(end.eigenvalues[0]), number(end.eigenvalues[-1])
        return (
            SADDLE,
            "The run ends where the gradient is zero and the loss bends both ways.",
            f"curvature from {low} < 0 to {high} > 0",
        )
    return None


def _reached(end: Curvature, t: Track) -> bool:
    """Whether a Newton step from the run's end is short beside the whole path."""
    eigenvalues = np.array(end.eigenvalues)
    slope = np.array(end.eigenvectors) @ np.array(end.slope)
    left = np.abs(slope[eigenvalues != 0] / eigenvalues[eigenvalues != 0])
    far = np.abs(t.numbers - t.numbers[0]).max(initial=0) if t.seen else np.inf
    return bool(left.max(initial=0) <= _NEAR * far)


def _level(run: Descent, t: Track) -> bool:
    end = run.curvature("end")
    steepest = max(map(abs, end.eigenvalues)) if end and end.eigenvalues else 0.0
    return bool(t.slopes.max() <= _STILL and steepest <= _STILL)


def _turns(run: Descent, t: Track) -> NDArray[np.bool_]:
    """After which updates the next one goes back along some eigenvector.

    Only components of at least ``_PART`` of the update count.
    """
    moves = np.diff(t.numbers, axis=0)
    end = run.curvature("minimum") or run.curvature("end")
    if end is not None and len(end.at) == moves.shape[1]:
        moves = moves @ np.array(end.eigenvectors).T
    far = np.abs(moves)
    counts = far > _PART * far.max(axis=1, keepdims=True, initial=0)
    back = (moves[1:] * moves[:-1] < 0) & counts[1:] & counts[:-1]
    found: NDArray[np.bool_] = back.any(axis=1)
    return found


def _swinging(turns: NDArray[np.bool_], strides: Floats) -> bool:
    half = len(turns) // 2
    if len(turns) < 4 or not turns[half:].all():
        return False
    return bool(strides[-1] >= 0.9 * strides[half])


def _rule(run: Descent, sign: str, bound: int) -> str:
    """``rate · curvature`` against a bound, if it holds for this run; else ""."""
    rate, limit = steady_rate(run), run.limit
    if rate is None or limit is None or run.shifting:
        return ""
    product = 2 * rate / limit
    holds = {
        ">": product > bound,
        "≤": product <= bound,
        "≈": abs(product - bound) < 0.1 * bound,
    }[sign]
    said = f"{number(rate)} · {number(2 / limit)} = {apart(product, float(bound))[0]}"
    return f"rate · curvature = {said} {sign} {bound}" if holds else ""


def label(run: Descent) -> str:
    """What a run is called beside others: its method and its learning rate.

    >>> from tapeviz.trace.descent import Descent
    >>> label(Descent(("x",), (), method="Adam"))
    'Adam'
    """
    rate = steady_rate(run)
    names = [run.method] if run.method else []
    return ", ".join(names + ([f"rate {number(rate)}"] if rate else [])) or "by hand"


def labels(runs: Sequence[Descent], given: Sequence[str] | None) -> list[str]:
    """A different label for each run; ValueError when there are not enough."""
    if given is not None and len(given) != len(runs):
        raise value_error(
            f"{len(given)} labels for {len(runs)} runs",
            "give one label for each run, in their order",
        )
    found = list(given) if given is not None else [label(run) for run in runs]
    return [
        f"{word} ({i + 1})" if found.count(word) > 1 else word
        for i, word in enumerate(found)
    ]
