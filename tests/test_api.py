"""The public names, and the types that they take and return, which are public too."""

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


def test_the_public_names_are_exactly_those_listed_here() -> None:
    assert set(imu_reps.__all__) == NAMES
    assert len(imu_reps.__all__) == len(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES - {"__version__", "events", "Event"}))
def test_every_public_name_exists_and_comes_from_the_project(name: str) -> None:
    assert getattr(imu_reps, name).__module__.startswith("imu_reps.")


def test_the_module_of_events_contains_every_event() -> None:
    assert all(getattr(events, kind.__name__) is kind for kind in get_args(Event))


@pytest.mark.parametrize("function", [*FUNCTIONS, Pipeline.__init__, *METHODS], ids=lambda f: f.__qualname__)
def test_every_type_taken_or_returned_is_public(function: Any) -> None:
    public_types = {getattr(imu_reps, name) for name in NAMES - {"__version__", "Event"}} | set(
        get_args(Event)
    )
    hints = get_type_hints(function, vars(sys.modules[function.__module__]))
    project_types = {
        kind for hint in hints.values() for kind in _classes(hint) if kind.__module__.startswith("imu_reps")
    }

    assert project_types <= public_types


def _classes(hint: Any) -> Iterator[type]:
    """Yield every class that a type hint consists of."""
    if inspect.isclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _classes(part)


def test_public_names_are_listed_before_they_are_loaded() -> None:
    assert set(dir(imu_reps)) >= NAMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(imu_reps, "no_such_name")
