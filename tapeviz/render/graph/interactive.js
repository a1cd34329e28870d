// Lets a reader walk through a picture: light, pin, search, zoom, full screen.
// It knows boxes, arrows and lines of code; what they mean was decided before.

const FEW = 10;
const NEXT = {
  LR: { ArrowRight: 1, ArrowLeft: -1 },
  TB: { ArrowDown: 1, ArrowUp: -1 },
};
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const HELP = {
  "← → ↑ ↓": "along the arrows, and to a neighbour",
  "Home End": "first, last box",
  Enter: "hold it fast",
  Esc: "let go",
  "/": "search",
  "+ − 0": "larger, smaller, whole",
  f: "full screen",
  "?": "these keys",
};

// What there is in a picture: its boxes and the arrows between them.
function parts(svg) {
  const boxes = new Map();
  const arrows = [...svg.querySelectorAll(".tv-edge[data-ends]")].map((el) => [el, ...el.dataset.ends.split(" ")]);
  for (const el of svg.querySelectorAll(".tv-node")) {
    const title = el.querySelector(":scope > title");
    const box = {
      el,
      title,
      get lines() { return title.textContent.split(/\n/); },
      get words() { return [...box.lines, ...texts(el)].join(" ").toLowerCase(); },
    };
    box.name = called(el, box.lines);
    boxes.set(el.dataset.id ?? el.id, box);
    title.remove();
  }
  return { svg, boxes, arrows };
}

const texts = (el) => [...el.querySelectorAll("text")].map((text) => text.textContent);

// Whether the numbers in a box change, as in the rounds of a loop.
const turns = (el) => el.closest(".tv-rounds");

// What a screen reader calls a box.
const named = (lines) => lines.slice(0, 2).join(", ");

// What a box is called: its name, else its formula, else its value.
function called(el, lines) {
  const name = el.querySelector(".tv-name,.tv-formula")?.textContent;
  return name ?? (turns(el) ? texts(el)[0] : lines[0]);
}

// Ids of one picture must not meet those of another one in the same page.
function anonymous(svg) {
  const title = svg.querySelector("title");
  const told = svg.querySelector("desc");
  if (title) svg.setAttribute("aria-label", title.textContent);
  if (told) svg.setAttribute("aria-description", told.textContent);
  svg.removeAttribute("aria-labelledby");
  svg.setAttribute("role", "group");
  title?.remove();
  for (const el of svg.querySelectorAll("[id]")) {
    el.dataset.id = el.id;
    el.removeAttribute("id");
  }
}

function drawn(root, image) {
  if (!image) return scoped(root.querySelector("svg"));
  const text = decodeURIComponent(image.getAttribute("src").replace(/^[^,]*,/, ""));
  const page = new DOMParser().parseFromString(text, "image/svg+xml");
  return scoped(document.importNode(page.documentElement, true));
}

// How large the picture is shown; it moves by scrolling, with the mouse held too.
function lens(view, screen, current) {
  let scale = 0;
  const natural = () => current().svg.viewBox.baseVal;
  const hint = () => {
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = screen;
    const more = {
      left: scrollLeft > 2,
      right: scrollLeft + clientWidth < scrollWidth - 2,
      up: scrollTop > 2,
      down: scrollTop + clientHeight < scrollHeight - 2,
    };
    for (const way in more) view.classList.toggle(`tv-more-${way}`, more[way]);
    const moves = Object.values(more).some(Boolean);
    screen.classList.toggle("tv-moves", moves);
    screen.tabIndex = moves ? 0 : -1;
  };
  const room = () => screen.clientWidth - 2;
  const now = () => current().svg.getBoundingClientRect().width / natural().width;
  const size = (to, at) => {
    const { svg } = current();
    const frame = screen.getBoundingClientRect();
    const [x, y] = at ? [at[0] - frame.left, at[1] - frame.top] : [screen.clientWidth / 2, screen.clientHeight / 2];
    const ratio = to ? to / now() : 1;
    const [left, top] = [(screen.scrollLeft + x) * ratio - x, (screen.scrollTop + y) * ratio - y];
    scale = to && Math.max(0.1, Math.min(8, to));
    view.classList.toggle("tv-zoomed", Boolean(scale));
    svg.style.width = scale ? `${natural().width * scale}px` : "";
    screen.scrollTo(left, top);
    hint();
  };
  const fit = () => size(Math.min(1, room() / natural().width));
  const by = (factor, at) => size(now() * factor, at);
  screen.addEventListener("scroll", hint, { passive: true });
  new ResizeObserver(hint).observe(screen);
  screen.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    by(Math.exp(-event.deltaY / 300), [event.clientX, event.clientY]);
  }, { passive: false });
  drags(screen, by);
  return { hint, fit, by, reset: () => size(0) };
}

