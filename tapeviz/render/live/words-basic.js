// The words of the registry's formulas for single numbers, as engine/kernels has them.

const zero = () => 0;
const unless = (a, f) => (a === 0 ? a : f);

const WORDS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  // In C, and so in NumPy, 1 to any power is 1, and so is -1 to an infinite one.
  "**": (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  "%": (a, b) => {
    const rest = a % b;
    return rest && rest < 0 !== b < 0 ? rest + b : rest;
  },
  ">": (a, b) => +(a > b),
  ">=": (a, b) => +(a >= b),
  "<": (a, b) => +(a < b),
  "<=": (a, b) => +(a <= b),
  "==": (a, b) => +(a === b),
  "!=": (a, b) => +(a !== b),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  neg: (x) => -x,
  "~": (x) => ~x,
  not: (x) => !x,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  where: (c, a, b) => (c ? a : b),
  positive: (x) => +(x > 0),
  nonzero: (x) => +(x !== 0),
  zero,
  same: (x) => x,
  gate: (a, b) => a * (b > 0),
  product: (a, b) => unless(a, a * b),
  quotient: (a, b) => unless(a, a / b),
  sqrt_grad: (a, b) => unless(a, (0.5 * a) / b),
  reciprocal: (x) => 1 / x,
  sigmoid: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  relu: (x) => Math.max(x, 0),
};
// Words that round inside, and words of whole arrays.
const ROUNDED_WORDS = {};
const ARRAY_WORDS = {};
for (const word of "abs ceil cos cosh exp expm1 floor log log1p sign sin sinh sqrt tan tanh".split(" ")) WORDS[word] = Math[word];
for (const word of "cos cosh sin sinh tan tan2 tanh".split(" ")) WORDS["arc" + word] = Math["a" + word];
