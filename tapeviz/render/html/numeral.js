// Numbers as people type them.

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

// 6, 6.0, 1/3, 2e-3, 0,5: a list of one number, or null.
function numeral(text) {
  const parts = text.trim().replace(/[−–]/g, "-").replace(/^([-+]?\d*),(\d+)$/, "$1.$2").split("/");
  if (parts.length > 2 || !parts.every((part) => NUMBER.test(part.trim()))) return null;
  const [above, below = 1] = parts.map(Number);
  return below ? [above / below] : null;
}

// How far off a typed answer is, in relation to what it should be.
const off = (typed, wanted) => (typed.length - wanted.length ? 1 : Math.max(...wanted.map((value, i) => Math.abs(typed[i] - value) / (Math.abs(value) + 1e-10))));
