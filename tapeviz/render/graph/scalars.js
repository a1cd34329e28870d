// The groups of a long computation of single numbers, whose pictures and steps are made
// when somebody opens them. ``told`` has the columns of ``trace/scalars.py``.

const SAID = {
  first: "The gradients that come from outside have arrived. The next step goes back through what was computed last.",
  all: "All gradients of this part. ‹ takes the last step back, › goes on.",
};

function scalarGroups(told) {
  const bytes = (text) => {
    const signs = atob(text);
    const found = new Uint8Array(signs.length);
    for (let i = 0; i < signs.length; i++) found[i] = signs.charCodeAt(i);
    return found.buffer;
  };
  const columns = {};
  for (const [name, [kind, text]] of Object.entries(told.columns)) {
    columns[name] = new { B: Uint8Array, H: Uint16Array, I: Uint32Array, f: Float32Array, d: Float64Array }[kind](bytes(text));
  }
  const { kind, count, parents, value, gradient, given, line } = columns;
  const { ops, leaves, names, titles } = told;
  const first = new Uint32Array(count.length + 1);
  count.forEach((n, i) => (first[i + 1] = first[i] + n));
  const size = count.length;
  const last = new Int32Array(size).fill(-1);
  for (let i = leaves; i < size; i++) for (let k = first[i]; k < first[i + 1]; k++) last[parents[k]] = i;

  // The groups, each with those in it.
  const whole = { start: leaves, stop: size, title: "whole tape", parts: [] };
  const groups = new Map();
  const around = [whole];
  for (let k = 0, start = 0; k < told.rows.length; k += 4) {
    const [after, length, depth, title] = told.rows.slice(k, k + 4);
    start += after;
    const numbers = `operations ${start - leaves + 1}–${start - leaves + length}`;
    const group = { start, stop: start + length, title: titles[title] || numbers, parts: [] };
    if (depth) around[depth - 1].parts.push(group);
    around[depth] = group;
    groups.set(`g${start}-${start + length}`, group);
  }
  const outermost = around[0];

  const number = (v) => formatNumber(v);
  const signed = (v) => (v < 0 ? `(${number(v)})` : number(v));
  const sum = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  const counted = (n, noun) => `${sum(n)} ${noun}${n === 1 ? "" : "s"}`;
  const called = (i) => names[i] ?? "";
  const lists = [];
  const list = (i) => (lists[i] ??= called(i).replace(/(\[\d+\])+$/, ""));
  const isOp = (id) => id[0] === "n";
  const range = (id) => {
    if (!isOp(id)) return groups.get(id);
    const i = +id.slice(1);
    return { start: i, stop: i + 1, title: title(i), parts: [] };
  };
  const title = (i) => ops[kind[i]][2] || ops[kind[i]][1] || ops[kind[i]][0];

  // -- what stands in the picture of a group ---------------------------------------------

  function items(group) {
    const found = [];
    let at = group.start;
    for (const part of [...group.parts, { start: group.stop }]) {
      for (; at < part.start; at++) found.push({ id: `n${at}`, start: at, stop: at + 1, nodes: [at] });
      if (part.stop) found.push({ ...part, id: `g${part.start}-${part.stop}`, nodes: results(part) });
      at = part.stop;
    }
    return found;
  }

  // The values that a box shows: those that are used outside of it.
  function results({ start, stop }) {
    if (start <= told.target && told.target < stop) return [told.target];
    const found = [];
    for (let i = start; i < stop; i++) if (last[i] >= stop) found.push(i);
    return found.length ? found : [stop - 1];
  }

  // One number, or the least and the greatest of several.
  function span(column, nodes) {
    let [low, high] = [Infinity, -Infinity];
    for (const i of nodes) {
      if (column[i] < low) low = column[i];
      if (column[i] > high) high = column[i];
    }
    return low > high ? "None" : nodes.length === 1 ? number(low) : `${number(low)} … ${number(high)}`;
  }

  // The outermost group that has an operation and not those of ``group``.
  function origin(i, group) {
    let here = outermost;
    for (;;) {
      const part = here.parts.find(({ start, stop }) => start <= i && i < stop);
      if (!part) return called(i) || title(i);
      if (part.start > group.start || part.stop < group.stop) return part.title;
      here = part;
    }
  }

  function level(id) {
    const group = range(id);
    const inner = isOp(id) ? [{ id, start: group.start, stop: group.stop, nodes: [group.start] }] : items(group);
    const { start, stop } = group;
    const owner = new Int32Array(stop - start);
    inner.forEach((one, k) => owner.fill(k, one.start - start, one.stop - start));
    const links = new Map();
    const outside = [];
    for (let i = start; i < stop; i++) {
      const head = owner[i - start];
      for (let k = first[i]; k < first[i + 1]; k++) {
        const p = parents[k];
        if (p < start || p >= stop) outside.push([k, head]);
        else if (owner[p - start] !== head) {
          const key = owner[p - start] * inner.length + head;
          if (!links.has(key)) links.set(key, []);
          links.get(key).push(k);
        }
      }
    }
    const arrows = [...links].map(([key, operands]) => joined(inner[Math.floor(key / inner.length)].id, inner[key % inner.length].id, operands));
    const { bundles, more } = withInputs(group, inner, outside);
    return { id, group, inner, inputs: bundles, arrows: [...more, ...arrows] };
  }

  const joined = (tail, head, operands) => ({ id: `${tail}.${head}`, tail, head, operands });

  // What comes from outside: each by itself where they are few, else those from one place
  // together, and of those the ones that go to the same places.
  const stamps = new Uint32Array(size);
  let stamp = 0;
  function withInputs(group, inner, outside) {
    const few = inner.every(({ id }) => isOp(id)) && new Set(outside.map(([k]) => parents[k])).size <= 10;
    const places = new Map();
    stamp++;
    for (const [k, head] of outside) {
      const p = parents[k];
      const leaf = p < leaves;
      if (leaf && !few && !called(p) && ops[kind[p]][0] === "constant") continue;
      const from = leaf ? list(p) : origin(p, group);
      const key = few ? p : `${leaf} ${from}`;
      let bundle = places.get(key);
      if (!bundle) places.set(key, (bundle = { input: true, nodes: [], heads: new Map(), from, leaf, names: [from] }));
      if (stamps[p] !== stamp) bundle.nodes.push(p);
      stamps[p] = stamp;
      if (!bundle.heads.has(head)) bundle.heads.set(head, []);
      bundle.heads.get(head).push(k);
    }
    let bundles = [...places.values()];
    if (bundles.length > 8 && !few) bundles = alike(bundles);
    for (const one of bundles) one.from = whence(one);
    bundles.forEach((one, k) => (one.id = `i${k}`));
    const more = bundles.flatMap(({ id, heads }) => [...heads].map(([head, operands]) => joined(id, inner[head].id, operands)));
    return { bundles, more };
  }

  function alike(bundles) {
    const found = new Map();
    for (const one of bundles) {
      const key = `${one.leaf} ${[...one.heads.keys()].sort((a, b) => a - b)}`;
      const same = found.get(key);
      if (!same) found.set(key, one);
      else {
        same.nodes.push(...one.nodes);
        same.names.push(one.from);
        for (const [head, operands] of one.heads) same.heads.set(head, same.heads.get(head).concat(operands));
      }
    }
    return [...found.values()];
  }

  // What numbers together are called: as the list that has them, or from the first one on.
  function whence({ leaf, nodes, names, from }) {
    if (names.length > 1) return leaf ? `${names[0]} … ${names.at(-1)}` : `${from} and ${names.length - 1} more`;
    if (!leaf || nodes.length === 1 || nodes.length > 64) return from;
    const [row, ...others] = new Set(nodes.map((p) => called(p).replace(/\[[^[]*\]$/, "")));
    return others.length ? from : row;
  }

  // -- boxes -----------------------------------------------------------------------------

  // A pen for each kind of text: to give one another font takes longer than to measure.
  const pens = {};
  const pen = (name) => {
    const [size, mono] = told.fonts[name];
    const made = document.createElement("canvas").getContext("2d");
    made.font = `${/title|name|grad/.test(name) ? 600 : 400} ${size}px ${mono ? told.mono : told.sans}`;
    return made;
  };
  const wide = (name, text) => (pens[name] ??= pen(name)).measureText(text).width;
  const short = (name, text, room) => {
    if (wide(name, text) <= room) return text;
    let cut = text.length;
    while (cut > 1 && wide(name, `${text.slice(0, cut)}…`) > room) cut--;
    return `${text.slice(0, cut)}…`;
  };
  const shape = (tag, attributes = {}, ...inside) => {
    const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, text] of Object.entries(attributes)) el.setAttribute(name, text);
    el.append(...inside);
    return el;
  };
  const write = (name, x, y, text) => shape("text", { class: `tv-${name}`, x, y }, text);
  const frame = (x, y, width, height, rx, name = "frame") => shape("rect", { class: `tv-${name}`, x, y, width, height, rx });

  // The rows of a box: class, text, how far from the left; and what it is for a reader.
  function card(one) {
    const [i] = one.nodes;
    const several = one.nodes.length > 1;
    const name = several ? "" : called(i);
    const op = ops[kind[i]];
    const target = i === told.target;
    const said = several ? `${counted(one.nodes.length, "number")}, ${span(value, one.nodes)}` : `= ${number(value[i])}`;
    const result = name && !one.input ? `${name} ${said}` : said;
    if (one.input) {
      const title = one.leaf ? (several ? one.from : name) : name || one.from || "a value";
      const tag = one.leaf ? op[0] + (several ? "s" : "") : "from before";
      const rows = [["tag", tag, 0], ...(title ? [[one.leaf ? "name" : "title", short("title", title, 210), 0]] : []), ["val", said, 0]];
      return { rows, kind: one.leaf ? op[0] : "port", quiet: one.nodes.every((p) => isNaN(gradient[p])) };
    }
    if (one.title === undefined) {
      const symbol = op[1] || op[0];
      const round = Math.max(27, wide("symbol", symbol) + 17);
      return { rows: [["formula", short("formula", title(i), 200), round + 9], ["val", result, round + 9]], symbol, round, kind: "op", target };
    }
    const [head, ...more] = one.title.split(" · ");
    const size = [...more, counted(one.stop - one.start, "operation")].join(" · ");
    return { rows: [["title", short("title", head, 250), 31], ["word", size, 31], ["val", result, 0]], kind: "group", target };
  }

  const HEIGHTS = { tag: 17, title: 17, word: 19, name: 21, val: 22, formula: 17 };

  function sized(one) {
    const made = card(one);
    const label = wide("word", "gradient") + 9;
    const grad = made.quiet ? "" : span(gradient, one.nodes);
    const across = made.rows.map(([name, text, left]) => left + wide(name, text));
    if (grad) across.push(label + Math.max(70, wide("grad", grad)));
    const width = Math.ceil(Math.max(...across)) + 24;
    const height = made.rows.reduce((sum, [name]) => sum + HEIGHTS[name], 0) + (grad ? 29 : 0) + 12;
    return { ...one, ...made, grad, label, width, height };
  }

  function box(one) {
    const { x, y, width, height } = one;
    const parts = [shape("title", {}, [...one.rows.map(([, text]) => text), one.grad && `gradient ${one.grad}`].filter(Boolean).join(String.fromCharCode(10)))];
    if (one.kind === "group") parts.push(shape("path", { class: "tv-frame tv-rim tv-pile", d: [3, 6].map((far) => `M${x + width + far - 3} ${y + far}h3v${height}h${-width}v-3`).join("") }));
    parts.push(frame(x, y, width, height, { variable: 5, op: 1, group: 3 }[one.kind] ?? 12));
    if (one.target) parts.push(shape("rect", { class: "tv-frame tv-rim", x: x - 3, y: y - 3, width: width + 6, height: height + 6, rx: 3, style: "fill:none" }));
    if (one.kind === "variable") parts.push(frame(x, y, 5, height, 2.5, "accent"));
    if (one.kind === "group") parts.push(frame(x + 11, y + 10, 20, 20, 4, "badge"), shape("path", { class: "tv-badge", d: `M${x + 16} ${y + 20}h10m-5-5v10` }));
    if (one.symbol) parts.push(frame(x + 11, y + 11, one.round, 27, 13.5, "badge"), write("symbol", x + 11 + one.round / 2, y + 29, one.symbol));
    let down = y + 5;
    for (const [name, text, left] of one.rows) {
      down += HEIGHTS[name];
      parts.push(write(name, x + 11 + left, down - 4, text));
    }
    if (one.grad) {
      parts.push(shape("path", { class: "tv-hair", d: `M${x + 11} ${down + 3}h${width - 22}` }), write("word", x + 11, down + 21, "gradient"));
      const none = one.grad === "None";
      parts.push(shape("g", { class: none ? "tv-none tv-sum" : "tv-sum" }, write("grad", x + 11 + one.label, down + 21, one.grad)), write("word tv-wait", x + 11 + one.label, down + 21, "not yet"));
    }
    const el = shape("g", { class: `tv-node tv-${one.kind}${one.target ? " tv-target" : ""}`, "data-id": one.id }, ...parts);
    if (one.kind === "group" || one.kind === "op") el.dataset.fold = one.id;
    return el;
  }

  // -- places: ranks from left to right, in each rank from top to bottom -------------------

  function arrange(boxes, arrows, notes) {
    const at = new Map(boxes.map((one) => [one.id, one]));
    const rank = new Map(boxes.map(({ id }) => [id, 0]));
    const into = new Map(boxes.map(({ id }) => [id, arrows.filter(({ head }) => head === id)]));
    const inner = boxes.filter(({ input }) => !input);
    for (const { id } of inner) for (const { tail } of into.get(id) ?? []) if (!at.get(tail).input) rank.set(id, Math.max(rank.get(id), rank.get(tail) + 1));
    if (boxes.length > inner.length) for (const { id } of inner) rank.set(id, rank.get(id) + 1);
    for (const one of boxes) if (one.input) rank.set(one.id, Math.min(...arrows.filter(({ tail }) => tail === one.id).map(({ head }) => rank.get(head))) - 1);
    const ranks = Array.from({ length: Math.max(...rank.values()) + 1 }, () => []);
    for (const one of boxes) ranks[rank.get(one.id)].push({ ...one, near: [] });
    const spot = new Map(ranks.flat().map((one) => [one.id, one]));
    // An arrow over several ranks has a place of its own in each of them.
    const ways = arrows.map((arrow) => {
      const way = [spot.get(arrow.tail)];
      for (let r = rank.get(arrow.tail) + 1; r < rank.get(arrow.head); r++) {
        const through = { width: 0, height: 8, near: [] };
        ranks[r].push(through);
        way.push(through);
      }
      way.push(spot.get(arrow.head));
      for (let k = 1; k < way.length; k++) way[k].near.push([way[k - 1], -1]), way[k - 1].near.push([way[k], 1]);
      return way;
    });
    const GAP = 16;
    const stack = (row) => {
      let y = 0;
      for (const one of row) (one.y = y), (y += one.height + GAP);
    };
    ranks.forEach(stack);
    const middle = (one) => one.y + one.height / 2;
    const wish = (one, side) => {
      const near = one.near.filter(([, way]) => !side || way === side).map(([other]) => middle(other));
      return near.length ? near.reduce((a, b) => a + b) / near.length : middle(one);
    };
    for (let turn = 0; turn < 8; turn++) {
      const side = turn % 2 ? 1 : -1;
      for (const row of side < 0 ? ranks : [...ranks].reverse()) {
        const wishes = new Map(row.map((one) => [one, wish(one, turn < 6 ? side : 0)]));
        if (turn < 6) row.sort((a, b) => wishes.get(a) - wishes.get(b));
        settle(row, wishes, GAP);
      }
    }
    const top = Math.min(...ranks.flat().map(({ y }) => y)) - 20;
    let x = 20;
    for (const row of ranks) {
      const across = Math.max(...row.map(({ width }) => width));
      for (const one of row) (one.x = x + (across - one.width) / 2), (one.y -= top), (one.left = x), (one.right = x + across);
      x += across + (notes ? 104 : 64);
    }
    return { boxes: [...spot.values()], ways, width: x - (notes ? 104 : 64) + 26, height: Math.max(...ranks.flat().map(({ y, height }) => y + height)) + 26 };
  }

  // Puts a rank's boxes as near to their wishes as their order and size allow.
  function settle(row, wishes, gap) {
    const blocks = [];
    for (const one of row) {
      let block = { boxes: [one], from: wishes.get(one) - one.height / 2, size: one.height + gap };
      for (let before; (before = blocks.at(-1)) && before.from + before.size > block.from; ) {
        blocks.pop();
        const [a, b] = [before.boxes.length, block.boxes.length];
        const from = (before.from * a + (block.from - before.size) * b) / (a + b);
        block = { boxes: [...before.boxes, ...block.boxes], from, size: before.size + block.size };
      }
      blocks.push(block);
    }
    for (const { boxes, from } of blocks) {
      let y = from;
      for (const one of boxes) (one.y = y), (y += one.height + gap);
    }
  }

  function arrow(one, way, note) {
    const points = way.map(({ x, y, width, height, left, right }, k) => {
      const mid = y + height / 2;
      return width ? (k ? [[x, mid]] : [[x + width, mid]]) : [[left, mid], [right, mid]];
    }).flat();
    const [tail, ...rest] = points;
    const end = rest.pop();
    let d = `M${tail[0]} ${tail[1]}`;
    let [x, y] = tail;
    for (const [a, b] of [...rest, [end[0] - 7, end[1]]]) {
      const bend = (a - x) / 2;
      d += `C${x + bend} ${y} ${a - bend} ${b} ${a} ${b}`;
      [x, y] = [a, b];
    }
    const parts = [shape("title", {}, counted(one.operands.length, "use")), shape("path", { class: "tv-wire", d }), shape("path", { class: "tv-head", d: `M${end[0]} ${end[1]}l-8-3.4v6.8z` })];
    const dead = isDead(one);
    if (note) {
      const [fx, fy] = rest.length ? rest.at(-1) : tail;
      parts.push(write("note tv-sum", (fx + end[0]) / 2, (fy + end[1]) / 2 - 6, note));
    }
    return shape("g", { class: `tv-edge${dead ? " tv-dead" : ""}`, "data-ends": `${one.tail} ${one.head}` }, ...parts);
  }

  // -- the steps of the backward pass through a level ----------------------------------------

  const added = ({ operands }) => operands.reduce((sum, k) => sum + (given[k] || 0), 0);
  const lone = ({ operands }) => operands.every((k) => parents[k] === parents[operands[0]]);
  const isDead = ({ operands }) => operands.every((k) => isNaN(given[k]));
  const noted = (one) => (lone(one) && !isDead(one) ? number(added(one)) : "");

  function sentence(id) {
    const { start, stop } = range(id);
    if (stop - start > 1) {
      const { title } = range(id);
      const nodes = results({ start, stop });
      const of = nodes.length > 1 ? `gradients of its ${sum(nodes.length)} results are` : `gradient of its result is`;
      return `Back through ${title} (${counted(stop - start, "operation")}). The ${of} ${span(gradient, nodes)}. Open it to see how.`;
    }
    const [name, , formula, operands, rules] = ops[kind[start]];
    if (isNaN(gradient[start])) return `${formula || name}: no gradient arrives here.`;
    const known = { g: gradient[start], y: value[start] };
    operands.forEach((word, k) => (known[word] = value[parents[first[start] + k]]));
    const filled = (text) => text.replace(/\b[A-Za-z_]\w*\b(?!\()/g, (word) => (word in known ? signed(known[word]) : word)).replace(/ \* /g, " × ");
    const parts = operands.map((word, k) => {
      const d = given[first[start] + k];
      if (isNaN(d)) return `${word} needs no gradient`;
      const rule = rules[k];
      const who = called(parents[first[start] + k]);
      return `${who ? `${word} (${who})` : word} gets ${rule ? `${rule} = ${rule === "g" ? "" : `${filled(rule)} = `}` : ""}${number(d)}`;
    });
    return `${formula || name} = ${number(value[start])}, and the gradient g = ${number(gradient[start])} arrives: ${parts.join("; ")}.`;
  }

  function picture(id) {
    const { group, inner, inputs, arrows } = level(id);
    const notes = inner.length <= 12;
    const boxes = [...inputs, ...inner].map((one) => sized(one));
    const { boxes: placed, ways, width, height } = arrange(boxes, arrows, notes);
    const svg = shape("svg", { class: `tapeviz tv-${told.theme}`, viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": group.title, style: `min-width:${Math.round(width * 0.88)}px` });
    const wires = arrows.map((one, k) => arrow(one, ways[k], notes && noted(one)));
    const drawn = placed.map(box);
    svg.append(shape("rect", { class: "tv-paper", width: "100%", height: "100%", rx: 6 }), ...wires, ...drawn);
    const el = make("div", { class: "tv-scalars" }, svg);
    el.prepend(steps(svg, inner, inputs, arrows, wires, placed, drawn));
    const said = lines(group);
    if (said) el.append(make("p", { class: "tv-say" }, said));
    return el;
  }

  function lines({ start, stop }) {
    const [file, number, text] = told.lines[line[start]];
    const same = line.subarray(start, stop).every((k) => k === line[start]);
    return file && same ? `${file}, line ${number}: ${text}` : "";
  }

  function steps(svg, inner, inputs, arrows, wires, placed, drawn) {
    const order = [...inner].reverse();
    const turn = new Map(order.map(({ id }, k) => [id, k + 1]));
    // A sum is whole when all that uses its number here has passed it on.
    const users = new Map(placed.map(({ id }) => [id, 0]));
    for (const { tail, head } of arrows) users.set(tail, Math.max(users.get(tail), turn.get(head)));
    const caption = make("p", { class: "tv-told", "aria-live": "polite" });
    const slider = make("input", { type: "range", min: 0, max: order.length, "aria-label": "step of the backward pass", ...KEYS });
    const show = (step, all = false) => {
      now = Math.max(0, Math.min(order.length, step));
      slider.value = now;
      const here = now && !all ? order[now - 1].id : "";
      placed.forEach(({ id }, k) => {
        drawn[k].classList.toggle("tv-late", users.get(id) > now);
        drawn[k].classList.toggle("tv-hot", id === here);
      });
      arrows.forEach(({ head }, k) => {
        wires[k].classList.toggle("tv-late", turn.get(head) > now);
        wires[k].classList.toggle("tv-done", turn.get(head) < now);
        wires[k].classList.toggle("tv-hot", head === here);
      });
      slider.setAttribute("aria-valuetext", `${now} of ${order.length}`);
      place.textContent = `${now} / ${order.length}`;
      caption.textContent = all ? SAID.all : now ? sentence(here) : SAID.first;
      if (here) reveal(svg.closest(".tv-stage"), [drawn[placed.findIndex(({ id }) => id === here)]]);
    };
    let now = order.length;
    const button = (label, sign, act) => {
      const el = make("button", { type: "button", title: label, "aria-label": label, ...KEYS }, sign);
      el.addEventListener("click", act);
      return el;
    };
    const place = make("span", { class: "tv-place" });
    slider.addEventListener("input", () => show(+slider.value));
    if (order.length === 1) caption.textContent = sentence(order[0].id);
    else show(told.steps ? 0 : order.length, !told.steps);
    const bar = order.length === 1 ? "" : make("div", { class: "tv-choose" }, "backward ", button("Step back", "‹", () => show(now - 1)), button("Next step", "›", () => show(now + 1)), slider, place);
    return make("div", { class: "tv-steps" }, bar, caption);
  }

  // The first pictures of a page take longest: letters are measured, code is compiled.
  const warm = ([id, ...rest]) => id && (window.requestIdleCallback ?? setTimeout)(() => (picture(id), warm(rest)));
  warm([...groups.keys()].slice(0, 4));

  // What ``unfold`` asks: whether a group is there, its title and its picture.
  const has = (id) => groups.has(id) || (isOp(id) && +id.slice(1) >= leaves && +id.slice(1) < size);
  return { any: true, has, level, get: (id) => ({ title: range(id).title, make: () => picture(id) }) };
}

// The groups below a film, made when somebody opens them there or in the film.
function besideFilm(el, told) {
  if (el.dataset.opens) return; // the same output again in one page
  el.dataset.opens = "1";
  const details = el.querySelector("details");
  const box = el.querySelector(".tapeviz-fold");
  const inside = scalarGroups(told);
  let show;
  const open = () => {
    if (show) return show;
    const whole = box.querySelector(".tv-level");
    whole.append(inside.get(whole.dataset.whole).make());
    return (show = unfold(box, inside));
  };
  details.addEventListener("toggle", open);
  const film = el.previousElementSibling?.previousElementSibling;
  film?.addEventListener("click", ({ target }) => {
    const group = target.closest(".tv-node");
    const id = group?.dataset.id ?? group?.id;
    if (!id || !inside.has(id)) return;
    details.open = true;
    open()([id]);
    details.scrollIntoView({ block: "nearest" });
  });
}
