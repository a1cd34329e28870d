// The words of less usual functions of single numbers, as engine/kernels has them.

const isEven = (x) => x % 2 === 0;
const toDtype = (x, dtype) => (dtype === "bool" ? +(x !== 0) : rounding(dtype)(/int/.test(dtype) ? Math.trunc(x) : x));
const ROOT_PI = Math.sqrt(Math.PI);

// By a series of positive terms, from 2.5 on by a continued fraction of erfc.
function erf(x) {
  if (Math.abs(x) > 2.5) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  let [term, total] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) total += term *= (2 * x * x) / (2 * n + 1);
  return (2 / ROOT_PI) * Math.exp(-x * x) * total;
}

function erfc(x) {
  if (x < 0 || !(x > 2)) return 1 - erf(x);
  let fraction = x;
  for (let k = 120; k; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / ROOT_PI / fraction;
}

const isPole = (x) => x <= 0 && Math.floor(x) === x;
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

// The logarithm of the gamma function, by Stirling's series.
function lgamma(x) {
  if (isPole(x) || Math.abs(x) === Infinity) return Infinity;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lgamma(1 - x);
  let product = 1;
  for (; x < 12; x++) product *= x;
  let total = 0.91893853320467274 - x + (x - 0.5) * Math.log(x) - Math.log(product);
  BERNOULLI.forEach((b, j) => (total += b / ((2 * j + 1) * (2 * j + 2) * x ** (2 * j + 1))));
  return total;
}

function digamma(x) {
  if (isPole(x)) return NaN;
  if (x > 1e17) return Math.log(x);
  if (x < -12) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  let total = 0;
  for (; x < 12; x++) total -= 1 / x;
  let series = 0;
  BERNOULLI.forEach((b, j) => (series += b / ((2 * j + 2) * x ** (2 * j + 2))));
  return total + Math.log(x) - 0.5 / x - series;
}

function polygamma(x, n) {
  if (!n) return digamma(x);
  const s = n + 1;
  let factorial = 1;
  for (let k = 2; k < n; k++) factorial *= k;
  const sign = isEven(s) ? 1 : -1;
  if (isPole(x)) return isEven(n) ? NaN : Infinity;
  if (x > 1e17) return x === Infinity ? 0 : sign * factorial * Math.exp(-n * Math.log(x));
  if (Math.abs(x) < 1e-60) return (-x) ** s < 0 ? -Infinity : Infinity;
  let total = 0;
  for (; x < 12; x++) total += x ** -s;
  total += x ** (1 - s) / n + 0.5 * x ** -s;
  let rising = (s * x ** (-s - 1)) / 2;
  BERNOULLI.forEach((b, i) => {
    const j = i + 1;
    total += b * rising;
    rising *= ((s + 2 * j - 1) * (s + 2 * j)) / (x * x * (2 * j + 1) * (2 * j + 2));
  });
  return sign * factorial * n * total;
}

const orZero = (a, f) => (a === 0 ? 0 : f());

Object.assign(WORDS, {
  cast: toDtype,
  isnan: (x) => +(x !== x),
  isinf: (x) => +(Math.abs(x) === Infinity),
  isfinite: (x) => +Number.isFinite(x),
  finite: (x) => x,
  gradient_message: (x) => x,
  rint: (x) => (Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  divide_no_nan: (a, b) => orZero(b, () => a / b),
  multiply_no_nan: (a, b) => orZero(b, () => a * b),
  xlogy: (a, b) => orZero(a, () => a * Math.log(b)),
  xlog1py: (a, b) => orZero(a, () => a * Math.log1p(b)),
  xdivy: (a, b) => orZero(a, () => a / b),
  leak: (x, alpha) => (x > 0 ? 1 : alpha),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  erf,
  erfc,
  lgamma,
  digamma,
  polygamma,
});
ROUNDED_WORDS.cdf = (round) => (x) => 0.5 * round(1 + round(erf(round(x * round(Math.SQRT1_2)))));
ROUNDED_WORDS.bell = (round) => (x) => round(0.3989422804014327) * round(Math.exp(round(round(-0.5 * x) * x)));
ROUNDED_WORDS.floordiv = (round) => (a, b) => Math.floor(round === Math.fround ? round(a / b) : a / b);
