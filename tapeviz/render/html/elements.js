// What all our scripts share: elements, and where the keys go.

const KEYS = { "data-lm-suppress-shortcuts": "true" };

function make(tag, attributes = {}, ...inside) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...inside);
  return el;
}

// The keys go to this element again, and the page stays where it is.
function rest(el) {
  el.focus({ preventScroll: true });
}
