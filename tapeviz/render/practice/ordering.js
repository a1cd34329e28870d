// Steps to be put in order: by buttons, by Alt and the arrow keys, or by a handle.

function orderingIn(root, title, hidden) {
  const { needs, shows } = unscrambled(hidden);
  const list = root.querySelector("ol");
  const said = root.querySelector(".tv-said");
  const begin = [...list.children];
  const words = (item) => item.querySelector(".tv-words>span").textContent;
  const order = () => [...list.children];
  let tries = 0;
  let right = false;
  const result = () => `${title}: ${right ? (tries > 1 ? `right at try ${tries}` : "right at once") : "missed"}`;
  const clear = () => {
    for (const item of begin) delete item.dataset.kind, item.querySelector("small").replaceChildren();
  };
  const write = tally(root, result, () => {
    (tries = 0), (right = false);
    list.replaceChildren(...begin);
    clear();
    said.replaceChildren();
    write("");
    begin[0].querySelector("button").focus();
  });

  // Puts a step before another one, or last; what had the keys has them again.
  const put = (item, next) => {
    const active = document.activeElement;
    clear();
    list.insertBefore(item, next);
    if (item.contains(active)) rest(active);
  };
  const move = (item, way) => {
    const next = way < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (way && next) put(item, way < 0 ? next : next.nextElementSibling);
    const all = order();
    verdict(said, "open", `Step ${all.indexOf(item) + 1} of ${all.length}: ${words(item)}`);
  };
  for (const item of begin) {
    const [up, down] = item.querySelectorAll("button");
    up.onclick = () => move(item, -1);
    down.onclick = () => move(item, 1);
    item.addEventListener("keydown", (event) => {
      const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      if (event.altKey) return move(item, way);
      const all = order();
      const other = all[all.indexOf(item) + way];
      other?.querySelectorAll("button")[+(event.target === down)].focus();
    });
  }

  // The list hears the pointer, as it stays where it is while a step moves in it.
  let held;
  list.onpointerdown = (event) => {
    if (!event.target.closest(".tv-handle")) return;
    event.preventDefault();
    held = event.target.closest("li");
    held.classList.add("tv-held");
    list.setPointerCapture(event.pointerId);
  };
  list.onpointermove = ({ clientY }) => {
    if (!held) return;
    const middle = (one) => one.getBoundingClientRect().top + one.offsetHeight / 2;
    const next = order().find((one) => one !== held && middle(one) > clientY) ?? null;
    if (next !== held.nextElementSibling) put(held, next);
  };
  list.onlostpointercapture = () => {
    held?.classList.remove("tv-held");
    if (held) move(held, 0);
    held = null;
  };
  root.querySelector(".tv-check").onclick = () => {
    clear();
    const steps = order().map((item) => +item.dataset.step);
    const waits = (n) => needs[n].filter((need) => steps.indexOf(need) > steps.indexOf(n));
    const early = steps.filter((n) => waits(n).length);
    tries += !right;
    right ||= !early.length;
    if (!early.length) {
      verdict(said, "exact", "Right. Each step has all it needs from those before it.");
      for (const item of begin) (item.dataset.kind = "exact"), item.querySelector("small").append(shows[item.dataset.step]);
      return write(result());
    }
    const [first] = early;
    const need = waits(first).sort((a, b) => steps.indexOf(a) - steps.indexOf(b))[0];
    begin[first].dataset.kind = "wrong";
    begin[first].querySelector("small").append("too early");
    verdict(said, "wrong", `Not right yet. “${words(begin[first])}” needs what comes from “${words(begin[need])}”.`);
  };
}
