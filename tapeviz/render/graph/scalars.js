// The groups of a long computation of single numbers, whose pictures and steps are made
// when somebody opens them. ``told`` has the columns of ``trace/scalars.py``.

function scalarGroups(told) {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
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
  for (let k = 0; k < told.rows.length; k += 4) {
    const [start, length, depth, title] = told.rows.slice(k, k + 4);
    const group = { start, stop: start + length, title: titles[title], parts: [] };
    if (depth) around[depth - 1].parts.push(group);
    around[depth] = group;
    groups.set(`g${start}-${start + length}`, group);
  }
  const outermost = around[0];

  const number = (v) => formatNumber(v);
  const signed = (v) => (v < 0 ? `(${number(v)})` : number(v));
  const sum = (n) => n.toLocaleString("en").replace(/,/g, "\u00a0");
  const counted = (n, noun) => `${sum(n)} ${noun}${n === 1 ? "" : "s"}`;
  const called = (i) => names[i] ?? "";
  const list = (i) => called(i).replace(/(\[\d+\])+$/, "");
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
      for (; at < part.start; at++) found.push({ id: `n${at}`, start: at, stop: at + 1, shown: at });
      if (part.stop) found.push({ ...part, id: `g${part.start}-${part.stop}`, shown: shown(part), results: results(part) });
      at = part.stop;
    }
    return found;
  }

  // The value that a group shows: the last one that is used outside of it.
  function shown({ start, stop }) {
    if (start <= told.target && told.target < stop) return told.target;
    for (let i = stop - 1; i > start; i--) if (last[i] >= stop) return i;
    return stop - 1;
  }

  function results({ start, stop }) {
    let many = 0;
    for (let i = start; i < stop; i++) many += last[i] >= stop;
    return many;
  }

  // The outermost group that has an operation and not those of ``group``.
  function origin(i, group) {
    let here = outermost;
    for (;;) {
      const part = here.parts.find(({ start, stop }) => start <= i && i < stop);
      if (!part) return { key: `n${i}`, from: called(i) || "" };
      if (part.start > group.start || part.stop < group.stop) return { key: `g${part.start}`, from: part.title };
      here = part;
    }
  }

  function level(id) {
    const group = range(id);
    const inner = isOp(id) ? [{ id, start: group.start, stop: group.stop, shown: group.start }] : items(group);
    const starts = inner.map(({ start }) => start);
    const owner = (i) => {
      let [low, high] = [0, starts.length];
      while (high - low > 1) starts[(low + high) >> 1] <= i ? (low = (low + high) >> 1) : (high = (low + high) >> 1);
      return inner[low];
    };
    const links = new Map();
    const used = new Map();
    for (let i = group.start; i < group.stop; i++) {
      const head = owner(i);
      for (let k = first[i]; k < first[i + 1]; k++) {
        const p = parents[k];
        const inside = p >= group.start && p < group.stop;
        if (inside && owner(p) === head) continue;
        const key = `${inside ? owner(p).id : `i${p}`} ${head.id}`;
        if (!links.has(key)) links.set(key, { tail: inside ? owner(p).id : `i${p}`, head: head.id, operands: [] });
        links.get(key).operands.push(k);
        if (!inside) used.set(p, (used.get(p) ?? new Set()).add(head.id));
      }
    }
    return { id, group, inner, ...withInputs(group, inner, [...links.values()], used) };
  }

  // What comes from outside: each by itself where they are few, else those from one place
  // together, and of those the ones that go to the same places.
  function withInputs(group, inner, links, used) {
    const few = used.size <= 10 && inner.every(({ id }) => isOp(id));
    const bundles = new Map();
    for (const [p, heads] of used) {
      const leaf = p < leaves;
      const plain = leaf && !called(p);
      if (plain && !few) continue;
      const place = leaf ? { key: list(p), from: list(p) } : origin(p, group);
      const key = few ? `i${p}` : place.key;
      if (!bundles.has(key)) bundles.set(key, { id: `i${bundles.size}`, nodes: [], heads: new Set(), from: place.from, leaf });
      const bundle = bundles.get(key);
      bundle.nodes.push(p);
      for (const head of heads) bundle.heads.add(head);
    }
    let inputs = [...bundles.values()];
    if (inputs.length > 8 && !few) {
      const alike = new Map();
      for (const one of inputs) {
        const key = `${one.leaf} ${[...one.heads].sort().join()}`;
        const same = alike.get(key);
        if (same) same.nodes.push(...one.nodes), same.places.push(one.from);
        else alike.set(key, { ...one, places: [one.from] });
      }
      inputs = [...alike.values()];
      for (const one of inputs) {
        const [root, ...others] = new Set(one.places.map((place) => place.match(/^[^.[]*/)[0]));
        if (one.places.length > 1) one.from = one.leaf && !others.length ? root : `${one.from} and ${one.places.length - 1} more`;
      }
    }
    for (const one of inputs) {
      const [row, ...others] = new Set(one.nodes.map((p) => called(p).replace(/\[[^[]*\]$/, "")));
      if (one.leaf && !others.length && one.nodes.length > 1) one.from = row;
    }
    const of = new Map(inputs.flatMap((one) => one.nodes.map((p) => [`i${p}`, one.id])));
    const arrows = new Map();
    for (const { tail, head, operands } of links) {
      const from = tail[0] === "i" ? of.get(tail) : tail;
      if (!from) continue;
      const key = `${from}.${head}`;
      if (!arrows.has(key)) arrows.set(key, { id: key, tail: from, head, operands: [] });
      arrows.get(key).operands.push(...operands);
    }
    return { inputs, arrows: [...arrows.values()] };
  }

  // -- boxes -----------------------------------------------------------------------------

  const pen = document.createElement("canvas").getContext("2d");
  const wide = (name, text, bold = 1) => {
    const [size, mono] = told.fonts[name];
    pen.font = `${size}px ${mono ? told.mono : told.sans}`;
    return pen.measureText(text).width * bold;
  };
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
  function card(one, arrivals) {
    const rows = [];
    const group = one.title !== undefined;
    if (one.nodes) {
      const lone = one.nodes.length === 1;
      const [i] = one.nodes;
      const name = called(i);
      const what = one.leaf ? ops[kind[i]][0] : "from before";
      rows.push(["tag", lone || !one.leaf ? what : `${what}s`, 0]);
      if (lone && name) rows.push(["name", short("name", name, 200), 0]);
      if (!lone || (!name && one.from)) rows.push([one.leaf ? "name" : "title", short("title", one.from || "values", 210), 0]);
      rows.push(["val", lone ? `= ${number(value[i])}` : counted(one.nodes.length, "number"), 0]);
      return { rows, kind: one.leaf ? (ops[kind[i]][0] === "constant" ? "constant" : "variable") : "port", gradient: lone && !isNaN(gradient[i]) ? i : -1 };
    }
    const i = one.shown;
    const result = `${called(i) && `${called(i)} `}= ${number(value[i])}`;
    if (group) {
      const [head, ...more] = one.title.split(" · ");
      const parts = [...more, counted(one.stop - one.start, "operation"), ...(one.results > 1 ? [counted(one.results, "result")] : [])];
      rows.push(["title", short("title", head, 250), 31], ["word", parts.join(" · "), 31], ["val", result, 0]);
    } else {
      const symbol = ops[kind[i]][1] || ops[kind[i]][0];
      const round = Math.max(27, wide("symbol", symbol) + 17);
      rows.push(["formula", short("formula", title(i), 200), round + 9], ["val", result, round + 9]);
      return { rows, symbol, round, kind: "op", target: i === told.target, gradient: i, arrivals };
    }
    return { rows, kind: "group", target: i === told.target, gradient: i };
  }

  const HEIGHTS = { tag: 17, title: 17, word: 19, name: 21, val: 22, formula: 17 };

  function sized(one) {
    const made = card(one);
    const label = wide("word", "gradient") + 9;
    const grad = made.gradient < 0 ? "" : isNaN(gradient[made.gradient]) ? "None" : number(gradient[made.gradient]);
    const across = made.rows.map(([name, text, left]) => left + wide(name, text, name === "title" || name === "name" ? 1.08 : 1));
    if (made.gradient >= 0) across.push(label + Math.max(70, wide("grad", grad, 1.08)));
    const width = Math.ceil(Math.max(...across)) + 24;
    const height = made.rows.reduce((sum, [name]) => sum + HEIGHTS[name], 0) + (made.gradient >= 0 ? 29 : 0) + 12;
    return { ...one, ...made, grad, label, width, height };
  }

  function box(one) {
    const { x, y, width, height } = one;
    const parts = [shape("title", {}, [...one.rows.map(([, text]) => text), one.gradient >= 0 && `gradient ${one.grad}`].filter(Boolean).join("\n"))];
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
    if (one.gradient >= 0) {
      parts.push(shape("path", { class: "tv-hair", d: `M${x + 11} ${down + 3}h${width - 22}` }), write("word", x + 11, down + 21, "gradient"));
      const none = one.grad === "None";
      parts.push(shape("g", { class: none ? "tv-none tv-sum" : "tv-sum" }, write("grad", x + 11 + one.label, down + 21, one.grad)));
    }
    const el = shape("g", { class: `tv-node tv-${one.kind}${one.target ? " tv-target" : ""}`, id: one.id }, ...parts);
    if (one.kind === "group" || one.kind === "op") el.dataset.fold = one.id;
    return el;
  }

  // -- places: ranks from left to right, in each rank from top to bottom -------------------

  function arrange(boxes, arrows, notes) {
    const at = new Map(boxes.map((one) => [one.id, one]));
    const rank = new Map(boxes.map(({ id }) => [id, 0]));
    const into = new Map(boxes.map(({ id }) => [id, arrows.filter(({ head }) => head === id)]));
    const inner = boxes.filter(({ nodes }) => !nodes);
    for (const { id } of inner) for (const { tail } of into.get(id) ?? []) if (!at.get(tail).nodes) rank.set(id, Math.max(rank.get(id), rank.get(tail) + 1));
    if (boxes.length > inner.length) for (const { id } of inner) rank.set(id, rank.get(id) + 1);
    for (const one of boxes) if (one.nodes) rank.set(one.id, Math.min(...arrows.filter(({ tail }) => tail === one.id).map(({ head }) => rank.get(head))) - 1);
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
    const dead = one.operands.every((k) => isNaN(given[k]));
    if (note) {
      const [fx, fy] = rest.length ? rest.at(-1) : tail;
      parts.push(write("note tv-sum", (fx + end[0]) / 2, (fy + end[1]) / 2 - 6, note));
    }
    return shape("g", { class: `tv-edge${dead ? " tv-dead" : ""}`, id: one.id, "data-ends": `${one.tail} ${one.head}` }, ...parts);
  }

  // -- the steps of the backward pass through a level ----------------------------------------

  const added = ({ operands }) => operands.reduce((sum, k) => sum + (given[k] || 0), 0);
  const lone = ({ operands }) => operands.every((k) => parents[k] === parents[operands[0]]);
  const noted = (one) => (lone(one) && !operands0(one) ? number(added(one)) : "");
  const operands0 = ({ operands }) => operands.every((k) => isNaN(given[k]));

  function sentence(id) {
    const { start, stop } = range(id);
    if (stop - start > 1) {
      const { title } = range(id);
      const i = shown({ start, stop });
      return `Back through ${title} (${counted(stop - start, "operation")}). The gradient of its result ${called(i) || number(value[i])} is ${number(gradient[i])}. Open it to see how.`;
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
    const sums = new Map(placed.map(({ id, shown, nodes }) => [id, shown ?? nodes[0]]));
    for (const { tail, head, operands } of arrows) {
      if (operands.some((k) => parents[k] === sums.get(tail))) users.set(tail, Math.max(users.get(tail), turn.get(head)));
    }
    const caption = make("p", { class: "tv-told", "aria-live": "polite" });
    const slider = make("input", { type: "range", min: 0, max: order.length, "aria-label": "step of the backward pass", ...KEYS });
    const show = (step) => {
      now = Math.max(0, Math.min(order.length, step));
      slider.value = now;
      const here = now ? order[now - 1].id : "";
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
      caption.textContent = now ? sentence(here) : "The gradients that come from outside have arrived. The next step goes back through what was computed last.";
    };
    let now = order.length;
    const button = (label, sign, act) => {
      const el = make("button", { type: "button", title: label, "aria-label": label, ...KEYS }, sign);
      el.addEventListener("click", act);
      return el;
    };
    const place = make("span", { class: "tv-place" });
    slider.addEventListener("input", () => show(+slider.value));
    show(told.steps && order.length > 1 ? 0 : order.length);
    const bar = make("div", { class: "tv-choose" }, "backward ", button("Step back", "‹", () => show(now - 1)), button("Next step", "›", () => show(now + 1)), slider, place);
    return make("div", { class: "tv-steps" }, bar, caption);
  }

  // What ``unfold`` asks: whether a group is there, its title and its picture.
  const has = (id) => groups.has(id) || (isOp(id) && +id.slice(1) >= leaves && +id.slice(1) < size);
  return { any: true, has, level, get: (id) => ({ title: range(id).title, make: () => picture(id) }) };
}
