// Asks before it shows: the film says what is right and what wrong answers come from;
// here a typed answer is only read and compared.

const TOLERANCE = 0.01;

// What was typed as a list of numbers: one, or the lengths of the axes, or null.
function reading(text, shape) {
  if (!shape) return numeral(text);
  return /^[\s\d()[\]x×,]*$/.test(text) ? (text.match(/\d+/g) ?? []).map(Number) : null;
}

// The questions that this reader wants: those about values on the way forward only if
// everything is asked.
function asked(film, store) {
  const every = store.get("predict") === "all";
  return (film.now?.asks() ?? film.asks).filter(({ early }) => every || !early);
}

// The first open question on the way from one step to another, or at all.
function gate(film, store, from = -1, to = Infinity) {
  const told = store.get("answers");
  return store.get("predict") && asked(film, store).find(({ step }) => step > from && step <= to && !told[step]?.done);
}

// How many were asked, and how many of them right at once, right after help, shown.
function counts(film, store) {
  const asks = asked(film, store);
  const told = asks.map(({ step }) => store.get("answers")[step]).filter((one) => one?.done);
  const well = told.filter(({ right }) => right);
  const first = well.filter(({ tries, hints }) => tries < 2 && !hints).length;
  return [asks.length, first, well.length - first, told.length - well.length];
}

function score(film, store) {
  const [all, ...counted] = counts(film, store);
  const names = ["right at once", "after a hint or another try", "shown"];
  const parts = counted.flatMap((n, i) => (n || !i ? [`${n} ${names[i]}`] : []));
  return `${counted.reduce((a, b) => a + b)} of ${all} answered: ` + parts.join(", ");
}

function panel(film, store, root) {
  const button = (text, act) => {
    const made = make("button", { type: "button", ...KEYS }, text);
    made.onclick = act;
    return made;
  };
  const label = make("span", { class: "tv-question" });
  const input = make("input", { type: "text", autocomplete: "off", spellcheck: "false", ...KEYS });
  const said = make("p", { class: "tv-said", role: "status" });
  const hints = make("ol", { class: "tv-hints" });
  const total = make("p", { class: "tv-score" });
  const blank = { typed: "", right: false, tries: 0, hints: 0 };
  let ask;
  let message = "";
  // The step that the message is about: on another one it goes.
  let about;
  const note = (change, more) => {
    const told = store.get("answers");
    const before = told[ask.step] ?? blank;
    store.set({ answers: { ...told, [ask.step]: { ...before, ...change(before) } }, ...more });
  };
  const judge = (event) => {
    event.preventDefault();
    if (!ask) return;
    const typed = reading(input.value, ask.shape);
    // The nearest explanation is the one that counts.
    let near = TOLERANCE;
    let right = false;
    const example = ask.shape ? "Type a shape, such as (2, 3)." : "Type a number, such as 6, 0.5, 1/3 or 2e-3.";
    message = typed ? "Not that. Try again, or take a hint." : example;
    for (const { answer, text } of typed ? [{ answer: ask.answer }, ...ask.slips] : []) {
      const far = off(typed, answer);
      if (far < near) (near = far), (right = !text), (message = text ?? "Right. " + ask.hints.at(-1));
    }
    said.dataset.right = right;
    const { step } = ask;
    about = right ? step : step - 1;
    if (!typed) return show();
    note(({ tries }) => ({ typed: input.value, tries: tries + 1, right, done: right }), right && { step });
    if (!right) return input.select();
    if (!ask) rest(root);
  };
  const hint = () => {
    message = "";
    note(({ hints }) => ({ hints: hints + 1, done: hints + 1 >= ask.hints.length }));
  };
  const all = () => {
    const told = store.get("answers");
    const shown = asked(film, store).map(({ step }) => [step, { ...blank, ...told[step], done: true }]);
    message = "";
    store.set({ answers: { ...told, ...Object.fromEntries(shown) } });
    rest(root);
  };
  const more = button("Hint", hint);
  const reveal = button("Reveal all", all);
  const again = button("Start again", () => store.set({ answers: {}, step: 0 }));
  const say = (text) => ((message = text), (about = store.get("step")), show());
  const renewal = film.now?.renewal(film, store, button, say);
  // The line is shown, too: not every page may write to the clipboard.
  const copy = button("Copy result", () => {
    const [all, first, helped] = counts(film, store);
    const seed = renewal?.seed() ? `, seed ${renewal.seed()}` : "";
    const line = `${film.title}${seed}: ${first} right at once, ${helped} with a hint, ${all - first - helped} missed`;
    navigator.clipboard?.writeText(line).catch(() => {});
    say(line);
  });
  const every = make("input", { type: "checkbox", ...KEYS });
  every.onchange = () => {
    store.set({ predict: every.checked ? "all" : true });
    const first = gate(film, store);
    if (first && every.checked) store.set({ step: Math.min(store.get("step"), first.step - 1) });
  };
  const also = make("label", {}, every, "forward values too");
  also.hidden = !film.asks.some(({ early }) => early);
  const form = make("form", { class: "tv-form" }, make("label", {}, label, input), make("button", { ...KEYS }, "Answer"), more);
  form.onsubmit = judge;
  const box = make("div", { class: "tv-quiz", role: "group", "aria-label": "Predict" }, form, hints, said, pane("tally", total, also, reveal, again, ...(renewal?.tools ?? []), copy));
  const show = () => {
    const step = store.get("step");
    const before = ask;
    box.hidden = !store.get("predict");
    ask = !box.hidden && asked(film, store).find((one) => one.step === step + 1);
    const told = ask && store.get("answers")[ask.step];
    const open = ask && !told?.done;
    const other = ask?.step !== before?.step;
    if (other) input.value = told?.typed ?? "";
    if (step !== about || (ask && other)) message = "";
    form.hidden = !open;
    label.textContent = ask ? ask.question : "";
    const given = ask ? ask.hints.slice(0, told?.hints ?? 0) : [];
    hints.replaceChildren(...given.map((text) => make("li", {}, text)));
    said.textContent = message;
    every.checked = store.get("predict") === "all";
    const ahead = gate(film, store);
    root.dataset.asks = every.checked && !step && ahead ? "start" : store.get("predict");
    total.textContent = score(film, store);
    reveal.hidden = !ahead;
    again.hidden = !reveal.hidden;
    const inside = root.contains(document.activeElement);
    if (open && other && inside) rest(input);
    if (!open && form.contains(document.activeElement)) rest(root);
    return open ? ask.where : "";
  };
  return [box, show];
}
