// A chart as SVG in a page: axes with round numbers, curves and dots.
// Its classes are those of descent/chart.py, and so are its ticks.

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
    line,
    path,
    words,
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
    // What ends at the edges of the frame.
    clip: (...inside) => svgElement("svg", { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}`, style: "overflow:hidden" }, ...inside),
  };
}
