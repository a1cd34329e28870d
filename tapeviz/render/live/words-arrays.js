// The words for arrays of all shapes: broadcasting, sums, products of matrices.

const shapeOf = (x) => (typeof x === "object" ? x.shape : []);

// The index of each entry of a shape, in order.
function indices(shape) {
  let found = [[]];
  for (const n of shape) found = found.flatMap((index) => Array.from({ length: n }, (_, i) => [...index, i]));
  return found;
}

// Where an index is in an array of that shape; axes of 1 are stretched, those in front
// of it left out.
function placeIn(shape, index) {
  let at = 0;
  const lead = index.length - shape.length;
  for (let k = 0; k < shape.length; k++) at = at * shape[k] + (shape[k] === 1 ? 0 : index[lead + k]);
  return at;
}

// An array of entries that stand elsewhere in another one.
function movedFrom(x, shape, where) {
  const [data, from] = [entriesOf(x), shapeOf(x)];
  return valueOf(shape, indices(shape).map((index) => data[placeIn(from, where(index))]));
}

const broadcast = (x, shape) => movedFrom(x, shape, exact);

function commonShape(...shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, k) => {
    const sizes = shapes.map((shape) => shape.at(k - rank) ?? 1).map((n, i) => (k - rank < -shapes[i].length ? 1 : n));
    return sizes.find((n) => n !== 1) ?? 1;
  });
}

// A word of single numbers, of each entry.
function onEntries(word, round) {
  return (...args) => {
    const shapes = args.filter((arg) => typeof arg === "object").map((arg) => arg.shape);
    if (!shapes.length) return round(word(...args));
    const shape = commonShape(...shapes);
    const parts = args.map((arg) => entriesOf(broadcast(arg, shape)));
    return { shape, data: parts[0].map((_, i) => round(word(...parts.map((part) => part[i])))) };
  };
}

const axesOf = (shape, axis) => new Set(axis === null ? shape.keys() : [axis].flat().map((a) => (a < 0 ? a + shape.length : a)));
const fullShape = (shape, axis) => shape.map((n, i) => (axesOf(shape, axis).has(i) ? 1 : n));

// The entries over the axes, put together one after the other.
function reduced(x, axis, keep, word, start) {
  const shape = shapeOf(x);
  const full = fullShape(shape, axis);
  const data = new Array(sizeOf(full));
  const entries = entriesOf(x);
  indices(shape).forEach((index, i) => {
    const at = placeIn(full, index);
    data[at] = data[at] === undefined ? entries[i] : word(data[at], entries[i]);
  });
  for (let i = 0; i < data.length; i++) data[i] ??= start;
  return valueOf(keep ? full : full.filter((_, i) => !axesOf(shape, axis).has(i)), data);
}

const wordSum = (round, x, axis, keep) => reduced(x, axis, keep, (a, b) => round(a + b), 0);
const wordCount = (shape, axis) => [...axesOf(shape, axis)].reduce((n, a) => n * shape[a], 1);
const reshaped = (x, shape) => {
  const known = -sizeOf(shape);
  return valueOf(shape.map((n) => (n < 0 ? entriesOf(x).length / known : n)), entriesOf(x));
};
const swapped = (x) => {
  const shape = shapeOf(x);
  const turn = (index) => [...index.slice(0, -2), index.at(-1), index.at(-2)];
  return movedFrom(x, turn(shape), turn);
};

function matmul(round, a, b) {
  const [m, n, p] = [a.shape.at(-2), a.shape.at(-1), b.shape.at(-1)];
  const lead = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...lead, m, p];
  const data = indices(shape).map((index) => {
    const [batch, i, j] = [index.slice(0, -2), index.at(-2), index.at(-1)];
    let total = 0;
    for (let k = 0; k < n; k++) total = round(total + a.data[placeIn(a.shape, [...batch, i, k])] * b.data[placeIn(b.shape, [...batch, k, j])]);
    return total;
  });
  return { shape, data };
}

Object.assign(ARRAY_WORDS, {
  "()": (_, ...items) => items.flatMap((item) => (item && item.spread) || [item]),
  unbroadcast(round, x, shape, at = 0) {
    const extra = shapeOf(x).length - shape.length;
    if (extra) x = wordSum(round, x, Array.from({ length: extra }, (_, k) => at + k), false);
    const stretched = [...shape.keys()].filter((k) => shape[k] === 1 && x.shape[k] !== 1);
    return stretched.length ? wordSum(round, x, stretched, true) : x;
  },
  broadcast_to(_, x, shape, at = 0) {
    const own = shapeOf(x);
    const ones = new Array(shape.length - own.length).fill(1);
    return broadcast(at ? reshaped(x, [...own.slice(0, at), ...ones, ...own.slice(at)]) : x, shape);
  },
  expand_reduced(_, x, shape, axis, keep) {
    if (!keep && typeof x === "object") x = reshaped(x, fullShape(shape, axis));
    return broadcast(x, shape);
  },
  reshape: (_, x, shape) => reshaped(x, shape),
  T: (_, x) => swapped(x),
  "@": matmul,
  sum: wordSum,
  count: (_, shape, axis) => wordCount(shape, axis),
  mean(round, x, axis, keep) {
    const n = wordCount(shapeOf(x), axis);
    return onEntries((total) => total / n, round)(wordSum(round, x, axis, keep));
  },
  add_n: (round, xs) => xs.reduce((a, b) => onEntries(WORDS["+"], round)(a, b)),
});
