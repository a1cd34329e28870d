// How a run behaves: its regime named, why, and the inequality that decides, from the run's
// numbers alone. This is analysis/convergence.py for the runs of a page; a test holds both
// to the same words.

const number = (value) => {
  const usual = Math.abs(value) >= 0.01 && Math.abs(value) < 1e5;
  return formatNumber(usual ? Math.round(value * 1e4) / 1e4 : value, usual ? 9 : 4);
};

// Numbers for people, with as many digits as it takes to tell them apart.
function apart(...values) {
  let said = values.map(number);
  for (let digits = 5; digits <= 17 && new Set(said).size < new Set(values).size; digits++) said = values.map((v) => formatNumber(v, digits));
  return said;
}

const opening = (loss) => (loss === "loss" ? "The loss" : loss);
const calledLoss = (loss) => (loss === "loss" ? "the loss" : loss);
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const finite = (values) => values.filter(isNumber);
const highest = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const lowest = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);

// Lengths of gradients and updates, and which points a picture can hold.
function track(run) {
  const { points, losses, gradients } = run;
  const far = (a, b) => largestOf(a.map((v, k) => v - b[k]));
  const moves = losses.map((_, i) => points[i + 1].map((v, k) => v - points[i][k]));
  const [slopes, strides] = [gradients, moves].map((rows) => rows.map((row) => Math.hypot(...row)));
  const known = finite(losses);
  const usual = Math.max(known[0] - lowest(known), known.length > 1 ? Math.abs(known[1] - known[0]) : 0);
  const ceiling = usual > 0 ? known[0] + 100 * usual : Infinity;
  const whole = points.map((point) => point.every(isNumber));
  const near = losses.map((v, i) => whole[i] && isNumber(v) && v <= ceiling);
  const inner = points.filter((_, i) => near[i]);
  const room = highest((points[0] ?? []).map((_, k) => highest(inner.map((p) => p[k])) - lowest(inner.map((p) => p[k])))) || Infinity;
  near.push(whole.at(-1) && near.at(-1) === true && far(points.at(-1), inner.at(-1)) <= 3 * room);
  return { updates: losses.length, moves, slopes, strides, whole, near, known };
}

const boundOf = (share, ahead) => (2 * (1 + share)) / (ahead ? 1 + 2 * share : 1);

// The momentum of a run that shows it: each update follows from the one before by it.
function momentumOf({ kind, momentum: share, ahead, rate, gradients }, { moves, slopes, strides }) {
  const odd = moves.findIndex((move, i) => ![...move, ...gradients[i]].every(isNumber));
  const count = odd < 0 ? moves.length : odd;
  if (kind !== "SGD" || !share || count < 3 || !slopes[0]) return null;
  if (!slopes.slice(1, count).some((v, i) => v && strides[i])) return null;
  const next = moves.slice(1, count);
  const gap = (move, i) => move.map((v, k) => {
    const [before, now] = [gradients[i][k], gradients[i + 1][k]];
    return v - share * moves[i][k] + rate * now - (ahead ? share * rate * (before - now) : 0);
  });
  const most = 2e-3 * highest(next.map(largestOf));
  return next.every((move, i) => largestOf(gap(move, i)) <= most) ? { rate, share, ahead, bound: boundOf(share, ahead) } : null;
}

const steadyRate = (run) => (run.kind === "SGD" && !run.momentum ? run.rate : null);
const limitAt = (found) => (found?.eigenvalues.at(-1) > 0 ? 2 / found.eigenvalues.at(-1) : null);
const plainLimit = ({ curvatures: { minimum, end } }) => limitAt(minimum ?? end);

