"""Real recordings from outside the project, and hand-made summaries for tests that only read them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imu_reps import Fault, Recording, Rep, Settings, Summary
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.domain.summary import (
    SUMMARY_FORMAT,
    RecordingSummary,
    Sensors,
    SensorSummary,
    SetSummary,
    Trend,
    Zero,
)

CLEAN_REP = Rep(
    number=1,
    start_s=5.0,
    end_s=9.2,
    concentric_s=2.0,
    eccentric_s=2.1,
    top_pause_s=0.2,
    bottom_pause_s=0.4,
    top_angle_deg=62.0,
    bottom_angle_deg=1.0,
    range_deg=61.0,
    peak_concentric_dps=55.0,
    peak_eccentric_dps=52.0,
    pelvic_tilt_deg=1.2,
    pelvic_curl_deg=14.0,
    pelvic_rotation_deg=-2.4,
    lift_off_angle_deg=None,
    smoothness_sparc=-1.6,
    tremor_ratio=1.1,
    momentum=0.01,
    flags=(),
    not_judged=(),
    clean=True,
    faults=(),
)


#: Rooms of the longest tests, which wait more than they compute.
FIRST = ("session", "web")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: at the end no worker is left alone with one of them."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in FIRST)


@pytest.fixture(scope="session")
def as_done() -> Callable[[Recording], Recording]:
    """Turn a simulated recording into one as if a person had done it with real sensors."""

    def _as_done(recording: Recording) -> Recording:
        header = replace(recording.header, simulated=False)
        for place in SENSOR_PLACES:
            header = header.with_sensor(place, replace(header.sensor(place), sensor="witmotion"))
        return replace(recording, header=header)

    return _as_done


def _fault(**changes: Any) -> Fault:
    arch = Fault("back_arch", "flag", 9.0, 6.0, "deg", 8.1, 24.0, "fair")
    return replace(arch, **changes)


def _rep(number: int, *faults: Fault, **changes: Any) -> Rep:
    flags = tuple(dict.fromkeys(fault.code for fault in faults if fault.level == "flag"))
    start_s = 5.0 * number
    rep = replace(CLEAN_REP, number=number, start_s=start_s, end_s=start_s + 4.3, faults=faults, flags=flags)
    return replace(rep, clean=not flags, **({"bottom_pause_s": 0.7} | changes))


def _summary(*reps: Rep, recording: Any = (), figures: Any = (), **changes: Any) -> Summary:
    sensor = SensorSummary("witmotion", 100.2, 6000, 12, 0.03, 21.0, 0.6, None, None)
    clean = [rep.clean for rep in reps if rep.clean is not None]
    set_summary = SetSummary(
        rep_count=len(reps),
        rep_count_certainty="high",
        clean_count=sum(clean) if clean else None,
        partial_count=0,
        tempo="2.1-0.4-2.0-0.2" if reps else None,
        tempo_target="2.0-0.0-2.0-0.0",
        time_under_tension_s=42.0,
        concentric_s_mean=2.0,
        concentric_s_sd=0.1,
        eccentric_s_mean=2.1,
        eccentric_s_sd=0.1,
        top_pause_s_mean=0.2,
        top_pause_s_sd=0.1,
        bottom_pause_s_mean=0.4,
        bottom_pause_s_sd=0.1,
        range_deg_mean=61.2 if reps else None,
        range_deg_sd=2.6 if len(reps) > 1 else None,
        pelvic_tilt_deg_max=9.0,
        pelvic_rotation_deg_max=-2.4,
        floor_angle_deg=None,
        floor_below_deg=None,
        trend=(Trend("range_deg", 63.0, 62.0, None, False),),
    )
    source = RecordingSummary(
        "set.csv", "single_leg_raise", "left", "supine", "low", "2026-11-21T07:30:00+00:00", 60.0, False
    )
    summary = Summary(
        format=SUMMARY_FORMAT,
        version="0.1.0",
        recording=replace(source, **dict(recording)),
        sensors=Sensors(pelvis=replace(sensor, alignment="mounted", turn_deg=1.2), ankle=sensor),
        zero=Zero(4.2, "the last still moment before the first lift"),
        reps=reps,
        partials=(),
        set=replace(set_summary, **dict(figures)),
        findings=(),
        settings=Settings(),
    )
    return replace(summary, **changes)


@pytest.fixture
def make_fault() -> Callable[..., Fault]:
    """Make a fault: a back arch of 9° unless changed."""
    return _fault


@pytest.fixture
def make_rep() -> Callable[..., Rep]:
    """Make repetition `number` with the given faults; without faults it is clean."""
    return _rep


@pytest.fixture
def make_summary() -> Callable[..., Summary]:
    """Make the summary of a set of these repetitions; `recording` and `figures` change single fields."""
    return _summary


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Return the folder of real recordings.

    ``IMU_REPS_DATASETS`` names it; the default is ``../shared/datasets`` next to the checkout.
    """
    default = Path(__file__).parents[2] / "shared" / "datasets"
    folder = Path(os.environ.get("IMU_REPS_DATASETS") or default)
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}: set IMU_REPS_DATASETS to their folder")
    return folder
