// What all our scripts share: elements, and where the keys go.

const KEYS = { "data-lm-suppress-shortcuts": "true" };

function make(tag, attributes = {}, ...inside) {
  const el = document.createElement(tag);
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
