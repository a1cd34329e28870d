// Runs a recorded computation again, from numbers that may be others: trace/program.py.
//
// The formulas are trees of words. Each becomes a function of nothing, made of the
// functions of its parts; what the words do stands in the files words-*.js. A scalar is
// a number, an array {shape, data}; true and false are 1 and 0.

const ROUND = {
  float32: Math.fround,
  bool: (v) => v & 1,
  int32: (v) => v | 0,
  int64: Math.trunc,
};
const exact = (v) => v;
const rounding = (dtype) => ROUND[dtype] || exact;

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
const filledWith = (number, shape) => valueOf(shape, new Array(sizeOf(shape)).fill(number));

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
  const word = tree[0];
  if (word === "shape") return find(tree[1], true);
  const parts = tree.slice(1).map((part) => closure(part, find, round, arrays));
  const [a, b, c] = parts;
  if (arrays && Object.hasOwn(ARRAY_WORDS, word)) {
    const f = ARRAY_WORDS[word];
    return () => f(round, ...parts.map((part) => part()));
  }
  const single = Object.hasOwn(ROUNDED_WORDS, word) ? ROUNDED_WORDS[word](round) : WORDS[word];
  const f = arrays ? onEntries(single, round) : (x, y, z) => round(single(x, y, z));
  return c ? () => f(a(), b(), c()) : b ? () => f(a(), b()) : () => f(a());
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

  // What the formulas read: values, adjoints; the instruction that is computed, its
  // operands' values, and the operand that a rule is for.
  let v, g, at, slot;
  const given = [];
  let now = null;
  let first = null;
  let aside = null;

  // The forward function and the vjps of an op, made once for each dtype.
  const ready = new Map();
  function made(i, dtype = nodes[i].dtype) {
    const op = nodes[i].formulas;
    const key = op + dtype;
    if (!ready.has(key)) {
      const { operands, settings, forward, vjps } = formulas[op];
      const many = operands[0] === "xs";
      const find = (name, shape) => {
        const k = operands.indexOf(name);
        if (shape && many) return () => nodes[at].operands.map((j) => nodes[j].shape);
        if (shape) return () => nodes[name === "y" ? at : nodes[at].operands[k]].shape;
        if (name === "g") return () => g[at];
        if (name === "y") return () => v[at];
        if (name === "k" && many) return () => slot;
        if (k >= 0) return many ? () => given.slice(0, nodes[at].operands.length) : () => given[k];
        const n = settings.indexOf(name);
        return () => nodes[at].settings[n];
      };
      const compiled = (tree) => tree && closure(tree, find, rounding(dtype), arrays);
      ready.set(key, { forward: compiled(forward), vjps: vjps.map(compiled) });
    }
    return ready.get(key);
  }

  // A number of Python's own takes the dtype of the other operands.
  const weak = nodes.map((node) => node.dtype === "float" || node.dtype === "int");
  const strength = nodes.map(({ operands }) => {
    const strong = operands.find((j) => !weak[j]);
    return strong === undefined ? exact : rounding(nodes[strong].dtype);
  });

  function load(i, softly = strength[i]) {
    const { operands } = nodes[i];
    at = i;
    for (let k = 0; k < operands.length; k++) given[k] = weak[operands[k]] ? softly(v[operands[k]]) : v[operands[k]];
  }

  // What the loaded instruction gives to an operand.
  function contribution({ rule, k, cut, round }) {
    slot = k;
    return cut ? ARRAY_WORDS.unbroadcast(round, rule(), cut) : rule();
  }

  const forward = nodes.map((node, i) => (node.formulas < 0 ? null : made(i).forward));
  const steps = sweep.map(({ node, slots }) => ({
    node,
    parts: slots.map((k) => {
      const to = nodes[node].operands[k];
      const { operands, broadcasts } = formulas[nodes[node].formulas];
      const rule = made(node).vjps[operands[0] === "xs" ? 0 : k];
      const round = rounding(nodes[to].dtype);
      const part = { node, k, to, rule, round, cut: arrays && broadcasts && nodes[to].shape, at: edges.size };
      edges.set("e" + nodes[node].id.slice(1) + "_" + k, part);
      return part;
    }),
  }));
  const seeds = targets.map(({ node, seed }) => [node, valueOf(nodes[node].shape, seed.map(plainNumber))]);
  const recorded = nodes.map((node, i) => (forward[i] ? NaN : leafValue(i, node.data)));
  const ops = [...nodes.keys()].filter((i) => forward[i]);

  function leafValue(i, data) {
    const { dtype, shape } = nodes[i];
    return valueOf(shape, data.map((entry) => rounding(dtype)(plainNumber(entry))));
  }

  function compute(i) {
    load(i);
    v[i] = forward[i]();
  }

  const give = (i, value, round) => (g[i] = g[i] === undefined ? value : add(g[i], value, round));

  function backward(c = [], t = []) {
    g = [];
    for (const [node, seed] of seeds) give(node, seed, exact);
    for (const { node, parts } of steps) {
      if (g[node] === undefined) continue;
      load(node);
      for (const part of parts) {
        c[part.at] = contribution(part);
        t[part.at] = give(part.to, c[part.at], part.round);
      }
    }
    return { v, g, c, t };
  }

  const own = tableRows(program.handles);
  function run(changed = []) {
    v = recorded.slice();
    for (const [node, data] of changed)
      for (const i of [node, ...(own.find((handle) => handle.node === node)?.alike ?? [])]) v[i] = leafValue(i, data);
    aside = null;
    ops.forEach(compute);
    now = backward();
    first ??= now;
  }

  // -- the loss of other sources, beside the last run

  const { sources } = program;
  const moved = new Set(sources);
  for (const i of ops) if (nodes[i].operands.some((j) => moved.has(j))) moved.add(i);
  const needed = new Set(targets.map(({ node }) => node));
  for (const i of ops.slice().reverse()) if (needed.has(i)) nodes[i].operands.forEach((j) => needed.add(j));
  const order = ops.filter((i) => moved.has(i) && needed.has(i));

  function lossAt(flat) {
    v = aside ??= now.v.slice();
    let start = 0;
    for (const i of sources) v[i] = leafValue(i, Array.from(flat.slice(start, (start += sizeOf(nodes[i].shape)))));
    order.forEach(compute);
    let loss = 0;
    for (const [i] of seeds) for (const entry of entriesOf(v[i])) loss += entry;
    return loss;
  }

  function gradient(flat) {
    const loss = lossAt(flat);
    backward();
    return { loss, gradients: sources.flatMap((i) => entriesOf(g[i] ?? filledWith(0, nodes[i].shape))) };
  }

  // -- numbers of a run

  // A local derivative: the rule with 1 as upstream gradient.
  function local(state, part) {
    v = state.v;
    g = [];
    g[part.node] = filledWith(1, nodes[part.node].shape);
    load(part.node);
    return contribution(part);
  }

  // What finite differences give of a contribution, as inspect/explanation.py has them.
  function difference(state, { node, k, to, round }) {
    v = state.v;
    load(node, exact);
    const { forward } = made(node, "");
    const coarse = nodes[node].dtype === "float32" && formulas[nodes[node].formulas].name === "cast";
    const x = entriesOf(given[k]);
    const base = entriesOf(forward());
    const slope = (n, h) => {
      given[k] = valueOf(nodes[to].shape, x.map((entry, m) => (m === n ? entry + h : entry)));
      const moves = entriesOf(forward()).map((y, m) => entriesOf(state.g[node])[m] * (y - base[m]));
      return moves.reduce((a, b) => a + b, 0) / h;
    };
    return valueOf(nodes[to].shape, x.map((entry, n) => {
      const h = (coarse ? 1e-2 : 1e-6) * Math.max(1, Math.abs(entry));
      return round((slope(n, -h) + slope(n, h)) / 2);
    }));
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
  const described = ({ node, ...more }) => {
    const { id, dtype, shape } = nodes[node];
    return { node, id, dtype, shape, ...more };
  };
  const handles = own.map((handle) => ({ ...described(handle), data: entriesOf(recorded[handle.node]).slice() }));
  return {
    handles,
    targets: targets.map(({ node, label }) => described({ node, label })),
    sources: sources.map((node) => handles.find((handle) => handle.node === node) ?? described({ node, label: "" })),
    exits,
    run,
    nodes,
    // The shape of what ``at`` gives entries of.
    shape: (kind, ref) => nodes[/[vg]/.test(kind) ? number.get(ref) : edges.get(ref)?.to]?.shape ?? [],
    at: (kind, ref, entry) => read(now, kind, ref, entry),
    recorded: (kind, ref, entry) => read(first, kind, ref, entry),
    loss: lossAt,
    gradient,
    left() {
      for (const { node, follows, line, kind } of exits) {
        const [before, after] = [first, now].map((state) => entriesOf(state.v[node]));
        const at = before.findIndex((entry, k) => !Object.is(entry + 0, after[k] + 0));
        if (at >= 0) return { line, node: nodes[node].id, kind, after: nodes.slice(follows).flatMap(({ id, formulas }) => (formulas < 0 ? [] : [id])), before: before[at], now: after[at] };
      }
      return null;
    },
  };
}
