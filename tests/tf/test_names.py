"""The public names: all that was promised, none invented, and help for the others."""

# ruff: noqa: E501 - tables, one case a line

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import operator
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging import version

import tapeviz as tf
from tapeviz.tf.missing import missing, names
from tests.stub import stubs

SPACES = (
    "math", "nn", "linalg", "random", "debugging", "nest", "autodiff", "config", "image",
)  # fmt: skip
OURS = {
    *("descent", "draw", "explain", "explore", "play", "why"),
    *("describe", "errors", "keras", "lines_of", "load_graphviz"),
}

MUST = """Variable constant convert_to_tensor is_tensor Tensor GradientTape
    UnconnectedGradients stop_gradient custom_gradient identity cast float32 add subtract
    multiply divide pow negative square sqrt exp math.log abs sign sin cos tan tanh sigmoid
    maximum minimum clip_by_value where equal matmul tensordot transpose reshape expand_dims
    squeeze concat stack reduce_sum reduce_mean reduce_max reduce_min norm zeros ones
    zeros_like ones_like fill eye range linspace one_hot shape size rank newaxis
    random.normal random.uniform random.set_seed nn.relu nn.sigmoid nn.tanh nn.softmax
    nn.log_softmax nn.softmax_cross_entropy_with_logits
    nn.sparse_softmax_cross_entropy_with_logits argmax keras.optimizers.SGD
    keras.optimizers.Adam optimizers.SGD errors.InvalidArgumentError"""
SHOULD = """function Module reduce_prod reduce_logsumexp math.reduce_std math.reduce_variance
    reduce_any reduce_all math.log1p math.expm1 math.rsqrt math.reciprocal math.softplus
    math.squared_difference math.divide_no_nan tan sinh cosh asin acos atan atan2
    nn.leaky_relu nn.elu nn.sigmoid_cross_entropy_with_logits einsum linalg.matvec
    linalg.diag linalg.diag_part linalg.solve linalg.inv split unstack slice gather
    boolean_mask pad tile repeat broadcast_to cumsum add_n clip_by_norm linalg.global_norm
    clip_by_global_norm argmin round floor logical_and IndexedSlices TensorShape
    optimizers.RMSprop optimizers.Adagrad print debugging.assert_near"""
NICE = """math.erf nn.gelu nn.selu nn.silu nn.softsign nn.relu6 nn.l2_loss nn.moments
    nn.embedding_lookup nn.conv1d nn.conv2d nn.dropout sort math.top_k reverse roll
    gather_nd scatter_nd meshgrid math.cumprod linalg.det linalg.trace nest.flatten complex
    autodiff.ForwardAccumulator cond while_loop map_fn optimizers.Adamax optimizers.Nadam
    optimizers.AdamW optimizers.Adadelta keras.losses.Huber keras.layers.Dense
    keras.Sequential recompute_grad debugging.assert_equal debugging.check_numerics"""


@pytest.mark.parametrize("name", [*MUST.split(), *SHOULD.split(), *NICE.split()])
def test_what_was_promised_is_there(name: str) -> None:
    found: object = tf
    for part in name.split("."):
        found = getattr(found, part)
    assert found is not None or name == "newaxis"


def test_the_door_offers_each_name_once() -> None:
    listed = [n for names in tf.PLACES.values() for n in names.split()]
    assert len(listed) == len(set(listed)) == len({*listed} - {*tf.NAMESPACES})
    assert {*tf.__all__} == set(dir(tf)) == {*listed, *tf.NAMESPACES, "__version__"}
    for name in {*tf.__all__} - {"newaxis"}:
        assert getattr(tf, name) is not None


@pytest.mark.parametrize("path", stubs(), ids=lambda path: path.parent.name)
def test_the_type_stubs_are_those_of_the_tables(path: Path) -> None:
    written = path.read_text("utf-8")
    assert written == stubs()[path], "run python -m tests.stub"


def _spaces() -> list[tuple[str, ModuleType]]:
    """Every public namespace with its name, those inside others too."""
    found = [(name, getattr(tf, name)) for name in tf.NAMESPACES]
    for name, space in found:
        inner = ((part, getattr(space, part)) for part in dir(space))
        found += [(f"{name}.{n}", m) for n, m in inner if isinstance(m, ModuleType)]
    return found


@pytest.mark.parametrize(("name", "space"), _spaces(), ids=lambda part: str(part)[:30])
def test_nothing_leaks(name: str, space: ModuleType) -> None:
    """What a namespace shows is TensorFlow's, or our own error, or Keras's."""
    theirs = names().get(name.removeprefix("tf."))
    shown = {n for n in vars(space) if not n.startswith("_")}
    assert shown == set(dir(space)) != set()
    if theirs is not None and name != "dtypes":
        assert {
            n for n in shown - {*theirs} if not _is_error(getattr(space, n))
        } == set()
    for part in shown:
        found = getattr(space, part)
        home = getattr(found, "__module__", "tapeviz")
        assert home.startswith("tapeviz") or isinstance(found, ModuleType), part


