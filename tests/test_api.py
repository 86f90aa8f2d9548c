"""The public names: what they are, and that nothing they take or return is hidden."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest

import imu_reps
from imu_reps import Event, Pipeline, events

NAMES = {
    *(
        "Analysis",
        "AngleTrack",
        "BatchResult",
        "Event",
        "Fault",
        "Header",
        "ImuRepsError",
        "Note",
        "Pipeline",
        "Pose",
    ),
    *(
        "Recording",
        "Rep",
        "RepFaults",
        "RepPlan",
        "SampleBlock",
        "SensorHeader",
        "SensorPlan",
        "SetPlan",
        "Settings",
    ),
    *(
        "Simulated",
        "Summary",
        "Tempo",
        "Truth",
        "__version__",
        "analyze",
        "analyze_many",
        "analyze_partition",
        "events",
        "load",
        "save",
        "simulate",
    ),
}

FUNCTIONS = (
    *(imu_reps.analyze, imu_reps.analyze_many, imu_reps.analyze_partition),
    *(imu_reps.load, imu_reps.save, imu_reps.simulate),
)
METHODS = tuple(
    getattr(value, "fget", value) for name, value in vars(Pipeline).items() if not name.startswith("_")
)


def test_the_public_names_are_these() -> None:
    assert set(imu_reps.__all__) == NAMES
    assert len(imu_reps.__all__) == len(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES - {"__version__", "events", "Event"}))
def test_every_public_name_is_there_and_comes_from_the_project(name: str) -> None:
    assert getattr(imu_reps, name).__module__.startswith("imu_reps.")


def test_every_event_is_in_the_module_of_events() -> None:
    assert all(getattr(events, kind.__name__) is kind for kind in get_args(Event))


@pytest.mark.parametrize("function", [*FUNCTIONS, Pipeline.__init__, *METHODS], ids=lambda f: f.__qualname__)
def test_every_type_that_is_taken_or_returned_is_public(function: Any) -> None:
    known = {getattr(imu_reps, name) for name in NAMES - {"__version__", "Event"}} | set(get_args(Event))
    hints = get_type_hints(function, vars(sys.modules[function.__module__]))
    own = {
        kind for hint in hints.values() for kind in _classes(hint) if kind.__module__.startswith("imu_reps")
    }

    assert own <= known


def _classes(hint: Any) -> Iterator[type]:
    """Every class that a type hint is made of."""
    if inspect.isclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _classes(part)


def test_the_names_are_listed_before_they_are_loaded() -> None:
    assert set(dir(imu_reps)) >= NAMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(imu_reps, "no_such_name")
