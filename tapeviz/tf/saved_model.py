"""``tf.saved_model``: a module with its variables, put in a folder and taken out again.

TensorFlow writes the graph of its functions; here the functions stay in the program,
and the folder holds the name of the class and the numbers. So the program that loads a
module must define its class, or import it.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.errors import NotFoundError, error_message

_FILE = "saved_model.tapeviz"


@dataclass(frozen=True)
class SaveOptions:
    """How to save; custom gradients stay with their functions in any case."""

    experimental_custom_gradients: bool = True
    save_debug_info: bool = False
    namespace_whitelist: Any = None
    function_aliases: Any = None


@dataclass(frozen=True)
class LoadOptions:
    """How to load: there is nothing to choose."""

    allow_partial_checkpoint: bool = False
    experimental_io_device: str | None = None


def save(
    obj: Any,
    export_dir: Any,
    signatures: Any = None,
    options: SaveOptions | None = None,
) -> None:
    """Put a module with its variables in a folder; ``signatures`` has no use here.

    ValueError if it holds what cannot be written, such as an open file.

    >>> import tempfile
    >>> import tapeviz as tf
    >>> layer = tf.keras.layers.Dense(1, kernel_initializer="ones")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = layer(tf.ones([1, 2]))
    ...     save(layer, folder)
    ...     load(folder)(tf.constant([[3.0, 4.0]])).numpy()
    array([[7.]], dtype=float32)
    """
    text = io.BytesIO()
    pickler = pickle.Pickler(text)
    pickler.dispatch_table = copyreg.dispatch_table | {
        Variable: _written_variable,
        Tensor: _written_tensor,
    }
    try:
        pickler.dump(obj)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(
            error_message(
                f"this {type(obj).__name__} cannot be saved: {error}",
                "define its class at the top of a file or cell, and keep in it "
                "variables, numbers, texts, lists and other modules",
            )
        ) from error
    folder = Path(export_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_bytes(text.getvalue())


def load(export_dir: Any, tags: Any = None, options: LoadOptions | None = None) -> Any:
    """What ``save`` put in a folder, with variables of its own.

    Load only what you or somebody you trust has saved: such a folder can hold any
    program. OSError if nothing was saved there, NotFoundError if the program does not
    know the class.
    """
    path = Path(export_dir) / _FILE
    if not path.is_file():
        raise OSError(
            error_message(
                f"SavedModel file does not exist at: {export_dir}/{_FILE}",
                "name the folder that was given to tf.saved_model.save",
            )
        )
    try:
        return pickle.loads(path.read_bytes())  # noqa: S301 - the learner's own file
    except (AttributeError, ImportError) as error:
        raise NotFoundError(
            error_message(
                f"this program does not know the class of what was saved: {error}",
                "define the class, or import it, before loading",
            )
        ) from error


def _written_variable(v: Variable) -> tuple[Any, ...]:
    return _variable, (v.numpy(), v.trainable, v._name, v.dtype.name)


def _variable(value: Any, trainable: bool, name: str, dtype: str) -> Variable:
    made = Variable(value, trainable=trainable, dtype=dtype)
    made._name = name
    return made


def _written_tensor(t: Tensor) -> tuple[Any, ...]:
    return convert, (t.numpy(),)
