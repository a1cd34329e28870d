// Shows a film: one picture that stays, and what every step changes on it.
// It knows ids, marks, captions and code to light; what they mean was decided before.

const ICONS = {
  first: "M6 5v10M15 5l-7 5 7 5z",
  back: "M13 4l-7 6 7 6z",
  play: "M6 4l10 6-10 6z",
  pause: "M7 4v12M13 4v12",
  forward: "M7 4l7 6-7 6z",
  last: "M14 5v10M5 5l7 5-7 5z",
};
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const MARKS = ["", "on", "hot", "done", "dim", "off"];
const HELP = {
  Space: "play or pause",
  "← →": "one step",
  "Shift ← →": "one node",
  "Home End": "first, last step",
  "1 – 5": "speed",
  p: "predict first",
  c: "finite differences",
  t: "table",
  f: "full screen",
  "?": "these keys",
};

// A film as it was told, with every frame written out.
function unfold(told, img) {
  const { texts, ids, phases } = told;
  const page = parsed(told.svg ?? decodeURIComponent(img.getAttribute("src").replace(/^[^,]*,/, "")));
  const shown = page.querySelectorAll(".tv-words>text");
  const text = (n) => texts[n];
  const frames = told.frames.map(([caption, formula = 0, flat = [], spans = [], row = 0, topic = 0, phase = 0, check = 0, terms = []], step) => {
    const marks = {};
    for (let i = 0; i < flat.length; i += 2) marks[ids[flat[i]]] = MARKS[flat[i + 1]];
    return { caption: caption === 0 ? words(shown[step]) : caption, formula: text(formula) ?? shown[step].querySelector(".tv-eq").textContent, marks, spans, row: row - 1, topic, phase: phases[phase], check: text(check), terms };
  });
  const asks = told.asks.map(([step, question, answer, hints, slips, kind, where]) => ({
    step,
    question,
    answer,
    hints: hints.map(text),
    slips: slips.map(([n, ...answer]) => ({ answer, text: text(n) })),
    shape: kind % 2 > 0,
    early: kind > 1,
    where: ids[where],
  }));
  const rows = told.table.rows.map(() => 0);
  frames.forEach(({ row }, step) => row >= 0 && (rows[row] = step));
  return { ...told, page, frames, asks, rows };
}

const parsed = (text) => new DOMParser().parseFromString(text, "image/svg+xml");

// The lines of a caption in the picture; its formula has a class.
const words = ({ childNodes }) => [...childNodes].flatMap((line) => (line.attributes?.class ? [] : [line.textContent])).join(" ");

