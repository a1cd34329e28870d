// What else a chart may have: contours by marching squares, with the levels of
// descent/chart.py, arrows and labels.

// Levels of contours: nearer to each other where the values are low.
function levels(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (part) => {
    const place = part * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return low + (high - low) * (place % 1);
  };
  const all = Array.from({ length: 11 }, (_, k) => at((k / 10) ** 1.5));
  return sorted.length ? [...new Set(all)].slice(1, -1) : [];
}

// Where the values lie below a level: closed rings, a list of [x, y, open] in grid
// units; what comes to an ``open`` point runs along the edge of what is known.
function rings(wide, high, values, level) {
  const at = (i, j) => (i < 0 || j < 0 || i >= wide || j >= high ? NaN : values[j * wide + i] - level);
  const inside = (v) => v < 0;
  const next = new Map();
  const row = wide + 2;
  for (let j = -1; j < high; j++) {
    for (let i = -1; i < wide; i++) {
      const corners = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
      const few = corners.filter(inside).length;
      if (!few || few === 4) continue;
      const first = ((j + 1) * row + i + 1) * 2;
      const edges = [first, first + 3, first + 2 * row, first + 1];
      const leaves = [0, 1, 2, 3].filter((k) => inside(corners[k]) && !inside(corners[(k + 1) % 4]));
      const joined = corners.reduce((a, b) => a + b) < 0;
      for (const k of leaves) {
        const way = leaves.length > 1 && !joined ? 3 : 1;
        let to = (k + way) % 4;
        while (inside(corners[to]) || !inside(corners[(to + 1) % 4])) to = (to + way) % 4;
        next.set(edges[k], edges[to]);
      }
    }
  }
  const crossing = (edge) => {
    const [i, j] = [((edge >> 1) % row) - 1, Math.floor((edge >> 1) / row) - 1];
    const [u, v] = edge % 2 ? [i, j + 1] : [i + 1, j];
    const [a, b] = [at(i, j), at(u, v)];
    const open = !Number.isFinite(a) || !Number.isFinite(b);
    const part = open ? +!inside(a) : a / (a - b);
    return [i + part * (u - i), j + part * (v - j), open];
  };
  const found = [];
  for (const [start] of next) {
    const ring = [];
    for (let edge = start; next.has(edge); ) {
      ring.push(crossing(edge));
      const to = next.get(edge);
      next.delete(edge);
      edge = to;
    }
    if (ring.length) found.push(ring);
  }
  return found;
}

// The area below each level, darker where the values are lower, and its edge. They stand
// row by row, a row for each of ``ys``.
function contourPaths({ px, line, path }, xs, ys, values, chosen = levels(values)) {
  const between = (all, place) => {
    const k = Math.min(all.length - 2, Math.floor(place));
    return all[k] + (place - k) * (all[k + 1] - all[k]);
  };
  return chosen.sort((a, b) => b - a).flatMap((level) => {
    const found = rings(xs.length, ys.length, values, level).filter(isWide).map((ring) => ring.map(([i, j, open]) => [...px(between(xs, i), between(ys, j)), open]));
    const areas = found.map((ring) => `${line(ring.map(([a, b]) => [a, b]))}Z`);
    return [path("level", areas.join("")), path("line contour", found.map((ring) => line([...ring, ring[0]])).join(""))];
  });
}

// Not an island of two cells or less: between the points of the grid nothing is known.
function isWide(ring) {
  const far = (k) => Math.max(...ring.map((at) => at[k])) - Math.min(...ring.map((at) => at[k]));
  return ring.some(([, , open]) => open) || Math.min(far(0), far(1)) > 2;
}

function arrowPath({ px, line, path }, from, to, look) {
  const [[a, b], [c, d]] = [px(...from), px(...to)];
  const far = Math.hypot(c - a, d - b) || 1;
  const head = Math.min(6, 0.6 * far);
  const [u, v] = [(head * (c - a)) / far, (head * (d - b)) / far];
  const side = (way) => [c - u - 0.4 * way * v, d - v + 0.4 * way * u];
  return path(`arrow ${look}`, `${line([[a, b], [c - u, d - v]])}${line([[c, d], side(1), side(-1)])}Z`);
}

const SIDE = { n: ["middle", 0, -9], s: ["middle", 0, 16], e: ["start", 8, 4], w: ["end", -8, 4], ne: ["start", 6, -9], nw: ["end", 2, -8], se: ["start", 5, 13], sw: ["end", -5, 13] };

function labelAt({ px, words }, said, at, side, colour = "ink") {
  const [anchor, right, down] = SIDE[side];
  const [a, b] = px(...at);
  return words(said, a + right, b + down, anchor, { class: `tv-label tv-of-${colour}` });
}
