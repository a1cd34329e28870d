// The words for reductions and running sums, as engine/kernels/reductions.py has them.

const greatest = (x, axis, keep) => reduced(x, axis, keep, Math.max, -Infinity);
const apply = (word, round) => onEntries(WORDS[word] || word, round);

function softened(round, x, axis) {
  const moved = apply("-", round)(x, greatest(x, axis, true));
  const e = apply("exp", round)(moved);
  return [moved, e, wordSum(round, e, axis, true)];
}

function squaresOf(round, x, axis) {
  const moved = apply("-", round)(x, ARRAY_WORDS.mean(round, x, axis, true));
  return apply("*", round)(moved, moved);
}

// Where the greatest (smallest) entry stands; the first of equals, nan never.
const farthest = (sign) => (_, x, axis) => {
  const ranked = onEntries((v) => (Number.isNaN(v) ? -Infinity : sign * v), exact)(x);
  const k = axis < 0 ? axis + x.shape.length : axis;
  const shape = x.shape.filter((_, i) => i !== k);
  return valueOf(shape, indices(shape).map((index) => {
    const line = Array.from({ length: x.shape[k] }, (_, i) => ranked.data[placeIn(x.shape, [...index.slice(0, k), i, ...index.slice(k)])]);
    return line.indexOf(Math.max(...line));
  }));
};

const running = (word, start) => (round, x, axis, exclusive, back) => {
  const k = [...axesOf(x.shape, axis)][0];
  const data = new Array(x.data.length);
  const n = x.shape[k];
  for (const index of indices(fullShape(x.shape, k))) {
    let total = start;
    for (let i = 0; i < n; i++) {
      const at = placeIn(x.shape, index.map((j, a) => (a === k ? (back ? n - 1 - i : i) : j)));
      const next = i ? round(word(total, x.data[at])) : x.data[at];
      data[at] = exclusive ? total : next;
      total = next;
    }
  }
  return { shape: x.shape, data };
};

Object.assign(ARRAY_WORDS, {
  max: (_, x, axis, keep) => greatest(x, axis, keep),
  min: (_, x, axis, keep) => reduced(x, axis, keep, Math.min, Infinity),
  prod: (round, x, axis, keep) => reduced(x, axis, keep, (a, b) => round(a * b), 1),
  any: (_, x, axis, keep) => reduced(x, axis, keep, (a, b) => +(a || b), 0),
  all: (_, x, axis, keep) => reduced(x, axis, keep, (a, b) => +(a && b), 1),
  argmax: farthest(1),
  argmin: farthest(-1),
  shares(round, a, b, axis, keep) {
    const won = apply("==", round)(a, ARRAY_WORDS.expand_reduced(round, b, shapeOf(a), axis, keep));
    return apply("/", round)(won, wordSum(round, won, axis, true));
  },
  logsumexp(round, x, axis, keep) {
    const top = onEntries((v) => (Number.isFinite(v) ? v : 0), exact)(greatest(x, axis, true));
    const e = apply("exp", round)(apply("-", round)(x, top));
    const total = apply("log", round)(wordSum(round, e, axis, keep));
    return apply("+", round)(total, reshaped(top, shapeOf(total)));
  },
  softmax(round, x, axis) {
    const [, e, total] = softened(round, x, axis);
    return apply("/", round)(e, total);
  },
  log_softmax(round, x, axis) {
    const [moved, , total] = softened(round, x, axis);
    return apply("-", round)(moved, apply("log", round)(total));
  },
  variance: (round, x, axis, keep) => ARRAY_WORDS.mean(round, squaresOf(round, x, axis), axis, keep),
  contrast(round, a, b) {
    const mean = ARRAY_WORDS.mean(round, a, [-3, -2], true);
    return apply("+", round)(apply("*", round)(apply("-", round)(a, mean), b), mean);
  },
  norm: (round, x, axis, keep) => apply("sqrt", round)(wordSum(round, apply("*", round)(x, x), axis, keep)),
  cumsum: running((a, b) => a + b, 0),
  cumprod: running((a, b) => a * b, 1),
});
