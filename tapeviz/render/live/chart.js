// A chart as SVG in a page: axes with round numbers, curves, contours, dots and arrows.
// Its classes are those of descent/chart.py, and so are its ticks and levels.

function svgElement(tag, attributes = {}, ...inside) {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...inside);
  return el;
}

// A number on an axis: four decimals, or four digits where it is tiny or huge.
function axisNumber(value) {
  const size = Math.abs(value);
  const usual = size >= 0.01 && size < 1e5;
  return formatNumber(usual ? Math.round(value * 1e4) / 1e4 : value, usual ? 9 : 4).replace("-", "\u2212");
}

// The range of the finite values, and that share of it more on both sides.
function padded(values, share = 0) {
  const fine = values.filter(Number.isFinite);
  if (!fine.length) return [-1, 1];
  const [low, high] = [fine.reduce((a, b) => Math.min(a, b)), fine.reduce((a, b) => Math.max(a, b))];
  const room = low < high ? share * (high - low) : Math.abs(high) / 2 || 1;
  return [low - room, high + room];
}

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

// From where to where an axis goes. ``log``: the ticks are powers of ten.
function axis(low, high, { name = "", log = false, whole = false } = {}) {
  const [from, to] = log ? [Math.log10(low), Math.log10(high)] : [low, high];
  const room = to - from;
  const ticks = (most = 6) => {
    const powers = Math.floor(to) - Math.ceil(from) + 1;
    const power = 10 ** Math.floor(Math.log10(room / most));
    const round = [1, 2, 5, 10].map((k) => k * power).find((step) => room / step <= most);
    const step = log ? Math.max(1, Math.ceil(powers / most)) : whole ? Math.max(1, round) : round;
    const first = log ? Math.ceil(from) : Math.ceil(from / step);
    const count = log ? Math.ceil(powers / step) : Math.floor(to / step) - first + 1;
    return Array.from({ length: Math.max(0, count) }, (_, k) => (log ? 10 ** (first + k * step) : +((first + k) * step).toPrecision(12) + 0));
  };
  return {
    low,
    high,
    name,
    ticks,
    part: (value) => ((log ? Math.log10(value) : value) - from) / room,
    at: (part) => (log ? 10 ** (from + part * room) : from + part * room),
  };
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

const SIDE = { n: ["middle", 0, -9], s: ["middle", 0, 16], e: ["start", 8, 4], w: ["end", -8, 4], ne: ["start", 6, -9], nw: ["end", 2, -8], se: ["start", 5, 13], sw: ["end", -5, 13] };
const DISC = "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z";

// Two axes in a frame of a picture, and what can be drawn on them.
function plot(frame, x, y, text = 11) {
  const { left, top, width, height } = frame;
  const foot = top + height;
  const near = (v) => +Math.max(-1e5, Math.min(1e5, v)).toFixed(2);
  const px = (a, b) => [near(left + width * x.part(a)), near(foot - height * y.part(b))];
  const data = (a, b) => [x.at((a - left) / width), y.at((foot - b) / height)];
  const line = (points) => {
    let letter = "M";
    return points.reduce((way, [a, b, open]) => {
      const known = !open && Number.isFinite(a) && Number.isFinite(b);
      const part = known ? `${letter}${a} ${b}` : "";
      letter = known ? "L" : "M";
      return way + part;
    }, "");
  };
  const path = (look, d) => svgElement("path", { class: look.replace(/\S+/g, "tv-$&"), d });
  const words = (said, a, b, anchor = "middle", more = {}) => svgElement("text", { x: near(a), y: near(b), "text-anchor": anchor, ...more }, said);
  return {
    frame,
    x,
    y,
    px,
    data,
    axes(title = "") {
      const xs = x.ticks().map((v) => [v, px(v, y.low)[0]]);
      const ys = y.ticks(Math.max(3, Math.min(6, Math.round(height / (2.6 * text))))).map((v) => [v, px(x.low, v)[1]]);
      const marks = [...xs.map(([, a]) => `M${a} ${foot}v4`), ...ys.map(([, b]) => `M${left} ${b}h-4`)];
      return svgElement("g", {},
        path("axis", `M${left} ${top}V${foot}H${left + width}${marks.join("")}`),
        words(title, left, top - 1.25 * text, "start", { class: "tv-t" }),
        ...xs.map(([v, a]) => words(axisNumber(v), a, foot + 1.45 * text)),
        ...ys.map(([v, b]) => words(axisNumber(v), left - 0.65 * text, b + 0.35 * text, "end")),
        words(x.name, left + width / 2, foot + 2.8 * text),
        words(y.name, 0, 0, "middle", { transform: `translate(${text} ${top + height / 2}) rotate(-90)` }));
    },
    curve: (points, look) => path(`line ${look}`, line(points.map((point) => px(...point)))),
    dots: (points, look, shape = DISC) => path(`dot ${look}`, points.map((point) => px(...point)).filter((at) => at.every(Number.isFinite)).map(([a, b]) => `M${a} ${b}${shape}`).join("")),
    arrow(from, to, look) {
      const [[a, b], [c, d]] = [px(...from), px(...to)];
      const far = Math.hypot(c - a, d - b);
      if (!far) return path(`arrow ${look}`, "");
      const head = Math.min(6, 0.6 * far);
      const [u, v] = [(c - a) / far, (d - b) / far];
      const [e, f] = [c - head * u, d - head * v];
      const aside = 0.4 * head;
      return path(`arrow ${look}`, `${line([[a, b], [e, f]])}${line([[c, d], [near(e - aside * v), near(f + aside * u)], [near(e + aside * v), near(f - aside * u)]])}Z`);
    },
    label(said, at, side, colour = "ink") {
      const [anchor, right, down] = SIDE[side];
      const [a, b] = px(...at);
      return words(said, a + right, b + down, anchor, { class: `tv-label tv-of-${colour}` });
    },
    // Darker where the values are lower, which stand row by row, a row for each of ``ys``.
    contours: (xs, ys, values, chosen = levels(values)) => chosen.sort((a, b) => b - a).flatMap((level) => {
      const between = (all, place) => {
        const k = Math.min(all.length - 2, Math.floor(place));
        return all[k] + (place - k) * (all[k + 1] - all[k]);
      };
      const found = rings(xs.length, ys.length, values, level).map((ring) => ring.map(([i, j, open]) => [...px(between(xs, i), between(ys, j)), open]));
      const closed = (ring) => [...ring, ring[0]];
      const whole = found.map((ring) => `${line(ring.map(([a, b]) => [a, b]))}Z`);
      return [path("level", whole.join("")), path("line contour", found.map((ring) => line(closed(ring))).join(""))];
    }),
    // What ends at the edges of the frame.
    clip: (...inside) => svgElement("svg", { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}`, style: "overflow:hidden" }, ...inside),
  };
}
