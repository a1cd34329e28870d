// What the film's and the picture's scripts share: elements, lit code, scrolling, full screen.

const KEYS = { "data-lm-suppress-shortcuts": "true" };

function make(tag, attributes = {}, ...inside) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...inside);
  return el;
}

// The keys go to the film or the picture again, and the page stays where it is.
function rest(root) {
  root.focus({ preventScroll: true });
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

// Scrolls a box, never the page, so that these elements can be seen.
function reveal(box, els, sideways = true) {
  const wide = sideways && box.scrollWidth > box.clientWidth + 1;
  const high = box.scrollHeight > box.clientHeight + 1;
  if (!els.length || !(wide || high)) return;
  const frame = box.getBoundingClientRect();
  const rects = els.map((el) => el.getBoundingClientRect());
  const shift = (low, high, from, to) => {
    const [a, b] = [Math.min(...rects.map((r) => r[low])), Math.max(...rects.map((r) => r[high]))];
    return a < from + 12 || b > to - 12 ? (a + b - from - to) / 2 : 0;
  };
  box.scrollBy(
    wide ? shift("left", "right", frame.left, frame.left + box.clientWidth) : 0,
    high ? shift("top", "bottom", frame.top, frame.top + box.clientHeight) : 0,
  );
}

// The whole screen for a film or a picture, or the whole window where the browser refuses.
function full(root) {
  if (document.fullscreenElement === root) return document.exitFullscreen();
  const wide = () => root.classList.toggle("tv-wide");
  if (root.classList.contains("tv-wide") || !root.requestFullscreen) return wide();
  root.requestFullscreen().catch(wide);
}
