// The studio as a widget: anywidget calls this.

export default {
  render({ model, el }) {
    // Inside a shadow, as in marimo, no style sees whether the page is dark.
    const page = el.getRootNode().host?.closest("[data-theme]");
    if (page) el.dataset.theme = page.dataset.theme;
    return studio(model, el, true);
  },
};
