// The words that take entries from elsewhere in an array, and those that put them back.

const changed = (list, axis, value) => {
  const at = axis < 0 ? axis + list.length : axis;
  return list.map((v, k) => (k === at ? value : v));
};
const inserted = (list, axis, value) => {
  const at = axis < 0 ? axis + list.length + 1 : axis;
  return [...list.slice(0, at), value, ...list.slice(at)];
};
const removed = (list, axis) => list.filter((_, k) => k !== (axis < 0 ? axis + list.length : axis));
const modulo = (a, n) => ((a % n) + n) % n;

// Which numbers a slice of Python takes, of so many.
function sliceOf([start, stop, step], n) {
  const by = step ?? 1;
  const [low, high] = by < 0 ? [-1, n - 1] : [0, n];
  const end = (k, other) => (k === null ? other : Math.max(low, Math.min(high, k < 0 ? k + n : k)));
  const found = [];
  const last = end(stop, by < 0 ? low : high);
  for (let i = end(start, by < 0 ? high : low); by < 0 ? i > last : i < last; i += by) found.push(i);
  return found;
}

// Each move says the new shape, and for each new entry where it stood in an array.
function placesBy(shape, made, where) {
  return { shape: made, places: indices(made).map((index) => placeIn(shape, where(index))) };
}

function keyPlaces(shape, key) {
  const keys = Array.isArray(key) ? key : [key];
  const takes = (k) => (k === null || k === "..." ? 0 : (k.shape || [0]).length);
  const left = shape.length - keys.reduce((n, k) => n + takes(k), 0);
  const all = { slice: [null, null, null] };
  const whole = keys.flatMap((k) => (k === "..." ? new Array(left).fill(all) : [k]));
  if (!keys.includes("...")) whole.push(...new Array(left).fill(all));
  let places = [0];
  const made = [];
  let axis = 0;
  for (const k of whole) {
    let own = [0];
    const wide = takes(k);
    const n = sizeOf(shape.slice(axis, axis + wide));
    if (k !== null) {
      if (typeof k === "number") own = [modulo(k, n)];
      else if (k.slice || k === ":") own = sliceOf(k.slice.length === 3 ? k.slice : all.slice, n);
      else own = k.data.map((on, i) => (on ? i : -1)).filter((i) => i >= 0);
    }
    axis += wide;
    if (typeof k !== "number") made.push(own.length);
    const step = sizeOf(shape.slice(axis));
    places = places.flatMap((place) => own.map((i) => place + i * step));
  }
  return { shape: made, places };
}

const MOVES = {
  pick: keyPlaces,
  transpose: (shape, perm) => {
    if (!perm || !perm.length) return placesBy(shape, shape, exact);
    return placesBy(shape, perm.map((k) => shape.at(k)), (index) => {
      const from = [];
      perm.forEach((k, i) => (from[k < 0 ? k + shape.length : k] = index[i]));
      return from;
    });
  },
  reverse: (shape, axis) => {
    const axes = axesOf(shape, axis);
    return placesBy(shape, shape, (index) => index.map((i, k) => (axes.has(k) ? shape[k] - 1 - i : i)));
  },
  roll: (shape, shift, axis) => {
    const by = shape.map(() => 0);
    axis.forEach((a, i) => (by[modulo(a, shape.length)] += shift[i]));
    return placesBy(shape, shape, (index) => index.map((i, k) => modulo(i - by[k], shape[k])));
  },
  pick_at: (shape, k, axis) => placesBy(shape, removed(shape, axis), (index) => inserted(index, axis, modulo(k, shape.at(axis)))),
  narrow: (shape, start, size, axis) => placesBy(shape, changed(shape, axis, size), (index) => changed(index, axis, index.at(axis) + start)),
  trim: (shape, widths) => {
    const lead = shape.length - widths.length;
    const cut = shape.map((n, k) => (k < lead ? n : n - widths[k - lead][0] - widths[k - lead][1]));
    return placesBy(shape, cut, (index) => index.map((i, k) => (k < lead ? i : i + widths[k - lead][0])));
  },
  tile: (shape, times) => {
    const lead = shape.length - times.length;
    const full = shape.map((n, k) => (k < lead ? n : n * times[k - lead]));
    return placesBy(shape, full, (index) => index.map((i, k) => i % shape[k]));
  },
  gather: (shape, ids, axis) => {
    const at = axis + shape.length;
    const inner = shapeOf(ids);
    const made = [...shape.slice(0, at), ...inner, ...shape.slice(at + 1)];
    return placesBy(shape, made, (index) => {
      const id = entriesOf(ids)[placeIn(inner, index.slice(at, at + inner.length))];
      return [...index.slice(0, at), modulo(id, shape[at]), ...index.slice(at + inner.length)];
    });
  },
  gather_nd: (shape, ids, lead) => {
    const depth = ids.shape.at(-1);
    const inner = ids.shape.slice(0, -1);
    const made = [...shape.slice(0, lead), ...inner, ...shape.slice(lead + depth)];
    return placesBy(shape, made, (index) => {
      const row = index.slice(lead, lead + inner.length);
      const point = Array.from({ length: depth }, (_, k) => ids.data[placeIn(inner, row) * depth + k]);
      return [...index.slice(0, lead), ...point.map((i, k) => modulo(i, shape[lead + k])), ...index.slice(lead + inner.length)];
    });
  },
  along: (shape, ids, axis) => {
    const made = changed(shape, axis, ids.shape.at(axis));
    return placesBy(shape, made, (index) => changed(index, axis, modulo(ids.data[placeIn(ids.shape, index)], shape.at(axis))));
  },
  diag_part: (shape) => {
    const n = Math.min(shape.at(-1), shape.at(-2));
    return placesBy(shape, [...shape.slice(0, -2), n], (index) => [...index, index.at(-1)]);
  },
};

