"""The schemas in ``docs/schema``: all that is saved has their form, and keeps it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tapeviz.render.film.backward import backward_film
from tapeviz.trace.codec import VERSION
from tapeviz.trace.film import Film
from tapeviz.trace.graph import Graph
from tapeviz.trace.schema import schema
from tests import samples
from tests.trace import strategies
from tests.trace.test_codec import EACH

DOCS = Path(__file__).parents[2] / "docs"
FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)


@EACH
@FEW
@given(data=st.data())
def test_whatever_is_saved_has_the_form(kind: Any, some: Any, data: Any) -> None:
    judge = Draft202012Validator(schema(kind))
    judge.check_schema(judge.schema)
    judge.validate(json.loads(data.draw(some).to_json()))


def test_a_real_film_has_it() -> None:
    film = json.loads(backward_film(samples.backward_102()).to_json())
    judge = Draft202012Validator(schema(Film))
    judge.validate(film)
    for change in ({"frames": 3}, {"version": 2}, {"tapeviz": "graph"}, {"svg": None}):
        assert not judge.is_valid({**film, **change}), change
    del film["frames"]["caption"]
    assert not judge.is_valid(film)


def test_the_files_are_those_of_the_classes() -> None:
    """One that changes takes something away from its readers, or adds to it.

    Fields with a default may be added: run ``python docs/schema.py``. Anything else
    needs another version in ``trace/codec.py``, and a file of its own.
    """
    spec = importlib.util.spec_from_file_location("schema", DOCS / "schema.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    written = {path.name: path.read_text("utf-8") for path in made.FOLDER.iterdir()}
    assert made.texts() == {name: written.get(name) for name in made.texts()}


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_said(version: Any) -> None:
    text = json.loads(samples.listing_102().to_json())
    text["version"] = version
    with pytest.raises(ValueError, match=r"has version .* reads version 1; what to do"):
        Graph.from_json(json.dumps(text))


def test_a_file_from_before_there_were_versions_is_read() -> None:
    graph = samples.listing_102()
    text = json.loads(graph.to_json())
    assert text.pop("version") == VERSION == 1
    assert Graph.from_json(json.dumps(text)) == graph


@FEW
@given(data=st.data())
def test_a_reader_leaves_out_what_it_does_not_know(data: Any) -> None:
    graph = data.draw(strategies.graphs())
    text = {**json.loads(graph.to_json()), "later": [1]}
    assert repr(Graph.from_json(json.dumps(text))) == repr(graph)
    Draft202012Validator(schema(Graph)).validate(text)
