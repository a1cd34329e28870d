// The slope, seen: the target over its one source, with the tangent and a step whose rise
// over run comes near it; over two sources contours, with the gradient as an arrow.

const STEPS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

// ``move`` gives a source a new number.
function slopeInset(machine, move) {
  const own = machine.sources.map(({ node }) => machine.handles.find((handle) => handle.node === node));
  const [target] = machine.targets;
  const [first, second] = own;
  const name = target.label || "result";
  const size = Math.max(...own.map(({ data }) => Math.abs(data[0]))) || 1;
  const unit = 10 ** Math.floor(Math.log10(size));
  const frame = { left: 46, top: 26, width: 244, height: second ? 244 : 180 };
  const svg = svgElement("svg", { viewBox: `0 0 300 ${frame.height + 66}`, role: "img", class: "tv-chart" });
  const [ground, front] = [svgElement("g"), svgElement("g")];
  const words = make("p", {});
  const range = make("input", { type: "range", min: 0, max: STEPS.length - 1, value: 0, step: 1, "aria-label": "Step h", ...KEYS });
  const el = pane("inset", svg, ...(second ? [] : [make("label", {}, "h ", range)]), words);
  const middle = own.map(({ data }) => [data[0] - 1.25 * size, data[0] + 1.25 * size]);
  let changed = new Map();
  let drawn = "";
  let seen;
  svg.append(ground, front);

  const value = (...at) => machine.loss(at);
  const now = ({ node, data }) => (changed.get(node) ?? data)[0];
  const between = ([low, high], count) => Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));

  // The window stays; only when a number comes to its edge it becomes wider.
  const widen = () => own.forEach((handle, k) => {
    const [low, high] = middle[k];
    const [at, room] = [now(handle), 0.08 * (high - low)];
    if (at < low + room) middle[k] = [at - 0.3 * (high - at), high];
    if (at > high - room) middle[k] = [low, at + 0.3 * (at - low)];
  });
  const paint = () => {
    const xs = between(middle[0], second ? 33 : 97);
    if (second) {
      const ys = between(middle[1], 33);
      const values = ys.flatMap((y) => xs.map((x) => value(x, y)));
      seen = plot(frame, axis(...middle[0], { name: first.label }), axis(...middle[1], { name: second.label }));
      return ground.replaceChildren(seen.clip(...seen.contours(xs, ys, values)), seen.axes(`${name} over ${first.label} and ${second.label}`));
    }
    const points = xs.map((x) => [x, value(x)]);
    const fine = points.map(([, y]) => y).filter(Number.isFinite).sort((a, b) => a - b);
    const few = Math.floor(fine.length / 40);
    const heights = [...fine.slice(few, fine.length - few), machine.at("v", target.id, 0)];
    seen = plot(frame, axis(...middle[0], { name: first.label }), axis(...padded(heights, 0.06)));
    return ground.replaceChildren(seen.clip(seen.curve(points, "curve")), seen.axes(`${name} over ${first.label}`));
  };
  const tangent = () => {
    const [x, y, slope] = [now(first), machine.at("v", target.id, 0), machine.at("g", first.id, 0)];
    const h = STEPS[range.value] * unit;
    const rise = value(x + h) - y;
    const [low, high] = middle[0];
    const along = (at) => [at, y + slope * (at - x)];
    const said = `rise / run = ${formatNumber(rise / h, 4)}, slope ${formatNumber(slope, 4)}`;
    front.replaceChildren(
      seen.clip(
        seen.curve([along(low), along(high)], "slope"),
        seen.curve([[x, y], [x + h, y], [x + h, y + rise]], "drop"),
        seen.curve([[x, y], [x + h, y + rise]], "update")),
      seen.dots([[x, y], [x + h, y + rise]], "point"));
    words.textContent = `h = ${formatNumber(h)}: ${said}`;
    range.setAttribute("aria-valuetext", words.textContent);
    svg.setAttribute("aria-label", `${name} over ${first.label}, its tangent at ${first.label} = ${formatNumber(x)}, and a step h: ${said}`);
  };
  const ascent = () => {
    const [at, slopes] = [own.map(now), own.map(({ id }) => machine.at("g", id, 0))];
    const length = Math.hypot(...slopes);
    const parts = slopes.map((slope, k) => (0.2 * (middle[k][1] - middle[k][0]) * slope) / (length || 1));
    const said = `gradient (${slopes.map((slope) => formatNumber(slope, 4)).join(", ")})`;
    front.replaceChildren(seen.clip(seen.arrow(at, at.map((v, k) => v + parts[k]), "gradient")), seen.dots([at], "point"));
    words.textContent = `${said}: uphill, across the contours`;
    svg.setAttribute("aria-label", `Contours of ${name} over ${first.label} and ${second.label}; at ${first.label} = ${formatNumber(at[0])}, ${second.label} = ${formatNumber(at[1])} the ${said}`);
  };
  const show = (numbers) => {
    changed = numbers;
    widen();
    const others = [...changed].filter(([node]) => own.every((handle) => handle.node !== node));
    const stands = JSON.stringify([others, middle]);
    if (stands !== drawn) paint();
    drawn = stands;
    (second ? ascent : tangent)();
  };
  range.oninput = tangent;
  const pull = ({ clientX, clientY, buttons }) => {
    if (!buttons) return;
    const { left, top, width } = svg.getBoundingClientRect();
    const part = 300 / width;
    seen.data((clientX - left) * part, (clientY - top) * part).slice(0, own.length).forEach((number, k) => {
      const [low, high] = middle[k];
      const room = 0.09 * (high - low);
      move(own[k], Math.max(low + room, Math.min(high - room, number)));
    });
  };
  svg.onpointerdown = (event) => {
    if (event.button) return;
    svg.setPointerCapture(event.pointerId);
    pull(event);
  };
  svg.onpointermove = pull;
  machine.run(changed);
  show(changed);
  return { el, show };
}
