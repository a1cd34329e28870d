// Where Python would have gone another way: a sentence, and what follows is greyed.

function exitOf(machine, root, row, box) {
  const found = { text: "", show };
  let after = [];
  const grey = (is) => {
    for (const id of after) {
      const node = box(id);
      const beside = root.querySelectorAll(`:is([id^=e${id.slice(1)}_],[data-id^=e${id.slice(1)}_],[id^=${id}-g])`);
      for (const el of [node, ...beside]) if (el === node || !node?.contains(el)) el?.classList.toggle("tv-beyond", is);
    }
  };
  function show(changed) {
    const left = changed.size ? machine.left() : null;
    const ours = machine.handles.filter(({ node }) => changed.has(node));
    const many = ours.length > 2 || ours.some(({ shape }) => shape.length);
    const say = (other, of) => (many ? other : ours.map((handle) => `${handle.label} = ${formatNumber(of(handle)[0])}`).join(" and "));
    const turn = left?.kind === "left" ? "would have gone on with another number from" : "would have gone another way at";
    found.text = left && `At ${say("these numbers", ({ node }) => changed.get(node))} Python ${turn} line ${left.line}: what follows was recorded for ${say("other numbers", ({ data }) => data)}.`;
    grey(false);
    after = left?.after ?? [];
    grey(true);
    row.classList.toggle("tv-left", Boolean(left));
  }
  row.classList.add("tv-exits");
  return found;
}
