// Arrays as small pictures, for the numbers of the last run: render/svg/heatmap.py.

const CELL = 7;
const SHADES = 8;

// The means of a row's blocks, at most so many.
function blockMeans(row, most) {
  const many = Math.min(most, row.length);
  const end = (i) => halfEven((i * row.length) / many);
  return Array.from({ length: many }, (_, i) => meanOf(...row.slice(end(i), end(i + 1))));
}

// To the nearest whole number, halves to the even one.
function halfEven(x) {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

// The picture of an array: where each of the shades has cells.
function shadesOf(values, across, x, y) {
  const rows = [];
  for (let i = 0; i < values.length; i += across) rows.push(blockMeans(values.slice(i, i + across), 16));
  const columns = rows[0].map((_, j) => blockMeans(rows.map((row) => row[j]), 6));
  const all = columns.flat();
  const low = Math.min(...all);
  const span = Math.max(...all) - low;
  const paths = new Array(SHADES).fill("");
  columns.forEach((column, j) =>
    column.forEach((number, i) => {
      const shade = Math.min(SHADES - 1, Math.trunc((span > 0 ? (number - low) / span : 0.5) * SHADES));
      if (Number.isFinite(number)) paths[shade] += `M${x + j * CELL} ${y + i * CELL}h${CELL}v${CELL}h-${CELL}z`;
    }),
  );
  return paths;
}

// A function that draws all of a picture's arrays again, or as they were. ``meant`` gives
// what an element shows by its id, as in ["v", node].
function heatmaps(svg, machine, meant) {
  const all = [...svg.querySelectorAll(".tv-heat-rim")].flatMap((rim) => {
    const part = rim.closest("[id],[data-id]");
    const what = meant(part.dataset.id ?? part.id);
    const cells = [...rim.parentNode.querySelectorAll(":scope>.tv-heat")];
    return what ? [{ rim, what, cells, shape: machine.shape(...what) }] : [];
  });
  return (changed) => {
    for (const { rim, what, cells, shape } of all) {
      for (const el of rim.parentNode.querySelectorAll(":scope>.tv-fresh")) el.remove();
      for (const el of cells) el.style.display = changed ? "none" : "";
      if (!changed) continue;
      const values = wholeArray(machine, ...what).map(Number);
      const at = ["x", "y"].map((side) => +rim.getAttribute(side));
      shadesOf(values, shape.at(-1) ?? 1, ...at).forEach((d, k) => d && rim.before(svgShape("path", { class: "tv-heat tv-fresh", d, "fill-opacity": (k + 0.4) / SHADES })));
    }
  };
}
