// Texts for other numbers than the recorded ones: trace/symbolic.py. A template's tokens
// stand for numbers that a machine computes, or for texts that hang on them.

const TOKEN = /ꙮ(\d+)([ib]?)(?:d(\d+))?(f?)ꙮ/g;

const wholeArray = (machine, kind, of) => Array.from({ length: sizeOf(machine.shape(kind, of)) }, (_, k) => machine.at(kind, of, k));
const meanOf = (...all) => all.reduce((a, b) => a + b, 0) / all.length;

// What fills templates in, for the numbers of the machine's last run. ``texts`` are those
// that slots name by number.
function filler(machine, slots, texts = []) {
  let known = [];
  const entries = (kind, of) => wholeArray(machine, kind, of);
  const computed = (slot) => {
    if (typeof slot !== "string") return (WORDS[slot[0]] ?? (() => NaN))(...slot.slice(1).map(number));
    const [, kind, of, entry = 0] = /^(.)(\w+)(?::(.+))?$/.exec(slot);
    if (entry >= 0) return machine.at(kind, of, +entry);
    const all = entries(kind, of);
    const finite = all.filter(Number.isFinite);
    return [meanOf, Math.min, Math.max, () => all.length - finite.length, () => all.filter((one) => one !== 0).length][-1 - entry](...finite);
  };
  // A number as it stands, or that of the slot of this name.
  const number = (part) => (typeof part === "string" ? (known[part] ??= +computed(slots[part])) : part ?? NaN);
  const fits = (text, limit) => text.split(/\n/).every((line) => line.length <= limit);
  const kinds = {
    "?": (limit, measured, yes, no) => fill(fits(fill(measured), limit) ? yes || measured : no),
    "!": (count, yes, no) => fill(+fill(count) ? yes : no),
    // A number between two sides only repeats.
    "=": (...sides) => {
      const all = [...new Set(sides.map(fill))];
      return all.filter((side, k) => !k || k === all.length - 1 || !/^-?\d[\d.e+-]*$/.test(side)).join(" = ");
    },
    "~": (edge, agree, corner, wild) => {
      const [slopes, parts] = [entries("d", edge), entries("c", edge)];
      const scale = Math.max(1e-3, ...[...slopes, ...parts].map(Math.abs));
      const error = Math.max(...slopes.map((slope, k) => Math.abs(slope - parts[k]))) / scale;
      return fill(texts[error < 0.02 ? agree : error < Infinity ? corner : wild]);
    },
    cut: (limit, text) => {
      const whole = fill(text);
      return whole.length > limit ? whole.slice(0, limit - 1).replace(/…*$/, "…") : whole;
    },
  };
  const fill = (template) =>
    template.replace(TOKEN, (token, n, form, digits, factor, start) => {
      const [kind, ...parts] = slots[n];
      if (Object.hasOwn(kinds, kind) && typeof slots[n] !== "string") return kinds[kind](...parts);
      const value = number(n);
      const text = form === "b" ? formatNumber(!!value) : formatNumber(value, +digits || 5, form);
      const inside = factor || /[*+/@-] $/.test(template.slice(0, start)) || /^ ?\*\*/.test(template.slice(start + token.length));
      return inside && value < 0 ? `(${text})` : text;
    });
  return { fill, number, isZero: (kind, of) => entries(kind, of).every((entry) => entry === 0), forget: () => (known = []) };
}

