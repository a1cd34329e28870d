// The slope, seen: the target over its one source, with the tangent and a step whose rise
// over run comes near it (tangent.js); over two sources contours, with the gradient as an
// arrow (ascent.js).

// ``move`` gives a source a new number. ``view`` draws: what stays, what moves, and words.
function slopeInset(machine, move) {
  const own = machine.sources.map(({ node }) => machine.handles.find((handle) => handle.node === node));
  const [target] = machine.targets;
  const size = Math.max(...own.map(({ data }) => Math.abs(data[0]))) || 1;
  const windows = own.map(({ data }) => [data[0] - 1.25 * size, data[0] + 1.25 * size]);
  const frame = { left: 46, top: 26, width: 244, height: own.length > 1 ? 244 : 180 };
  const svg = svgElement("svg", { viewBox: `0 0 300 ${frame.height + 66}`, role: "img", class: "tv-chart" });
  const [ground, front] = [svgElement("g"), svgElement("g")];
  const words = make("p");
  const title = (names) => `${target.label || "result"} over ${names}`;
  const names = own.map(({ label }) => label);
  let changed = new Map();
  let drawn;
  let seen;
  svg.append(ground, front);

  const now = ({ node, data }) => (changed.get(node) ?? data)[0];
  const view = (own.length > 1 ? ascentView : tangentView)({
    names,
    unit: 10 ** Math.floor(Math.log10(size)),
    value: (...at) => machine.loss(at),
    height: () => machine.at("v", target.id, 0),
    slopes: () => own.map(({ id }) => machine.at("g", id, 0)),
    along: (k, count) => Array.from({ length: count }, (_, i) => windows[k][0] + ((windows[k][1] - windows[k][0]) * i) / (count - 1)),
  });
  // The window stays; only when a number comes to its edge it becomes wider.
  const widen = () => own.forEach((handle, k) => {
    const [low, high] = windows[k];
    const [at, room] = [now(handle), 0.08 * (high - low)];
    if (at < low + room) windows[k] = [at - 0.3 * (high - at), high];
    if (at > high - room) windows[k] = [low, at + 0.3 * (at - low)];
  });
  const paint = () => {
    const [y, marks] = view.surface();
    seen = plot(frame, axis(...windows[0], { name: names[0] }), axis(...(y ?? windows[1]), { name: names[1] ?? "" }));
    ground.replaceChildren(seen.clip(...marks(seen)), seen.axes(title(names.join(" and "))));
  };
  const point = () => {
    const at = own.map(now);
    const [inner, outer, text, said] = view.point(seen, at);
    front.replaceChildren(seen.clip(...inner), ...outer);
    words.replaceChildren(...text);
    svg.setAttribute("aria-label", `${title(names.join(" and "))}, at ${at.map((v, k) => `${names[k]} = ${formatNumber(v)}`).join(", ")}: ${said}`);
  };
  const show = (numbers) => {
    changed = numbers;
    widen();
    const others = [...changed].filter(([node]) => own.every((handle) => handle.node !== node));
    const stands = JSON.stringify([others, windows]);
    if (stands !== drawn) paint();
    drawn = stands;
    point();
  };
  // The point can be dragged, as the boxes can.
  const pull = ({ clientX, clientY, buttons }) => {
    if (!buttons) return;
    const { left, top, width } = svg.getBoundingClientRect();
    const part = 300 / width;
    seen.data((clientX - left) * part, (clientY - top) * part).slice(0, own.length).forEach((number, k) => {
      const [low, high] = windows[k];
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
  if (view.control) view.control.oninput = point;
  const el = pane("inset", svg, ...(view.control ? [make("label", {}, "h ", view.control)] : []), words);
  machine.run(changed);
  show(changed);
  return { el, show };
}
