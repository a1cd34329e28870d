// The studio's panel: pictures of the runs, a start that can be dragged, and the controls.
// What was compiled runs in the page, the rest in the kernel; both are drawn alike.

const SILENT = "No answer yet: the kernel is busy, or it was restarted or stopped. Then run the cell again.";

function stepTable(open) {
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
        const button = open && make("button", { type: "button", "aria-label": `Open the graph of step ${step}` }, step);
        if (button) button.onclick = () => open(+step);
        return make("tr", {}, make("th", { scope: "row" }, button || step), ...cells.map((text) => make("td", {}, text)));
      }),
    );
    told = null;
  };
  box.ontoggle = fill;
  return [box, (table) => ((told = table), fill())];
}

function canvas(width, height) {
  return svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "tv-b-chart" });
}

// A piece of a run's line, for the words about it.
function lineKey(look) {
  const svg = canvas(38, 8);
  svg.classList.add("tv-b-key");
  svg.setAttribute("aria-hidden", "true");
  svg.append(svgElement("path", { class: `tv-line tv-${look}`, d: "M0 4H38" }));
  return svg;
}

// What the last move led to if not to a picture: a sentence, or no answer.
function patience() {
  const line = make("p", { class: "tv-b-wait" });
  let late = 0;
  const say = (text) => {
    clearTimeout(late);
    line.textContent = text;
  };
  const asked = () => {
    clearTimeout(late);
    late = setTimeout(() => (line.textContent = SILENT), 4000);
  };
  return [line, say, asked];
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
        if (!way.length) return [];
        const line = svgElement("polyline", { class: `tv-line tv-${run.look}`, points: way.map((at) => at.slice(1)).join(" ") });
        return [line, svgElement("circle", { class: `tv-dot tv-${run.look}`, cx: x, cy: y, r: 7 })];
      });
      tops[k].replaceChildren(...shown.reverse().flat());
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
    runs = told;
    last = Math.max(1, ...runs.map((run) => run.path.at(-1)?.[0] ?? 0));
    named();
  };
  return [make("div", { class: "tv-b-race" }, button, count), show, stop];
}

const layer = (svg) => svg.appendChild(svgElement("g"));

// The picture in which the start can be clicked, dragged or pushed with the arrow keys.
function startField(get, send, open) {
  const svg = canvas(520, 360);
  const ground = layer(svg);
  const path = layer(svg);
  const handle = make("button", { type: "button", class: "tv-b-start" });
  const box = make("div", { class: "tv-b-field" }, svg, handle);
  let field = null;
  let pulled = null;
  const spans = () => [field.x, field.y].map(({ low, high }) => [low, high]);
  const data = (event) => {
    const seen = svg.getBoundingClientRect();
    const at = field.data(((event.clientX - seen.left) / seen.width) * 520, ((event.clientY - seen.top) / seen.height) * 360);
    return spans().map(([low, high], k) => Math.max(low, Math.min(high, at[k])));
  };
  const sendPoint = (point) => {
    const grains = spans().map(([low, high]) => 10 ** Math.floor(Math.log10((high - low) / 500)));
    send(get("start").map((_, k) => Number((Math.round(point[k] / grains[k]) * grains[k]).toPrecision(6))));
  };
  box.onpointerdown = (event) => {
    if (event.button || !field) return;
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
    waiting = requestAnimationFrame(() => sendPoint(data(event)));
  };
  box.onpointerup = (event) => {
    const was = pulled;
    pulled = null;
    cancelAnimationFrame(waiting);
    if (!was) return;
    if (!was.moved && was.step !== undefined && open) return open(+was.step);
    if (was.moved || event.target !== handle) sendPoint(data(event));
  };
  box.onpointercancel = () => (pulled = null);
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  handle.onkeydown = (event) => {
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 10 : 1;
    const start = get("start");
    const push = start.length === 1 ? [way[0] || way[1]] : way;
    sendPoint(start.map((v, k) => v + (push[k] * far * (spans()[k][1] - spans()[k][0])) / 100));
  };
  return {
    box,
    svg,
    path,
    base(made, elements) {
      field = made;
      ground.replaceChildren(...elements);
    },
    show([a, b], words, alt, elements) {
      path.replaceChildren(...elements);
      svg.setAttribute("aria-label", alt);
      handle.style.left = `${(a / 520) * 100}%`;
      handle.style.top = `${(b / 360) * 100}%`;
      handle.setAttribute("aria-label", `Start: ${words}. Drag it, or press the arrow keys.`);
    },
  };
}

// The graph of a step below the pictures, as the kernel draws it.
function graphBelow(close) {
  const box = make("div", { class: "tv-b-graph" });
  const show = ({ title, svg, text } = {}) => {
    if (!title) return box.replaceChildren();
    const button = make("button", { type: "button", class: "tv-b-close" }, "Close");
    button.onclick = () => (close(), box.replaceChildren());
    const picture = make("div", { class: "tv-b-scroll", tabindex: 0, role: "group", "aria-label": title });
    if (svg) {
      const page = new DOMParser().parseFromString(svg, "image/svg+xml");
      const drawn = picture.appendChild(scoped(document.importNode(page.documentElement, true)));
      drawn.style.minWidth = `${0.8 * drawn.viewBox.baseVal.width}px`;
    } else picture.append(text);
    box.replaceChildren(make("p", { class: "tv-b-title" }, title), button, picture);
    rest(button);
  };
  return [box, show];
}

