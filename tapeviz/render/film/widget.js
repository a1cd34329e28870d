// The film as a widget: anywidget calls this.

export default {
  initialize: ({ model }) => renewed(model, (film) => clock(film, shared(model))),
  render({ model, el }) {
    const root = el.appendChild(make("div"));
    return renewed(model, (film) => {
      const close = mount(root, film, shared(model));
      minimap(root);
      return close;
    });
  },
};

// What is made for a film is made anew when the model gets another one.
function renewed(model, build) {
  const fresh = () => build(unfold(JSON.parse(model.get("film"))));
  let end = fresh();
  const change = () => {
    if (!model.get("film")) return;
    end();
    end = fresh();
  };
  model.on("change:film", change);
  return () => (model.off("change:film", change), end());
}

// The same in a widget's model, so that every view and the kernel share one step.
function shared(model) {
  const names = "change:step change:playing change:speed change:predict change:answers";
  return {
    get: (key) => model.get(key),
    set(change) {
      for (const key in change) model.set(key, change[key]);
      model.save_changes();
    },
    on(hear) {
      model.on(names, hear);
      return () => model.off(names, hear);
    },
  };
}
