// Numbers as people write them: trace/value.py, format_number.

// So many significant digits, a half rounded to the even one, as Python does.
function significant(x, digits) {
  // Only a number with one digit more can lie in the middle.
  if (+x.toExponential(digits) !== x) return +x.toExponential(digits - 1);
  const [long, power] = x.toExponential(60).split("e");
  const all = long.replace(/\D/g, "");
  const half = /^50*$/.test(all.slice(digits)) && !(all[digits - 1] % 2);
  return half ? +`${x < 0 ? "-" : ""}${all[0]}.${all.slice(1, digits)}e${power}` : +x.toExponential(digits - 1);
}

// `whole`: of a dtype without fractions.
function formatNumber(value, digits = 5, whole = false) {
  if (typeof value === "boolean") return value ? "True" : "False";
  const x = Number(value);
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (Number.isInteger(x) && Math.abs(x) < (whole ? 1e12 : 1e7)) return String(x + 0);
  const near = significant(x, digits);
  const [short, power] = near.toExponential().split("e");
  return power >= -4 && power < digits ? String(near) : `${short}e${+power}`;
}