const TRAITS = ["loss", "optimizer", "parameters", "steps", "start", "compare", "learning_rate"];

// The usual parameters of an optimizer, as its controls show them.
const usualOf = ({ controls, settings }) => Object.fromEntries(controls.map((name) => [name, settings[name]]));

// Why these settings make no descent; "" if they do.
function oddSettings({ odd }, get) {
  const [rate, steps, start] = ["learning_rate", "steps", "start"].map(get);
  if (!(rate > 0 && isNumber(rate))) return odd.rate.replace("{}", rate);
  if (!(steps >= 1)) return odd.steps.replace("{}", steps);
  return start.every((v) => typeof v === "number" && isNumber(v)) ? "" : odd.start;
}

// Runs the chosen optimizers here, on losses that were compiled.
function runner(setup, get) {
  const surfaces = new Map();
  const lands = new Map();
  return (loss) => {
    if (!surfaces.has(loss.name)) surfaces.set(loss.name, surfaceOf(wholeProgram(loss.program, setup.formulas)));
    const surface = surfaces.get(loss.name);
    const [rate, steps, start, first, parameters] = ["learning_rate", "steps", "start", "optimizer", "parameters"].map(get);
    const names = [...new Set([first, ...get("compare")])];
    const runs = names.map((name, k) => {
      const method = setup.methods.find((one) => one.name === name);
      const run = { ...descend(surface, method, { rate, steps, start, parameters: k ? {} : parameters }), loss: loss.loss };
      run.curvatures = curvatures(surface, run);
      return { ...run, regime: regime(run) };
    });
    lands.set(loss.name, landscapeFor(surface, loss.window, start, runs[0], track(runs[0]).near, lands.get(loss.name)));
    return { runs, land: lands.get(loss.name) };
  };
}

// The largest learning rate that can settle at the minimum, and its words.
function limitOf({ kind, momentum, ahead, curvatures: { minimum, start } }) {
  const limit = kind === "SGD" ? limitAt(minimum ?? start) : null;
  const bound = limit && (limit * boundOf(momentum, ahead)) / 2;
  return { limit: bound, words: bound ? `limit${minimum ? "" : " at the start"} ${number(bound)}` : "" };
}

