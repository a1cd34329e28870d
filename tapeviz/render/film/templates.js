// A film for other numbers than the recorded ones: its words, its table, its questions.

function follow(film) {
  const { live, texts } = film;
  const machine = compile(live.program);
  const { fill, number, forget, isZero } = filler(machine, live.slots, texts);
  let changed = false;
  let skipped = new Set();
  let asks;

  // The terms of the sum that a formula ends with, each with the step it came at.
  const linked = (formula, terms) => {
    const [, before = "", sum = ""] = /^(.*: |g = )(.*) = [^=]*$/s.exec(formula) ?? [];
    const parts = sum.split(" + ");
    let end = before.length - 3;
    return parts.length === terms.length ? terms.map((term, k) => [(end += 3), (end += parts[k].length), term[2]]) : [];
  };
  const frame = (step) => {
    const own = film.frames[step];
    const made = changed && live.frames[step];
    if (!made) return own;
    const [caption, formula, check] = ["caption", "formula", "check"].map((name, k) => (made[k] ? fill(made[k]) : own[name]));
    return { ...own, caption, formula, check, terms: linked(formula, own.terms) };
  };
  const row = (n) => {
    const made = changed && live.rows[n];
    return film.table.rows[n].map((own, k) => (made && made[k] ? fill(made[k]) : own));
  };

  const near = (a, b, tolerance = TOLERANCE) => Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b)) + 1e-9;
  const ask = (own, n) => {
    if (own.shape) return own;
    const [question, right, hints, slips] = live.asks[n];
    const seen = [number(right)];
    const fresh = ([answer]) => Number.isFinite(number(answer)) && !seen.some((one, k) => near(one, number(answer), k ? TOLERANCE / 10 : TOLERANCE)) && seen.push(number(answer));
    return {
      ...own,
      question: question ? fill(question) : own.question,
      answer: [+seen[0].toPrecision(7)],
      hints: own.hints.map((hint, k) => (hints[k] ? fill(hints[k]) : hint)),
      slips: slips.filter(fresh).map(([answer, text]) => ({ answer: [number(answer)], text: texts[text] })),
      skipped: skipped.has(n) || !Number.isFinite(seen[0]),
    };
  };

  // Small numbers for the leaves, the same for the same seed. Each question should have
  // one answer: no mistake gives it, nor the number of another one, and it is not 0.
  // What meets whatever the numbers are is no chance, and stays.
  const draw = (seed) => {
    const random = chance(seed);
    const free = machine.handles.filter(({ kind, dtype }) => kind !== "constant" && /^float/.test(dtype));
    const tries = [];
    for (let n = 0; n < TRIES; n++) {
      const friendly = n < TRIES / 2 ? [1, 2, 3, 4, 5, 6, -1, -2, -3] : [0.5, 0.25, 0.75, 0.2, 1.5, 2, -0.5];
      const leaves = new Map(free.map(({ node, data }) => [node, data.map(() => friendly[Math.trunc(random() * friendly.length)])]));
      machine.run(leaves);
      forget();
      const found = film.asks.map(({ shape }, k) => (shape ? [1, 0] : [number(live.asks[k][1]), 0, ...live.asks[k][3].map(([answer]) => number(answer))]));
      if (machine.left() || !found.every(([right]) => Number.isFinite(right))) continue;
      const pairs = found.flatMap((all, k) => all.flatMap((a, i) => all.slice(i + 1).flatMap((b, j) => (i !== 1 && near(a, b) ? [`${k} ${i} ${i + 1 + j}`] : []))));
      tries.push({ leaves, pairs, long: found.filter(([right]) => +right.toPrecision(4) !== right).length });
    }
    const always = (pair) => tries.every(({ pairs }) => pairs.includes(pair));
    const usual = new Set(tries[0]?.pairs.filter(always));
    const cost = ({ pairs, long }) => 9 * pairs.filter((pair) => !usual.has(pair)).length + long;
    const best = tries.reduce((one, other) => (cost(other) < cost(one) ? other : one), tries[0]);
    skipped = new Set(best?.pairs.filter((pair) => !usual.has(pair)).map((pair) => parseInt(pair)));
    return best?.leaves;
  };

  // Whoever has the same seed has the same numbers.
  const renewal = (film, store, button, say) => {
    const input = make("input", { type: "number", min: 1, class: "tv-seed", value: film.seed || 1, ...KEYS });
    let drawn = 0;
    const typed = () => Math.max(1, Math.trunc(+input.value) || 1);
    const renew = (seed) => {
      const leaves = draw(seed);
      film.now.put(leaves ?? new Map());
      drawn = leaves ? (input.value = seed) : 0;
      store.set({ answers: {}, step: 0 });
      if (!leaves) say("No other numbers ask clearly here: try another seed.");
    };
    input.onchange = () => renew(typed());
    if (film.seed) requestAnimationFrame(() => renew(film.seed));
    const tools = [button("New numbers", () => renew(typed() + (drawn === typed()))), make("label", {}, "seed", input)];
    return { seed: () => drawn, tools };
  };

  return {
    machine,
    draw,
    renewal,
    frame,
    row,
    labels: (svg, find) => {
      const sums = Object.fromEntries(Object.entries(live.sums).map(([id, edge]) => [id, ["t", edge]]));
      const write = labels({ fill, isZero }, live.texts, sums, find);
      const entitle = boxTitles(machine, (id) => find(id)?.querySelector("title"));
      const meant = (id) => (live.sums[id] ? ["t", live.sums[id]] : /^e.*-c/.test(id) ? ["c", id.replace(/-.*/, "")] : /-/.test(id) ? null : ["v", id]);
      const paint = machine.nodes.some(({ shape }) => shape.length) ? heatmaps(svg, machine, meant) : () => {};
      let later;
      return () => {
        write(changed);
        paint(changed);
        clearTimeout(later);
        later = setTimeout(entitle, 200, changed);
      };
    },
    asks: () => (changed ? (asks ??= film.asks.map(ask).filter((one) => !one.skipped)) : film.asks),
    set(is) {
      changed = is;
      asks = null;
      forget();
    },
  };
}

const TRIES = 60;

// Numbers from 0 to 1 that look like chance: mulberry32.
function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
