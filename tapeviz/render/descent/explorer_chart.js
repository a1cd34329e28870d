// The explorer's panel: pictures of the path, a start that can be dragged, and the controls.
// It draws what the model holds and sends what the reader sets; it computes no path.

const SILENT = "No answer yet: the kernel is busy, or it was restarted or stopped. Then run the cell again.";

function twin(open) {
  const head = make("tr");
  const body = make("tbody");
  const table = make("table", {}, make("thead", {}, head), body);
  const scroll = make("div", { class: "tv-b-scroll", tabindex: 0, role: "group", "aria-label": "Table of the steps" }, table);
  const box = make("details", {}, make("summary", {}, "All steps as a table"), scroll);
  let told = null;
  const fill = () => {
    if (!box.open || !told) return;
    head.replaceChildren(...told.heads.map((text) => make("th", { scope: "col" }, text)));
    body.replaceChildren(
      ...told.rows.map(([step, ...cells]) => {
        const button = make("button", { type: "button", "aria-label": `Open the graph of step ${step}` }, step);
        button.onclick = () => open(+step);
        return make("tr", {}, make("th", { scope: "row" }, button), ...cells.map((text) => make("td", {}, text)));
      }),
    );
    told = null;
  };
  box.ontoggle = fill;
  return [box, (table) => ((told = table), fill())];
}

function put(svg, text) {
  const page = new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg">${text}</svg>`, "image/svg+xml");
  svg.replaceChildren(...[...page.documentElement.childNodes].map((el) => document.importNode(el, true)));
}

function canvas(width, height) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("class", "tv-b-chart");
  return svg;
}

// A piece of a run's line, for the words about it.
function key(look) {
  const svg = canvas(38, 8);
  svg.classList.add("tv-b-key");
  svg.setAttribute("aria-hidden", "true");
  put(svg, `<path class="tv-line tv-${look}" d="M0 4H38"/>`);
  return svg;
}

// What the last move led to if not to a picture: a sentence from Python, or no answer.
function patience(model, on) {
  const line = make("p", { class: "tv-b-wait" });
  let late = 0;
  const say = () => {
    clearTimeout(late);
    line.textContent = model.get("message");
  };
  const asked = () => {
    clearTimeout(late);
    late = setTimeout(() => (line.textContent = SILENT), 4000);
  };
  on("message", say);
  on("answered", say);
  say();
  return [line, asked, () => clearTimeout(late)];
}

// All runs at once, step by step, in both pictures: one button, one clock.
function race(...pictures) {
  const button = make("button", { type: "button", class: "tv-b-play" });
  const count = make("span", { class: "tv-b-step" });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const tops = pictures.map(([svg]) => layer(svg));
  let runs = [];
  let last = 0;
  let at = 0;
  let clock = 0;
  const name = (text) => (button.textContent = text === "Pause" ? "❚❚ Pause" : "▶ " + text);
  const named = () => name(clock ? "Pause" : runs.length > 1 ? "Play the race" : "Play");
  const along = (points, now) => {
    const next = points.findIndex(([step]) => step > now);
    const passed = next < 0 ? points : points.slice(0, next);
    if (next < 1) return passed;
    const [[from, x, y], [to, u, v]] = [points[next - 1], points[next]];
    const part = (now - from) / (to - from);
    return [...passed, [now, x + part * (u - x), y + part * (v - y)]];
  };
  const draw = () => {
    const now = calm.matches ? Math.round((at * 10) / last) * (last / 10) : at;
    ["path", "loss"].forEach((kind, k) => {
      const shown = runs.map((run) => {
        const way = along(run[kind], now);
        const [, x, y] = way.at(-1) ?? [];
        const points = way.map((at) => at.slice(1)).join(" ");
        const line = `<polyline class="tv-line tv-${run.look}" points="${points}"/>`;
        return way.length ? `${line}<circle class="tv-dot tv-${run.look}" cx="${x}" cy="${y}" r="7"/>` : "";
      });
      put(tops[k], shown.reverse().join(""));
    });
    count.textContent = `step ${Math.floor(now)} of ${last}`;
  };
  const faint = (is) => pictures.forEach(([, path]) => path.classList.toggle("tv-b-faint", is));
  const pause = () => (cancelAnimationFrame(clock), (clock = 0), named());
  const stop = () => {
    pause();
    at = 0;
    faint(false);
    count.textContent = "";
    for (const top of tops) top.replaceChildren();
  };
  button.onclick = () => {
    if (clock) return pause();
    let before = performance.now();
    const tick = (time) => {
      at = Math.min(last, at + ((time - before) * last) / 6000);
      before = time;
      draw();
      if (at >= last) return stop();
      clock = requestAnimationFrame(tick);
    };
    faint(true);
    clock = requestAnimationFrame(tick);
    named();
  };
  const show = (told) => {
    stop();
    runs = told.race;
    last = Math.max(1, ...runs.map((run) => run.path.at(-1)?.[0] ?? 0));
    named();
  };
  return [make("div", { class: "tv-b-race" }, button, count), show, stop];
}

function layer(svg) {
  return svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "g"));
}

