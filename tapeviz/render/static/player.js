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
const KEYS = { "data-lm-suppress-shortcuts": "true" };
const SPEEDS = [0.5, 1, 2, 4];

function make(tag, attributes = {}, ...inside) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...inside);
  return el;
}

function icon(name) {
  const box = make("span", { "aria-hidden": "true" });
  box.innerHTML = `<svg viewBox="0 0 20 20" width="20" height="20"><path d="${ICONS[name]}"/></svg>`;
  return box;
}

// The picture as it was drawn, without anything that could run or fetch.
function picture(film, image) {
  const bytes = (url) => Uint8Array.from(atob(url.split(",")[1]), (c) => c.charCodeAt(0));
  const text = film.svg ?? new TextDecoder().decode(bytes(image.src));
  const page = new DOMParser().parseFromString(text, "image/svg+xml");
  const svg = document.importNode(film.svg ? page.documentElement : page.querySelector("svg svg"), true);
  for (const el of [svg, ...svg.querySelectorAll("*")]) {
    if (/^(script|foreignobject|iframe)$/i.test(el.localName)) el.remove();
    for (const { name, value } of [...el.attributes]) {
      if (/^on/i.test(name) || (/href$/i.test(name) && !/^(#|data:image)/.test(value))) el.removeAttribute(name);
    }
  }
  return svg;
}

// Where the step is kept when no kernel keeps it.
function memory(state) {
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

// Moves the step on while the film plays; long captions stay longer.
function clock(film, store, seen = () => true) {
  const last = film.frames.length - 1;
  let timer;
  const tick = () => {
    if (!seen()) return store.set({ playing: false });
    const step = store.get("step") + 1;
    store.set(step < last ? { step } : { step: last, playing: false });
  };
  const wind = () => {
    clearTimeout(timer);
    if (!store.get("playing")) return;
    const { caption } = film.frames[Math.min(store.get("step"), last)];
    timer = setTimeout(tick, (900 + 14 * caption.length) / store.get("speed"));
  };
  const off = store.on(wind);
  wind();
  return () => (clearTimeout(timer), off());
}

// Marks on the picture: going back takes the very marks off that going forward put on.
function stage(film, svg) {
  const found = {};
  for (const el of svg.querySelectorAll("[id]")) found[el.id] = el;
  const now = {};
  const undo = film.frames.map(({ marks }) => {
    const before = {};
    for (const id in marks) (before[id] = now[id] ?? ""), (now[id] = marks[id]);
    return before;
  });
  const worn = {};
  let at = -1;
  return (step) => {
    const change = {};
    while (at < step) Object.assign(change, film.frames[++at].marks);
    while (at > step) Object.assign(change, undo[at--]);
    for (const id in change) {
      if (worn[id]) found[id]?.classList.remove(worn[id]);
      if (change[id]) found[id]?.classList.add(change[id]);
      worn[id] = change[id];
    }
  };
}

// The learner's lines; only the lit ones are written anew.
function listing(film) {
  const lines = [];
  const box = make("div", { class: "tv-code", tabindex: 0, role: "group", "aria-label": "Code", ...KEYS });
  for (const { name, first, lines: texts } of film.code) {
    if (film.code.length > 1) box.append(make("div", { class: "tv-file" }, name));
    texts.forEach((text, i) => {
      const code = make("code", {}, text || " ");
      box.append(make("div", { class: "tv-line" }, make("span", { class: "tv-number" }, `${first + i}`), code));
      lines.push({ code, text });
    });
  }
  let lit = [];
  const light = (step) => {
    for (const { code, text } of lit) {
      code.replaceChildren(text || " ");
      code.parentNode.classList.remove("tv-lit");
    }
    const places = {};
    for (const n of film.frames[step].spans) (places[film.spans[n][0]] ??= []).push(film.spans[n]);
    lit = Object.keys(places).map((n) => lines[n]);
    for (const n in places) paint(lines[n], places[n]);
    if (lit[0]) reveal(box, [lit[0].code.querySelector("mark")]);
  };
  return [box, light];
}

function paint({ code, text }, places) {
  const parts = [];
  let end = 0;
  for (const [, from, to] of places) {
    parts.push(text.slice(end, from), make("mark", {}, text.slice(from, to)));
    end = to;
  }
  code.replaceChildren(...parts, text.slice(end));
  code.parentNode.classList.add("tv-lit");
}

// Scrolls a box, never the page, so that these elements can be seen.
function reveal(box, els, sideways = true) {
  const wide = sideways && box.scrollWidth > box.clientWidth + 1;
  const high = box.scrollHeight > box.clientHeight + 1;
  if (!els.length || !(wide || high)) return;
  const frame = box.getBoundingClientRect();
  const rects = els.map((el) => el.getBoundingClientRect());
  const shift = (low, high, from, to) => {
    const [a, b] = [Math.min(...rects.map((r) => r[low])), Math.max(...rects.map((r) => r[high]))];
    return a < from + 12 || b > to - 12 ? (a + b - from - to) / 2 : 0;
  };
  box.scrollBy(
    wide ? shift("left", "right", frame.left, frame.left + box.clientWidth) : 0,
    high ? shift("top", "bottom", frame.top, frame.top + box.clientHeight) : 0,
  );
}

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
  return [make("details", {}, make("summary", KEYS, "All steps as a table"), box), light];
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

export function mount(root, film, store = memory({ step: film.step ?? 0, playing: false, speed: 1 })) {
  const last = film.frames.length - 1;
  const go = (step) => store.set({ step: Math.max(0, Math.min(last, step)), playing: false });
  const play = () => {
    const playing = !store.get("playing");
    store.set(playing && store.get("step") >= last ? { step: 0, playing } : { playing });
  };
  const acts = {
    first: () => go(0),
    back: () => go(store.get("step") - 1),
    play,
    forward: () => go(store.get("step") + 1),
    last: () => go(last),
  };

  const svg = picture(film, root.querySelector("img"));
  const mark = stage(film, svg);
  const [code, light] = listing(film);
  const [table, tick] = twin(film, go);
  const screen = make("div", { class: "tv-screen", tabindex: 0, role: "group", "aria-label": "Picture", ...KEYS }, svg);
  for (const id in film.jump) svg.querySelector(`[id="${CSS.escape(id)}"]`)?.classList.add("tv-jump");
  screen.onclick = ({ target }) => {
    for (let el = target; el !== screen; el = el.parentNode) {
      const steps = film.jump[el.id];
      if (steps) return go(steps.find((step) => step > store.get("step")) ?? steps[0]);
    }
  };

  const names = { first: "First step", back: "Back", play: "Play", forward: "Forward", last: "Last step" };
  const buttons = Object.keys(acts).map((name) => {
    const button = make("button", { type: "button", class: `tv-${name}`, title: names[name], "aria-label": names[name], ...KEYS }, icon(name));
    button.onclick = acts[name];
    return button;
  });
  const range = make("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "Step", ...KEYS });
  range.oninput = () => go(+range.value);
  const count = make("span", { class: "tv-count" });
  const option = (n) => make("option", { value: n }, `${n}×`);
  const speed = make("select", { "aria-label": "Speed", title: "Speed", ...KEYS }, ...SPEEDS.map(option));
  speed.onchange = () => store.set({ speed: +speed.value });
  const caption = make("p", { class: "tv-caption", "aria-live": "polite", "aria-atomic": "true" });
  const formula = make("p", { class: "tv-formula" });

  const show = () => {
    const step = Math.max(0, Math.min(last, store.get("step")));
    const frame = film.frames[step];
    const playing = store.get("playing");
    mark(step), light(step), tick(step);
    root.dataset.phase = frame.phase;
    caption.textContent = frame.caption;
    formula.textContent = frame.formula;
    count.textContent = `Step ${step} / ${last}`;
    range.value = step;
    range.style.setProperty("--at", last ? step / last : 0);
    range.setAttribute("aria-valuetext", `${count.textContent}: ${frame.caption}`);
    speed.value = store.get("speed");
    for (const n of [0, 1]) buttons[n].setAttribute("aria-disabled", step === 0);
    for (const n of [3, 4]) buttons[n].setAttribute("aria-disabled", step === last);
    const name = playing ? "pause" : "play";
    if (buttons[2].dataset.icon !== name) {
      buttons[2].dataset.icon = name;
      buttons[2].replaceChildren(icon(name));
      buttons[2].title = playing ? "Pause" : "Play";
      buttons[2].setAttribute("aria-label", buttons[2].title);
    }
    reveal(screen, [...svg.querySelectorAll(".hot")]);
  };

  const keys = { " ": play, ArrowLeft: acts.back, ArrowRight: acts.forward, Home: acts.first, End: acts.last };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const native = event.target.matches(event.key === " " ? "button,select,summary" : "select");
    if (event.type !== "keydown" || native || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, press);
  // After a click on a button Space plays again, and does not click it once more.
  const settle = (event) => {
    if (event.detail && event.target.closest("button")) root.focus({ preventScroll: true });
  };
  root.addEventListener("click", settle);

  const bar = make("div", { class: "tv-bar" }, ...buttons, count, speed);
  const film_strip = make("div", { class: "tv-strip" }, phases(film), range);
  const attributes = { role: "group", "aria-label": film.title, tabindex: 0, ...KEYS };
  for (const name in attributes) root.setAttribute(name, attributes[name]);
  root.classList.add("tapeviz-film", `tv-${film.theme}`);
  const words = make("div", { class: "tv-words" }, caption, formula);
  root.replaceChildren(make("p", { class: "tv-title" }, film.title), code, screen, words, film_strip, bar, table);
  if (film.css) root.prepend(make("style", {}, film.css));
  if (!film.code.length) code.remove();
  if (!film.table.rows.length) table.remove();

  const off = store.on(show);
  show();
  return () => {
    off();
    for (const type of ["keydown", "keyup", "keypress"]) root.removeEventListener(type, press);
    root.removeEventListener("click", settle);
    root.replaceChildren();
  };
}

// One clock per film, however many views it has.
export function start(root, film) {
  const store = memory({ step: film.step ?? 0, playing: false, speed: 1 });
  const stop = clock(film, store, () => root.isConnected);
  const close = mount(root, film, store);
  return () => (stop(), close());
}

export default {
  initialize: ({ model }) => renewed(model, (film) => clock(film, shared(model))),
  render({ model, el }) {
    const root = el.appendChild(make("div"));
    return renewed(model, (film) => mount(root, film, shared(model)));
  },
};

// What is made for a film is made anew when the model gets another one.
function renewed(model, build) {
  const fresh = () => build(JSON.parse(model.get("film")));
  let end = fresh();
  const change = () => {
    if (!model.get("film")) return;
    end();
    end = fresh();
  };
  model.on("change:film", change);
  return () => (model.off("change:film", change), end());
}

// The same in a widget's model, so that every view and the kernel share one step.
function shared(model) {
  const names = "change:step change:playing change:speed";
  return {
    get: (key) => model.get(key),
    set(change) {
      for (const key in change) model.set(key, change[key]);
      model.save_changes();
    },
    on(hear) {
      model.on(names, hear);
      return () => model.off(names, hear);
    },
  };
}
