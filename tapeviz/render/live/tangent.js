// Over one source: the curve, the tangent, and a step whose rise over run comes near it.

const STEPS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

function tangentView({ unit, value, height, slopes, along }) {
  const control = make("input", { type: "range", min: 0, max: STEPS.length - 1, value: 0, step: 1, "aria-label": "Step h", ...KEYS });
  return {
    control,
    // A few heights are left out, so that a pole does not flatten the rest.
    surface() {
      const points = along(0, 97).map((x) => [x, value(x)]);
      const fine = points.map(([, y]) => y).filter(Number.isFinite).sort((a, b) => a - b);
      const few = Math.floor(fine.length / 40);
      const range = padded([...fine.slice(few, fine.length - few), height()], 0.06);
      return [range, (seen) => [seen.curve(points, "curve")]];
    },
    point(seen, [x]) {
      const [y, [slope]] = [height(), slopes()];
      const h = STEPS[control.value] * unit;
      const tip = [x + h, value(x + h)];
      const [ratio, steep] = [`rise / run = ${formatNumber((tip[1] - y) / h, 4)}`, `slope ${formatNumber(slope, 4)}`];
      const said = `${ratio}, ${steep}`;
      const start = `h = ${formatNumber(h)}: `;
      const ends = [seen.x.low, seen.x.high].map((at) => [at, y + slope * (at - x)]);
      control.setAttribute("aria-valuetext", start + said);
      control.style.setProperty("--at", control.value / (STEPS.length - 1));
      const inner = [seen.curve(ends, "tangent"), seen.curve([[x, y], [tip[0], y], tip], "drop"), seen.curve([[x, y], tip], "update")];
      return [inner, [seen.dots([[x, y], tip], "point")], [start, make("b", {}, ratio), ", ", make("i", {}, steep)], `the tangent, and a step h: ${said}`];
    },
  };
}