for (const word of Object.keys(MOVES)) MOVES[word] = planned(MOVES[word]);

const taken = (move) => (_, x, ...settings) => {
  const { shape, places } = move(shapeOf(x), ...settings);
  const entries = entriesOf(x);
  return valueOf(shape, places.map((place) => entries[place]));
};

// Zeros (or `fill`) of a shape, with the entries added where a move would take them.
function putBack(round, x, shape, { places }, fill = 0) {
  const data = new Array(sizeOf(shape)).fill(fill);
  const filled = new Set();
  entriesOf(x).forEach((entry, i) => {
    const at = places[i];
    data[at] = filled.has(at) ? round(data[at] + entry) : entry;
    filled.add(at);
  });
  return valueOf(shape, data);
}

const givenBack = (move) => (round, x, shape, ...settings) => putBack(round, x, shape, move(shape, ...settings));

// The numbers of the entries in order of their size, of equals the first first.
function orderOf(_, x, { descending, count }, axis) {
  const made = changed(x.shape, axis, count);
  const data = indices(made).map((index) => {
    const line = Array.from({ length: x.shape.at(axis) }, (_, i) => x.data[placeIn(x.shape, changed(index, axis, i))]);
    const sign = descending ? -1 : 1;
    const before = (a, b) => sign * (Number.isNaN(line[a]) - Number.isNaN(line[b])) || sign * (line[a] - line[b]) || a - b;
    return [...line.keys()].sort(before)[index.at(axis)];
  });
  return { shape: made, data };
}

function concatenated(_, xs, axis) {
  const shapes = xs.map(shapeOf);
  const total = shapes.reduce((n, shape) => n + shape.at(axis), 0);
  const shape = changed(shapes[0], axis, total);
  const data = indices(shape).map((index) => {
    let [part, i] = [0, index.at(axis)];
    while (i >= shapes[part].at(axis)) i -= shapes[part++].at(axis);
    return entriesOf(xs[part])[placeIn(shapes[part], changed(index, axis, i))];
  });
  return valueOf(shape, data);
}

for (const word of Object.keys(MOVES)) ARRAY_WORDS[word] = taken(MOVES[word]);
Object.assign(ARRAY_WORDS, {
  "[]": (_, x, ...keys) => (Array.isArray(x) ? x.at(keys[0]) : taken(MOVES.pick)(_, x, keys)),
  "...": (_, list) => ({ spread: list }),
  before: (_, shapes, k, axis) => shapes.slice(0, k).reduce((n, shape) => n + shape.at(axis), 0),
  inverse: (_, perm) => perm.map((_, k) => perm.indexOf(k)),
  opposite: (_, shift) => shift.map((k) => -k),
  put: givenBack(MOVES.pick),
  scatter: givenBack(MOVES.gather),
  rows: givenBack(MOVES.gather),
  scatter_nd: givenBack(MOVES.gather_nd),
  put_along: givenBack(MOVES.along),
  untile: givenBack(MOVES.tile),
  place_at: (round, x, size, k, axis) => givenBack(MOVES.pick_at)(round, x, inserted(shapeOf(x), axis, size), k, axis),
  widen: (round, x, size, start, axis) => {
    const shape = shapeOf(x);
    return givenBack(MOVES.narrow)(round, x, changed(shape, axis, size), start, shape.at(axis), axis);
  },
  pad: (round, x, widths, value) => {
    const lead = shapeOf(x).length - widths.length;
    const shape = shapeOf(x).map((n, k) => (k < lead ? n : n + widths[k - lead][0] + widths[k - lead][1]));
    return putBack(round, x, shape, MOVES.trim(shape, widths), round(value));
  },
  diag: (round, x, rows, columns) => givenBack(MOVES.diag_part)(round, x, [...x.shape.slice(0, -1), rows, columns]),
  concat: concatenated,
  stack: (round, xs, axis) => concatenated(round, xs.map((x) => reshaped(x, inserted(shapeOf(x), axis, 1))), axis),
  order: orderOf,
  entry: (_, x, a) => {
    const shape = shapeOf(a);
    return valueOf(shape, entriesOf(a).map((k, i) => entriesOf(x)[i * x.shape.at(-1) + k]));
  },
  hot: (_, a, b) => {
    const n = b.shape.at(-1);
    return { shape: b.shape, data: b.data.map((_, i) => +(entriesOf(a)[Math.floor(i / n)] === i % n)) };
  },
});
