// Runs a recorded computation again, from numbers that may be others: trace/program.py.
//
// The formulas are trees of words. Each becomes a function of nothing, made of the
// functions of its parts; what the words do stands in the files words-*.js. A scalar is
// a number, an array {shape, data}; true and false are 1 and 0.

const ROUND = {
  float32: Math.fround,
  bool: (v) => v & 1,
  int8: (v) => (v << 24) >> 24,
  int16: (v) => (v << 16) >> 16,
  int32: (v) => v | 0,
  uint8: (v) => v & 255,
  uint16: (v) => v & 65535,
  uint32: (v) => v >>> 0,
};
const exact = (v) => v;
const rounding = (dtype) => ROUND[dtype] || exact;
const isWeak = (node) => node.dtype === "float" || node.dtype === "int";

// The rows of a table that Python wrote as columns.
function tableRows(columns) {
  const keys = Object.keys(columns);
  return (columns[keys[0]] || []).map((_, i) => Object.fromEntries(keys.map((key) => [key, columns[key][i]])));
}

// A number that JSON has no word for.
function plainNumber(v) {
  if (typeof v !== "object") return +v;
  return v["#"] === "nan" ? NaN : v["#"] === "inf" ? Infinity : -Infinity;
}

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);
const entriesOf = (v) => (typeof v === "object" ? v.data : [v]);
const valueOf = (shape, data) => (shape.length ? { shape, data } : data[0]);

// A tree as a function of nothing; `find` gives that of a name. With `arrays`, words of
// single numbers act on each entry.
function closure(tree, find, round, arrays) {
  if (tree === "..." || tree === ":") return () => tree;
  if (typeof tree === "string") return find(tree);
  if (typeof tree === "number") {
    const number = round(tree);
    return () => number;
  }
  if (!Array.isArray(tree)) return () => tree;
  const [word, ...rest] = tree;
  if (word === "shape") return find("shape " + rest[0]);
  const parts = rest.map((part) => closure(part, find, round, arrays));
  const [a, b, c] = parts;
  if (arrays && Object.hasOwn(ARRAY_WORDS, word)) {
    const f = ARRAY_WORDS[word];
    return () => f(round, ...parts.map((part) => part()));
  }
  const single = Object.hasOwn(ROUNDED_WORDS, word) ? ROUNDED_WORDS[word](round) : WORDS[word];
  const f = arrays ? onEntries(single, round) : single;
  if (arrays) return c ? () => f(a(), b(), c()) : b ? () => f(a(), b()) : () => f(a());
  return c ? () => round(f(a(), b(), c())) : b ? () => round(f(a(), b())) : () => round(f(a()));
}

// A tree as a function of an array of numbers, in the order of their names.
function expression(tree, names, float32) {
  let numbers;
  const made = closure(tree, (name) => {
    const at = names.indexOf(name);
    return () => numbers[at];
  }, float32 ? Math.fround : exact);
  return (given) => {
    numbers = given;
    return made();
  };
}

const needsArrays = (tree) => Array.isArray(tree) && (Object.hasOwn(ARRAY_WORDS, tree[0]) || tree.slice(1).some(needsArrays));

