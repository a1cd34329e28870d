// The words of the registry's formulas for single numbers, as engine/kernels has them.

const WORDS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  // In C, and so in NumPy, 1 to any power is 1, and so is -1 to an infinite one.
  "**": (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  neg: (x) => -x,
};
// Words that round inside, and words of whole arrays.
const ROUNDED_WORDS = {};
const ARRAY_WORDS = {};
