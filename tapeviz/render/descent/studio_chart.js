// The studio's two pictures, from runs as numbers: where they go on the loss, and the loss
// at each step. Looks and shapes are those of chart.py, in whose classes all is drawn.

const FIELD = { left: 58, top: 34, width: 448, height: 280 };
const LOSSES = { left: 58, top: 34, width: 306, height: 280 };
const TEXT = 12.5;

// At most so many of the steps, early ones closer together.
function sampleSteps(count, most) {
  const all = Array.from({ length: count }, (_, k) => k);
  if (count <= most) return all;
  const head = Math.floor((most + 1) / 2);
  const rest = most - head - 1;
  const tail = Array.from({ length: rest + 1 }, (_, k) => Math.round(head * ((count - 1) / head) ** (k / rest)));
  return [...new Set([...all.slice(0, head), ...tail])];
}

// A run with all that its pictures need; of one number ``path`` lies on the loss.
function seenRun(run) {
  const t = track(run);
  const steps = sampleSteps(t.updates, 60);
  const one = run.points[0].length === 1;
  const path = run.points.map((point, i) => (one ? [point[0], run.losses[i] ?? run.last] : point));
  const size = steps.length <= 16 ? 4.8 : steps.length <= 32 ? 3.8 : 3;
  return { run, t, steps, one, path, size };
}

// The window on a landscape: all of it, and for one number the losses on it.
function fieldOf({ xs, ys, values }, names, loss) {
  const x = axis(xs[0], xs.at(-1), { name: names[0] });
  if (ys.length) return plot(FIELD, x, axis(ys[0], ys.at(-1), { name: names[1] }), TEXT);
  const known = finite(values);
  const [low, high] = known.length ? [lowest(known), highest(known)] : [0, 1];
  const room = high - low || Math.abs(high) || 1;
  return plot(FIELD, x, axis(low - 0.08 * room, high + 0.06 * room), TEXT);
}

// What stays while the controls move: axes, and the loss as a curve or as contours.
function groundOf(field, { xs, ys, values }, names, loss) {
  const surface = ys.length ? contourPaths(field, xs, ys, values) : [field.curve(xs.map((x, k) => [x, values[k]]), "curve")];
  return [field.clip(...surface), field.axes(ys.length ? `the path over ${loss}` : `${loss} for each ${names[0]}`)];
}

const isInside = ({ x, y }, [a, b]) => [x.part(a), y.part(b)].every((part) => Math.abs(part - 0.5) < 0.501);

function dotShape(shape, size) {
  const sizes = { r: size / 2, d: size, q: 0.65 * size, t: size / 6, k: size / 3 };
  return SHAPES[shape].replace(/{(.)}/g, (_, name) => sizes[name].toFixed(2));
}

// Dots of one shape, those in the frame; with ``steps`` each says its own.
function dotsOf(plot, points, look, shape, size, steps) {
  const d = dotShape(shape, (size * TEXT) / 11);
  return points.flatMap((point, k) => {
    if (!point.every(isNumber) || !isInside(plot, point)) return [];
    const dot = plot.dots([point], look, d);
    if (steps) dot.dataset.step = steps[k];
    return [dot];
  });
}

// The end of an arrow that starts in the frame, or where it leaves it.
function cutAt({ x, y }, from, to) {
  const part = ([a, b, { low, high }]) => (low <= b && b <= high) || a === b ? 1 : Math.max(0, ((b > high ? high : low) - a) / (b - a));
  const share = Math.min(...[[from[0], to[0], x], [from[1], to[1], y]].map(part));
  return from.map((v, k) => v + share * (to[k] - v));
}

function arrowOf(field, from, to) {
  const goes = [...from, ...to].every(isNumber) && from.some((v, k) => v !== to[k]);
  return goes ? [arrowPath(field, from, cutAt(field, from, to), "update")] : [];
}

// The way to each point that is shown from the one before; a drop goes down.
function trailOf(points, steps, drop) {
  let before = -1;
  return steps.flatMap((i) => {
    const from = Math.max(before, 0);
    const short = drop && i > 0 && i === before + 1;
    const way = short ? [[points[i][0], points[before][1]], points[i]] : points.slice(from, i + 1);
    before = i;
    return [...way, [NaN, NaN]];
  });
}

// The minimum, if it is in the frame.
function minimumOf(field, { curvatures }, one) {
  const at = curvatures?.minimum?.at;
  if (!at) return [];
  const point = one ? [at[0], field.y.low] : at;
  if (!isInside(field, point)) return [];
  const [a, b] = field.px(...point);
  return one ? [field.curve([point, field.data(a, b - 9)], "point")] : dotsOf(field, [at], "minimum hollow", "P", 9);
}

