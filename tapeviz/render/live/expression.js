// Formulas of named numbers, such as the update of an optimizer.

// A tree as a function of an array of numbers, in the order of their names.
function expression(tree, names, float32) {
  let numbers;
  const made = closure(tree, (name) => {
    const at = names.indexOf(name);
    return () => numbers[at];
  }, float32 ? Math.fround : exact);
  return (given) => {
    numbers = given;
    return made();
  };
}