// {name, sentence, rule, limit} of a run.
function regime(run) {
  const t = track(run);
  const momentum = momentumOf(run, t);
  const found = t.updates ? (broken(run, t) ?? atRest(run, t) ?? byTheory(run, t) ?? observed(run, t)) : ["no update", "No variable changed inside the block."];
  const [name, sentence, rule] = found;
  const rescaled = run.kind !== "SGD" && /^(conv|osc|div)/.test(name);
  const limit = plainLimit(run);
  return {
    name,
    sentence,
    rule: rule || (rescaled ? `${run.kind} rescales every update, so no inequality decides: as observed` : ""),
    limit: limit && limit * (momentum ? momentum.bound / 2 : 1),
  };
}

// A run with a loss, gradient or point that is nan or infinite.
function broken(run, t) {
  const bad = t.slopes.map((v, i) => !isNumber(v) || !isNumber(run.losses[i]));
  if (!bad.includes(true) && !t.whole.includes(false)) return null;
  const first = bad.includes(true) ? bad.indexOf(true) : t.updates;
  const before = finite(run.losses.slice(0, first));
  const last = before.at(-1);
  if (before.length >= 2 && last > 10 * Math.abs(before[0]) && last > before.at(-2)) {
    const [, why, rule] = byTheory(run, t) ?? ["", "", ruleOf(run, ">", 2)];
    return ["diverging", why || `The loss grows, to ${number(last)} before the numbers end at step ${first}.`, rule];
  }
  const odd = isNumber(run.losses[first]) ? `the gradient is ${number(t.slopes[first])}` : `${calledLoss(run.loss)} is ${number(run.losses[first])}`;
  const what = `At step ${first} ${first >= t.updates ? "the variables are no numbers any more" : odd}`;
  const lost = bad.slice(first).every((is) => is) || !t.whole.at(-1);
  return ["hit nan", what + (lost ? "; from there on nothing can be learned." : ".")];
}

// A run whose updates round to nothing, or whose gradient is zero where it starts.
function atRest(run, t) {
  if (t.strides.some((v) => v)) return null;
  if (t.slopes.some((v) => v)) return ["flat", "The updates are too small to change the variables: they round to nothing.", `length of gradient = ${number(t.slopes[0])}`];
  const { start } = run.curvatures;
  if (!start) return ["flat", `The gradient is zero, so nothing moves: ${calledLoss(run.loss)} is flat.`];
  const [low, high] = [start.eigenvalues[0], start.eigenvalues.at(-1)];
  const rule = `curvature from ${number(low)} to ${number(high)}`;
  if (low < 0 && high > 0) return ["stuck at a saddle", "The gradient is zero where the run starts: a saddle.", rule];
  const where = low > 0 ? "it starts at the minimum" : high < 0 ? "at a top" : `${calledLoss(run.loss)} is flat there`;
  return ["flat", `The gradient is zero where the run starts, so nothing moves: ${where}.`, rule];
}

// -- by theory -------------------------------------------------------------------------

// The regime of a quadratic loss by its eigenvalues; null for another loss.
function byTheory(run, t) {
  const { start } = run.curvatures;
  const momentum = momentumOf(run, t);
  const rate = momentum ? momentum.rate : steadyRate(run);
  if (!start || rate === null || !isParabola(run)) return null;
  const { eigenvalues } = start;
  const shares = start.eigenvectors.map((v) => Math.abs(innerProduct(v, start.slope)));
  const moving = shares.map((share) => share > 1e-6 * (highest(shares) || 1));
  if (!moving.includes(true)) return null;
  const level = eigenvalues.map((v) => Math.abs(v) <= 1e-5 * (largestOf(eigenvalues) || 1));
  if (moving.some((is, k) => is && level[k])) {
    if (run.gradients.some((g) => innerProduct(g, run.gradients[0]) < 0)) return null;
    return ["diverging", `As far as it goes, ${calledLoss(run.loss)} falls in a straight line: no end is in sight.`, "curvature 0 along the way"];
  }
  const chosen = eigenvalues.filter((_, k) => moving[k]);
  if (chosen.some((v) => v < 0)) return ["diverging", "The loss bends down in a direction the run moves in, so it never ends.", `smallest curvature ${number(lowest(chosen))} < 0`];
  const ridge = eigenvalues.some((v, k) => v < 0 && !moving[k] && !level[k]);
  if (ridge && rate * highest(chosen) < (momentum ? momentum.bound : 2)) {
    return ["stuck at a saddle", "The run moves along the ridge of a saddle and stops on it.", `smallest curvature ${number(eigenvalues[0])} < 0, and no gradient along it`];
  }
  return momentum ? withMomentum(run, t, momentum, chosen) : byFactor(rate, chosen);
}