function tangentOf(field, [x, y], slope) {
  const [[a, b], [c, d]] = [field.px(x, y), field.px(x + 1, y + slope)];
  const reach = 56 / (Math.hypot(c - a, d - b) || 1);
  const ends = [-reach, reach].map((far) => cutAt(field, [x, y], [x + far, y + far * slope]));
  return field.curve(ends, "slope");
}

// One run: its updates as arrows, slopes at some points, and its points.
function runOf(field, { run, t, steps, one, path, size }) {
  const shown = path.map((point, i) => (t.near[i] && point.every(isNumber) ? point : [NaN, NaN]));
  const known = steps.filter((i) => isNumber(shown[i][0]));
  const every = Math.max(1, Math.ceil(known.length / 4));
  const slopes = one ? known.filter((_, k) => k % every === 0 && isNumber(run.gradients[known[k]][0])) : [];
  const last = t.updates;
  const middle = steps.slice(1);
  return {
    inner: [
      ...slopes.map((i) => tangentOf(field, shown[i], run.gradients[i][0])),
      ...known.flatMap((i) => arrowOf(field, shown[i], one ? [path[i + 1][0], shown[i][1]] : path[i + 1])),
      field.curve(trailOf(shown, [...steps, last], one), one ? "drop" : "path"),
    ],
    outer: [
      ...(one ? [] : minimumOf(field, run, one)),
      ...dotsOf(field, [shown[0]], "point hollow", "s", 6.5, [0]),
      ...dotsOf(field, middle.map((i) => shown[i]), "point", "o", size, middle),
      ...dotsOf(field, [shown[last]], "point", "D", 8.5, [last]),
    ],
  };
}

// Several runs: a path for each in its look, the first one on top.
function comparedIn(plot, runs, pathOf) {
  const inner = [];
  const outer = [];
  [...runs.entries()].reverse().forEach(([k, seen]) => {
    const [look, shape] = RUNS[k % RUNS.length];
    const path = pathOf(seen);
    const steps = [...seen.steps, seen.t.updates].filter((i) => path[i]?.every(isNumber));
    inner.push(plot.curve(path, look));
    outer.push(...dotsOf(plot, steps.slice(1).map((i) => path[i]), look, shape, 4.2, k ? null : steps.slice(1)));
    outer.push(...dotsOf(plot, steps.slice(0, 1).map((i) => path[i]), `${look} hollow`, shape, 6.5));
  });
  return { inner, outer };
}

function pathsOf(field, runs) {
  if (runs.length === 1) return runOf(field, runs[0]);
  const { inner, outer } = comparedIn(field, runs, ({ path }) => path);
  return { inner, outer: [...minimumOf(field, runs[0].run, runs[0].one), ...outer] };
}

// -- the loss at each step -------------------------------------------------------------

const needsLog = (values) => {
  const known = finite(values);
  return known.length > 0 && lowest(known) > 0 && highest(known) > 100 * lowest(known);
};

// The losses of a run that the picture can hold.
function lossPath({ run: { losses }, t }) {
  const all = needsLog(losses);
  return losses.map((v, i) => [i, isNumber(v) && (all || t.near[i]) ? v : NaN]);
}

// The picture of the losses; ``log`` says whether they stand on a logarithmic scale.
function lossesPlot(runs, log) {
  const values = runs.flatMap((seen) => lossPath(seen).map(([, v]) => v));
  const known = finite(values);
  const last = highest(runs.map(({ t }) => t.updates)) - 1;
  const room = Math.max(last, 8);
  const logarithmic = log ?? needsLog(values);
  let [low, high] = padded(logarithmic ? known.filter((v) => v > 0).map(Math.log10) : known, logarithmic ? 0.15 : 0.18);
  if (logarithmic) [low, high] = [low, high].map((v) => 10 ** Math.max(-307, Math.min(308, v)));
  else if (known.length && lowest(known) >= 0 && lowest(known) < 0.3 * highest(known)) low = -0.09 * high;
  const x = axis(-0.05 * room, last + 0.06 * room, { name: "step", whole: true });
  return { plot: plot(LOSSES, x, axis(low, high, { log: logarithmic }), TEXT), log: logarithmic };
}

function lossMarks(plot, runs) {
  if (runs.length > 1) return comparedIn(plot, runs, lossPath);
  const [seen] = runs;
  const path = lossPath(seen);
  const { steps, size } = seen;
  const [look, shape] = RUNS[0];
  const inner = [plot.curve(trailOf(path, steps, false), look)];
  const outer = dotsOf(plot, steps.map((i) => path[i]), look, shape, size, steps);
  return { inner, outer: [...outer, ...lossLabels(plot, seen, path)] };
}

const noise = (value, scale) => Math.abs(value) > 0 && Math.abs(value) < Math.min(1e-12, 1e-9 * scale);
const about = (value, scale) => (noise(value, scale) ? "about 0" : number(value));
const minus = (text) => text.replaceAll("-", "\u2212");

