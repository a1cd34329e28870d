// What the film's and the picture's scripts share: buttons, lit code, scrolling, full screen.

const FULL = "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4";

const pane = (name, ...inside) => make("div", { class: `tv-${name}` }, ...inside);

function press(name, label, inside, act) {
  const button = make("button", { type: "button", class: `tv-${name}`, title: label, "aria-label": label, ...KEYS }, inside);
  button.onclick = act;
  return button;
}

function icon(path) {
  const box = make("span", { "aria-hidden": "true" });
  box.innerHTML = `<svg viewBox="0 0 20 20" width="20" height="20"><path d="${path}"/></svg>`;
  return box;
}

// What each key does.
function legend(keys) {
  const parts = Object.entries(keys).flatMap(([key, text]) => [make("dt", {}, key), make("dd", {}, text)]);
  return make("dl", { class: "tv-help", hidden: "" }, ...parts);
}

// The learner's lines; only the lit ones are written anew. A click on them is told to
// ``hear``, as what says whether a place lies under it.
function listing(sources, hear) {
  const lines = [];
  const box = make("div", { class: "tv-code", tabindex: 0, role: "group", "aria-label": "Code", ...KEYS });
  for (const { name, first, lines: texts } of sources) {
    if (sources.length > 1) box.append(pane("file", name));
    texts.forEach((text, i) => {
      const code = make("code", {}, text || " ");
      box.append(pane("line", make("span", { class: "tv-number" }, `${first + i}`), code));
      lines.push({ code, text });
    });
  }
  box.onclick = ({ target, clientX }) => {
    const line = lines.findIndex(({ code }) => code.contains(target));
    if (line < 0) return;
    const { code, text } = lines[line];
    const { left, width } = code.getBoundingClientRect();
    const column = ((clientX - left) / width) * text.length;
    hear(([at, from, to]) => at === line && from <= column && column < to);
  };
  let lit = [];
  const light = (places) => {
    for (const { code, text } of lit) {
      code.replaceChildren(text || " ");
      code.parentNode.classList.remove("tv-lit");
    }
    const found = {};
    for (const place of places) (found[place[0]] ??= []).push(place);
    lit = Object.keys(found).map((n) => lines[n]);
    for (const n in found) paint(lines[n], found[n]);
    if (lit[0]) reveal(box, [lit[0].code.querySelector("mark")]);
  };
  return [box, light];
}

function paint({ code, text }, places) {
  const parts = [];
  let end = 0;
  for (const [, from, to] of places) {
    parts.push(text.slice(end, from), make("mark", {}, text.slice(from, to)));
    end = to;
  }
  code.replaceChildren(...parts, text.slice(end));
  code.parentNode.classList.add("tv-lit");
}

// The whole screen for a film or a picture, or the whole window where the browser refuses.
function full(root) {
  if (document.fullscreenElement === root) return document.exitFullscreen();
  const wide = () => root.classList.toggle("tv-wide");
  if (root.classList.contains("tv-wide") || !root.requestFullscreen) return wide();
  root.requestFullscreen().catch(wide);
}