// Whether one quadratic has the gradients and Hessians seen at both ends.
function isParabola({ curvatures: { start, minimum, end } }) {
  const other = minimum ?? end;
  if (!start || !other) return false;
  const [first, second] = [start, other].map(({ matrix }) => matrix.flat());
  const step = other.at.map((v, k) => v - start.at[k]);
  const gap = start.matrix.map((row) => innerProduct(row, step));
  const off = other.slope.map((v, k) => v - start.slope[k] - gap[k]);
  const same = largestOf(first.map((v, k) => v - second[k])) <= 1e-3 * Math.max(largestOf(first), largestOf(second), 1e-30);
  return same && largestOf(off) <= 1e-3 * Math.max(largestOf(gap), largestOf(start.slope), largestOf(other.slope));
}

function byFactor(rate, eigenvalues) {
  const top = rate * highest(eigenvalues);
  const product = `rate · curvature = ${number(rate)} · ${number(highest(eigenvalues))} = ${apart(top, 1, 2)[0]}`;
  if (top <= 1 + 1e-5) return ["converging", "Each update goes part of the way to the minimum, from the same side.", `${product} ≤ 1`];
  const where = rate * lowest(eigenvalues) > 1 + 1e-5 ? "Each" : "Along the direction that bends most, each";
  if (Math.abs(top - 2) <= 1e-5) return ["oscillating", `${where} update lands as far from the minimum as before, on the other side.`, product];
  if (top > 2) return ["diverging", `${where} update goes past the minimum and ends farther from it.`, `${product} > 2`];
  return ["converging with overshoot", `${where} update goes past the minimum, but ends nearer to it.`, `1 < ${product} < 2`];
}

function withMomentum(run, t, { rate, share, ahead, bound }, eigenvalues) {
  const top = rate * highest(eigenvalues);
  const product = `rate · curvature = ${number(rate)} · ${number(highest(eigenvalues))} = ${apart(top, bound)[0]}`;
  const words = `${number(bound)} = 2 · (1 + ${number(share)})${ahead ? ` / (1 + 2 · ${number(share)})` : ""}`;
  if (Math.abs(top - bound) <= 1e-5) return ["oscillating", "The momentum carries each update as far past the minimum as before.", `${product}, the edge ${words}`];
  if (top > bound) return ["diverging", "The momentum carries each update past the minimum, ever farther.", `${product} > ${words}`];
  const swings = eigenvalues.some((v) => {
    const left = 1 - rate * v;
    const total = ahead ? (1 + share) * left : share + left;
    const product = ahead ? share * left : share;
    return total ** 2 < 4 * product || product < 0 || total < 0;
  });
  const rule = `${product} < ${words}`;
  if (!swings) return ["converging", "The momentum is too small to carry the run past the minimum.", rule];
  if (!turnsOf(run, t).includes(true)) return ["converging", "The run is still on its way; its momentum will carry it past the minimum and back.", rule];
  return ["converging with overshoot", "The momentum carries the run past the minimum and back, less each time.", rule];
}

// -- as observed -----------------------------------------------------------------------

