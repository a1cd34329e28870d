"""A value as plain data: what it says of itself, and what it refuses to be."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError

import pytest

from tapeviz.trace.value import Entry, Summary, Value, format_number

SUMMARY = Summary(-1.0, 0.0, 1.0, 0, ((0.0,),))


def test_entry_of_a_scalar_and_of_one_entry() -> None:
    assert Value("float32", (), (2.5,)).entry == 2.5
    assert Value("int32", (1, 1), (7,)).entry == 7


@pytest.mark.parametrize(
    "value",
    [
        Value("float32", (2,), (1.0, 2.0)),
        Value("float32", (0,), ()),
        Value("float32", (100,), None, SUMMARY),
    ],
)
def test_entry_of_anything_else(value: Value) -> None:
    with pytest.raises(ValueError, match="is not one number"):
        _ = value.entry


@pytest.mark.parametrize(
    ("shape", "size"), [((), 1), ((3,), 3), ((2, 3), 6), ((2, 0), 0)]
)
def test_size(shape: tuple[int, ...], size: int) -> None:
    assert Value("float32", shape, (0.0,) * size).size == size


@pytest.mark.parametrize(
    ("value", "zero"),
    [
        (Value("float32", (), (0.0,)), True),
        (Value("float32", (), (-0.0,)), True),
        (Value("complex64", (), (0j,)), True),
        (Value("float32", (2,), (0.0, 1e-30)), False),
        (Value("float32", (), (float("nan"),)), False),
        (Value("float32", (0,), ()), False),
        (Value("float32", (100,), None, Summary(0.0, 0.0, 0.0, 0, ())), True),
        (Value("float32", (100,), None, Summary(0.0, 0.0, 0.0, 1, ())), False),
        (Value("float32", (100,), None, SUMMARY), False),
    ],
)
def test_is_zero(value: Value, zero: bool) -> None:
    assert value.is_zero is zero


@pytest.mark.parametrize(
    "value",
    [
        Value("float32", (), (1.0,)),
        Value("float32", (0, 3), ()),
        Value("float32", (100,), None, SUMMARY),
        Value("string", (), ("a",)),
    ],
)
def test_sound_values(value: Value) -> None:
    assert not [*value.problems()]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Value("float32", (2,), (1.0,)), r"1 entries for shape \(2,\)"),
        (Value("float32", (), ()), r"0 entries for shape \(\)"),
        (Value("float32", (100,), None), "needs its entries or a summary"),
    ],
)
def test_broken_values(value: Value, said: str) -> None:
    (problem,) = value.problems()
    assert re.search(said, problem)


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Value("float32", (), (1.0,)).dtype = "int32"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("entry", "digits", "text"),
    [
        (1e6, 5, "1000000"),
        (1234567.5, 6, "1.23457e6"),
        (1e-7, 5, "1e-7"),
        (0.12345678, 6, "0.123457"),
        (-0.0, 5, "0"),
        (float("nan"), 5, "nan"),
        (10**12, 5, "1e12"),
        (1 - 2.5j, 5, "1-2.5j"),
        (True, 5, "True"),
    ],
)
def test_a_number_is_written_for_people(entry: Entry, digits: int, text: str) -> None:
    assert format_number(entry, digits) == text
