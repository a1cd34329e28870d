// Opens and closes the groups of a folded picture. It knows groups and their insides,
// which lie ready in templates; what they mean was decided before.

function templatesOf(root) {
  const entry = (el) => [el.dataset.inside, { title: el.dataset.title, make: () => el.content.cloneNode(true) }];
  return new Map([...root.querySelectorAll("template[data-inside]")].map(entry));
}

// ``inside`` has for the id of a group its title and a function that makes its picture.
function unfold(root, inside = templatesOf(root)) {
  const stage = root.querySelector(".tv-stage");
  const crumbs = root.querySelector(".tv-crumbs");
  const levels = new Map([["", stage.firstElementChild]]);
  let path = [""];

  function level(id) {
    if (!levels.has(id)) {
      const el = document.createElement("div");
      el.className = "tv-level";
      el.append(inside.get(id).make());
      stage.append(el);
      levels.set(id, el);
      ready(el);
    }
    return levels.get(id);
  }

  function ready(el) {
    // Where any part can be opened, a single operation can be, too.
    if (inside.any) for (const op of el.querySelectorAll(".tv-node.tv-op")) op.dataset.fold ??= op.id;
    for (const svg of el.querySelectorAll("svg[role=img]")) svg.setAttribute("role", "group");
    for (const group of el.querySelectorAll("[data-fold]")) {
      if (!inside.has(group.dataset.fold)) continue;
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.setAttribute("data-lm-suppress-shortcuts", "true");
      group.setAttribute("aria-label", `open ${inside.get(group.dataset.fold).title}`);
    }
    for (const rounds of el.querySelectorAll(".tv-rounds")) turn(rounds);
  }

  function show(ids) {
    path = ids;
    const now = level(ids.at(-1));
    for (const el of stage.children) el.hidden = el !== now;
    crumbs.hidden = ids.length === 1;
    crumbs.replaceChildren(...ids.map((id, i) => crumb(id, ids.slice(0, i + 1))));
    root.dispatchEvent(new CustomEvent("tv-level", { bubbles: true, detail: now }));
  }

  function crumb(id, ids) {
    const last = ids.length === path.length;
    const el = document.createElement(last ? "span" : "button");
    el.textContent = id ? inside.get(id).title : "whole tape";
    if (last) {
      el.setAttribute("aria-current", "location");
      el.tabIndex = -1;
    } else {
      el.type = "button";
      el.addEventListener("click", () => close(ids));
    }
    el.setAttribute("data-lm-suppress-shortcuts", "true");
    return el;
  }

  function open(id) {
    show([...path, id]);
    crumbs.lastElementChild.focus({ preventScroll: true });
    if (root.getBoundingClientRect().top < 0) root.scrollIntoView({ block: "start" });
  }

  function close(ids) {
    const from = path[ids.length];
    show(ids);
    level(ids.at(-1)).querySelector(`[data-fold="${CSS.escape(from)}"]`)?.focus();
  }

  function group(event) {
    const found = event.target.closest?.("[data-fold]");
    return found && inside.has(found.dataset.fold) ? found.dataset.fold : null;
  }

  root.addEventListener("click", (event) => {
    const id = group(event);
    if (id === null || event.defaultPrevented) return;
    event.preventDefault();
    open(id);
  });
  root.addEventListener("keydown", (event) => {
    const id = group(event);
    const press = event.key === "Enter" || event.key === " ";
    if (press && id !== null) open(id);
    else if (event.key === "Escape" && path.length > 1) close(path.slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  ready(levels.get(""));
  return (ids) => show(["", ...ids]);
}

// A slider over the rounds of a loop writes the numbers of one into their picture.
function turn(rounds) {
  const slider = rounds.querySelector("input");
  const said = rounds.querySelector("output");
  const box = rounds.querySelector(".tv-table");
  const [head, ...rows] = rounds.querySelectorAll("tr");
  const parts = [...head.cells].map((th) =>
    th.dataset.node ? rounds.querySelector(`[id="${CSS.escape(th.dataset.node)}"]`) : null);

  function fill(row) {
    parts.forEach((el, i) => {
      const text = el?.localName === "text" ? el : el?.querySelector(".tv-grad");
      const equals = text?.textContent.startsWith("= ") ? "= " : "";
      if (text) text.textContent = equals + row.cells[i].textContent;
    });
    said.textContent = row.cells[0].textContent;
    slider.setAttribute("aria-valuetext", said.textContent);
    for (const one of rows) one.classList.toggle("tv-now", one === row);
    box.scrollTop = row.offsetTop - box.clientHeight / 2;
  }

  slider.addEventListener("input", () => fill(rows[slider.value]));
  rows.forEach((row, i) => {
    row.addEventListener("click", () => {
      slider.value = i;
      fill(row);
    });
  });
  fill(rows[0]);
}
