// "What if": a field for each number that can be changed, and its box as a handle.
// What follows from the numbers is computed by the machine; here it is asked and said.

const SHOWN = 12;
const PIXELS = 4;

// A step that people like: 1, 2 or 5 of a power of ten, twenty or more to the number.
function friendlyStep({ dtype, data }) {
  if (/int/.test(dtype)) return 1;
  const size = Math.max(...data.map(Math.abs).filter(Number.isFinite)) / 20;
  if (!(size > 0)) return 0.1;
  const power = 10 ** Math.floor(Math.log10(size));
  return +([5, 2].find((k) => k * power <= size * 1.001) ?? 1) * power;
}

const rounded = (value, step) => +(Math.round(value / step) * step).toPrecision(12);

// A whole value of the last run, as it is said.
function saidValue(machine, kind, { id, shape }) {
  const size = shape.reduce((a, b) => a * b, 1);
  const entries = Array.from({ length: Math.min(size, SHOWN) }, (_, k) => formatNumber(machine.at(kind, id, k)));
  return shape.length ? `[${entries.join(", ")}${size > SHOWN ? ", ..." : ""}]` : entries[0];
}

// The row below a picture, and what stands beside it. ``box`` finds a node's element in
// the picture, ``draw`` shows what the machine has computed: once a frame at most.
// ``slope`` makes what stands beside it (slopeInset), if the program has a curve.
// With ``quiet`` nothing is said of the results, which a reader is asked for.
function whatIf(machine, { root, draw, box, slope, quiet = () => false }) {
  const changed = new Map();
  const steps = new Map(machine.handles.map((handle) => [handle, friendlyStep(handle)]));
  const fields = [];
  const result = make("p", { class: "tv-result" });
  const status = make("p", { class: "tv-aloud", role: "status" });
  const now = ({ node, data }) => changed.get(node) ?? data;
  let frame = 0;
  let later = 0;
  let pulling = false;

  const sentences = () => {
    if (exit && exit.text) return exit.text;
    if (quiet()) return "";
    const say = (kind, start, other) => (one) => `${start}${one.label || other} is ${saidValue(machine, kind, one)}`;
    return [...machine.targets.map(say("v", "", "the result")), ...machine.sources.map(say("g", "the gradient of ", "the source"))].join("; ") + ".";
  };
  const speak = () => (status.textContent = result.textContent);
  const tell = () => {
    const said = changed.size ? sentences() : "";
    if (result.textContent !== said) result.textContent = said;
  };
  const refresh = () => {
    frame = 0;
    machine.run(changed);
    if (exit) exit.show(changed);
    draw(changed.size > 0);
    if (inset) inset.show(changed);
    for (const field of fields) field.compare();
    back.setAttribute("aria-disabled", !changed.size);
    tell();
    clearTimeout(later);
    if (!pulling) later = setTimeout(speak, 600);
  };
  const put = (handle, data) => {
    if (data.every((value, k) => value === handle.data[k])) changed.delete(handle.node);
    else changed.set(handle.node, data);
    frame ||= requestAnimationFrame(refresh);
  };
  const assign = (handle, entry, value) => put(handle, now(handle).map((old, k) => (k === entry ? value : old)));
  const move = (handle, entry, value) => {
    assign(handle, entry, rounded(value, steps.get(handle)));
    for (const field of fields) if (field.handle === handle) field.write();
  };
  const set = (numbers) => {
    for (const handle of machine.handles) put(handle, numbers.get(handle.node) ?? handle.data);
    for (const field of fields) field.write();
  };
  const reset = () => set(new Map());

  // Held and moved sideways, an element changes a number; ``chosen`` says which.
  const grip = (el, chosen) => {
    let held = null;
    let moved = false;
    el.classList.add("tv-grip");
    el.addEventListener("pointerdown", (event) => {
      moved = false;
      if (event.button || !event.isPrimary) return;
      const [handle, entry] = chosen(event);
      held = { handle, entry, x: event.clientX, value: now(handle)[entry] || 0 };
      el.setPointerCapture(event.pointerId);
    });
    el.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return (held = null);
      event.stopPropagation();
      const far = event.clientX - held.x;
      if (!moved && Math.abs(far) < PIXELS) return;
      moved = pulling = true;
      move(held.handle, held.entry, held.value + Math.round(far / PIXELS) * steps.get(held.handle));
    });
    for (const type of ["pointerup", "pointercancel"]) {
      el.addEventListener(type, () => {
        held = null;
        if (!pulling) return;
        pulling = false;
        frame ||= requestAnimationFrame(refresh);
      });
    }
    el.addEventListener("click", (event) => moved && (event.preventDefault(), event.stopPropagation()), true);
  };

  // A number field; ``chosen`` says which entry of the value it is for now.
  const field = (handle, chosen) => {
    const whole = steps.get(handle) === 1 && /int/.test(handle.dtype);
    const name = make("span", {});
    const input = make("input", { type: "number", step: whole ? 1 : "any", autocomplete: "off" });
    const was = make("span", { class: "tv-was" });
    const label = make("label", {}, name, input);
    const el = pane("handle", label, was);
    const compare = () => {
      const [value, before] = [now(handle)[chosen()], handle.data[chosen()]];
      const wrong = input.getAttribute("aria-invalid") === "true";
      el.classList.toggle("tv-changed", value !== before);
      el.classList.toggle("tv-wrong", wrong);
      was.textContent = wrong ? (whole ? "no whole number" : "no number") : `was ${formatNumber(before)}`;
      input.setAttribute("aria-description", wrong || value !== before ? was.textContent : "");
    };
    const write = () => {
      input.value = formatNumber(now(handle)[chosen()], 7);
      input.setAttribute("aria-invalid", false);
      name.textContent = handle.shape.length ? entryName(handle, chosen()) : handle.label;
      compare();
    };
    input.oninput = () => {
      const value = input.value === "" ? NaN : Number(input.value);
      const right = Number.isFinite(value) && (!whole || Number.isInteger(value));
      input.setAttribute("aria-invalid", !right);
      if (right) assign(handle, chosen(), value);
      compare();
    };
    input.onkeydown = ({ key, shiftKey }) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[key];
      if (!way) return true;
      move(handle, chosen(), now(handle)[chosen()] + way * (shiftKey ? 10 : 1) * steps.get(handle));
      return false;
    };
    grip(name, () => [handle, chosen()]);
    fields.push({ handle, write, compare });
    write();
    return { el, write };
  };
  for (const handle of machine.handles) {
    const el = box(handle.id);
    if (!el) continue;
    el.classList.add("tv-handled");
    grip(el, (event) => [handle, handle.shape.length ? nearestEntry(el, event) : 0]);
  }
  const back = press("back", "Recorded numbers (r)", "Recorded numbers", reset);
  back.setAttribute("aria-disabled", true);
  const inset = slope && slope(machine, (handle, value) => move(handle, 0, value));
  const all = machine.handles.map((handle) => (handle.shape.length ? arrayFields(handle, field, SHOWN) : field(handle, () => 0)));
  const row = make("div", { class: "tv-what-if", role: "group", "aria-label": "What if", ...KEYS }, pane("handles", make("b", {}, "What if"), ...all.map(({ el }) => el), back), result, status);
  result.setAttribute("aria-hidden", true);
  const exit = machine.exits.length && exitOf(machine, root, row, box);
  const typed = (event) => {
    const { type, key, target } = event;
    const ours = row.contains(target);
    if (ours && key !== "Escape") event.stopPropagation();
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (type !== "keydown" || key !== "r" || !plain || (!ours && target.matches("input:not([type=range]),select"))) return;
    event.preventDefault();
    reset();
  };
  for (const type of ["keydown", "keyup", "keypress"]) row.addEventListener(type, typed);
  root.addEventListener("keydown", typed);
  const close = () => (cancelAnimationFrame(frame), clearTimeout(later), root.removeEventListener("keydown", typed));
  return { row, inset: inset && inset.el, set, reset, tell, close };
}

// A picture with what stands beside it, where that leaves it wide enough to be read.
function paired(view, inset, svg) {
  if (!inset) return view;
  const pair = pane("pair", view, inset);
  pair.style.setProperty("--wide", `${svg.viewBox.baseVal.width / 100}px`);
  return pair;
}
