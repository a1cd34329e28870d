"""tf.Module, tf.name_scope and tf.function, with the snippets of TensorFlow's guide."""

from __future__ import annotations

from typing import Any

import pytest

import tapeviz as tf


class Dense(tf.Module):
    """The dense layer of the guide "Introduction to modules, layers, and models"."""

    def __init__(
        self, in_features: int, out_features: int, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.w = tf.Variable(tf.ones([in_features, out_features]), name="w")
        self.b = tf.Variable(tf.zeros([out_features]), name="b")

    def __call__(self, x: Any) -> Any:
        y = tf.matmul(x, self.w) + self.b
        return tf.nn.relu(y)


class SequentialModule(tf.Module):
    """The two-layer model of the same guide."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.dense_1 = Dense(in_features=3, out_features=3)
        self.dense_2 = Dense(in_features=3, out_features=2)

    def __call__(self, x: Any) -> Any:
        x = self.dense_1(x)
        return self.dense_2(x)


def test_the_guides_model() -> None:
    my_model = SequentialModule(name="the_model")
    out = my_model(tf.constant([[2.0, 2.0, 2.0]]))
    assert out.numpy().tolist() == [[18.0, 18.0]]
    assert [type(m).__name__ for m in my_model.submodules] == ["Dense", "Dense"]
    names = [(v.name, tuple(v.shape)) for v in my_model.variables]
    assert names == [("b:0", (3,)), ("w:0", (3, 3)), ("b:0", (2,)), ("w:0", (3, 2))]


def test_the_guides_flexible_layer() -> None:
    class FlexibleDenseModule(tf.Module):
        def __init__(self, out_features: int) -> None:
            super().__init__()
            self.is_built = False
            self.out_features = out_features

        def __call__(self, x: Any) -> Any:
            if not self.is_built:
                self.w = tf.Variable(
                    tf.ones([x.shape[-1], self.out_features]), name="w"
                )
                self.b = tf.Variable(tf.zeros([self.out_features]), name="b")
                self.is_built = True
            return tf.nn.relu(tf.matmul(x, self.w) + self.b)

    layer = FlexibleDenseModule(2)
    assert layer.variables == ()
    assert layer(tf.ones([1, 3])).numpy().tolist() == [[3.0, 3.0]]
    assert len(layer.trainable_variables) == 2


def test_a_simple_module() -> None:
    class SimpleModule(tf.Module):
        def __init__(self, name: str | None = None) -> None:
            super().__init__(name=name)
            self.a_variable = tf.Variable(5.0, name="train_me")
            self.non_trainable_variable = tf.Variable(
                5.0, trainable=False, name="do_not_train_me"
            )

        def __call__(self, x: Any) -> Any:
            return self.a_variable * x + self.non_trainable_variable

    simple_module = SimpleModule(name="simple")
    assert float(simple_module(tf.constant(5.0))) == 30.0
    assert [v.name for v in simple_module.trainable_variables] == ["train_me:0"]
    assert [v.name for v in simple_module.non_trainable_variables] == [
        "do_not_train_me:0"
    ]
    assert [v.name for v in simple_module.variables] == [
        "train_me:0",
        "do_not_train_me:0",
    ]


def test_variables_in_lists_and_dicts_each_once_inner_modules_last() -> None:
    class Nested(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Dense(1, 1)
            self.later = {
                "b": tf.Variable(1.0, name="two"),
                "a": tf.Variable(1.0, name="one"),
            }
            self.many = [tf.Variable(1.0, name="three"), self.later["a"], (self.inner,)]

    names = [v.name for v in Nested().variables]
    assert names == ["one:0", "two:0", "three:0", "b:0", "w:0"]


def test_names() -> None:
    class TwoWords2D(tf.Module):
        @tf.Module.with_name_scope
        def __call__(self) -> None:
            self.v = tf.Variable(1.0, name="v")

    module = TwoWords2D()
    module()
    assert (module.name, module.v.name) == ("two_words2_d", "two_words2_d/v:0")
    with module.name_scope:
        assert tf.Variable(1.0).name == "two_words2_d/Variable:0"
    with tf.name_scope("outer"), tf.name_scope("inner") as scope:
        assert scope == "outer/inner/"
        assert tf.Variable(1.0, name="w").name == "outer/inner/w:0"
    assert tf.Variable(1.0, name="w").name == "w:0"
    with pytest.raises(ValueError, match="'a b' is not a valid module name"):
        tf.Module(name="a b")


def test_the_scope_is_left_after_an_error() -> None:
    with pytest.raises(KeyError), tf.name_scope("lost"):
        raise KeyError
    assert tf.Variable(1.0).name == "Variable:0"


def test_function_with_and_without_arguments() -> None:
    @tf.function
    def square(x: Any) -> Any:
        """Square it."""
        return x * x

    @tf.function(jit_compile=True, reduce_retracing=True)
    def cube(x: Any) -> Any:
        return x**3

    assert float(square(tf.constant(3.0))) == 9.0
    assert float(cube(tf.constant(2.0))) == 8.0
    assert (square.__name__, square.__doc__) == ("square", "Square it.")
    assert square.__wrapped__ is square.python_function
    with pytest.raises(TypeError, match="needs a function"):
        tf.function(3)  # type: ignore[call-overload]


def test_function_as_a_method_and_under_a_tape() -> None:
    class Linear(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = tf.Variable(2.0)

        @tf.function
        def __call__(self, x: Any) -> Any:
            return self.w * x

        @tf.function(input_signature=[None])
        def twice(self, x: Any) -> Any:
            return 2 * self(x)

    linear = Linear()
    with tf.GradientTape() as tape:
        y = linear.twice(tf.constant(3.0))
    assert float(tape.gradient(y, linear.w)) == 6.0