// A held mouse moves the picture, two fingers make it larger; one finger scrolls.
function drags(screen, by) {
  const held = new Map();
  let moved = 0;
  const apart = () => {
    const [[a, b], [c, d]] = held.values();
    return Math.hypot(a - c, b - d);
  };
  screen.onpointerdown = (event) => {
    if (event.button || event.target.closest("button,input,select,summary,td")) return;
    moved = 0;
    held.set(event.pointerId, [event.clientX, event.clientY]);
  };
  screen.onpointermove = (event) => {
    const { pointerId, clientX, clientY, pointerType } = event;
    const from = held.get(pointerId);
    if (!from) return;
    const before = held.size === 2 && apart();
    held.set(pointerId, [clientX, clientY]);
    const [dx, dy] = [clientX - from[0], clientY - from[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (before) return by(apart() / before, [clientX, clientY]);
    if (pointerType !== "mouse" || moved < 5) return;
    if (!screen.hasPointerCapture(pointerId)) screen.setPointerCapture(pointerId);
    screen.classList.add("tv-held");
    screen.scrollBy(-dx, -dy);
  };
  const end = ({ pointerId }) => (held.delete(pointerId), screen.classList.remove("tv-held"));
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) screen.addEventListener(type, end);
  screen.addEventListener("pointerleave", ({ pointerId }) => screen.hasPointerCapture(pointerId) || held.delete(pointerId));
  screen.addEventListener("click", (event) => moved > 4 && (event.preventDefault(), event.stopPropagation()), true);
}

function start(root, told) {
  const image = root.querySelector(":scope > img");
  const svg = drawn(root, image);
  const own = [...svg.classList].at(-1);
  const folds = root.querySelector(".tapeviz-fold");
  const screen = folds?.querySelector(".tv-stage") ?? make("div");
  const view = pane("view");
  const title = svg.querySelector("title")?.textContent ?? "Picture";
  let theme = told.theme;
  let picture;
  let here = "";
  let pinned = "";
  let lit = "";
  let entitle = () => {};
  let before = "";

  const neighbours = (id, way) => picture.arrows.filter((arrow) => arrow[2 - (way > 0)] === id).map((arrow) => arrow[1 + (way > 0)]).filter((other) => picture.boxes.has(other));
  const names = (ids) => [...new Set(ids)].map((id) => picture.boxes.get(id).name).join(", ");
  const said = (id) => {
    const { el, lines, name } = picture.boxes.get(id);
    const [from, to] = [neighbours(id, -1), neighbours(id, 1)];
    const more = [id === pinned && "held fast", ...(turns(el) ? [texts(el).join(" ")] : lines), from.length && `from ${names(from)}`, to.length && `to ${names(to)}`];
    return [make("b", {}, name), ...more.filter((text) => text && text !== name).map((text) => ` · ${text}`)];
  };

  // One box is lit: the one pointed at, else the one held fast.
  const light = (id, point) => {
    const { svg, boxes, arrows } = picture;
    for (const el of svg.querySelectorAll(".tv-here,.tv-near")) el.classList.remove("tv-here", "tv-near");
    svg.classList.toggle("tv-fast", Boolean(pinned) && id === pinned);
    boxes.get(id)?.el.classList.add("tv-here");
    for (const [el, tail, head] of arrows) {
      if (tail !== id && head !== id) continue;
      el.classList.add("tv-near");
      boxes.get(tail === id ? head : tail)?.el.classList.add("tv-near");
    }
    lines(told.lit[id] ?? []);
    lit = id;
    entitle(id);
    say.setAttribute("aria-live", point ? "off" : "polite");
    say.replaceChildren(...(boxes.has(id) ? said(id) : ["Point at a box, or press Tab and the arrow keys."]));
  };
  const go = (id, focus = true) => {
    if (!picture.boxes.has(id)) return;
    picture.boxes.get(here)?.el.setAttribute("tabindex", -1);
    const { el } = picture.boxes.get(id);
    el.setAttribute("tabindex", 0);
    here = id;
    if (focus) el.focus({ preventScroll: true });
    reveal(screen, [el]);
    light(id);
  };
  const pin = (id) => {
    const was = picture.boxes.get(pinned);
    was?.el.setAttribute("aria-pressed", false);
    pinned = pinned === id ? "" : id;
    if (pinned) picture.boxes.get(pinned).el.setAttribute("aria-pressed", true);
    light(pinned);
  };
  // A click on code leads to the box that came from the smallest part of it.
  const lead = (here) => {
    const wide = ([, places]) => places.reduce((sum, [, from, to]) => sum + to - from, 0);
    const found = Object.entries(told.lit).filter(([, places]) => places.some(here)).sort((a, b) => wide(a) - wide(b))[0];
    if (!found) return;
    go(found[0], false);
    if (pinned !== found[0]) pin(found[0]);
  };
  const [code, lines] = listing(told.code, lead);
  const say = make("p", { class: "tv-say", "aria-live": "polite", "aria-atomic": "true" });

  // Which box lies in the direction of a key: along an arrow, else a neighbour.
  const middle = (id) => {
    const { left, top, width, height } = picture.boxes.get(id).el.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const towards = (key) => {
    const way = NEXT[told.direction][key];
    const [x, y] = middle(here);
    const far = (id, along = [0, 0]) => {
      const [dx, dy] = along;
      const [a, b] = middle(id);
      return Math.abs(a - x) * (1 + 2 * Math.abs(dy)) + Math.abs(b - y) * (1 + 2 * Math.abs(dx));
    };
    const near = (ids, along) => ids.sort((a, b) => far(a, along) - far(b, along))[0];
    if (way) {
      const ids = neighbours(here, way);
      return ids.includes(before) ? before : near(ids);
    }
    const [dx, dy] = ARROWS[key];
    const beyond = (id) => {
      const [a, b] = middle(id);
      return id !== here && (a - x) * dx + (b - y) * dy > 4;
    };
    const kin = [...neighbours(here, -1).flatMap((id) => neighbours(id, 1)), ...neighbours(here, 1).flatMap((id) => neighbours(id, -1))];
    return near([...new Set(kin)].filter(beyond), [dx, dy]) ?? near([...picture.boxes.keys()].filter(beyond), [dx, dy]);
  };
  const walk = (key) => {
    if (!picture.boxes.has(here)) return go([...picture.boxes.keys()][0]);
    const to = towards(key);
    if (!to) return;
    before = here;
    go(to);
  };

  // Search: what holds the words stays bright, Enter goes from one to the next.
  const field = make("input", { type: "search", placeholder: "Search", "aria-label": "Search the picture", ...KEYS });
  const found = make("span", { class: "tv-found", role: "status" });
  let hits = [];
  let hit = -1;
  const wanted = () => field.value.trim().toLowerCase();
  // What stands in the picture of a group, and in those of the groups inside it.
  const within = (el) => {
    const ids = el.dataset.fold && folds ? [el.dataset.fold] : [];
    const words = [];
    for (const id of ids) {
      const { content } = folds.querySelector(`template[data-inside="${CSS.escape(id)}"]`) ?? {};
      if (!content) continue;
      words.push(...[...content.querySelectorAll(".tv-node text")].map((one) => one.textContent.toLowerCase()));
      ids.push(...[...content.querySelectorAll("[data-fold]")].map((one) => one.dataset.fold));
    }
    return words.join(" · ");
  };
  const search = () => {
    const text = wanted();
    hit = -1;
    hits = text ? [...picture.boxes].filter(([, { words, el }]) => words.includes(text) || within(el).includes(text)).map(([id]) => id) : [];
    const inner = hits.filter((id) => !picture.boxes.get(id).words.includes(text)).length;
    picture.svg.classList.toggle("tv-seeking", Boolean(text));
    for (const [id, { el }] of picture.boxes) el.classList.toggle("tv-hit", hits.includes(id));
    const more = inner ? ", " + inner + " in groups: press Enter" : "";
    found.textContent = text ? (hits.length || "none") + " found" + more : "";
    if (hits.length) reveal(screen, [picture.boxes.get(hits[0]).el]);
  };
  const through = (way) => {
    if (!hits.length) return;
    hit = (hit + way + hits.length) % hits.length;
    if (hit < 0) hit = hits.length - 1;
    go(hits[hit], false);
    found.textContent = `${hit + 1} of ${hits.length}`;
    const { el, words } = picture.boxes.get(hits[hit]);
    if (words.includes(wanted())) return;
    el.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    field.focus({ preventScroll: true });
    search();
  };
  field.oninput = search;

  // The colours of the whole, put on by a class; the page's own are those it came with.
  const looks = make("style");
  const wear = (name) => {
    const set = (told.themes[name] ?? []).map((colour, i) => `--tv-${told.roles[i]}:#${colour}`);
    looks.textContent = `.tv-${name}{${set.join(";")}}`;
    for (const el of [root, ...root.querySelectorAll(`.tv-${theme}`)]) {
      el.classList.remove(`tv-${theme}`);
      el.classList.add(`tv-${name}`);
    }
    theme = name;
  };
  const option = ([name, text]) => make("option", { value: name }, text);
  const select = make("select", { "aria-label": "Colours", title: "Colours", ...KEYS }, ...Object.entries(told.names).map(option));
  select.value = theme;
  select.onchange = () => wear(select.value);

  const look = lens(view, screen, () => picture);
  const help = legend({ ...HELP, ...(told.live && { r: "recorded numbers" }) });
  // A small picture shows few tools: the others come with the keys.
  const few = (yes) => root.classList.toggle("tv-few", yes && !folds && picture.boxes.size <= FEW);
  const explain = () => {
    help.hidden = !help.hidden;
    few(help.hidden);
    helper.setAttribute("aria-expanded", !help.hidden);
  };
  const helper = press("keys", "Keys and tools (?)", "?", explain);
  const bar = make("div", { class: "tv-bar", role: "group", "aria-label": "Picture controls" },
    field, found,
    pane("tools",
      press("minus", "Smaller (−)", "−", () => look.by(0.8)),
      press("fit", "Whole picture (0)", "Fit", look.fit),
      press("plus", "Larger (+)", "+", () => look.by(1.25)),
      select, press("full", "Full screen (f)", icon(FULL), () => full(root)), helper));

  const free = () => {
    if (!help.hidden) return explain();
    if (field.value) return (field.value = ""), search(), go(here || [...picture.boxes.keys()][0]);
    if (pinned) return pin(pinned);
    if (root.classList.contains("tv-wide")) return full(root);
    light("");
  };
  const ends = (at) => go([...picture.boxes.keys()].at(at));
  const bound = {
    Home: () => ends(0),
    End: () => ends(-1),
    "/": () => (few(false), field.focus({ preventScroll: true })),
    "+": () => look.by(1.25),
    "=": () => look.by(1.25),
    "-": () => look.by(0.8),
    0: look.fit,
    f: () => full(root),
    "?": explain,
    Escape: free,
  };
  for (const key in ARROWS) bound[key] = () => walk(key);
  const typed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    event.stopPropagation();
    const { target, key, type } = event;
    if (type !== "keydown") return;
    const box = target.closest(".tv-node");
    const press = key === "Enter" || key === " ";
    let act = bound[key];
    if (target === field) act = key === "Enter" ? () => through(event.shiftKey ? -1 : 1) : key === "Escape" && free;
    else if (target === screen && ARROWS[key] && screen.classList.contains("tv-moves")) return;
    else if (target.matches("select,input,summary") || target.closest(".tv-code,.tv-table,.tv-choose")) act = key === "Escape" || key === "f" ? act : null;
    else if (box && press) act = () => pin(box.dataset.id);
    else if (target.matches("button") && press) return;
    if (!act) return;
    event.preventDefault();
    act();
  };
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, typed);
  root.addEventListener("fullscreenchange", () => {
    root.classList.toggle("tv-wide", document.fullscreenElement === root);
    look.reset();
  });

  // A level of a folded picture comes into sight and is read anew.
  const enter = (svg) => {
    if (svg.hasAttribute("aria-labelledby")) anonymous(svg);
    picture = svg.tapeviz ??= parts(svg);
    if (theme !== told.theme) svg.classList.replace(`tv-${told.theme}`, `tv-${theme}`);
    pinned = here = before = "";
    for (const [id, { el, lines, name }] of picture.boxes) {
      const opens = el.dataset.fold !== undefined && folds;
      const attributes = { tabindex: -1, role: "button", "aria-label": opens ? `open ${name}` : turns(el) ? name : named(lines), ...(!opens && { "aria-pressed": "false" }), ...KEYS };
      for (const key in attributes) el.setAttribute(key, attributes[key]);
      el.onpointerenter = ({ pointerType }) => pointerType === "mouse" && !pinned && light(id, true);
      el.onpointerleave = ({ pointerType }) => pointerType === "mouse" && !pinned && light(here === id ? id : "", true);
      // A box that moved while the mouse was pressed would not hear the click.
      el.onfocus = () => (here === id && el.matches(".tv-here")) || (el.matches(":focus-visible") && go(id, false));
      el.onclick = opens ? null : () => (go(id), pin(id));
    }
    const first = picture.boxes.values().next().value;
    first?.el.setAttribute("tabindex", 0);
    here = first ? [...picture.boxes.keys()][0] : "";
    light("", true);
    look.reset();
  };

  root.classList.add("tapeviz-picture", `tv-${theme}`);
  for (const [name, value] of Object.entries({ role: "group", "aria-label": title })) root.setAttribute(name, value);
  for (const [name, value] of Object.entries({ tabindex: 0, role: "group", "aria-label": "Picture", ...KEYS })) screen.setAttribute(name, value);
  screen.classList.add("tv-screen");
  if (folds) {
    screen.replaceWith(view);
    view.append(screen);
    root.prepend(make("style", {}, told.css), looks, bar, help);
    root.append(say, code);
    folds.addEventListener("tv-level", ({ detail }) => {
      // Pictures inside a group have no styles of their own: they wear the outermost's.
      const inner = detail.querySelectorAll("svg.tapeviz");
      for (const one of inner) one.classList.add(own);
      if (inner[0]) enter(inner[0]);
    });
  } else {
    const { width, height } = svg.viewBox.baseVal;
    svg.style.minWidth = `${told.least}px`;
    svg.style.minHeight = `${(told.least * height) / width}px`;
    screen.append(svg);
    view.append(screen);
    root.replaceChildren(make("style", {}, told.css), looks, bar, help, view, ...(told.why ? [make("p", { class: "tv-why" }, `Its numbers cannot be changed here. ${told.why}`)] : []), say, code);
  }
  if (!told.code.length) code.remove();
  root.addEventListener("click", ({ target }) => target === screen || target.matches(".tv-paper") ? pinned && pin(pinned) : null);
  enter(svg);
  few(true);
  if (told.live) {
    const machine = compile(told.live.program);
    const { fill, isZero, forget } = filler(machine, told.live.slots);
    const find = (id) => svg.querySelector(`[data-id="${CSS.escape(id)}"]`);
    const write = labels({ fill, isZero }, told.live.texts, told.live.zeros, find);
    const titles = boxTitles(machine, (id) => picture.boxes.get(id)?.title);
    const meant = (id) => {
      const [node, part = "value"] = id.split("-");
      return told.live.texts[`${node}-${part}`] && [part === "grad" ? "g" : "v", node];
    };
    const paint = machine.nodes.some(({ shape }) => shape.length) ? heatmaps(svg, machine, meant) : () => {};
    let later;
    // What only a screen reader or a mouse at rest asks for is written in a pause.
    const rename = (changed) => {
      titles(changed);
      for (const { el, lines } of picture.boxes.values()) el.setAttribute("aria-label", named(lines));
    };
    const draw = (changed) => {
      forget();
      write(changed);
      paint(changed);
      clearTimeout(later);
      later = setTimeout(rename, 200, changed);
      entitle = (id) => titles(changed, id);
      if (picture.boxes.has(lit)) light(lit, true);
    };
    const { row, inset } = whatIf(machine, { root, draw, box: (id) => picture.boxes.get(id)?.el, slope: told.live.slope && slopeInset });
    const mark = make("i");
    view.replaceWith(mark);
    mark.replaceWith(paired(view, inset, svg), row);
  }
  reveal(screen, svg.querySelectorAll(".tv-target"));
}
