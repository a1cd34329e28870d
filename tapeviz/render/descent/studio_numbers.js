// Descents of a compiled loss in the page: an optimizer's texts run step by step, and the
// curvature of the loss, as inspect/loss_surface.py finds it.

const isNumber = Number.isFinite;

// The same program without rounding to float32, for differences and landscapes.
function widened(program) {
  const wide = (dtype) => (dtype === "float32" ? "float64" : dtype);
  const { instructions } = program;
  return { ...program, instructions: { ...instructions, dtype: instructions.dtype.map(wide) } };
}

// A program as ``compile`` reads it: its formulas stand in a list that many share.
function wholeProgram({ instructions, formulas, ...more }, shared) {
  const none = instructions.id.map(() => []);
  const chosen = formulas.map((k) => shared[k]);
  const columns = Object.keys(chosen[0] ?? {}).map((key) => [key, chosen.map((row) => row[key])]);
  return { handles: {}, exits: {}, ...more, instructions: { shape: none, operands: none, settings: none, data: none, ...instructions }, formulas: Object.fromEntries(columns) };
}

// What a loss can be asked: ``descend`` as Python would, the rest in float64.
function surfaceOf(program) {
  const machine = compile(program);
  const wide = compile(widened(program));
  const kinds = machine.sources.flatMap(({ dtype, shape }) => new Array(sizeOf(shape)).fill(dtype === "float32"));
  return { machine, kinds, loss: (point) => wide.loss(point), slope: (point) => wide.gradient(point).gradients };
}

// A tree in which what is known is a number. Numbers of Python's own are not rounded among
// themselves, only where they meet others.
function settled(tree, known) {
  if (!Array.isArray(tree)) return known[tree] ?? tree;
  const [word, ...parts] = [tree[0], ...tree.slice(1).map((part) => settled(part, known))];
  const whole = [word, ...parts];
  return parts.every((part) => typeof part === "number") ? expression(whole, [], false)([]) : whole;
}

// The texts of an optimizer as one function of the numbers it names, in their order.
function updateOf({ texts }, names, known, float32) {
  const steps = texts.map(([name, tree]) => [names.indexOf(name), expression(settled(tree, known), names, float32)]);
  return (values) => {
    for (const [place, step] of steps) values[place] = step(values);
  };
}

// The settings of an optimizer; some are rounded to float32, as in Keras, and all of them
// where they are raised to the number of the step.
function settingsOf({ settings, rounded }, parameters) {
  const known = { ...settings, ...parameters };
  for (const name of Object.keys(known)) {
    const single = Math.fround(known[name]);
    if (rounded.includes(name)) known[name] = single;
    known[`${name}_single`] = single;
  }
  return known;
}

// A run: ``points`` has one more than ``losses`` and ``gradients``, which are before each update.
function descend(surface, method, { rate, steps, start, parameters = {} }) {
  const { machine, kinds } = surface;
  const known = settingsOf(method, parameters);
  const names = ["x", "g", "lr", "t", ...Object.keys(method.slots), ...method.texts.map(([name]) => name)];
  const place = Object.fromEntries(names.map((name) => [name, names.indexOf(name)]));
  const updates = [true, false].map((float32) => updateOf(method, names, known, float32));
  const numbers = kinds.map((float32) => {
    const values = names.map((name) => method.slots[name] ?? 0);
    values[place.lr] = Math.fround(rate);
    return { values, update: updates[float32 ? 0 : 1] };
  });
  const slots = Object.keys(method.slots);
  let point = start.map((v, k) => (kinds[k] ? Math.fround(v) : v));
  const run = { name: method.name, kind: method.kind, rate, momentum: parameters.momentum ?? method.settings.momentum ?? 0, ahead: method.settings.nesterov === true, points: [point], losses: [], gradients: [] };
  for (let t = 1; t <= steps && point.every(isNumber); t++) {
    const { loss, gradients } = machine.gradient(point);
    run.losses.push(loss);
    run.gradients.push(gradients);
    point = numbers.map(({ values, update }, k) => {
      [values[place.x], values[place.g], values[place.t]] = [point[k], gradients[k], t];
      update(values);
      for (const old of slots) values[place[old]] = values[place[old.slice(0, -4)]];
      return values[place.x];
    });
    run.points.push(point);
  }
  run.last = surface.loss(point);
  return run;
}

// -- curvature -------------------------------------------------------------------------

const largestOf = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
const innerProduct = (a, b) => a.reduce((sum, v, k) => sum + v * b[k], 0);
const moved = (point, direction, far) => point.map((v, k) => v + far * direction[k]);

