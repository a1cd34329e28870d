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

// What an entry of an array is called.
function entryName({ label, shape }, entry) {
  const index = shape.reduceRight(([rest, ...all], size) => [Math.floor(rest / size), rest % size, ...all], [entry]).slice(1);
  return index.length ? `${label}[${index.join(", ")}]` : label;
}

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
  let left = null;
  let pulling = false;

  const beyond = (is) => {
    for (const id of left?.after ?? []) {
      box(id)?.classList.toggle("tv-beyond", is);
      for (const edge of root.querySelectorAll(`.tv-edge[data-ends$=" ${CSS.escape(id)}"]`)) edge.classList.toggle("tv-beyond", is);
    }
  };
  const sentences = () => {
    const ours = machine.handles.filter(({ node }) => changed.has(node));
    const say = (of) => (ours.length > 2 || ours.some(({ shape }) => shape.length) ? "these numbers" : ours.map((handle) => `${handle.label} = ${formatNumber(of(handle)[0])}`).join(" and "));
    const recorded = say(({ data }) => data).replace(/^these/, "other");
    const turn = left?.kind === "left" ? "would have gone on with another number from" : "would have gone another way at";
    const values = machine.targets.map((target) => `${target.label || "the result"} is ${saidValue(machine, "v", target)}`);
    const slopes = machine.sources.map((source) => `the gradient of ${source.label || "the source"} is ${saidValue(machine, "g", source)}`);
    const results = !quiet() && `${left ? "There " : ""}${[...values, ...slopes].join("; ")}.`;
    return [left && `At ${say(now)} Python ${turn} line ${left.line}: what follows was recorded for ${recorded}.`, results].filter(Boolean).join(" ");
  };
  const speak = () => (status.textContent = result.textContent);
  const tell = () => {
    const said = changed.size ? sentences() : "";
    if (result.textContent !== said) result.textContent = said;
  };
  const refresh = () => {
    frame = 0;
    machine.run(changed);
    beyond(false);
    left = changed.size ? machine.left() : null;
    beyond(true);
    draw(changed.size > 0);
    if (inset) inset.show(changed);
    for (const field of fields) field.compare();
    back.setAttribute("aria-disabled", !changed.size);
    row.classList.toggle("tv-left", Boolean(left));
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
    });
    el.addEventListener("pointermove", (event) => {
      if (!held || !event.buttons) return (held = null);
      event.stopPropagation();
      const far = event.clientX - held.x;
      if (!moved && Math.abs(far) < PIXELS) return;
      if (!moved) el.setPointerCapture(event.pointerId);
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
      was.textContent = wrong ? (whole ? "no whole number" : "no number") : `was ${formatNumber(before)}`;
      input.setAttribute("aria-description", wrong || value !== before ? was.textContent : "");
    };
    const write = () => {
      input.value = formatNumber(now(handle)[chosen()], 7);
      input.setAttribute("aria-invalid", false);
      name.textContent = entryName(handle, chosen());
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
    return el;
  };
  // An array has a field for each entry, a larger one a choice of the entry.
  const group = (handle) => {
    const { data, label, shape } = handle;
    if (!shape.length) return field(handle, () => 0);
    if (data.length <= SHOWN) {
      const cells = pane("cells", ...data.map((_, k) => field(handle, () => k)));
      cells.style.setProperty("--columns", shape.at(-1));
      return cells;
    }
    const choice = make("select", { "aria-label": `Entry of ${label}` }, ...data.map((_, k) => make("option", { value: k }, entryName(handle, k))));
    const one = field(handle, () => +choice.value);
    choice.onchange = fields.at(-1).write;
    return pane("choose", choice, one);
  };

  for (const handle of machine.handles) {
    const el = box(handle.id);
    if (!el) continue;
    el.classList.add("tv-handled");
    // In the box of an array the nearest cell is meant.
    grip(el, ({ clientX, clientY }) => {
      const far = (cell) => {
        const { x, y, width, height } = cell.getBoundingClientRect();
        return Math.hypot(clientX - x - width / 2, clientY - y - height / 2);
      };
      const cells = [...el.querySelectorAll(`:is([id$="-value"],[data-id$="-value"]) .tv-cell`)];
      const all = cells.map(far);
      return [handle, Math.max(0, all.indexOf(Math.min(...all)))];
    });
  }
  const back = press("back", "Recorded numbers (r)", "Recorded numbers", reset);
  back.setAttribute("aria-disabled", true);
  const inset = slope && slope(machine, (handle, value) => move(handle, 0, value));
  const title = make("b", {}, "What if");
  const row = make("div", { class: "tv-what-if", role: "group", "aria-label": "What if", ...KEYS }, pane("handles", title, ...machine.handles.map(group), back), result, status);
  result.setAttribute("aria-hidden", true);
  row.classList.toggle("tv-exits", machine.exits.length > 0);
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
