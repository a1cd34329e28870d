// Over two sources: contours, and the gradient as an arrow across them.

function ascentView({ value, slopes, along }) {
  return {
    surface() {
      const [xs, ys] = [along(0, 41), along(1, 41)];
      const values = ys.flatMap((y) => xs.map((x) => value(x, y)));
      return [null, (seen) => contourPaths(seen, xs, ys, values)];
    },
    point(seen, at) {
      const parts = slopes();
      const far = (0.2 * (seen.x.high - seen.x.low)) / (Math.hypot(...parts) || 1);
      const said = `gradient (${parts.map((part) => formatNumber(part, 4)).join(", ")})`;
      const tip = at.map((v, k) => v + far * parts[k]);
      return [[arrowPath(seen, at, tip, "ascent")], [seen.dots([at], "point")], [make("i", {}, said), ": uphill, across the contours"], `the ${said}`];
    },
  };
}
