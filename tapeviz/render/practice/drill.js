// The sheet of a drill. Each question counts as it was answered first: at once, after a
// hint or another try, or not at all.

// How far off an answer may be, as in lessons/answers.py.
const NEAR = { exact: 1e-5, close: 2e-2 };

function drillIn(root, title, hidden) {
  const blank = () => ({ tries: 0, hints: 0, done: false, right: false });
  const items = unscrambled(hidden).map((item) => ({ ...item, ...blank() }));
  const forms = [...root.querySelectorAll("form")];
  const counted = () => {
    const right = items.filter((item) => item.right);
    const first = right.filter(({ tries, hints }) => tries < 2 && !hints).length;
    return [first, right.length - first, items.filter((item) => item.done).length];
  };
  const result = () => {
    const [first, helped] = counted();
    return `${title}: ${first} right at once, ${helped} with a hint, ${items.length - first - helped} missed`;
  };
  const show = () => {
    const [first, helped, done] = counted();
    write(`${done} of ${items.length} answered: ${first} right at once, ${helped} with a hint`);
  };
  const clear = (form) => {
    const said = form.querySelector(".tv-said");
    said.replaceChildren();
    delete said.dataset.kind;
    form.querySelector(".tv-more").textContent = "Hint";
  };
  const write = tally(root, result, () => {
    for (const item of items) Object.assign(item, blank());
    for (const form of forms) form.reset(), clear(form);
    show();
    forms[0].querySelector("input").focus();
  });
  // What is said of an answer: a list with its number, or that of the choice.
  const judged = ({ answers, helps }, given) => {
    const found = answers.find(([answer]) => off(given, answer) < NEAR.exact);
    if (found) return found[1] ? ["wrong", "Not right yet. " + found[1]] : ["exact", "Right. " + helps[1]];
    if (off(given, answers[0][0]) < NEAR.close) return ["close", "Close, but not exact. Do not round on the way."];
    return ["wrong", "Not right yet. Do it again by hand, one step at a time."];
  };
  forms.forEach((form, n) => {
    const item = items[n];
    const said = form.querySelector(".tv-said");
    const more = form.querySelector(".tv-more");
    const typing = form.querySelector("[type=text]");
    form.onsubmit = (event) => {
      event.preventDefault();
      const field = typing ?? form.querySelector(":checked");
      const given = field && numeral(field.value);
      if (!given) return verdict(said, "open", typing ? "Type a number, such as 6, 0.5 or -1/3." : "Choose an answer first.");
      const [kind, text] = judged(item, given);
      verdict(said, kind, text);
      if (item.done) return;
      item.tries += 1;
      item.done = item.right = kind === "exact";
      if (item.done) more.textContent = "How?";
      show();
    };
    more.onclick = () => {
      const all = item.done || item.hints > 0;
      verdict(said, "hint", item.helps[+all]);
      more.textContent = all ? "How?" : "Show answer";
      item.hints += 1;
      item.done ||= all;
      show();
    };
  });
  show();
}