// The picture as it was drawn, without anything that could run or fetch.
function picture({ svg: own, page }) {
  const svg = document.importNode(own ? page.documentElement : page.querySelector("svg svg"), true);
  for (const el of [svg, ...svg.querySelectorAll("*")]) {
    if (/^(script|foreignobject|iframe)$/i.test(el.localName)) el.remove();
    for (const { name, value } of [...el.attributes]) {
      if (/^on/i.test(name) || (/href$/i.test(name) && !/^(#|data:image)/.test(value))) el.removeAttribute(name);
    }
  }
  return scoped(svg);
}

// Where the step is kept when no kernel keeps it.
function memory({ step = 0, speed = 1, predict = false }) {
  const state = { step, speed, predict, playing: false, answers: {} };
  const heard = new Set();
  return {
    get: (key) => state[key],
    set(change) {
      Object.assign(state, change);
      for (const hear of heard) hear();
    },
    on(hear) {
      heard.add(hear);
      return () => heard.delete(hear);
    },
  };
}

// Moves the step on: the whole film in some seconds. A slow page leaves steps out.
function clock(film, store, seen = () => true) {
  const last = film.frames.length - 1;
  let timer, due;
  const tick = () => {
    if (!seen()) return store.set({ playing: false });
    const at = store.get("step");
    const step = Math.min(last, at + 1 + Math.trunc((performance.now() - due) / lasts(film, store)));
    const open = gate(film, store, at, step);
    store.set(open ? { step: open.step - 1, playing: false } : { step, playing: step < last });
  };
  const wind = () => {
    clearTimeout(timer);
    if (!store.get("playing")) return;
    due = performance.now() + lasts(film, store);
    timer = setTimeout(tick, lasts(film, store));
  };
  const off = store.on(wind);
  wind();
  return () => (clearTimeout(timer), off());
}

// How long a step lasts while the film plays.
const lasts = ({ frames }, store) => Math.min(1500, 6500 / (frames.length - 1)) / store.get("speed");

// What moves while it plays: a gradient along its arrow into the sum, a point from where the last one was.
function travel(found, change) {
  if (matchMedia("(prefers-reduced-motion:reduce)").matches) return;
  for (const id in change) {
    const el = found[id];
    const hot = change[id] === "hot";
    if (/-g\w+$/.test(id)) el.animate({ opacity: change[id] === "on" ? [0, 0, 1] : [1, 1, 0] }, 400);
    if (hot && /-c$/.test(id)) {
      const wire = found[id.slice(0, -2)].querySelector("path");
      const dot = wire.cloneNode();
      dot.setAttribute("class", "tv-pulse");
      wire.after(dot);
      dot.animate({ strokeDashoffset: [-wire.getTotalLength(), 0] }, 400).onfinish = () => dot.remove();
    }
    if (hot && /^[pl]\d+$/.test(id)) {
      const mark = el.lastElementChild;
      const to = mark.getBoundingClientRect();
      const from = found[id[0]]?.getBoundingClientRect() ?? to;
      const far = (side) => (from[side] - to[side]) / mark.getScreenCTM().a + "px ";
      mark.animate({ translate: [far("x") + far("y"), "0 0"] }, 400);
      found[id[0]] = mark;
    }
  }
}

// Marks on the picture: going back takes the very marks off that going forward put on.
// A question mark stands where what is asked for will.
function stage(film, svg) {
  const found = {};
  for (const el of svg.querySelectorAll("[id]")) found[el.id] = el;
  const sign = svg.querySelector(".tv-ask");
  const now = {};
  const undo = film.frames.map(({ marks }) => {
    const before = {};
    for (const id in marks) (before[id] = now[id] ?? ""), (now[id] = marks[id]);
    return before;
  });
  const worn = {};
  let at = -1;
  return (step, asked, playing) => {
    const el = found[asked];
    sign?.classList.toggle("tv-on", !!el);
    if (el) {
      const { x, y, width, height } = el.getBBox();
      sign.setAttribute("x", x + width / 2);
      sign.setAttribute("y", y + height - 3);
    }
    const change = {};
    while (at < step) Object.assign(change, film.frames[++at].marks);
    while (at > step) Object.assign(change, undo[at--]);
    for (const id in change) {
      if (worn[id]) found[id]?.classList.remove("tv-" + worn[id]);
      if (change[id]) found[id]?.classList.add("tv-" + change[id]);
      worn[id] = change[id];
    }
    if (playing) travel(found, change);
  };
}

// A frame as it reads for the numbers that are shown now.
const asRead = (film, step) => film.now?.frame(step) ?? film.frames[step];

function twin(film, go) {
  const { heads, rows } = film.table;
  const cells = (texts, n) => [
    make("th", { scope: "row" }, make("button", { type: "button", "aria-label": `Go to step ${texts[0]}`, ...KEYS }, texts[0])),
    ...texts.slice(1).map((text) => make("td", {}, text)),
  ];
  const body = rows.map((texts, n) => {
    const row = make("tr", {}, ...cells(texts, n));
    row.onclick = () => go(film.rows[n]);
    return row;
  });
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
  const box = make("div", { class: "tv-scroll", tabindex: 0, role: "group", "aria-label": "Table of the steps", ...KEYS }, table);
  let lit;
  const light = (step) => {
    lit?.removeAttribute("aria-current");
    lit = body[film.frames[step].row];
    lit?.setAttribute("aria-current", "step");
    if (lit) reveal(box, [lit], false);
  };
  const hide = (first) => body.forEach((row, n) => (row.hidden = film.rows[n] >= first));
  const details = make("details", {}, make("summary", KEYS, "All steps as a table"), box);
  const write = () => details.open && rows.forEach((_, n) => film.now.row(n).forEach((text, k) => k && (body[n].cells[k].textContent = text)));
  if (film.now) details.ontoggle = write;
  return [details, light, hide, write];
}

// The equation; its terms lead to the steps they came with.
function equation(p, { formula, terms }, step, go) {
  const parts = [];
  let end = 0;
  for (const [from, to, at] of terms) {
    const term = make("button", { type: "button", class: "tv-term", title: `Step ${at}`, ...KEYS }, formula.slice(from, to));
    if (at === step) term.setAttribute("aria-current", "step");
    term.onclick = () => go(at);
    parts.push(formula.slice(end, from), term);
    end = to;
  }
  p.replaceChildren(...parts, formula.slice(end));
}

// The stretches of the scrubber that belong to each phase.
function phases(film) {
  const last = film.frames.length - 1;
  const runs = [];
  film.frames.forEach(({ phase }, i) => {
    const width = i && i < last ? 1 : 0.5;
    const run = runs.at(-1);
    if (run?.phase === phase) run.width += width;
    else runs.push({ phase, width });
  });
  const part = (run) => make("span", { class: `tv-${run.phase}`, style: `flex-grow:${run.width}` }, run.phase);
  return make("div", { class: "tv-phases", "aria-hidden": "true" }, ...runs.map(part));
}

function mount(root, film, store) {
  const last = film.frames.length - 1;
  if (film.live?.program) film.now = follow(film);
  const at = () => Math.max(0, Math.min(last, store.get("step")));
  // A reader who predicts goes no further than up to the next open question.
  const go = (to) => {
    const step = Math.max(0, Math.min(last, to));
    const ask = gate(film, store, at(), step);
    store.set({ step: ask ? ask.step - 1 : step, playing: false });
  };
  // A click on code leads to the steps that light the smallest part of it.
  const lead = (here) => {
    const wide = ([, from, to]) => to - from;
    const around = film.spans.filter(here).sort((a, b) => wide(a) - wide(b));
    const place = film.spans.indexOf(around[0]);
    const steps = film.frames.flatMap(({ spans }, step) => (spans.includes(place) ? [step] : []));
    if (steps.length) go(steps.find((step) => step > at()) ?? steps[0]);
  };
  const play = () => {
    const playing = !store.get("playing");
    store.set(playing && at() >= last ? { step: 0, playing } : { playing });
  };
  const along = (way) => {
    const { topic } = film.frames[at()];
    let step = at();
    const far = film.frames.some((frame) => frame.topic) ? way : 10 * way;
    do step += far;
    while (topic && film.frames[step]?.topic === topic);
    const first = film.frames[step]?.topic;
    while (way < 0 && first && film.frames[step - 1]?.topic === first) step -= 1;
    go(step);
  };
  const acts = {
    first: () => go(0),
    back: () => go(at() - 1),
    play,
    forward: () => go(at() + 1),
    last: () => go(last),
  };

  const svg = picture(film);
  // The caption and the table tell what it shows; its own words tell all steps at once.
  svg.setAttribute("aria-label", svg.querySelector("title")?.textContent ?? film.title);
  svg.removeAttribute("aria-labelledby");
  for (const el of svg.children) el.setAttribute("aria-hidden", true);
  const mark = stage(film, svg);
  const [code, light] = listing(film.code, lead);
  const [table, tick, hide, write] = twin(film, go);
  const [quiz, ask] = panel(film, store, root);
  const screen = make("div", { class: "tv-screen", tabindex: 0, role: "group", "aria-label": "Picture", ...KEYS }, svg);
  // A click on a box tells of it, with the gradient that it shows now.
  const told = make("p", { class: "tv-told", role: "status" });
  screen.onclick = ({ target }) => {
    const id = CSS.escape((target.closest("svg [id]")?.id ?? "x").replace(/-.*/, ""));
    const title = svg.querySelector(`#${id}>title`)?.textContent ?? "";
    const now = [...svg.querySelectorAll(`[id^=${id}-g]:is(.tv-on,.tv-hot) text`)];
    told.textContent = title.replace(/\n/g, " · ") + (now[0] ? " · gradient " + now.map((el) => el.textContent).join(" ") : "");
  };
  const sight = () => reveal(screen, svg.querySelectorAll(at() ? ".tv-hot" : ".tv-target"));
  const sizes = new ResizeObserver(sight);
  sizes.observe(screen);

  // What if: other numbers, from which all that is said follows.
  const find = (id) => svg.querySelector("#" + CSS.escape(id));
  const label = film.now?.labels(svg, find);
  let pulled = false;
  const draw = (changed) => {
    film.now.set(changed);
    label(), write();
    told.textContent = "";
    pulled = true;
    show();
    pulled = false;
  };
  const handles = film.now && whatIf(film.now.machine, { root, draw, box: find, quiet: () => store.get("predict"), slope: film.live.slope && slopeInset });
  if (handles) film.now.put = handles.set;
  const beside = handles ? paired(screen, handles.inset, svg) : screen;
  const below = handles?.row ?? (film.live ? make("p", { class: "tv-why" }, film.live.why) : "");

  const names = { first: "First step", back: "Back", play: "Play", forward: "Forward", last: "Last step" };
  const buttons = Object.keys(acts).map((name) => press(name, names[name], icon(ICONS[name]), acts[name]));
  const range = make("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "Step of the film", ...KEYS });
  range.oninput = () => go(+range.value);
  const count = make("span", { class: "tv-count" });
  const option = (n) => make("option", { value: n }, `${n}×`);
  const speed = make("select", { "aria-label": "Speed", title: "Speed", ...KEYS }, ...[...new Set([...SPEEDS, store.get("speed")])].map(option));
  speed.onchange = () => store.set({ speed: +speed.value });
  const caption = make("p", { class: "tv-caption", "aria-live": "polite", "aria-atomic": "true" });
  const formula = make("p", { class: "tv-equation" });
  const checked = make("p", { class: "tv-check", role: "status", hidden: "" });
  const help = legend(film.now ? { ...HELP, r: "recorded numbers" } : HELP);

  const predict = () => store.set({ predict: !store.get("predict"), playing: false });
  const check = () => ((checked.hidden = !checked.hidden), show());
  const explain = () => ((help.hidden = !help.hidden), show());
  const tools = [
    press("predict", "Predict before you see (p)", "Predict", predict),
    press("compare", "Check against finite differences (c)", "Check", check),
    speed,
    press("full", "Full screen (f)", icon(FULL), () => full(root)),
    press("keys", "Keys (?)", "?", explain),
  ];
  tools[0].hidden = !film.asks.length;
  tools[1].hidden = !film.frames.some((frame) => frame.check);

  const show = () => {
    const step = at();
    const playing = store.get("playing");
    const asking = ask();
    const frame = asRead(film, step);
    mark(step, asking, playing), light(frame.spans.map((n) => film.spans[n])), tick(step);
    hide(gate(film, store)?.step ?? Infinity);
    root.dataset.phase = frame.phase;
    // What plays is not spoken: the voice would stay behind. Where it stops, it is.
    const live = playing || pulled ? "off" : "polite";
    // What would pass unread is not written.
    const brief = playing && lasts(film, store) < 900;
    const said = brief ? "The whole film first: " + frame.phase : frame.caption;
    if (caption.textContent !== said || caption.ariaLive !== live) {
      caption.ariaLive = live;
      caption.textContent = said;
      told.textContent = "";
    }
    svg.setAttribute("aria-description", frame.caption);
    equation(formula, brief ? { formula: "", terms: [] } : frame, step, go);
    checked.textContent = frame.check || "Nothing to compare: this step adds nothing.";
    count.textContent = `Step ${step} / ${last}`;
    range.value = step;
    range.style.setProperty("--at", last ? step / last : 0);
    range.setAttribute("aria-valuetext", `${step} of ${last}, ${frame.phase}`);
    speed.value = store.get("speed");
    handles?.tell();
    tools[0].setAttribute("aria-pressed", !!store.get("predict"));
    tools[1].setAttribute("aria-pressed", !checked.hidden);
    tools[4].setAttribute("aria-expanded", !help.hidden);
    buttons.forEach((button, n) => button.setAttribute("aria-disabled", n < 2 ? !step : n > 2 && step === last));
    const name = playing ? "Pause" : "Play";
    const toggle = buttons[2];
    if (toggle.title !== name) {
      toggle.title = name;
      toggle.setAttribute("aria-label", name);
      toggle.replaceChildren(icon(ICONS[name.toLowerCase()]));
    }
    sight();
  };

  // On paper the steps that matter stand one below the other. A browser that prints says
  // so before it lays the sheet out; a program that prints may only say so by its medium.
  const paper = matchMedia("print");
  const leaves = pane("leaves");
  const lay = ({ type } = {}) => {
    const leaf = (step) => {
      mark(step);
      const { caption, formula } = asRead(film, step);
      return pane("leaf", pane("screen", svg.cloneNode(true)), make("p", {}, `Step ${step}: ${caption}`), make("p", {}, formula));
    };
    leaves.replaceChildren(...(paper.matches || type === "beforeprint" ? film.keys.map(leaf) : []));
    show();
  };
  const printing = ["beforeprint", "afterprint"];
  for (const type of printing) addEventListener(type, lay);
  paper.addEventListener("change", lay);

  const bound = {
    " ": play,
    ArrowLeft: (event) => (event.shiftKey ? along(-1) : acts.back()),
    ArrowRight: (event) => (event.shiftKey ? along(1) : acts.forward()),
    Home: acts.first,
    End: acts.last,
    f: () => full(root),
    p: () => tools[0].hidden || predict(),
    c: () => tools[1].hidden || check(),
    t: () => (table.open = !table.open),
    "?": explain,
    Escape: () => (root.classList.contains("tv-wide") ? full(root) : ((help.hidden = true), rest(root), show())),
  };
  SPEEDS.forEach((speed, n) => (bound[n + 1] = () => store.set({ speed })));
  const typed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const { target, key } = event;
    const typing = /text|number/.test(target.type) && key !== "Escape" && (target.value || !/^(Arrow|Home|End)/.test(key));
    const native = typing || target.matches(key === " " ? "button,select,summary" : "select");
    if (event.type !== "keydown" || native || !bound[key]) return;
    event.preventDefault();
    waiting = false;
    bound[key](event);
  };
  const heard = { keydown: typed, keyup: typed, keypress: typed };
  // After a click on a button Space plays again, and does not click it once more.
  heard.click = (event) => {
    const button = event.detail && event.target.closest("button");
    if (button && !quiz.contains(button) && !quiz.contains(document.activeElement)) rest(root);
  };
  heard.fullscreenchange = () => (root.classList.toggle("tv-wide", document.fullscreenElement === root), show());
  // A mouse that moves onto the picture or the code takes over: the film waits until it
  // leaves. A picture that moves under a mouse at rest sends "enter", too, but no move.
  let waiting = false;
  let fresh = false;
  const hold = ({ pointerType }) => {
    const takes = fresh && pointerType === "mouse" && store.get("playing");
    fresh = false;
    if (takes) (waiting = true), store.set({ playing: false });
  };
  const release = () => {
    if (waiting) store.set({ playing: true });
    waiting = false;
  };
  for (const el of [screen, code]) (el.onpointerenter = () => void (fresh = true)), (el.onpointermove = hold), (el.onpointerleave = release), (el.onpointerdown = () => void (waiting = false));
  for (const type in heard) root.addEventListener(type, heard[type]);

  const bar = pane("bar", ...buttons, count, pane("tools", ...tools));
  const strip = pane("strip", phases(film), range);
  const attributes = { role: "group", "aria-label": film.title, tabindex: 0, ...KEYS };
  for (const name in attributes) root.setAttribute(name, attributes[name]);
  root.classList.add("tapeviz-film", `tv-${film.theme}`);
  const words = pane("words", caption, formula, checked, told);
  root.replaceChildren(make("p", { class: "tv-heading" }, film.title), code, leaves, beside, words, below, quiz, strip, bar, help, table);
  if (film.css) root.prepend(make("style", {}, film.css));
  if (!film.code.length) code.remove();
  if (!film.table.rows.length) table.remove();

  const off = store.on(show);
  lay();
  return () => {
    off();
    sizes.disconnect();
    handles?.close();
    paper.removeEventListener("change", lay);
    for (const type of printing) removeEventListener(type, lay);
    for (const type in heard) root.removeEventListener(type, heard[type]);
    root.replaceChildren();
  };
}

// One clock per film, however many views it has.
function start(root, told) {
  const film = unfold(told, root.querySelector("img"));
  const asked = film.link ? new URLSearchParams(location.hash.slice(1)) : new Map();
  const number = (name) => (asked.has(name) ? { [name]: Number(asked.get(name)) || 0 } : {});
  const store = memory({ ...film, ...number("step"), ...number("speed"), ...(asked.has("predict") && { predict: asked.get("predict") || true }) });
  film.seed = +asked.get("seed") || film.seed;
  const stop = clock(film, store, () => root.isConnected);
  const close = mount(root, film, store);
  const place = () => ["#step=" + store.get("step"), ...(store.get("predict") ? ["predict" + (store.get("predict") === "all" ? "=all" : "")] : [])].join("&");
  // Written when the film rests: Safari fails after a hundred changes in half a minute.
  let later;
  const note = () => {
    clearTimeout(later);
    later = setTimeout(() => history.replaceState(null, "", place()), 400);
  };
  if (film.link) store.on(note);
  return () => (clearTimeout(later), stop(), close());
}