function compile(program) {
  const nodes = tableRows(program.instructions);
  const formulas = tableRows(program.formulas);
  const sweep = tableRows(program.sweep);
  const exits = tableRows(program.exits);
  const targets = tableRows(program.targets);
  const arrays = nodes.some((node) => node.shape.length) || formulas.some((of) => [of.forward, ...of.vjps].some(needsArrays));
  const count = nodes.length;
  const number = new Map(nodes.map((node, i) => [node.id, i]));
  const edges = new Map();
  const add = arrays ? (a, b, round) => onEntries(WORDS["+"], round)(a, b) : (a, b, round) => round(a + b);

  // What the closures read and write: values, adjoints, contributions and sums.
  let v, g;
  let now = null;
  let first = null;
  let aside = null;

  // How the names of an op's formulas are looked up; `operand` gives that of a slot.
  function names(i, slot, operand) {
    const node = nodes[i];
    const { operands, settings } = formulas[node.formulas];
    const many = operands[0] === "xs";
    return (name) => {
      const of = name.startsWith("shape ") ? name.slice(6) : "";
      const k = operands.indexOf(of || name);
      if (of) {
        const shapes = node.operands.map((j) => nodes[j].shape);
        const shape = of === "y" ? node.shape : many ? shapes : shapes[k];
        return () => shape;
      }
      if (name === "g") return () => g[i];
      if (name === "y") return () => v[i];
      if (name === "k" && many) return () => slot;
      if (many && k === 0) {
        const all = node.operands.map((_, at) => operand(at));
        return () => all.map((one) => one());
      }
      if (k >= 0) return operand(k);
      const setting = node.settings[settings.indexOf(name)];
      return () => setting;
    };
  }

  // An operand; a number of Python's own takes the dtype of the others.
  function reader(i) {
    const { operands } = nodes[i];
    const strong = operands.find((j) => !isWeak(nodes[j]));
    const round = strong === undefined ? exact : rounding(nodes[strong].dtype);
    return (slot) => {
      const j = operands[slot];
      return isWeak(nodes[j]) && round !== exact ? () => round(v[j]) : () => v[j];
    };
  }

  function forwardOf(i, round = rounding(nodes[i].dtype), operand = reader(i)) {
    return closure(formulas[nodes[i].formulas].forward, names(i, 0, operand), round, arrays);
  }

  function vjpOf(i, slot) {
    const node = nodes[i];
    const { vjps, operands, broadcasts } = formulas[node.formulas];
    const round = rounding(node.dtype);
    const rule = closure(vjps[operands[0] === "xs" ? 0 : slot], names(i, slot, reader(i)), round, arrays);
    const { shape } = nodes[node.operands[slot]];
    return arrays && broadcasts ? () => ARRAY_WORDS.unbroadcast(round, rule(), shape) : rule;
  }

  const forward = nodes.map((node, i) => (node.formulas < 0 ? null : forwardOf(i)));
  const vjps = sweep.flatMap(({ node, slots }) =>
    slots.map((slot) => {
      const to = nodes[node].operands[slot];
      const id = "e" + nodes[node].id.slice(1) + "_" + slot;
      const made = { node, slot, to, vjp: vjpOf(node, slot), round: rounding(nodes[to].dtype), at: edges.size };
      edges.set(id, made);
      return made;
    }),
  );
  const seeds = targets.map(({ node, seed }) => [node, valueOf(nodes[node].shape, seed.map(plainNumber))]);
  const recorded = nodes.map((node) => (node.formulas < 0 ? leafValue(node, node.data) : null));

  function leafValue(node, data) {
    const round = rounding(node.dtype);
    return valueOf(node.shape, data.map((entry) => round(plainNumber(entry))));
  }

  function backward(c, t) {
    for (const [node, seed] of seeds) g[node] = g[node] === undefined ? seed : add(g[node], seed, exact);
    for (const one of vjps) {
      if (g[one.node] === undefined) continue;
      const given = one.vjp();
      const sum = g[one.to] === undefined ? given : add(g[one.to], given, one.round);
      g[one.to] = sum;
      if (c) [c[one.at], t[one.at]] = [given, sum];
    }
  }

  function whole(leaves) {
    v = leaves;
    g = new Array(count).fill(undefined);
    const state = { v, g, c: [], t: [] };
    for (let i = 0; i < count; i++) if (forward[i]) v[i] = forward[i]();
    backward(state.c, state.t);
    return state;
  }

  function run(changed = new Map()) {
    const leaves = recorded.slice();
    for (const [i, data] of changed) leaves[i] = leafValue(nodes[i], data);
    aside = null;
    now = whole(leaves);
  }

  // -- the loss of other sources, beside the last run

  const { sources } = program;
  const moved = new Set(sources);
  nodes.forEach((node, i) => node.operands.some((j) => moved.has(j)) && moved.add(i));
  const needed = new Set(targets.map(({ node }) => node));
  for (let i = count; i--; ) if (needed.has(i)) nodes[i].operands.forEach((j) => needed.add(j));
  const order = [...needed].filter((i) => moved.has(i) && forward[i]).sort((a, b) => a - b);

  function lossAt(flat) {
    aside = aside || now.v.slice();
    v = aside;
    let start = 0;
    for (const i of sources) {
      const size = sizeOf(nodes[i].shape);
      const round = rounding(nodes[i].dtype);
      v[i] = nodes[i].shape.length ? leafValue(nodes[i], Array.from(flat.slice(start, start + size))) : round(flat[start]);
      start += size;
    }
    for (const i of order) v[i] = forward[i]();
    let loss = 0;
    for (const [i] of seeds) for (const entry of entriesOf(v[i])) loss += entry;
    return loss;
  }

  function gradient(flat) {
    const loss = lossAt(flat);
    g = new Array(count).fill(undefined);
    backward();
    const parts = sources.flatMap((i) => (g[i] === undefined ? new Array(sizeOf(nodes[i].shape)).fill(0) : entriesOf(g[i])));
    return { loss, gradients: parts };
  }

  // -- numbers of a run

  // A local derivative: the rule with 1 as upstream gradient.
  function local(state, { node, vjp }) {
    const shape = nodes[node].shape;
    v = state.v;
    g = [];
    g[node] = valueOf(shape, new Array(sizeOf(shape)).fill(1));
    return vjp();
  }

  // What finite differences give of a contribution, as inspect/explanation.py has them.
  function difference(state, { node, slot, to, round }) {
    const given = nodes[node].operands.map((j) => state.v[j]);
    const forward = forwardOf(node, exact, (at) => () => given[at]);
    const upstream = entriesOf(state.g[node]);
    const step = nodes[node].dtype === "float64" || formulas[nodes[node].formulas].name !== "cast" ? 1e-6 : 1e-2;
    const x = given[slot];
    const shape = nodes[to].shape;
    v = state.v;
    const base = entriesOf(forward());
    const slopes = entriesOf(x).map((entry, at) => {
      const h = step * Math.max(1, Math.abs(entry));
      const side = (h) => {
        const data = entriesOf(x).slice();
        data[at] += h;
        given[slot] = valueOf(shape, data);
        let total = 0;
        entriesOf(forward()).forEach((y, k) => (total += upstream[k] * (y - base[k])));
        return total / h;
      };
      return round((side(-h) + side(h)) / 2);
    });
    return valueOf(shape, slopes);
  }

  const KINDS = {
    v: (state, i) => state.v[i],
    g: (state, i) => state.g[i],
    c: (state, edge) => state.c[edge.at],
    t: (state, edge) => state.t[edge.at],
    l: local,
    d: difference,
  };

  function read(state, kind, ref, entry = 0) {
    const of = (kind === "v" || kind === "g" ? number : edges).get(ref);
    const value = of === undefined ? undefined : KINDS[kind](state, of);
    if (value === undefined) return NaN;
    if (entry < 0) return entriesOf(value).reduce((a, b) => a + b, 0) / entriesOf(value).length;
    const found = entriesOf(value)[entry];
    return kind === "v" && nodes[of].dtype === "bool" ? !!found : found;
  }

  run();
  first = now;
  const described = ({ node, ...more }) => {
    const { id, dtype, shape } = nodes[node];
    return { node, id, dtype, shape, ...more };
  };
  const handles = tableRows(program.handles).map((handle) => ({ ...described(handle), data: entriesOf(recorded[handle.node]).slice() }));
  return {
    handles,
    targets: targets.map(({ node, label }) => described({ node, label })),
    sources: sources.map((node) => handles.find((handle) => handle.node === node) ?? described({ node, label: "" })),
    exits,
    run,
    nodes,
    // How many entries ``at`` has to give.
    size: (kind, ref) => sizeOf(nodes[/[vg]/.test(kind) ? number.get(ref) : edges.get(ref)?.to]?.shape ?? []),
    at: (kind, ref, entry) => read(now, kind, ref, entry),
    recorded: (kind, ref, entry) => read(first, kind, ref, entry),
    loss: lossAt,
    gradient,
    left() {
      for (const { node, follows, line, kind } of exits) {
        const [before, after] = [first, now].map((state) => entriesOf(state.v[node]));
        const at = before.findIndex((entry, k) => !Object.is(entry + 0, after[k] + 0));
        if (at >= 0) return { line, node: nodes[node].id, kind, after: nodes.slice(follows).map(({ id }) => id), before: before[at], now: after[at] };
      }
      return null;
    },
  };
}