function observed(run, t) {
  const { known, strides, slopes } = t;
  const half = Math.floor(strides.length / 2);
  const grows = highest(strides.slice(half)) > 1.02 * highest(strides.slice(0, half + 1));
  if (known.length > 1 && known.at(-1) > known[0] && grows) {
    return ["diverging", `${opening(run.loss)} grows from ${apart(known[0], known.at(-1)).join(" to ")}, and the updates grow with it.`, ruleOf(run, ">", 2)];
  }
  const { end } = run.curvatures;
  const [low, high] = end ? [end.eigenvalues[0], end.eigenvalues.at(-1)] : [0, 0];
  const level = end && Math.hypot(...end.slope) <= 1e-4 * Math.max(highest(slopes), 1e-30);
  if (level && isReached(end, run) && low < -1e-5 * Math.abs(high) && high > 0) {
    return ["stuck at a saddle", "The run ends where the gradient is zero and the loss bends both ways.", `curvature from ${number(low)} < 0 to ${number(high)} > 0`];
  }
  if (highest(slopes) <= 1e-4 && largestOf([low, high]) <= 1e-4) {
    return ["flat", `The gradient is next to zero all along: ${calledLoss(run.loss)} is flat here.`, `length of gradient = ${number(slopes.at(-1))}`];
  }
  return byTurns(run, t);
}

function byTurns(run, t) {
  const { strides, slopes } = t;
  const turns = turnsOf(run, t);
  const half = Math.floor(turns.length / 2);
  const swinging = turns.length >= 4 && !turns.slice(half).includes(false) && strides.at(-1) >= 0.9 * strides[half];
  if (swinging) return ["oscillating", "The updates turn back again and again and do not get smaller.", ruleOf(run, "≈", 2)];
  const count = turns.filter((is) => is).length;
  if (count) {
    const many = ["", "once", "twice"][count] ?? `${count} times`;
    const third = Math.floor(strides.length / 3);
    const restless = third >= 2 && turns.slice(-third).filter((is) => is).length >= 2 && highest(strides.slice(-third)) > 0.9 * highest(strides.slice(-2 * third, -third));
    if (restless) return ["oscillating", `The run turns back ${many} and does not come to rest.`, ruleOf(run, ">", 2)];
    const far = run.points[0].length === 1 ? "past the minimum" : "too far";
    return ["converging with overshoot", `The run turns back ${many}: it goes ${far} and returns.`, ruleOf(run, ">", 1)];
  }
  const { end } = run.curvatures;
  const low = slopes.at(-1) <= 0.01 * Math.max(highest(slopes), 1e-30);
  const rests = low && (!end || isReached(end, run));
  return ["converging", rests ? "The run comes to rest where the gradient is next to zero." : `${opening(run.loss)} falls and the run is still on its way.`, ruleOf(run, "≤", 1)];
}

// Whether a Newton step from the run's end is short beside the whole path.
function isReached({ eigenvalues, eigenvectors, slope }, { points }) {
  const left = eigenvalues.map((v, k) => (v ? innerProduct(eigenvectors[k], slope) / v : 0));
  const far = highest(points.map((point) => largestOf(point.map((v, k) => v - points[0][k]))));
  return largestOf(left) <= 0.02 * far;
}

// After which updates the next one goes back along some eigenvector.
function turnsOf(run, t) {
  const seen = run.curvatures.minimum ?? run.curvatures.end;
  const moves = t.moves.map((move) => (seen ? seen.eigenvectors.map((v) => innerProduct(v, move)) : move));
  const counts = moves.map((move) => move.map((v) => Math.abs(v) > 0.02 * largestOf(move)));
  return moves.slice(1).map((move, i) => move.some((v, k) => v * moves[i][k] < 0 && counts[i + 1][k] && counts[i][k]));
}

// ``rate · curvature`` against a bound, if it holds for this run; else "".
function ruleOf(run, sign, bound) {
  const [rate, limit] = [steadyRate(run), plainLimit(run)];
  if (rate === null || limit === null) return "";
  const product = (2 * rate) / limit;
  const holds = { ">": product > bound, "≤": product <= bound, "≈": Math.abs(product - bound) < 0.1 * bound }[sign];
  return holds ? `rate · curvature = ${number(rate)} · ${number(2 / limit)} = ${apart(product, bound)[0]} ${sign} ${bound}` : "";
}
