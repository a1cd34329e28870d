// What all our scripts share: elements, and where the keys go.

const KEYS = { "data-lm-suppress-shortcuts": "true" };

// Whatever takes keys keeps them: Jupyter would move to another cell on an arrow.
function make(tag, attributes = {}, ...inside) {
  const el = document.createElement(tag);
  const takes = /^(input|select|button|summary)$/.test(tag) || "tabindex" in attributes;
  if (takes) el.dataset.lmSuppressShortcuts = true;
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...inside);
  return el;
}

// A picture whose styles are for itself: they name a class that no other has.
function scoped(svg) {
  const own = "tv-" + (window.tv = -~window.tv);
  svg.classList.add(own);
  for (const el of svg.querySelectorAll("style")) el.textContent = el.textContent.replace(/\.tapeviz(?![-\w])/g, "$&." + own);
  return svg;
}

// The keys go to this element again, and the page stays where it is.
function rest(el) {
  el.focus({ preventScroll: true });
}

// Scrolls a box, never the page, so that these elements can be seen.
function reveal(box, els, sideways = true) {
  const wide = sideways && box.scrollWidth > box.clientWidth + 1;
  const high = box.scrollHeight > box.clientHeight + 1;
  if (!els.length || !(wide || high)) return;
  const frame = box.getBoundingClientRect();
  const rects = [...els].map((el) => el.getBoundingClientRect());
  const shift = (low, high, from, to) => {
    const [a, b] = [Math.min(...rects.map((r) => r[low])), Math.max(...rects.map((r) => r[high]))];
    return a < from + 12 || b > to - 12 ? (a + b - from - to) / 2 : 0;
  };
  box.scrollBy(
    wide ? shift("left", "right", frame.left, frame.left + box.clientWidth) : 0,
    high ? shift("top", "bottom", frame.top, frame.top + box.clientHeight) : 0,
  );
}
