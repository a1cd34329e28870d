// A small picture of the whole beside one that is larger than its window.

function minimap(root) {
  const screen = root.querySelector(".tv-screen");
  const view = root.querySelector(".tv-view") ?? screen;
  const shape = (name, attributes = {}) => {
    const el = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) el.setAttribute(key, attributes[key]);
    return el;
  };
  const map = shape("svg", { class: "tv-map", role: "group", tabindex: 0, "aria-label": "Overview: arrow keys move the picture", ...KEYS });
  const frame = shape("rect", { class: "tv-window" });
  const box = make("div", { class: "tv-mapped" });
  view.replaceWith(box);
  box.append(view, map);
  let svg;
  let boxes;

  const draw = () => {
    const { x, y, width, height } = svg.viewBox.baseVal;
    map.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    map.style.aspectRatio = `${width}/${height}`;
    boxes = [...svg.querySelectorAll(".tv-node")].map((el) => {
      const { x, y, width, height } = el.querySelector(".tv-frame").getBBox();
      return [el, shape("rect", { x, y, width, height })];
    });
    const wires = [...svg.querySelectorAll(".tv-wire")].map((el) => shape("path", { d: el.getAttribute("d") }));
    map.replaceChildren(...wires, ...boxes.map(([, rect]) => rect), frame);
  };
  // Which part of the picture is in the window, and which boxes are lit.
  const see = () => {
    const now = [...screen.querySelectorAll("svg.tapeviz")].find((one) => one.getClientRects().length);
    if (!now) return;
    if (view !== screen) root.classList.toggle("tv-tall", now.getBoundingClientRect().height > 2 * innerHeight);
    const { clientWidth, clientHeight, scrollWidth, scrollHeight } = screen;
    map.classList.toggle("tv-unseen", scrollWidth * scrollHeight < 1.3 * clientWidth * clientHeight);
    if (now !== svg) (svg = now), draw();
    for (const [el, rect] of boxes) rect.setAttribute("class", el.matches(".tv-hot,.tv-here") ? "tv-lit" : el.matches(".tv-target") ? "tv-end" : "");
    const { a, e, f } = svg.getScreenCTM();
    const { left, top } = screen.getBoundingClientRect();
    const { x, y, width, height } = svg.viewBox.baseVal;
    const [from, up] = [Math.max(x, (left - e) / a), Math.max(y, (top - f) / a)];
    const [to, down] = [Math.min(x + width, (left + clientWidth - e) / a), Math.min(y + height, (top + clientHeight - f) / a)];
    const part = { x: from, y: up, width: Math.max(0, to - from), height: Math.max(0, down - up) };
    for (const key in part) frame.setAttribute(key, part[key]);
  };
  const move = ({ clientX, clientY, buttons }) => {
    if (!buttons) return;
    const [small, large] = [map.getScreenCTM(), svg.getScreenCTM()];
    const { left, top } = screen.getBoundingClientRect();
    const along = (at, name) => ((at - small[name]) / small.a) * large.a + large[name];
    screen.scrollBy(along(clientX, "e") - left - screen.clientWidth / 2, along(clientY, "f") - top - screen.clientHeight / 2);
  };
  map.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    map.setPointerCapture(event.pointerId);
    move({ ...position(event), buttons: 1 });
  });
  map.addEventListener("pointermove", move);
  map.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    screen.scrollBy((way[0] * screen.clientWidth) / 4, (way[1] * screen.clientHeight) / 4);
  });
  const position = ({ clientX, clientY }) => ({ clientX, clientY });
  screen.addEventListener("scroll", see, { passive: true });
  new ResizeObserver(see).observe(screen);
  // Another text in a box is nothing that the overview shows.
  const seen = ({ type, target }) => type === "attributes" || !target.closest("text,title");
  new MutationObserver((all) => all.some(seen) && see()).observe(screen, { subtree: true, childList: true, attributeFilter: ["class", "style"] });
  see();
}