// The texts of a picture: a function that writes them for the last run, or as they were.
// ``texts`` has the templates of each element by its id, ``zeros`` what its mark of zero
// hangs on, and the word for zero if it has one. A text keeps its place, and is squeezed
// where it would leave it.
function labels({ fill, isZero }, texts, zeros, find) {
  const pen = document.createElement("canvas").getContext("2d");
  const lines = (el) => (el.localName === "text" ? [el] : [...el.querySelectorAll("text")]);
  const all = Object.entries(texts).flatMap(([id, templates]) => {
    const els = find(id) ? lines(find(id)) : [];
    return els.length === templates.length ? els.map((el, k) => ({ el, own: el.textContent, text: el.textContent, template: templates[k] })) : [];
  });
  const marked = Object.entries(zeros).flatMap(([id, [kind, of, word]]) => {
    const el = find(id);
    const own = el?.classList.contains("tv-zero");
    const text = el?.querySelector("text:last-of-type");
    return text ? [{ el, own, text, x: text.getAttribute("x") - 17 * own, kind, of, word }] : [];
  });
  let measure = () => {
    for (const one of all) [one.room, one.font] = [roomOf(one.el, find), fontOf(one.el)];
    measure = () => {};
  };
  return (changed) => {
    const words = new Map();
    for (const one of marked) {
      const { el, own, text, x, kind, of, word } = one;
      const is = changed ? isZero(kind, of) : own;
      if (is && word) words.set(text, word);
      if (is === (one.is ?? own)) continue;
      one.is = is;
      el.classList.toggle("tv-zero", is);
      el.classList.toggle("tv-value", !is);
      text.setAttribute("x", x + 17 * is);
      const sign = el.querySelectorAll(".tv-mark");
      for (const one of sign) one.style.display = is ? "" : "none";
      if (is && !sign.length) el.prepend(...[5.5, 1.5].map((r) => svgShape("circle", { class: "tv-mark", cx: x + 6, cy: text.getAttribute("y") - 4.5, r })));
    }
    const longer = [];
    if (changed) measure();
    for (const one of all) {
      const text = changed ? words.get(one.el) ?? fill(one.template) : one.own;
      if (text === one.text) continue;
      one.text = one.el.textContent = text;
      one.el.removeAttribute("textLength");
      if (text.length > one.own.length) longer.push(one);
    }
    // Measured once, and without the page: reading a width would cost a layout.
    for (const one of longer) {
      pen.font = one.font;
      if (pen.measureText(one.text).width <= one.room) continue;
      one.el.setAttribute("textLength", one.room);
      one.el.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
  };
}

// The font in one word; a style has none where its figures are of one width.
function fontOf(el) {
  const { fontWeight, fontSize, fontFamily } = getComputedStyle(el);
  return `${fontWeight} ${fontSize} ${fontFamily}`;
}

function svgShape(tag, attributes) {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  return el;
}

// How wide a text may be: in a pill, in a cell of a table, or up to the rim of its box.
function roomOf(el, find) {
  const pill = el.parentNode.querySelector("rect:is(.tv-pill,.tv-chip)");
  if (pill) return pill.getBBox().width - 10;
  const cells = el.classList.contains("tv-cell") && el.parentNode.querySelector("path.tv-hair");
  if (cells) return cells.getBBox().width / new Set([...el.parentNode.querySelectorAll(".tv-cell")].map((one) => one.getAttribute("x"))).size - 8;
  const part = el.closest("[id],[data-id]");
  const frame = find((part.dataset.id ?? part.id).replace(/-.*/, ""))?.querySelector(".tv-frame")?.getBBox();
  const lone = el.classList.contains("tv-lone");
  return frame ? (lone ? frame.width - 10 : frame.x + frame.width - el.getAttribute("x") - 5) : Infinity;
}

// The titles of the boxes, which a mouse shows, with the numbers of the last run.
// ``titleOf`` gives that of a node; ``only`` is the one node whose title is needed.
// Behind two spaces stand dtype and shape, which stay.
function boxTitles(machine, titleOf) {
  const all = machine.nodes.flatMap(({ id, dtype, shape }) => (titleOf(id) ? [{ el: titleOf(id), id, dtype, shape, own: titleOf(id).textContent }] : []));
  return (changed, only) => {
    for (const { el, id, dtype, shape, own } of all) {
      if (only !== undefined && only !== id) continue;
      const text = (kind, dims, from) => (dims.length ? `[${Array.from({ length: dims[0] }, (_, k) => text(kind, dims.slice(1), from * dims[0] + k)).join(", ")}]` : exactNumber(machine.at(kind, id, from), dtype));
      const renewed = (line, place) => {
        const [, start, end] = /^(.*? = |gradient |)(?!None).*?(  .*)$/.exec(line) ?? [];
        return end && (!place || start === "gradient ") ? start + text(place ? "g" : "v", shape, 0) + end : line;
      };
      el.textContent = changed ? own.replace(/^.+$/gm, renewed) : own;
    }
  };
}

// A number with all the digits that its dtype holds.
function exactNumber(value, dtype) {
  if (typeof value !== "number" || !/float/.test(dtype)) return formatNumber(value, 17, true);
  let digits = 1;
  if (dtype === "float32") while (digits < 9 && Math.fround(value.toPrecision(digits)) !== value) digits++;
  const text = String(dtype === "float32" ? +value.toPrecision(digits) : value);
  return Number.isInteger(value) && !text.includes("e") ? text + ".0" : Number.isFinite(value) ? text : formatNumber(value);
}
