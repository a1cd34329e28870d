// The words for arrays of all shapes: broadcasting, sums, products of matrices.

const shapeOf = (x) => (typeof x === "object" ? x.shape : []);

// A function of shapes and other plain data that remembers what it made of them.
function planned(make) {
  let known = new Map();
  return (...args) => {
    const key = JSON.stringify(args);
    if (known.size > 500) known = new Map();
    if (!known.has(key)) known.set(key, make(...args));
    return known.get(key);
  };
}

// The index of each entry of a shape, in order.
const indices = planned((shape) => {
  let found = [[]];
  for (const n of shape) found = found.flatMap((index) => Array.from({ length: n }, (_, i) => [...index, i]));
  return found;
});

// Where an index is in an array of that shape; axes of 1 are stretched, those in front
// of it left out.
function placeIn(shape, index) {
  let at = 0;
  const lead = index.length - shape.length;
  for (let k = 0; k < shape.length; k++) at = at * shape[k] + (shape[k] === 1 ? 0 : index[lead + k]);
  return at;
}

const stretched = planned((from, to) => indices(to).map((index) => placeIn(from, index)));
const broadcast = (x, shape) => valueOf(shape, stretched(shapeOf(x), shape).map((place) => entriesOf(x)[place]));

const commonShape = planned((...shapes) => {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, k) => {
    const sizes = shapes.map((shape) => shape[k - rank + shape.length] ?? 1);
    return sizes.find((n) => n !== 1) ?? 1;
  });
});

// A word of single numbers, of each entry.
function onEntries(word, round) {
  return (a, b, c) => {
    const arrays = [a, b, c].filter((x) => typeof x === "object");
    if (!arrays.length) return round(word(a, b, c));
    const [one, ...more] = arrays.map((x) => x.shape);
    const shape = more.every((other) => other === one) ? one : commonShape(one, ...more);
    const n = sizeOf(shape);
    const entries = (x) => (typeof x !== "object" ? null : x.data.length === n ? x.data : broadcast(x, shape).data);
    const [x, y, z] = [entries(a), entries(b), entries(c)];
    const data = new Array(n);
    for (let i = 0; i < n; i++) data[i] = round(word(x ? x[i] : a, y ? y[i] : b, z ? z[i] : c));
    return { shape, data };
  };
}

const axesOf = (shape, axis) => new Set(axis === null ? shape.keys() : [axis].flat().map((a) => (a < 0 ? a + shape.length : a)));
const fullShape = (shape, axis) => shape.map((n, i) => (axesOf(shape, axis).has(i) ? 1 : n));

const reducing = planned((shape, axis) => {
  const full = fullShape(shape, axis);
  return { full, rest: full.filter((_, i) => !axesOf(shape, axis).has(i)), places: stretched(full, shape) };
});

// The entries over the axes, put together one after the other.
function reduced(x, axis, keep, word, start) {
  const { full, rest, places } = reducing(shapeOf(x), axis);
  const data = new Array(sizeOf(full)).fill(undefined);
  entriesOf(x).forEach((entry, i) => {
    const at = places[i];
    data[at] = data[at] === undefined ? entry : word(data[at], entry);
  });
  for (let i = 0; i < data.length; i++) data[i] ??= start;
  return valueOf(keep ? full : rest, data);
}

const wordSum = (round, x, axis, keep) => reduced(x, axis, keep, (a, b) => round(a + b), 0);
const wordCount = (shape, axis) => [...axesOf(shape, axis)].reduce((n, a) => n * shape[a], 1);
const reshaped = (x, shape) => {
  const known = -sizeOf(shape);
  return valueOf(shape.map((n) => (n < 0 ? entriesOf(x).length / known : n)), entriesOf(x));
};

// The last two axes exchanged: the new shape, and where each entry stood.
const swapped = planned((shape) => {
  const turn = (index) => [...index.slice(0, -2), index.at(-1), index.at(-2)];
  return { shape: turn(shape), places: indices(turn(shape)).map((index) => placeIn(shape, turn(index))) };
});

// For each entry of a product the places of its factors.
const multiplied = planned((a, b) => {
  const [m, n, p] = [a.at(-2), a.at(-1), b.at(-1)];
  const shape = [...commonShape(a.slice(0, -2), b.slice(0, -2)), m, p];
  const pairs = indices(shape).map((index) => {
    const [batch, i, j] = [index.slice(0, -2), index.at(-2), index.at(-1)];
    return Array.from({ length: n }, (_, k) => [placeIn(a, [...batch, i, k]), placeIn(b, [...batch, k, j])]);
  });
  return { shape, pairs };
});

function matmul(round, a, b) {
  const { shape, pairs } = multiplied(a.shape, b.shape);
  return { shape, data: pairs.map((row) => row.reduce((total, [i, j]) => round(total + a.data[i] * b.data[j]), 0)) };
}

Object.assign(ARRAY_WORDS, {
  "()": (_, ...items) => items.flatMap((item) => (item && item.spread) || [item]),
  unbroadcast(round, x, shape, at = 0) {
    const extra = shapeOf(x).length - shape.length;
    if (extra) x = wordSum(round, x, Array.from({ length: extra }, (_, k) => at + k), false);
    const wide = [...shape.keys()].filter((k) => shape[k] === 1 && x.shape[k] !== 1);
    return wide.length ? wordSum(round, x, wide, true) : x;
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
  T(_, x) {
    const { shape, places } = swapped(x.shape);
    return { shape, data: places.map((place) => x.data[place]) };
  },
  "@": matmul,
  sum: wordSum,
  count: (_, shape, axis) => wordCount(shape, axis),
  mean(round, x, axis, keep) {
    const n = wordCount(shapeOf(x), axis);
    return onEntries((total) => total / n, round)(wordSum(round, x, axis, keep));
  },
  add_n: (round, xs) => xs.reduce((a, b) => onEntries(WORDS["+"], round)(a, b)),
});
