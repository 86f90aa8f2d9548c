"""Packets of known content: golden ones from the design notes, and the project's own next to the tests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps.sensors.wire import NO_FACTS, Decoded, Facts, Family, Samples, join_samples

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(scope="session")
def design() -> Path:
    """Folder of design notes: ``IMU_REPS_DESIGN``, or ``../shared/design`` next to the checkout."""
    default = Path(__file__).parents[4] / "shared" / "design"
    folder = Path(os.environ.get("IMU_REPS_DESIGN") or default)
    if not folder.is_dir():
        pytest.skip(f"no design notes in {folder}: set IMU_REPS_DESIGN to their folder")
    return folder


@pytest.fixture(scope="session")
def golden(design: Path) -> Callable[..., list[dict[str, Any]]]:
    """Golden packets whose id begins with one of the prefixes; the test fails if there are none."""
    everything = json.loads((design / "golden-packets.json").read_text(encoding="utf-8"))

    def chosen(*prefixes: str) -> list[dict[str, Any]]:
        items = [item for item in everything if item["id"].startswith(prefixes)]
        assert items, f"no golden packet begins with {prefixes}"
        return items

    return chosen


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Any]:
    """The project's own packets of a family, from ``vectors/NAME.json``."""
    return lambda name: json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def _decode_all(
    family: Family,
    state: Any,
    packets: Iterable[tuple[Any, ...]],
) -> tuple[Any, Decoded]:
    parts: list[Decoded] = []
    for i, (characteristic, data, *arrival) in enumerate(packets):
        state, decoded = family.decode(state, characteristic, data, arrival[0] if arrival else 0.05 * i)
        parts.append(decoded)
    return state, _together(parts)


def _together(parts: list[Decoded]) -> Decoded:
    """Join the results and, unlike `Decoded.then`, keep samples from before a restart."""
    return Decoded(
        join_samples([part.samples for part in parts]),
        reduce(Facts.then, (part.facts for part in parts), NO_FACTS),
        sum(part.damaged for part in parts),
        sum(part.repeated for part in parts),
        any(part.restarted for part in parts),
    )


@pytest.fixture(scope="session")
def decode_all() -> Callable[..., tuple[Any, Decoded]]:
    """Feed ``(characteristic, data[, arrival_s])`` in order; return the last state and the joined results."""
    return _decode_all


def _same(samples: Samples, other: Samples) -> bool:
    return all(
        np.array_equal(getattr(samples, name), getattr(other, name), equal_nan=name != "number")
        for name in Samples.__dataclass_fields__
    )


@pytest.fixture(scope="session")
def same() -> Callable[[Samples, Samples], bool]:
    """Return whether two runs of samples are equal to the last bit."""
    return _same