// The first and the last loss, and what the picture leaves out.
function lossLabels(plot, { run, t }, path) {
  const known = path.filter(([, v]) => isNumber(v));
  const [first, last] = [known[0], known.at(-1)];
  const rising = known.length > 0 && last[1] > first[1];
  const late = known.slice(-8).map(([, v]) => v).sort((a, b) => a - b);
  const above = late.length > 1 && last[1] > (late[(late.length - 1) >> 1] + late[late.length >> 1]) / 2;
  const ends = [...new Set([first, last])].filter(Boolean);
  const labels = ends.map(([i, v], k) => labelAt(plot, minus(about(run.losses[i], largestOf(t.known))), [i, v], k ? (above ? "nw" : "sw") : rising ? "se" : "ne"));
  const cut = run.losses.filter((v, i) => isNumber(v) && !isNumber(path[i][1]));
  const notes = [oddLoss(run), cut.length ? `up to ${minus(number(highest(cut)))}, outside the picture` : ""].filter(Boolean);
  const [up, side] = rising ? [0.06, "nw"] : [1, "sw"];
  return [...labels, ...notes.map((said, k) => labelAt(plot, said, [plot.x.at(1), plot.y.at(up - (1.3 * k * TEXT) / LOSSES.height)], side))];
}

// -- words -----------------------------------------------------------------------------

const oddLoss = ({ losses }) => {
  const at = losses.findIndex((v) => !isNumber(v));
  return at < 0 ? "" : `at step ${at} the loss is ${number(losses[at])}`;
};

const pointWords = (names, point) => names.map((name, k) => `${name} = ${number(point[k])}`).join(", ");

// What the picture of the losses leaves out of a run, as sentences.
function lossNote({ run, t }) {
  const cut = run.losses.filter((v, i) => isNumber(v) && !t.near[i]);
  const odd = oddLoss(run);
  return [odd && `${capital(odd)}.`, cut.length ? `The loss goes up to ${number(highest(cut))}.` : ""].filter(Boolean).join(" ");
}

function leavesAt({ x, y }, { run, one }) {
  const inside = ({ low, high }, v) => low <= v && v <= high;
  const at = run.points.findIndex((point) => !(inside(x, point[0]) && (one || inside(y, point[1]))));
  return at < 0 ? "" : `It leaves the picture at step ${at}.`;
}

// A paragraph for somebody who does not see the picture.
function described({ run, t }, names) {
  const { known, updates } = t;
  const what = `Gradient descent on ${names.join(", ")}`;
  if (!updates) return `${what}: no update was recorded.`;
  const [first, last] = known.length ? apart(known[0], known.at(-1)) : [];
  const end = noise(known.at(-1), largestOf(known)) ? "about 0" : last;
  const falls = known.every((v, i) => !i || v < known[i - 1]);
  const way = !known.length ? "The loss was not recorded."
    : known.length === 1 ? `The loss at the start is ${first}.`
    : falls ? `The loss falls at every step, from ${first} to ${end}.`
    : known.at(-1) < known[0] ? `The loss falls from ${first} to ${end}, but not at every step.`
    : known.at(-1) > known[0] ? `The loss rises from ${first} to ${end}.`
    : `The loss ends where it began, at ${first}.`;
  const [from, to] = [0, -1].map((k) => pointWords(names, run.points.at(k)));
  return `${what} in ${updates} update${updates > 1 ? "s" : ""}. It goes from ${from} to ${to}. ${way} ${capital(run.regime.name)}.`;
}

function tableOf({ run, t }, names) {
  const heads = ["step", ...names, run.loss, "length of gradient", "length of update", "new loss"];
  const after = (i) => run.losses[i + 1] ?? NaN;
  const rows = sampleSteps(t.updates, 200).map((i) => [
    `${i}`,
    ...[...run.points[i], run.losses[i], t.slopes[i], t.strides[i]].map(number),
    isNumber(after(i)) ? number(after(i)) : "",
  ]);
  return { heads, rows };
}

// -- the race --------------------------------------------------------------------------

// At most 120 points of a path till it leaves the frame: a step and where it is.
function thinned(plot, path) {
  const gone = path.findIndex((point) => !(point.every(isNumber) && isInside(plot, point)));
  const count = gone < 0 ? path.length : gone;
  const most = Math.min(121, count);
  return Array.from({ length: most }, (_, k) => (most > 1 ? Math.round((k * (count - 1)) / (most - 1)) : 0)).map((i) => [i, ...plot.px(...path[i])]);
}

// Where the start stands, or the nearest position inside the frame.
function startAt(field, start, { run, one }) {
  const loss = isNumber(run.losses[0]) ? run.losses[0] : 0;
  const [a, b] = one ? field.px(start[0], loss) : field.px(...start);
  const { left, top, width, height } = field.frame;
  return [Math.max(left, Math.min(left + width, a)), Math.max(top, Math.min(top + height, b))];
}
