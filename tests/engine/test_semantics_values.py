"""Section 4 of the semantics: values, dtypes, objects."""

from __future__ import annotations

import pytest

import tapeviz
from tests.engine.semantics import Row, judged, row

IAE = "InvalidArgumentError: "


def gives(expression: str, wanted: str) -> Row:
    """One expression, named by itself."""
    return Row(expression, expression, wanted)


def mixed(expression: str, op: str, one: str, other: str) -> Row:
    """Two tensors of different dtypes."""
    return gives(
        expression,
        f"{IAE}cannot compute {op} as input #1(zero-based) was expected to be "
        f"a {one} tensor but is a {other} tensor [Op:{op}] name: ",
    )


ROWS = [
    # -- dtypes of what is made --------------------------------------------------------
    gives("c(1)", "1 int32"),
    gives("c(1.0)", "1 float32"),
    gives("c([1, 2.0])", "[1, 2] float32"),
    gives("c([1, 2])", "[1, 2] int32"),
    gives("c(np.float64(1.5))", "1.5 float64"),
    gives("c(np.ones(2))", "[1, 1] float64"),
    gives("c(np.arange(2))", "[0, 1] int64"),
    gives("c([np.float64(1.5), 2.0])", "[1.5, 2] float64"),
    gives("c(2**40)", "1099511627776 int64"),
    gives("c([1, 2**40])", "[1, 1099511627776] int64"),
    gives("c(1 + 2j)", "1+2j complex128"),
    gives("c(True)", "True bool"),
    gives(
        "c(c([1.0, 2.0]), tf.float64)", "TypeError: Expected tensor [1. 2.] with dtype"
    ),
    gives("c(c([1.0, 2.0]), shape=(2, 1))", "[[1], [2]] float32"),
    gives("c(c(3.0), shape=(2,))", "[3, 3] float32"),
    gives(
        "c(c([1.0, 2.0]), shape=(3,))", "TypeError: Eager execution of tf.constant with"
    ),
    gives("c(tf.Variable([1.0, 2.0]), tf.float64)", "[1, 2] float64"),
    gives("c(tf.Variable([1.0, 2.0]), shape=(2, 1))", "[[1], [2]] float32"),
    gives("c([True, False])", "[True, False] bool"),
    gives("c('a')", "b'a' string"),
    gives("c(['a', 'bc']).shape", "(2,)"),
    gives("c(1, dtype=tf.float64)", "1 float64"),
    gives("c(1.5, dtype='float16')", "1.5 float16"),
    gives("c(1.5, dtype=tf.int32)",
          "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("c(2.0, shape=[2, 2])", "[[2, 2], [2, 2]] float32"),
    gives("c([1, 2, 3, 4], shape=(2, 2))", "[[1, 2], [3, 4]] int32"),
    gives("c([[1, 2], [3]])",
          "ValueError: Can't convert non-rectangular Python sequence to Tensor."),
    gives("c(None)",
          "ValueError: Attempt to convert a value (None) with an unsupported type "
          "(<class 'NoneType'>) to a Tensor."),
    gives("c(object())", "ValueError: Attempt to convert a value (<object object"),
    gives("c([])", "empty[0] float32"),
    gives("V(3)", "var 3 int32"),
    gives("V([1.0, 2.0], dtype=tf.float64)", "var [1, 2] float64"),
    gives("V(lambda: 2.0)", "var 2 float32"),
    gives("V(c([1.0, 2.0]))", "var [1, 2] float32"),
    gives("V()", "ValueError: "),
    # -- tensors of different dtypes ---------------------------------------------------
    mixed("c(1) * c(1.0)", "Mul", "int32", "float"),
    mixed("c(1.0) + c(1)", "AddV2", "float", "int32"),
    mixed("c(1.0) - tf.constant(1.0, tf.float64)", "Sub", "float", "double"),
    gives("c(1.0) / tf.constant(1.0, tf.float64)",
          "TypeError: `x` and `y` must have the same "
          "dtype, got tf.float32 != tf.float64."),
    mixed("c(1.0) ** c(2)", "Pow", "float", "int32"),
    mixed("c(1.0) == c(1)", "Equal", "float", "int32"),
    mixed("c(1.0) != c(1)", "NotEqual", "float", "int32"),
    mixed("c(1.0) < c(1)", "Less", "float", "int32"),
    mixed("c(1.0) >= c(1)", "GreaterEqual", "float", "int32"),
    mixed("V(1.0) * V(1)", "Mul", "float", "int32"),
    mixed("tf.maximum(c(1.0), c(1))", "Maximum", "float", "int32"),
    gives("c([[1.0]]) @ c([[1]])",
          IAE + "cannot compute MatMul as input #1(zero-based) was "
          "expected to be a float tensor but is a int32 tensor"),
    # -- a tensor with a Python or NumPy value -----------------------------------------
    gives("c(2.0) * 3", "6 float32"),
    gives("3 * c(2.0)", "6 float32"),
    gives("2.5 * c(np.float64(2.0))", "5 float64"),
    gives("c([1.0, 2.0]) * np.array([3.0, 4.0])", "[3, 8] float32"),
    gives("np.array([3.0, 4.0]) * c([1.0, 2.0])", "[3, 8] float32"),
    gives("np.float64(2) * V(3.0)", "6 float32"),
    gives("V(3.0) * np.float64(2)", "6 float32"),
    gives("np.float64(2) + c(3.0)", "5 float32"),
    gives("c(1.0) * np.int64(3)", "3 float32"),
    gives("c([1.0, 2.0]) + [3.0, 4.0]", "[4, 6] float32"),
    gives("[3, 4] - c([1.0, 2.0])", "[2, 2] float32"),
    gives("c([1.0, 2.0]) ** [2.0, 3.0]", "[1, 8] float32"),
    gives("2 ** c(3.0)", "8 float32"),
    gives("7.0 // c(2.0)", "3 float32"),
    gives("c(2.0) // 0.4, c(np.float64(2.0)) // 0.4, c([2.0, -2.0]) // c(0.4)",
          "(5 float32, 5 float64, [5, -5] float32)"),
    gives("c(1.0) // 0.0, c(-5.0) // c(float('inf'))", "(inf float32, -0 float32)"),
    gives("7 % c(4.0)", "3 float32"),
    gives("1 - V([1.0, 2.0])", "[0, -1] float32"),
    row("the gradient flows beside NumPy values", """
        v = V([1.0, 2.0])
        with tf.GradientTape() as t:
            y = np.array([2.0, 3.0]) * v + np.float64(2) * v
        y, t.gradient(y, v)
        """, "([4, 10] float32, [4, 5] float32)"),
    gives("c(2) * 1.5", "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("1.5 * c(2)", "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("c([2, 3]) * 1.5",
          "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    mixed("c(2) + 1.0", "AddV2", "int32", "float"),
    gives("1.5 + c(2)", "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("c(2) - 1.5", "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("tf.subtract(c(2), 1.5)",
          "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("c([2]) - [1.5]", "TypeError: "),
    gives("c([1.0, 'a'])",
          "ValueError: Can't convert Python sequence with mixed types to Tensor."),
    gives("c([True, 1])",
          "ValueError: Can't convert Python sequence with mixed types to Tensor."),
    gives("c([1, 2, 3], shape=(2, 2))",
          "TypeError: Eager execution of tf.constant with unsupported shape."),
    gives("tf.reduce_sum([1.0], axis='x')",
          IAE + "is not in the list of allowed values"),
    gives("tf.reshape([1.0, 2.0], (2.0, 1.0))",
          IAE + "is not in the list of allowed values"),
    gives("tf.expand_dims([1.0], 0.5)", IAE + "is not in the list of allowed values"),
    gives("tf.ones(None)", "ValueError: Attempt to convert a value (None)"),
    gives("tf.one_hot([1], -3)", IAE + "depth must be non-negative, got: -3"),
    gives("c([], tf.int32), tf.convert_to_tensor([], tf.int64)",
          "(empty[0] int32, empty[0] int64)"),
    gives("c(2) < 2.5", "TypeError: Cannot convert 2.5 to EagerTensor of dtype int32"),
    gives("c(2.0) * True, c(2.0) + True", "(2 float32, 3 float32)"),
    gives("c([2]) * True, c(2) < True", "([2] int32, False bool)"),
    gives("c(2.0) * None",
          "ValueError: Attempt to convert a value (None) with an unsupported "
          "type (<class 'NoneType'>) to a Tensor."),
    gives("c(True) & c(False)", "False bool"),
    gives("c(True) | c(False)", "True bool"),
    gives("c(True) ^ c(True)", "False bool"),
    gives("~c([True, False])", "[False, True] bool"),
    mixed("c(2) + [1, 2.5]", "AddV2", "int32", "float"),
    mixed("tf.add(1, 2.0)", "AddV2", "int32", "float"),
    gives("tf.multiply(2, 3.0)",
          "TypeError: Cannot convert 3.0 to EagerTensor of dtype int32"),
    gives("tf.add(1.0, 2), tf.multiply(2, np.ones(2))", "(3 float32, [2, 2] int32)"),
    gives("c(2) * np.float64(1.5), c(2) * np.array([1.5])", "(2 int32, [2] int32)"),
    gives("c(1.0) * (1 + 1j)",
          "TypeError: Cannot convert (1+1j) to EagerTensor of dtype float"),
    gives("c(1.0) < 1 + 1j",
          "TypeError: Cannot convert (1+1j) to EagerTensor of dtype float"),
    gives("c(1 + 2j) * 2, c(1 + 2j) * 2.0, c(1 + 2j) * (1 + 1j)",
          "(2+4j complex128, 2+4j complex128, -1+3j complex128)"),
    gives("c(2.0) * {}",
          "ValueError: Attempt to convert a value ({}) with an unsupported type "
          "(<class 'dict'>) to a Tensor."),
    gives("tf.where(c(1.0), 1.0, 2.0)",
          IAE + "cannot compute SelectV2 as input #0(zero-based) was "
          "expected to be a bool tensor but is a float tensor"),
    gives("tf.where(c(True), c(1.0), c(2))",
          IAE + "cannot compute SelectV2 as input #2(zero-based) "
          "was expected to be a float tensor but is a int32 tensor"),
    # -- bools, strings, complex numbers: which ops take them --------------------------
    *(gives(code,
            f"{IAE}Value for attr 'T' of {kind} is not in the list of allowed values: ")
      for kind, codes in {
          "bool": ("c(True) + c(True)", "c([True]) + c([True])", "c(True) + True",
                   "c(True) - c(True)", "c(True) > c(False)", "-c(True)",
                   "abs(c([True]))",
                   "tf.exp(c(True))", "tf.reduce_sum(c([True]))", "tf.square(c(True))",
                   "tf.maximum(c(True), c(False))", "tf.sign(c(True))",
                   "tf.nn.relu(c(True))"),
          "string": ("c('a') * c('b')", "c('a') < c('b')", "tf.square('a')",
                     "tf.exp('a')"),
          "complex128": ("c(1j) < c(1j)", "c([1j]) >= c([1j])",
                         "tf.maximum(c(1j), c(1j))",
                         "tf.floor(c(1j))", "tf.nn.relu(c(1j))", "c(1j) % c(1j)"),
      }.items() for code in codes),
    gives("c(True) == True, c(True) != c([True, False])",
          "(True bool, [False, True] bool)"),
    gives("c(True) == 1", "TypeError: Cannot convert 1 to EagerTensor of dtype bool"),
    gives("c('a') == 'a', c(['a', 'b']) == 'a'", "(True bool, [True, False] bool)"),
    gives("c(2.0) == 'a'",
          "TypeError: Cannot convert 'a' to EagerTensor of dtype float"),
    gives("c(5) & 3, c(5) | c(3), c(5) ^ 1, ~c(5)",
          "(1 int32, 7 int32, 4 int32, -6 int32)"),
    gives("True & c(True), c(False) | True", "(True bool, True bool)"),
    gives("c(2.0) & c(3.0)",
          IAE + "Value for attr 'T' of float is not in the list of allowed "
          "values: "),
    # -- whole numbers -----------------------------------------------------------------
    gives("c(7) / c(2)", "3.5 float64"),
    gives("c(7) / 2", "3.5 float64"),
    gives("7 / c([2, 4])", "[3.5, 1.75] float64"),
    gives("c(7) // c(2)", "3 int32"),
    gives("c(-7) // 2", "-4 int32"),
    gives("c(-7) % 3", "2 int32"),
    gives("c([7, 8]) // 0", IAE + "Integer division by zero"),
    gives("c(7) % 0", IAE + "Integer division by zero"),
    gives("tf.reduce_mean(c([1, 2, 4]))", "2 int32"),
    gives("c(2) ** 3", "8 int32"),
    gives("c(2) ** -1", IAE + "Integers to negative integer powers are not allowed"),
    gives("c(2**70)", "ValueError: "),
    gives("c([2**70])", "ValueError: "),
    gives("c(2) + 2**70", "ValueError: "),
    gives("c(5, dtype=tf.uint8) - 6, c(2.0) + 2**70",
          "(255 uint8, 1.1806e+21 float32)"),
    gives("c(-2**31), c(-2**31 - 1), c(2**31)",
          "(-2147483648 int32, -2147483649 int64, 2147483648 int64)"),
    gives("c([2, 3]) ** c([1, -1])",
          IAE + "Integers to negative integer powers are not allowed"),
    gives("c(2**31 - 1) + 1", "-2147483648 int32"),
    gives("c([2**31 - 1]) * 2", "[-2] int32"),
    gives("tf.sqrt(c(4))",
          IAE + "Value for attr 'T' of int32 is not in the list of allowed values: "),
    gives("tf.exp(c(4))",
          IAE + "Value for attr 'T' of int32 is not in the list of allowed values: "),
    gives("tf.sin(c([4]))",
          IAE + "Value for attr 'T' of int32 is not in the list of allowed values: "),
    gives("tf.exp(1)",
          IAE + "Value for attr 'T' of int32 is not in the list of allowed values: "),
    gives("tf.square(c(3)), tf.abs(c(-3)), -c(3)", "(9 int32, 3 int32, -3 int32)"),
    # -- shapes ------------------------------------------------------------------------
    gives("c([1.0, 2.0]) + c([1.0, 2.0, 3.0])",
          IAE + "Incompatible shapes: [2] vs. [3]"),
    gives("c([[1.0, 2.0]]) * c([[1.0, 2.0, 3.0]])",
          IAE + "Incompatible shapes: [1,2] vs. [1,3]"),
    gives("c([[1.0, 2.0]]) @ c([[1.0, 2.0]])",
          IAE + "Matrix size-incompatible: In[0]: [1,2], In[1]: [1,2]"),
    gives("c([1.0, 2.0]) @ c([1.0, 2.0])", IAE + "In[0] and In[1] ndims must be"),
    gives("c(1.0) @ c(2.0)", IAE + "ndims must be"),
    gives("V(1.0) @ V(2.0)", IAE + "ndims must be"),
    gives("tf.matmul(1.0, 2.0)", IAE + "ndims must be"),
    gives("c([[1.0]]) @ 2.0", IAE + "ndims"),
    gives("2.0 @ c([[1.0]])", IAE + "ndims"),
    gives("tf.matmul(c([[1.0, 2.0]]), c([1.0, 2.0]))",
          IAE + "In[0] and In[1] has different ndims: [1,2] vs. [2]"),
    gives("c([[1.0], [2.0]]) + c([10.0, 20.0])", "[[11, 21], [12, 22]] float32"),
    gives("tf.reshape(c([1, 2, 3]), [2, -1])",
          IAE + "Input to reshape is a tensor with 3 values, but the requested shape "
          "requires a multiple of 2"),
    gives("tf.reshape(c([1, 2, 3]), [-1, -1])",
          IAE + "Only one input size may be -1, not both 0 and 1"),
    gives("tf.concat([tf.ones((2, 2)), tf.ones((3, 3))], axis=0)",
          IAE + "ConcatOp : Dimension 1 in both shapes must be equal: shape[0] = [2,2] "
          "vs. shape[1] = [3,3]"),
    gives("tf.concat([tf.ones((2, 2)), tf.ones((3,))], axis=0)",
          IAE + "ConcatOp : Ranks of all input tensors should match: shape[0] = [2,2] "
          "vs. shape[1] = [3]"),
    gives("tf.debugging.assert_equal(1, 2)", IAE + "Condition x == y did not hold."),
    gives("tf.Variable()",
          "ValueError: The `initial_value` arg to `tf.Variable` must be specified"),
    # -- assign ------------------------------------------------------------------------
    gives("V([1.0, 2.0]).assign([1.0, 2.0, 3.0])",
          "ValueError: Cannot assign value to variable ' Variable:0': Shape "
          "mismatch.The variable shape (2,), and the assigned value shape (3,) are "
          "incompatible."),
    gives("V([1.0, 2.0]).assign(1.0)",
          "ValueError: Cannot assign value to variable ' Variable:0'"),
    gives("V([1.0, 2.0]).assign_sub(1.0)",
          IAE + "Cannot update variable with shape [2] using a "
          "Tensor with shape [], shapes must be equal."),
    gives("V([1.0, 2.0]).assign_add([[1.0, 2.0]])",
          IAE + "Cannot update variable with shape [2] "
          "using a Tensor with shape [1,2], shapes must be equal."),
    gives("V(1.0).assign(c(1))",
          "ValueError: Tensor conversion requested dtype float32 for Tensor "
          "with dtype int32: "),
    gives("V(1.0).assign_add(c(1))",
          "ValueError: Tensor conversion requested dtype float32 for "
          "Tensor with dtype int32: "),
    gives("V(1.0).assign(None)",
          "ValueError: Attempt to convert a value (None) with an "
          "unsupported type (<class 'NoneType'>) to a Tensor."),
    gives("V(1.0).assign_sub(None)",
          "ValueError: Attempt to convert a value (None) with an "
          "unsupported type (<class 'NoneType'>) to a Tensor."),
    gives("V(1).assign(1.5)",
          "TypeError: Cannot convert 1.5 to EagerTensor of dtype int32"),
    gives("V(1.0).assign(2).assign_add(3)", "var 5 float32"),
    gives("V(1.0).assign(2.0, read_value=False)", "None"),
    row("assign returns what reads the current state", """
        v = V(1.0)
        w = v.assign(2.0)
        v.assign(7.0)
        w.numpy(), (w + 1.0)
        """, "(np 7 float32, 8 float32)"),
    row("variable -= value", "v = V(1.0)\nv -= 1.0\nv",
        "RuntimeError: `variable -= value` with `tf.Variable`s is not supported. Use "
        "`variable.assign_sub(value)` to modify the variable"),
    row("variable += value", "v = V(1.0)\nv += 1.0\nv",
        "RuntimeError: `variable += value` with `tf.Variable`s is not supported. Use "
        "`variable.assign_add(value)`"),
    row("variable *= value", "v = V(1.0)\nv *= 2.0\nv",
        "RuntimeError: `var *= value` with `tf.Variable`s is not supported. Use "
        "`var.assign(var * value)`"),
    row("variable /= value", "v = V(1.0)\nv /= 2.0\nv",
        "RuntimeError: `var /= value` with `tf.Variable`s is not supported."),
    row("tensor += rebinds", "t = c(1.0)\ns = t\nt += 1\ns, t",
        "(1 float32, 2 float32)"),
    # -- numpy(), copies ---------------------------------------------------------------
    gives("c(1.0).numpy(), c([1.0]).numpy(), type(c(1.0).numpy()).__name__",
          "(np 1 float32, np [1] float32, 'float32')"),
    row("numpy() of a variable is a copy", """
        v = V([1.0, 2.0])
        v.numpy()[0] = 9.0
        v
        """, "var [1, 2] float32"),
    row("constants and variables copy their array", """
        a = np.array([1.0, 2.0])
        t, v = c(a), V(a)
        a[0] = 9.0
        t, v
        """, "([1, 2] float64, var [1, 2] float64)"),
    row("value(), identity, convert_to_tensor are snapshots", """
        v = V([1.0, 2.0])
        a, b, d = v.value(), tf.identity(v), tf.convert_to_tensor(v)
        v.assign([5.0, 6.0])
        a, b, d
        """, "([1, 2] float32, [1, 2] float32, [1, 2] float32)"),
    gives("np.asarray(c([1.0, 2.0]))", "np [1, 2] float32"),
    gives("np.sin(c([0.0]))", "np [0] float32"),
    gives("np.array(V([1.0]), dtype=np.float64)", "np [1] float64"),
    gives("float(c(1.5)), int(c(2)), complex(c(1.0))", "(1.5, 2, (1+0j))"),
    gives("[10, 20, 30][c(1)]", "20"),
    gives("c([1.0]).tolist()", "AttributeError: object has no attribute 'tolist'"),
    # -- equality ----------------------------------------------------------------------
    gives("c([1.0, 2.0]) == c([1.0, 3.0])", "[True, False] bool"),
    gives("c([1.0, 2.0]) != [1.0, 3.0]", "[False, True] bool"),
    gives("c(1.0) == 1", "True bool"),
    gives("1.0 == c(1.0)", "True bool"),
    gives("V(1.0) == V(1.0)", "True bool"),
    gives("c(1.0) == None", "False"),
    gives("c(1.0) != None", "True"),
    gives("V(1.0) == None",
          "ValueError: Attempt to convert a value (None) with an unsupported type"),
    gives("c([1.0, 2.0]) == c([1.0, 2.0, 3.0])", "False bool"),
    gives("c([1.0, 2.0]) != c([1.0, 2.0, 3.0])", "True bool"),
    gives("2.0 > c([1.0, 3.0])", "[True, False] bool"),
    gives("1 <= V(1.0)", "True bool"),
    # -- hash, ref ---------------------------------------------------------------------
    gives("hash(c(1.0))",
          "TypeError: Tensor is unhashable. Instead, use tensor.ref() as the key."),
    gives("{c(1.0): 1}",
          "TypeError: Tensor is unhashable. Instead, use tensor.ref() as the key."),
    gives("hash(V(1.0))",
          "TypeError: Variable is unhashable. Instead, use variable.ref() as the key. "
          "(Variable: <tf.Variable 'Variable:0' shape=() dtype=float32, numpy=1.0>)"),
    row("ref and deref", """
        t, v = c(1.0), V(1.0)
        d = {t.ref(): "t", v.ref(): "v"}
        same = t.ref() == v.ref()
        d[t.ref()], d[v.ref()], t.ref().deref() is t, v.ref().deref() is v, same
        """, "('t', 'v', True, True, False)"),
    # -- bool, len, iter ---------------------------------------------------------------
    gives("bool(c(0.0)), bool(c([2.0])), bool(V(1.0)), bool(c(True))",
          "(False, True, True, True)"),
    gives("bool(c([]))", "False"),
    gives("bool(c([1.0, 2.0]))",
          "ValueError: The truth value of an array with more than one "
          "element is ambiguous. Use a.any() or a.all()"),
    gives("len(c([1.0, 2.0])), len(c([[1.0, 2.0]]))", "(2, 1)"),
    gives("len(c(1.0))", "TypeError: Scalar tensor has no `len()`"),
    gives("len(V([1.0]))", "TypeError: has no len()"),
    gives("list(c([1.0, 2.0]))", "[1 float32, 2 float32]"),
    gives("iter(c(1.0))", "TypeError: Cannot iterate over a scalar tensor."),
    gives("list(V(1.0))", "TypeError: Cannot iterate over a scalar tensor."),
    row("a variable iterates, differentiably", """
        v = V([3.0, 4.0])
        with tf.GradientTape() as t:
            a, b = v
            y = a * b
        t.gradient(y, v)
        """, "[4, 3] float32"),
    row("a tensor iterates, differentiably", """
        v = V([3.0, 4.0])
        with tf.GradientTape() as t:
            y = 1.0
            for a in v * v:
                y = y * a
        t.gradient(y, v)
        """, "[96, 72] float32"),
    gives("c(2.0) in [c(1.0), c(2.0)]", "True"),
    # -- indexing ----------------------------------------------------------------------
    gives("c([[1, 2, 3], [4, 5, 6]])[1, 2]", "6 int32"),
    gives("c([[1, 2, 3], [4, 5, 6]])[-1]", "[4, 5, 6] int32"),
    gives("c([[1, 2, 3], [4, 5, 6]])[:, ::2]", "[[1, 3], [4, 6]] int32"),
    gives("c([1, 2, 3])[::-1]", "[3, 2, 1] int32"),
    gives("c([1, 2, 3])[10:]", "empty[0] int32"),
    gives("c([[1, 2], [3, 4]])[..., 0]", "[1, 3] int32"),
    gives("c([1, 2])[tf.newaxis, :, None].shape", "(1, 2, 1)"),
    gives("c([1, 2])[c(1)]", "2 int32"),
    gives("c([1, 2, 3])[c(0):c(2)]", "[1, 2] int32"),
    gives("c([1, 2])[np.int64(1)]", "2 int32"),
    gives("c([1, 2, 3])[c([True, False, True])]", "[1, 3] int32"),
    gives("c([1.0, -2.0])[c([1.0, -2.0]) > 0]", "[1] float32"),
    gives("c([1, 2])[[0, 1]]",
          IAE + "Index out of range using input dim 1; input has only 1 dims"),
    gives("c([1, 2])[c([0, 1])]", "TypeError: "),
    gives("c([1, 2])[1.0]", "TypeError: Only integers, slices (`:`), ellipsis (`...`), "
          "tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid indices"),
    gives("c([1, 2])[c(1.0)]", "TypeError: Only integers, slices"),
    gives("c([1, 2])[True]", "ValueError: mask cannot be scalar."),
    gives("c([1, 2])[5]", IAE + "slice index 5 of dimension 0 out of bounds."),
    gives("c([[1, 2]])[0, -3]", IAE + "slice index -1 of dimension 1 out of bounds."),
    gives("c([1, 2])[0, 0]",
          IAE + "Index out of range using input dim 1; input has only 1 dims"),
    gives("c(1.0)[0]", IAE + "Attempting to slice scalar input."),
    gives("c([1, 2])[::0]", IAE + "strides[0] must be non-zero"),
    row("tensor item assignment", "t = c([1.0])\nt[0] = 2.0\nt",
        "TypeError: object does not support item assignment"),
    row("variable item assignment", "v = V([1.0])\nv[0] = 2.0\nv",
        "TypeError: object does not support item assignment"),
    row("v[0].assign", """
        v = V([1.0, 2.0])
        w = v[0].assign(5.0)
        v, w
        """, "(var [5, 2] float32, var [5, 2] float32)"),
    row("v[0].assign, wrong shape", "V([1.0, 2.0])[0].assign([1.0, 2.0])", IAE),
    row("v[0] is a tensor that differentiates", """
        v = V([1.0, 2.0])
        with tf.GradientTape() as t:
            y = v[0] * v[1] * v[0]
        y, t.gradient(y, v)
        """, "(2 float32, [4, 1] float32)"),
    row("t[0].assign", "c([1.0])[0].assign(2.0)",
        "AttributeError: object has no attribute 'assign'"),
    # -- printing ----------------------------------------------------------------------
    gives("str(c(6.0))", "'tf.Tensor(6.0, shape=(), dtype=float32)'"),
    gives("str(c([1.0, 2.0]))", "'tf.Tensor([1. 2.], shape=(2,), dtype=float32)'"),
    gives("str(c([[1, 2], [3, 4]]))",
          r"'tf.Tensor(\n[[1 2]\n [3 4]], shape=(2, 2), dtype=int32)'"),
    gives("str(c([[1.0, 2.0]])), str(c([[[3]]]))",
          "('tf.Tensor([[1. 2.]], shape=(1, 2), dtype=float32)', "
          "'tf.Tensor([[[3]]], shape=(1, 1, 1), dtype=int32)')"),
    gives("str(c(True)), str(c(5))",
          "('tf.Tensor(True, shape=(), dtype=bool)', 'tf.Tensor(5, shape=(), "
          "dtype=int32)')"),
    gives("str(c('a'))", "\"tf.Tensor(b'a', shape=(), dtype=string)\""),
    gives("str(c(['a', 'b']))", "\"tf.Tensor([b'a' b'b'], shape=(2,), dtype=string)\""),
    gives("str(c(0.1)), str(c(np.float64(0.1)))",
          "('tf.Tensor(0.1, shape=(), dtype=float32)', 'tf.Tensor(0.1, shape=(), "
          "dtype=float64)')"),
    gives("str(c(1e-10)), str(c(1e20))",
          "('tf.Tensor(1e-10, shape=(), dtype=float32)', 'tf.Tensor(1e+20, shape=(), "
          "dtype=float32)')"),
    gives("str(c(float('nan'))), str(c(float('-inf')))",
          "('tf.Tensor(nan, shape=(), dtype=float32)', 'tf.Tensor(-inf, shape=(), "
          "dtype=float32)')"),
    gives("str(c(1 + 2j))", "'tf.Tensor((1+2j), shape=(), dtype=complex128)'"),
    gives("repr(c(3.0))", "'<tf.Tensor: shape=(), dtype=float32, numpy=3.0>'"),
    gives("repr(c([1.0, 2.0]))",
          "'<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], "
          "dtype=float32)>'"),
    gives("repr(c([[1, 2], [3, 4]]))",
          r"'<tf.Tensor: shape=(2, 2), dtype=int32, numpy=\n"
          r"array([[1, 2],\n       [3, 4]], dtype=int32)>'"),
    gives("repr(c(True)), repr(c(np.float64(2)))",
          "('<tf.Tensor: shape=(), dtype=bool, numpy=True>', "
          "'<tf.Tensor: shape=(), dtype=float64, numpy=2.0>')"),
    gives("repr(c('a'))", "\"<tf.Tensor: shape=(), dtype=string, numpy=b'a'>\""),
    gives("repr(c([]))",
          "'<tf.Tensor: shape=(0,), dtype=float32, numpy=array([], dtype=float32)>'"),
    gives("repr(V(3.0)), str(V(3.0))",
          "(\"<tf.Variable 'Variable:0' shape=() dtype=float32, numpy=3.0>\", "
          "\"<tf.Variable 'Variable:0' shape=() dtype=float32, numpy=3.0>\")"),
    gives("repr(V([[1, 2]], name='w'))",
          "\"<tf.Variable 'w:0' shape=(1, 2) dtype=int32, "
          'numpy=array([[1, 2]], dtype=int32)>"'),
    gives("repr(V([[1], [2]], name='w'))",
          "\"<tf.Variable 'w:0' shape=(2, 1) dtype=int32, numpy=\\n"
          'array([[1],\\n       [2]], dtype=int32)>"'),
    gives("repr(V('a'))",
          '''"<tf.Variable 'Variable:0' shape=() dtype=string, numpy=b'a'>"'''),
    # -- format ------------------------------------------------------------------------
    gives("f'{c(3.14159):.2f}'", "'3.14'"),
    gives("f'{c(3.0)}', f'{c(0.1)}', f'{c(3)}'", "('3.0', '0.10000000149011612', '3')"),
    gives("f'{c([1.0, 2.0])}'", "'[1. 2.]'"),
    gives("f'{c([1.0]):.2f}'",
          "TypeError: unsupported format string passed to numpy.ndarray.__format__"),
    gives("f'{V(3.0)}'",
          "\"<tf.Variable 'Variable:0' shape=() dtype=float32, numpy=3.0>\""),
    gives("f'{V(3.0):.2f}'",
          "TypeError: unsupported format string passed to ResourceVariable.__format__"),
    gives("'%.3f %d' % (c(1.5), V(2))", "'1.500 2'"),
    # -- absent on purpose -------------------------------------------------------------
    *(gives(f"c([1.0]).{name}", f"AttributeError: {name}")
      for name in ("sum", "mean", "T", "reshape", "item", "size", "astype", "tolist",
                   "ravel",
                   "clip", "transpose", "data")),
    gives("+c(1.0)", "TypeError: bad operand type for unary +: "),
    gives("V([1.0]).ndim", "AttributeError: ndim"),
    gives("c([[1.0]]).ndim", "2"),
    *(gives(f"tf.{name}", f"AttributeError: {name}") for name in ("log", "relu",
                                                                  "softmax")),
    gives("V([1.0]).shape.rank, c([[1.0]]).shape.ndims", "(1, 2)"),
    # -- names, shapes, dtypes ---------------------------------------------------------
    gives("V(1.0).name, V(1.0, name='w').name", "('Variable:0', 'w:0')"),
    gives("c([[1.0, 2.0]]).shape", "(1, 2)"),
    gives("repr(c([[1.0, 2.0]]).shape)", "'TensorShape([1, 2])'"),
    gives("c([1.0]).shape == (1,), c([1.0]).shape == [1], c([1.0]).shape == (2,)",
          "(True, True, False)"),
    gives("c([[1.0, 2.0]]).shape[0], c([[1.0, 2.0]]).shape[-1], len(c(1.0).shape)",
          "(1, 2, 0)"),
    gives("c([[1.0, 2.0]]).shape[1:]", "(2,)"),
    gives("c([[1.0, 2.0]]).shape.as_list(), c([[1.0, 2.0]]).shape.num_elements()",
          "([1, 2], 2)"),
    gives("tuple(c([[1.0, 2.0]]).shape), list(c([1.0]).get_shape())", "((1, 2), [1])"),
    gives("tf.TensorShape([2, 3]) + [4]", "(2, 3, 4)"),
    gives("tf.TensorShape([2]).concatenate([3])", "(2, 3)"),
    gives("tf.TensorShape([2, 3]).is_compatible_with([2, 3])", "True"),
    gives("tf.TensorShape([2, 3]).assert_is_compatible_with([2, 4])",
          "ValueError: Shapes (2, 3) and "),
    gives("[n for n in tf.TensorShape([2, 3])]", "[2, 3]"),
    gives("c(1.0).dtype == 'float32', c(1.0).dtype == np.float32, c(1.0).dtype == "
          "tf.float32, c(1.0).dtype == 'int32', c(1.0).dtype == "
          "None", "(True, True, True, False, False)"),
    gives("c(1.0).dtype", "<dtype: 'float32'>"),
    gives("repr(c(1.0).dtype), tf.float64.name", "('tf.float32', 'float64')"),
    gives("tf.float32.is_floating, tf.int32.is_integer, tf.bool.is_bool, "
          "tf.complex64.is_complex",
          "(True, True, True, True)"),
    gives("tf.float32.as_numpy_dtype.__name__, tf.int32.max, tf.float32.size",
          "('float32', 2147483647, 4)"),
    gives("tf.as_dtype('float64') is tf.float64, tf.as_dtype(np.int32) is tf.int32",
          "(True, True)"),
    gives("tf.as_dtype('nonsense')",
          "TypeError: Cannot convert the argument `type_value`: "
          "'nonsense' to a TensorFlow DType."),
    gives("V(1.0).trainable, V(1.0).dtype, V([1.0]).shape",
          "(True, <dtype: 'float32'>, (1,))"),
    gives("isinstance(c(1.0), tf.Tensor), isinstance(V(1.0), tf.Variable), "
          "isinstance(V(1.0), tf.Tensor)", "(True, True, False)"),
    gives("tf.is_tensor(c(1.0)), tf.is_tensor(V(1.0)), tf.is_tensor(1.0)",
          "(True, True, False)"),
    gives("np.float32(2.0) * c([1.0, 2.0])", "[2, 4] float32"),
    gives("sum([c(1.0), c(2.0)])", "3 float32"),
    gives("max(c(1.0), c(2.0)), sorted([c(3.0), c(1.0)])",
          "(2 float32, [1 float32, 3 float32])"),
    gives("[1.0, 2.0] @ c([[1.0], [2.0]])",
          IAE + "In[0] and In[1] has different ndims: [2] vs. [2,1]"),
    gives("[[1.0, 2.0]] @ c([[1.0], [2.0]])", "[[5]] float32"),
    gives("abs(c(-1.0)), -V(2.0), abs(V(-2.0))", "(1 float32, -2 float32, 2 float32)"),
    gives("'yes' if c(1.0) < c(2.0) else 'no'", "'yes'"),
    gives("list(range(c(3)))", "[0, 1, 2]"),
    gives("repr(c(0.1)), repr(V(1 / 3)), repr(c(np.float64(0.1)))",
          "('<tf.Tensor: shape=(), dtype=float32, numpy=0.10000000149011612>', "
          "\"<tf.Variable 'Variable:0' shape=() dtype=float32, "
          'numpy=0.3333333432674408>", '
          "'<tf.Tensor: shape=(), dtype=float64, numpy=0.1>')"),
    gives("str(c(0.1)), f'{c(True)} {c(3)} {c(1 + 2j)} {c(np.float16(0.1))}'",
          "('tf.Tensor(0.1, shape=(), dtype=float32)', "
          "'True 3 (1+2j) 0.0999755859375')"),
    gives("f\"{c('ab')}\", repr(c('ab'))",
          "(\"b'ab'\", \"<tf.Tensor: shape=(), dtype=string, numpy=b'ab'>\")"),
    gives("bool(c(1.0).shape), [1] + c([1.0]).shape, c(1.0).shape.is_fully_defined()",
          "(True, (1, 1), True)"),
    gives("c([1.0]).shape.with_rank(2)", "ValueError: Shape (1,) must have rank 2"),
    gives("tf.float32.base_dtype, tf.complex64.real_dtype, tf.uint8.is_unsigned, "
          "tf.bool.is_numeric, tf.float32.is_compatible_with('float32')",
          "(<dtype: 'float32'>, <dtype: 'float32'>, True, False, True)"),
    gives("V([1.0]).get_shape(), V(1.0).is_initialized(), c(2.0).cpu()",
          "((1,), True bool, 2 float32)"),
    # -- several tensors, one dtype ----------------------------------------------------
    gives("tf.stack([1, 2.5])", "[1, 2.5] float32"),
    gives("tf.stack([])", "empty[0] float32"),
    gives("tf.stack([1, c(2.5)])", "[1, 2.5] float32"),
    mixed("tf.stack([c(1.0), c(2)])", "Pack", "float", "int32"),
    mixed("tf.convert_to_tensor([c(1.0), tf.zeros([], 'float64')])", "Pack", "float",
          "double"),
    mixed("tf.concat([c([1.0]), tf.zeros(2, 'float64')], 0)", "ConcatV2", "float",
          "double"),
    mixed("tf.add_n([c(1.0), c(2)])", "AddN", "float", "int32"),
    mixed("tf.tensordot(tf.zeros(2, 'float64'), [1.0, 2.0], 1)", "MatMul", "double",
          "float"),
    mixed("tf.linalg.matvec(tf.zeros([1, 2], 'float64'), [1.0, 2.0])", "MatMul",
          "double", "float"),
    mixed("tf.einsum('i,i', tf.zeros(2, 'float64'), c([1.0, 2.0]))", "Einsum", "double",
          "float"),
    gives("tf.logical_and(c([True, False]), np.array([0.5, 1.0]))",
          "[True, False] bool"),
    # -- where there is no result ------------------------------------------------------
    gives("tf.argmax(c([np.nan, 1.0, 3.0])), tf.argmin(c([np.nan, 1.0, 3.0]))",
          "(2 int64, 1 int64)"),
    gives("tf.argmax(c([np.nan, np.nan])), tf.argmax(c([-np.inf, np.nan]))",
          "(0 int64, 0 int64)"),
    gives("tf.argmax(tf.zeros([2, 0]), 1)", IAE + "Reduction axis 1 is empty in shape"),
    gives("tf.argmin(tf.zeros([2, 0]), 0)", "empty[0] int64"),
    gives("tf.pad(c([1, 2, 3]), [[0, 3]], 'REFLECT')",
          IAE + "paddings must be less than the dimension size: 0, 3 not less than 3"),
    gives("tf.pad(c([1, 2, 3]), [[0, 4]], 'SYMMETRIC')",
          IAE + "the dimension size: 0, 4 greater than 3"),
    gives("tf.pad(c([1, 2]), [[0, 2]], 'SYMMETRIC')", "[1, 2, 2, 1] int32"),
    gives("tf.nn.gelu(c(1))",
          "ValueError: `features.dtype` must be a floating point tensor."),
    gives("tf.math.atan2(c(1), c(2))", IAE + "Value for attr 'T' of int32"),
    gives("tf.math.is_nan(c(1))", IAE + "Value for attr 'T' of int32"),
    gives("tf.math.xlogy(c(1), c(2))", IAE + "Value for attr 'T' of int32"),
    gives("tf.math.reduce_euclidean_norm(c([3, 5]))", "5 int32"),
    *(gives(f"tf.{f}(c([1j, 2j]))", IAE + "Value for attr 'T' of complex128")
      for f in ("math.erf", "nn.softmax", "nn.elu", "math.softplus", "nn.leaky_relu")),
    *(gives(f"error(lambda: tf.{f}(c([1j, 2j])))[:15]", "'InvalidArgument'")
      for f in ("nn.relu6", "sort", "reduce_logsumexp", "nn.l2_loss")),
    gives("tf.reverse(c(3.0), [0])", "3 float32"),
    gives("tf.norm(c([1.0]), axis=[0])",
          "ValueError: 'axis' must be None, an integer, or a tuple of 2 unique"),
    gives("tf.nn.conv2d(tf.ones([1, 1, 1, 1], 'float64'), [[[[0.1]]]], 1, 'SAME')",
          "[[[[0.1]]]] float64"),
    gives("tf.nn.conv1d(tf.ones([1, 1, 1], 'float64'), [[[0.1]]], 1, 'SAME')",
          IAE + "expected to be a double tensor but is a float tensor [Op:Conv2D]"),
    gives("c(np.zeros(0, 'int32')) ** -1", "empty[0] int32"),
    gives("c(np.zeros(0, 'int32')) // 0", "empty[0] int32"),
    gives("c(1.5, 'string')", "TypeError: Cannot convert 1.5 to EagerTensor of dtype"),
    gives("c(3, 'string')", "TypeError: Cannot convert 3 to EagerTensor of dtype"),
    gives("c(np.ones(2), 'string')",
          "ValueError: Failed to convert a NumPy array to a Tensor (Unsupported object "
          "type float)."),
]  # fmt: skip

KINDER = [
    # TensorFlow wraps round, or fails inside NumPy; here the learner is told.
    gives("c(2**40, dtype=tf.int32)", "ValueError: Can't convert Python int"),
    gives("c(2) + 2**40", "ValueError: Can't convert Python int"),
    gives("c(5, dtype=tf.uint8) * -1", "ValueError: Can't convert Python int -1"),
    gives("c(2.0) * 'a'",
          IAE + "cannot compute Mul as input #1(zero-based) was expected to be "
          "a float tensor but is a string tensor [Op:Mul] name: "),
    gives("'a' * c(2.0)", IAE + "is a string tensor [Op:Mul] name: "),
    gives("range(c(3.0))",
          "TypeError: only integer scalar tensors can be converted to an index"),
    gives("c([[1, 2], [3, 4]])[[0, 1]]", "TypeError: Only integers, slices"),
]  # fmt: skip


@pytest.mark.parametrize("case", KINDER, ids=str)
def test_kinder_than_tensorflow(case: Row) -> None:
    assert not judged(tapeviz, case)


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_row(case: Row) -> None:
    assert not judged(tapeviz, case)