// The picture in which the start can be clicked, dragged or pushed with the arrow keys.
function field(model, open, asked) {
  const svg = canvas(520, 360);
  const ground = layer(svg);
  const path = layer(svg);
  const handle = make("button", { type: "button", class: "tv-b-start" });
  const box = make("div", { class: "tv-b-field" }, svg, handle);
  let frame = null;
  let scene = null;
  let pulled = null;
  const data = (event) => {
    const seen = svg.getBoundingClientRect();
    const px = ((event.clientX - seen.left) / seen.width) * 520;
    const py = ((event.clientY - seen.top) / seen.height) * 360;
    const part = (v, from, size) => Math.max(0, Math.min(1, (v - from) / size));
    const x = frame.x[0] + part(px, frame.left, frame.width) * (frame.x[1] - frame.x[0]);
    const y = frame.y[1] - part(py, frame.top, frame.height) * (frame.y[1] - frame.y[0]);
    return [x, y].slice(0, frame.numbers);
  };
  const send = (point) => {
    model.set("start", point.map((v, k) => Math.round(v / frame.grain[k]) * frame.grain[k]).map((v) => Number(v.toPrecision(6))));
    model.save_changes();
    asked();
  };
  const stand = () => {
    if (!frame || !scene) return;
    const [px, py] = scene.at;
    handle.style.left = `${(px / 520) * 100}%`;
    handle.style.top = `${(py / 360) * 100}%`;
    handle.setAttribute("aria-label", `Start: ${scene.start}. Drag it, or press the arrow keys.`);
  };
  box.onpointerdown = (event) => {
    if (event.button || !frame) return;
    pulled = { step: event.target.dataset?.step, x: event.clientX, y: event.clientY, moved: false };
    box.setPointerCapture(event.pointerId);
    if (event.target === handle) handle.focus();
  };
  let waiting = 0;
  box.onpointermove = (event) => {
    if (!pulled) return;
    pulled.moved ||= Math.hypot(event.clientX - pulled.x, event.clientY - pulled.y) > 3;
    if (!pulled.moved) return;
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => send(data(event)));
  };
  box.onpointerup = (event) => {
    const was = pulled;
    pulled = null;
    cancelAnimationFrame(waiting);
    if (!was) return;
    if (!was.moved && was.step !== undefined) return open(+was.step);
    if (was.moved || event.target !== handle) send(data(event));
  };
  box.onpointercancel = () => (pulled = null);
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  handle.onkeydown = (event) => {
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 10 : 1;
    const sizes = [frame.x[1] - frame.x[0], frame.y[1] - frame.y[0]];
    const push = frame.numbers === 1 ? [way[0] || way[1]] : way;
    send(model.get("start").map((v, k) => v + (push[k] * far * sizes[k]) / 100));
  };
  return {
    box,
    svg,
    path,
    base(told) {
      frame = told.frame;
      put(ground, told.ground);
      stand();
    },
    show(told) {
      scene = told;
      put(path, told.path);
      svg.setAttribute("aria-label", told.alt);
      stand();
    },
  };
}

export default {
  render({ model, el }) {
    const heard = [];
    const on = (trait, act) => {
      heard.push([`change:${trait}`, act]);
      model.on(`change:${trait}`, act);
    };
    const open = (step) => {
      model.set("open_step", step);
      model.save_changes();
    };
    const root = make("div", { class: `tapeviz-board tv-${model.get("theme")}`, role: "group", "aria-label": "Gradient descent", ...KEYS });
    const [note, asked, hush] = patience(model, on);
    const [rows, limit] = controls(model, asked, on);
    const left = field(model, open, asked);
    const right = canvas(380, 360);
    const curve = layer(right);
    const [start, line, stop] = race([left.svg, left.path], [right, curve]);
    const words = make("div", { class: "tv-b-words" });
    const [table, fill] = twin(open);
    const graph = make("div", { class: "tv-b-graph" });
    const pair = make("div", { class: "tv-b-pair" }, left.box, make("div", { class: "tv-b-losses" }, right));
    const live = make("div", { role: "status", "aria-atomic": "false" }, note, words);
    root.append(...rows.slice(0, -1), make("div", { class: "tv-b-slider" }, start, rows.at(-1)), pair, live, graph, table);
    for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, (event) => event.stopPropagation());

    const base = () => model.get("background") && left.base(JSON.parse(model.get("background")));
    const show = () => {
      for (const part of [start, pair, table]) part.hidden = !model.get("scene");
      if (!model.get("scene")) return;
      const told = JSON.parse(model.get("scene"));
      limit(told.scale);
      left.show(told);
      put(curve, told.curve);
      line(told);
      right.setAttribute("aria-label", told.curveAlt);
      words.replaceChildren(
        ...told.words.map(({ look, name, text, rule }) => {
          const line = make("p", {}, make("strong", {}, name), ` ${text} `);
          if (look) line.prepend(key(look));
          if (rule) line.append(make("span", { class: "tv-b-rule" }, rule));
          return line;
        }),
      );
      fill(told.table);
      root.dataset.run = told.number;
    };
    const unfold = () => {
      const told = model.get("graph");
      if (!told) return graph.replaceChildren();
      const { title, svg, text } = JSON.parse(told);
      const close = make("button", { type: "button", class: "tv-b-close" }, "Close");
      close.onclick = () => {
        open(-1);
        graph.replaceChildren();
      };
      const picture = make("div", { class: "tv-b-scroll", tabindex: 0, role: "group", "aria-label": title });
      if (svg) {
        const page = new DOMParser().parseFromString(svg, "image/svg+xml");
        const drawn = picture.appendChild(scoped(document.importNode(page.documentElement, true)));
        drawn.style.minWidth = `${0.8 * drawn.viewBox.baseVal.width}px`;
      } else picture.append(text);
      graph.replaceChildren(make("p", { class: "tv-b-title" }, title), close, picture);
      rest(close);
    };
    for (const [trait, act] of Object.entries({ background: base, scene: show, graph: unfold })) {
      on(trait, act);
      act();
    }
    // Inside a shadow, as in marimo, no style sees whether the page is dark.
    const page = el.getRootNode().host?.closest("[data-theme]");
    if (page) el.dataset.theme = page.dataset.theme;
    el.append(root);
    return () => {
      hush();
      stop();
      for (const [name, act] of heard) model.off(name, act);
    };
  },
};
