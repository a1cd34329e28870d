// The words of choices, comparisons, and the usual functions of single numbers.

const zero = () => 0;
const unless = (a, f) => (a === 0 ? a : f);

Object.assign(WORDS, {
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
});
for (const word of "abs ceil cos cosh exp expm1 floor log log1p sign sin sinh sqrt tan tanh".split(" ")) WORDS[word] = Math[word];
for (const word of "cos cosh sin sinh tan tan2 tanh".split(" ")) WORDS["arc" + word] = Math["a" + word];
