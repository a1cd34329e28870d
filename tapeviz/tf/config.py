"""``tf.config``: there is one device, the CPU, and everything runs at once."""

from __future__ import annotations

from typing import Any, NamedTuple


class PhysicalDevice(NamedTuple):
    """What computes: its name and kind."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of a kind: the CPU, and no GPU.

    >>> list_physical_devices("GPU")
    []
    """
    cpu = PhysicalDevice("/physical_device:CPU:0", "CPU")
    return [cpu] if device_type in (None, "CPU") else []


def run_functions_eagerly(run_eagerly: Any) -> None:
    """Nothing: functions always run eagerly here."""


def functions_run_eagerly() -> bool:
    """True: a ``tf.function`` runs like any other."""
    return True