def _is_error(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BaseException)


@pytest.mark.parametrize(
    "name", ["image.call", "saved_model.Path", "random.np", "nn.convolution.np"]
)
def test_what_a_room_imports_is_not_public(name: str) -> None:
    space, _, part = name.rpartition(".")
    with pytest.raises(AttributeError):
        operator.attrgetter(part)(operator.attrgetter(space)(tf))


def test_the_namespaces_can_be_imported_as_in_tensorflow() -> None:
    from tapeviz.keras import layers
    from tapeviz.keras.optimizers.schedules import ExponentialDecay

    assert layers is tf.keras.layers
    assert ExponentialDecay is tf.keras.optimizers.schedules.ExponentialDecay
    assert importlib.import_module("tapeviz.linalg") is tf.linalg
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tapeviz.keras.nowhere")


def test_the_top_invents_no_names_but_its_own() -> None:
    theirs = set(names()[""]) | {"__version__", "newaxis"}
    assert set(dir(tf)) - theirs <= OURS


@pytest.mark.parametrize("space", ["", *SPACES])
def test_every_function_says_what_it_does(space: str) -> None:
    module = getattr(tf, space) if space else tf
    for name in dir(module):
        f = getattr(module, name)
        if inspect.isfunction(f) and name[0] != "_":
            said = inspect.getdoc(f)
            assert said, name
            assert said.splitlines()[0].endswith((".", ":", "?")), name


@pytest.mark.parametrize(
    ("space", "name", "says"),
    [
        (
            "",
            "log",
            "tf.log does not exist, in TensorFlow neither; you may mean tf.math.log",
        ),
        (
            "",
            "relu",
            "tf.relu does not exist, in TensorFlow neither; you may mean tf.nn.relu",
        ),
        ("", "reduce_summ", "you may mean tf.reduce_sum"),
        ("", "mul", "you may mean tf.multiply"),
        ("", "dot", "you may mean tf.tensordot(a, b, 1)"),
        ("", "float", "you may mean tf.float32"),
        ("", "optimizer", "you may mean tf.keras.optimizers"),
        ("linalg", "lu", "tapeviz has no tf.linalg.lu; scipy.linalg has it, outside"),
        ("linalg", "tridiagonal_solve", "the nearest is tf.linalg.solve"),
        ("math", "betainc", "tapeviz has no tf.math.betainc; scipy.special has it"),
        ("linalg", "eig", "tapeviz has no tf.linalg.eig; np.linalg.eig"),
        ("nn", "conv3d", "tapeviz has no tf.nn.conv3d; the nearest is tf.nn.conv2d"),
        ("", "data", "tapeviz has no tf.data; loop over"),
        ("", "igamma", "tapeviz has no tf.math.igamma either"),
        ("math", "reduce_mean_", "you may mean tf.math.reduce_mean"),
        ("", "xyzzy", "tf.xyzzy does not exist, in TensorFlow neither"),
    ],
)
def test_a_missing_name_says_what_to_use(space: str, name: str, says: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(getattr(tf, space) if space else tf, name)
    assert says in str(caught.value)


def test_private_names_are_missing_quietly() -> None:
    assert not hasattr(tf, "__wrapped__")
    assert not hasattr(tf, "_repr_html_")


def test_a_name_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys, tapeviz as tf; a = 'tapeviz.tf.linalg' in sys.modules; tf.matmul; "
        "print(a, 'tapeviz.tf.linalg' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_what_is_nearest_is_there_and_no_namespace() -> None:
    """For every name that TensorFlow has and we have not."""
    listed = [n for names in tf.PLACES.values() for n in names.split()]
    offered = {"": listed, **{s: dir(getattr(tf, s)) for s in SPACES}}
    for space, theirs in names().items():
        if space and space not in dir(tf):
            continue
        room = getattr(tf, space) if space else tf
        for name in set(theirs) - set(dir(room)):
            _, _, near = missing(space, name, offered).partition("the nearest is tf.")
            found: object = tf
            for part in near.split(".") if near else []:
                found = getattr(found, part)
            assert not near or not inspect.ismodule(found), (space, name, near)


def test_a_guard_in_a_first_cell_passes() -> None:
    assert tuple(int(n) for n in tf.__version__.split(".")[:2]) >= (2, 8)
    assert version.parse(tf.__version__) >= version.parse("2.12")
    own = importlib.metadata.version("tapeviz")
    assert tf.__version__.endswith(f"+tapeviz.{own}")
