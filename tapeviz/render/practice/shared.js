// What drills and ordering tasks share: what is right, and a line with the result.

// The data that Python scrambled, so that nobody reads it by accident.
function unscrambled(text) {
  const masked = atob(text);
  let key = masked.length;
  const bytes = Uint8Array.from(masked, (sign) => sign.charCodeAt() ^ ((key = (key * 75 + 74) % 65537) & 255));
  return JSON.parse(new TextDecoder().decode(bytes));
}

// How an answer stands: a mark and a sentence, in a region that is read aloud.
function verdict(said, kind, text) {
  const marks = { exact: "✓", close: "≈", wrong: "✗", open: "○", hint: "?" };
  said.dataset.kind = kind;
  said.replaceChildren(make("b", { "aria-hidden": true }, marks[kind]), " " + text);
}

// Below the task: how far it is, and buttons that copy the result and begin again.
function tally(root, result, again) {
  const line = make("span", { class: "tv-score", role: "status" });
  const button = (text, act) => {
    const made = make("button", { type: "button" }, text);
    made.onclick = act;
    return made;
  };
  // The line is shown, too: not every page may write to the clipboard.
  const copy = () => {
    navigator.clipboard?.writeText(result()).catch(() => {});
    line.textContent = result();
  };
  root.querySelector(".tv-without").remove();
  root.querySelector(".tv-tally").append(line, button("Start again", again), button("Copy result", copy));
  // No key of the page around it acts on what is typed in it.
  for (const type of ["keydown", "keypress", "keyup"]) root.addEventListener(type, (event) => event.stopPropagation());
  return (text) => (line.textContent = text);
}