// Gradient and Hessian at a point, the latter by differences; null where they are no numbers.
// Beside a kink, where the gradient jumps, the side that bends less is taken.
function derivatives(surface, point) {
  const slope = surface.slope(point);
  const rows = point.map((v, k) => {
    const far = 2 ** Math.round(Math.log2(1e-4 * Math.max(1, Math.abs(v))));
    const unit = point.map((_, j) => +(j === k));
    const [after, before] = [1, -1].map((way) => surface.slope(moved(point, unit, way * far)));
    return slope.map((g, j) => {
      const [one, other] = [(after[j] - g) / far, (g - before[j]) / far];
      const most = largestOf([one, other]);
      const kink = most > 100 && Math.abs(one - other) > 0.1 * most;
      return +(kink ? (Math.abs(one) < Math.abs(other) ? one : other) : (one + other) / 2).toPrecision(9);
    });
  });
  const matrix = rows.map((row, k) => row.map((v, j) => (v + rows[j][k]) / 2));
  return [...slope, ...matrix.flat()].every(isNumber) ? { slope, matrix } : null;
}

// Eigenvalues of a symmetric matrix of one or two rows, ascending, with their unit vectors.
function spectrum([[a, b], [, d] = []]) {
  if (d === undefined) return { eigenvalues: [a], eigenvectors: [[1]] };
  const [middle, half] = [(a + d) / 2, Math.hypot((a - d) / 2, b)];
  const angle = Math.atan2(2 * b, a - d) / 2;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return { eigenvalues: [middle - half, middle + half], eigenvectors: [[-s, c], [c, s]] };
}

function curvature(surface, at) {
  const found = at && at.every(isNumber) && derivatives(surface, at);
  return found ? { at, ...found, ...spectrum(found.matrix) } : null;
}

// The minimum near a point, by Newton's method; null if none is found.
function minimumNear(surface, point) {
  let x = point;
  for (let round = 0; round < 20; round++) {
    const here = curvature(surface, x);
    if (!here) return null;
    const { slope, eigenvalues, eigenvectors } = here;
    const least = 1e-6 * Math.max(largestOf(eigenvalues), 1e-30);
    const step = eigenvectors.reduce((sum, v, k) => moved(sum, v, -innerProduct(v, slope) / Math.max(Math.abs(eigenvalues[k]), least)), x.map(() => 0));
    const far = largestOf(step) / Math.max(1, largestOf(x));
    const lower = far > 1e-5 && lowerAlong(surface, x, step);
    if (!lower) {
      const found = moved(x, step, 1);
      return eigenvalues[0] > 0 && far <= 1e-3 && isLowest(surface, found, eigenvectors) ? found : null;
    }
    x = lower;
  }
  return null;
}

function lowerAlong(surface, x, step) {
  const value = surface.loss(x);
  for (let part = 1; part > 1e-6; part /= 2) {
    const next = moved(x, step, part);
    if (surface.loss(next) <= value) return next;
  }
  return null;
}

function isLowest(surface, x, eigenvectors) {
  const value = surface.loss(x);
  const far = 1e-3 * Math.max(1, largestOf(x));
  return eigenvectors.every((v) => [-far, far].every((way) => !(surface.loss(moved(x, v, way)) < value - 1e-6 * Math.abs(value))));
}

// Where a run begins, ends, and the minimum near its best point.
function curvatures(surface, { points, losses }) {
  const fine = losses.map((v) => (isNumber(v) ? v : Infinity));
  const best = points[Math.max(0, fine.indexOf(fine.reduce((a, b) => Math.min(a, b), Infinity)))];
  return { start: curvature(surface, points[0]), end: curvature(surface, points.at(-1)), minimum: curvature(surface, minimumNear(surface, best)) };
}

// -- the landscape ---------------------------------------------------------------------

const GRID_POINTS = 61;
const LINE_POINTS = 241;

function landscapeOf(surface, spans) {
  const count = spans.length === 1 ? LINE_POINTS : GRID_POINTS;
  const [xs, ys] = [...spans.map(([a, b]) => Array.from({ length: count }, (_, k) => a + ((b - a) * k) / (count - 1))), []];
  const values = spans.length === 1 ? xs.map((x) => surface.loss([x])) : ys.flatMap((y) => xs.map((x) => surface.loss([x, y])));
  return { xs, ys, values };
}

const within = (spans, start) => spans.every(([a, b], k) => a <= start[k] && start[k] <= b);

// A window around the start and the minimum, or the path where there is none.
function spansAround(start, run, near) {
  const least = run.curvatures.minimum?.at;
  const rows = [start, ...(least ? [least] : run.points.filter((_, i) => near[i]))];
  return start.map((_, k) => {
    const column = rows.map((row) => row[k]);
    const [low, high] = [Math.min(...column), Math.max(...column)];
    const middle = least ? least[k] : (low + high) / 2;
    const reach = (least ? 1.6 : 1.8) * Math.max(high - middle, middle - low, 0.5);
    return [middle - reach, middle + reach];
  });
}

// The landscape of a window that stays as long as the start is in it and it is not far too wide.
function landscapeFor(surface, given, start, run, near, before) {
  const spans = given && within(given, start) ? given : spansAround(start, run, near);
  const wide = ([a, b], k) => b - a > 20 * (spans[k][1] - spans[k][0]);
  if (before && within(before.spans, start) && !before.spans.some(wide)) return before;
  return { spans, ...landscapeOf(surface, spans) };
}
