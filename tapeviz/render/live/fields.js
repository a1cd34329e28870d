// The fields of arrays: one for each entry, or one and a choice of the entry.

// What an entry of an array is called.
function entryName({ label, shape }, entry) {
  const index = shape.reduceRight(([rest, ...all], size) => [Math.floor(rest / size), rest % size, ...all], [entry]).slice(1);
  return `${label}[${index.join(", ")}]`;
}

function arrayFields(handle, field, most) {
  const { data, label, shape } = handle;
  if (data.length <= most) {
    const el = pane("cells", ...data.map((_, k) => field(handle, () => k).el));
    el.style.setProperty("--columns", shape.at(-1));
    return { el };
  }
  const choice = make("select", { "aria-label": `Entry of ${label}` }, ...data.map((_, k) => make("option", { value: k }, entryName(handle, k))));
  const one = field(handle, () => +choice.value);
  choice.onchange = one.write;
  return { el: pane("choose", choice, one.el) };
}

// In the box of an array the nearest cell is meant.
function nearestEntry(el, { clientX, clientY }) {
  const far = (cell) => {
    const { x, y, width, height } = cell.getBoundingClientRect();
    return Math.hypot(clientX - x - width / 2, clientY - y - height / 2);
  };
  const all = [...el.querySelectorAll(`:is([id$="-value"],[data-id$="-value"]) .tv-cell`)].map(far);
  return Math.max(0, all.indexOf(Math.min(...all)));
}