// The panel in ``el``. The model is a widget's, or the state of a page; with a kernel behind
// it (``alive``) losses that were not compiled are run there, and a step opens its graph.
function studio(model, el, alive) {
  const get = (trait) => model.get(trait);
  const setup = get("setup");
  const lossNow = () => setup.losses.find(({ name }) => name === get("loss"));
  const heard = [];
  const on = (trait, act) => {
    heard.push([`change:${trait}`, act]);
    model.on(`change:${trait}`, act);
  };
  const open = alive && ((step) => (model.set("open_step", step), model.save_changes()));
  const [note, say, asked] = patience();
  const change = (trait, value) => {
    const method = setup.methods.find(({ name }) => name === (trait === "optimizer" ? value : get("optimizer")));
    const begin = trait === "loss" ? setup.losses.find(({ name }) => name === value).begin : {};
    const usual = trait === "loss" || trait === "optimizer" ? { parameters: usualOf(method) } : {};
    for (const [name, set] of Object.entries({ [trait]: value, ...begin, ...usual })) model.set(name, set);
    model.save_changes();
    if (!lossNow().program) asked();
  };
  const root = make("div", { class: `tapeviz-board tv-${get("theme")}${open ? " tv-b-opens" : ""}`, role: "group", "aria-label": "Gradient descent", ...KEYS });
  const [rows, fillControls, bound] = controls(setup, get, change);
  const left = startField(get, (start) => change("start", start), open);
  const right = canvas(380, 360);
  const curve = layer(right);
  const [play, line, stop] = race([left.svg, left.path], [right, curve]);
  const words = make("div", { class: "tv-b-words" });
  const [table, fill] = stepTable(open);
  const [graph, unfold] = graphBelow(() => open(-1));
  const pair = make("div", { class: "tv-b-pair" }, left.box, make("div", { class: "tv-b-losses" }, right));
  const live = make("div", { role: "status", "aria-atomic": "false" }, note, words);
  root.append(...rows.slice(0, -1), make("div", { class: "tv-b-slider" }, play, rows.at(-1)), pair, live, graph, table);
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, (event) => event.stopPropagation());

  const run = runner(setup, get);
  const logs = {};
  let drawn = null;
  let field = null;
  let count = 0;
  const show = ({ runs, land }) => {
    const { names, loss } = lossNow();
    if (drawn !== land) {
      drawn = land;
      field = fieldOf(land, names);
      left.base(field, groundOf(field, land, names, loss));
    }
    const start = get("start");
    const seen = runs.map(seenRun);
    const several = runs.length > 1;
    const key = [get("loss"), ...runs.map(({ name }) => name)].join();
    const losses = lossesPlot(seen, logs[key]);
    logs[key] = losses.log;
    const { inner, outer } = pathsOf(field, seen);
    const notes = seen.map(lossNote);
    const alts = seen.map((one) => described(one, names));
    const alt = several ? `${runs.length} runs. ${runs.map(({ name }, k) => `${name}: ${alts[k]}`).join(" ")}` : alts[0];
    left.show(startAt(field, start, seen[0]), pointWords(names, start), alt, [field.clip(...inner, ...outer)]);
    const marks = lossMarks(losses.plot, seen);
    curve.replaceChildren(losses.plot.clip(...marks.inner), losses.plot.axes(`${loss} at each step`), ...marks.outer);
    right.setAttribute("aria-label", ["The loss at each step.", ...notes].filter(Boolean).join(" "));
    line(seen.map((one, k) => ({ look: RUNS[k % RUNS.length][0], path: thinned(field, one.path), loss: thinned(losses.plot, lossPath(one)) })));
    words.replaceChildren(
      ...seen.map((one, k) => {
        const { name, sentence, rule } = one.run.regime;
        const said = [sentence, leavesAt(field, one), notes[k]].filter(Boolean).join(" ");
        const line = make("p", {}, make("strong", {}, several ? `${one.run.name}: ${name}.` : `${capital(name)}.`), ` ${said} `);
        if (several) line.prepend(lineKey(RUNS[k % RUNS.length][0]));
        if (rule) line.append(make("span", { class: "tv-b-rule" }, rule));
        return line;
      }),
    );
    fill(tableOf(seen[0], names));
    bound(limitOf(runs[0]));
    root.dataset.run = ++count;
  };
  const result = (loss) => (loss.program ? run(loss) : get("runs").name === loss.name && numbersOf(get("runs"), get("land")));
  const update = () => {
    waiting = false;
    fillControls();
    const loss = lossNow();
    const frozen = !loss.program && !alive;
    for (const box of root.querySelectorAll(".tv-b-control :is(input, select)")) box.disabled = frozen && box.getAttribute("aria-label") !== "loss";
    const odd = loss.program ? oddSettings(setup, get) : frozen ? `${loss.why} ${setup.odd.python}` : get("message");
    say(odd);
    const found = loss.program && odd ? null : result(loss);
    if (found) show(found);
    for (const part of [play, pair, table]) part.hidden = !(found || (count && odd && drawn));
    if (open && found && loss.program) graph.replaceChildren();
  };
  let waiting = false;
  const soon = () => {
    if (!waiting) queueMicrotask(update);
    waiting = true;
  };
  for (const trait of TRAITS) on(trait, () => lossNow().program && soon());
  for (const trait of ["answered", "runs"]) on(trait, () => lossNow().program || soon());
  on("graph", () => unfold(get("graph") ? JSON.parse(get("graph")) : {}));
  root.addEventListener("tapeviz-settings", ({ detail }) => {
    for (const trait of TRAITS) if (trait in detail) change(trait, detail[trait]);
  });
  el.append(root);
  update();
  return () => {
    say("");
    stop();
    for (const [name, act] of heard) model.off(name, act);
  };
}

// Runs as the kernel sends them, in whose numbers nan and infinity are words.
function numbersOf({ runs }, land) {
  const plain = (v) => (Array.isArray(v) ? v.map(plain) : Number(v));
  const run = ({ points, losses, gradients, last, ...more }) => ({ ...more, points: plain(points), losses: plain(losses), gradients: plain(gradients), last: Number(last) });
  land.values = plain(land.values);
  return { runs: runs.map(run), land };
}

// The state of a page that has no kernel, as a widget's model; ``changed`` is what was set.
function pageModel(state) {
  const acts = {};
  const changed = {};
  return {
    changed,
    get: (trait) => state[trait],
    set(trait, value) {
      state[trait] = changed[trait] = value;
      for (const act of acts[`change:${trait}`] ?? []) act();
    },
    save_changes() {},
    on: (name, act) => (acts[name] ??= []).push(act),
    off() {},
  };
}

// Where a widget's panel comes to stand beside this one and hides it, what the reader set
// here goes over to it.
function handOver(el, { changed }) {
  new IntersectionObserver(([{ isIntersecting }]) => {
    const panel = !isIntersecting && el.closest(".jp-OutputArea")?.querySelector(".tv-b-opens");
    if (!panel) return;
    panel.dispatchEvent(new CustomEvent("tapeviz-settings", { detail: { ...changed } }));
    for (const trait of Object.keys(changed)) delete changed[trait];
  }).observe(el);
}

// The panel in the place of what stood in ``el`` without a script, once it can be seen:
// where a widget shows it there is no need of another.
function studioIn(el, state) {
  const mount = () => {
    el.replaceChildren(...(state.css ? [make("style", {}, state.css)] : []));
    const model = pageModel(structuredClone(state));
    studio(model, el, false);
    handOver(el, model);
  };
  if (el.checkVisibility ? el.checkVisibility() : el.getClientRects().length) return mount();
  const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && (seen.disconnect(), mount()));
  seen.observe(el);
}
