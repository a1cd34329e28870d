// The studio's controls, drawn from their descriptions. Each shows a value of the state,
// or one entry of it, and sends what the reader sets; it computes nothing.

// The descriptions, row by row; ``key`` is the entry of the trait that a control shows.
function describeControls({ losses, methods }, get) {
  const loss = losses.find(({ name }) => name === get("loss"));
  const steps = get("steps");
  const named = (kind, trait, title, more) => ({ kind, trait, title, label: trait, field: `type the ${more.label ?? trait}`, ...more });
  return [
    [
      ...(losses.length > 1 ? [named("choice", "loss", "What is walked down", { options: losses.map(({ title, name }) => [title, name]) })] : []),
      named("choice", "optimizer", "How the updates are made", { options: methods.map(({ name }) => [name, name]) }),
      ...Object.keys(get("parameters")).map((name) => named("range", "parameters", `The optimizer's ${name}`, { label: name, key: name, min: 0, max: 0.999, step: 0.001 })),
      named("range", "steps", "How many updates are made", { min: Math.min(1, steps), max: Math.max(300, steps), step: 1 }),
      ...loss.names.map((name, key) => named("number", "start", "Where the descent starts", { label: `start ${name}`.trim(), key, step: 0.1 })),
    ],
    [named("checks", "compare", "Runs beside the chosen optimizer", { label: "race with", options: methods.map(({ name }) => name) })],
    [named("range", "learning_rate", "How far each update goes", { label: "learning rate", field: "type the rate", log: true, min: -4, max: 1, step: 0.01, digits: 4 })],
  ];
}

function typed({ label, min, max, step = "any", digits = 12 }, send) {
  const el = make("input", { type: "number", step, "aria-label": label });
  if (min !== undefined) el.min = min;
  const fit = (v) => (max === undefined ? v : Math.min(max, Math.max(min, step === 1 ? Math.round(v) : v)));
  el.onchange = () => send(el.value === "" ? undefined : fit(+el.value));
  return [el, (value) => (el.value = value == null ? "" : Number(value.toPrecision(digits)))];
}

// For each kind: what stands on the page, what shows a value there, and on a logarithmic
// scale what marks a limit.
const KINDS = {
  choice({ label, options }, send) {
    const el = make("select", { "aria-label": label }, ...options.map(([text, value]) => make("option", { value }, text)));
    el.onchange = () => send(el.value);
    return [[make("label", {}, label, el)], (value) => (el.value = value)];
  },
  checks({ label, options }, send) {
    const boxes = options.map((name) => make("input", { type: "checkbox", "aria-label": name }));
    const chosen = () => send(options.filter((_, k) => boxes[k].checked));
    boxes.forEach((el) => (el.onchange = chosen));
    const inside = boxes.map((el, k) => make("label", {}, el, options[k]));
    return [[make("div", { role: "group", "aria-label": label }, label, ...inside)], (value) => boxes.forEach((el, k) => (el.checked = value.includes(options[k])))];
  },
  number(told, send) {
    const [el, show] = typed(told, send);
    return [[make("label", {}, told.label, el)], show];
  },
  range({ label, field, min, max, step, log, digits }, send) {
    const el = make("input", { type: "range", min, max, step, "aria-label": label, class: log ? "tv-b-range" : "" });
    const [number, type] = typed({ label: field, digits, ...(log ? { min: 0 } : { min, max, step }) }, send);
    const mark = make("span", { class: "tv-b-limit", "aria-hidden": "true", hidden: "" });
    const place = (value) => (!log ? value : value > 0 ? Math.log10(value) : min);
    let limit = null;
    el.oninput = () => {
      const near = limit && Math.abs(+el.value - Math.log10(limit)) < 0.0051;
      send(near ? limit : log ? Number((10 ** el.value).toPrecision(3)) : +el.value);
    };
    const show = (value) => {
      el.value = place(value);
      type(value);
      el.setAttribute("aria-valuetext", number.value + (limit ? `, the limit is ${Number(limit.toPrecision(4))}` : ""));
    };
    const bound = (scale) => {
      limit = scale.limit;
      const at = limit ? (place(limit) - min) / (max - min) : -1;
      mark.hidden = at < 0 || at > 1;
      mark.textContent = scale.words;
      mark.classList.toggle("tv-b-left", at > 0.5);
      mark.style.setProperty("--at", Math.max(0, at));
    };
    return [[make("span", { "aria-hidden": "true" }, label), make("div", { class: "tv-b-track" }, el, mark), number], show, log && bound];
  },
};

function control(get, change, told) {
  const { kind, trait, key, title } = told;
  const value = () => (key == null ? get(trait) : get(trait)[key]);
  const send = (next) => {
    const other = next !== undefined && next !== value();
    if (other) change(trait, key == null ? next : Object.assign(structuredClone(get(trait)), { [key]: next }));
    show(value());
  };
  const [inside, show, bound] = KINDS[kind](told, send);
  const box = make("div", { class: "tv-b-control", title }, ...inside);
  return { box, show: () => show(value()), bound: (scale) => bound && (bound(scale), show(value())) };
}

// Rows of controls. One whose description stays is left where it is, with the focus.
function controls(setup, get, change) {
  const known = [0, 1, 2].map(() => new Map());
  const rows = known.map(() => make("div", { class: "tv-b-row" }));
  const each = (act) => known.forEach((row) => row.forEach(act));
  const fill = () => {
    describeControls(setup, get).forEach((row, k) => {
      const names = row.map((told) => JSON.stringify(told));
      for (const [name, one] of known[k]) if (!names.includes(name)) one.box.remove(), known[k].delete(name);
      row.forEach((told, i) => {
        if (known[k].has(names[i])) return;
        const one = control(get, change, told);
        known[k].set(names[i], one);
        rows[k].insertBefore(one.box, rows[k].children[i] ?? null);
      });
    });
    each((one) => one.show());
  };
  fill();
  return [rows, fill, (scale) => each((one) => one.bound(scale))];
}
