// Below a film of a descent: the graph of each step that was kept, shown when asked.
function opened(box, graphs) {
  const steps = [...graphs.keys()];
  const view = make("div", { class: "tv-graph-view" });
  const open = (step) => {
    const near = steps.reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a));
    const page = new DOMParser().parseFromString(graphs.get(near), "image/svg+xml");
    const title = near === step ? `The graph of step ${near}` : `Step ${step} was let go; the graph of step ${near}`;
    const close = make("button", { type: "button", ...KEYS }, "Close");
    close.onclick = () => (view.replaceChildren(), tell(-1));
    const picture = make("div", { tabindex: 0, role: "group", "aria-label": title, class: "tv-graph-picture", ...KEYS }, scoped(document.importNode(page.documentElement, true)));
    view.replaceChildren(make("p", {}, title, " ", close), picture);
    tell(near);
  };
  const buttons = steps.map((step) => {
    const button = make("button", { type: "button", "aria-label": `Open the graph of step ${step}`, "aria-pressed": "false", ...KEYS }, `${step}`);
    button.onclick = () => open(step);
    return button;
  });
  const tell = (now) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", steps[i] === now));
  const bar = make("div", { class: "tv-graph-bar", role: "group", "aria-label": "Graphs of the steps" }, make("span", {}, "Graph of step"), ...buttons);
  box.append(bar, view);
  box.addEventListener("click", ({ target }) => {
    const point = target.closest?.(".tapeviz-film [id]")?.closest("[id^=p],[id^=l]");
    const step = /^[pl](\d+)$/.exec(point?.id ?? "");
    if (step && !view.contains(target)) open(+step[1]);
  });
  const stop = (event) => event.target.closest(".tv-graph-bar,.tv-graph-view") && event.stopPropagation();
  for (const type of ["keydown", "keyup", "keypress"]) box.addEventListener(type, stop);
}
