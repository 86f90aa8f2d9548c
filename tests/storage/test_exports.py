"""The JSON summary is a contract, checked against a schema derived from its description."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest

from imu_reps import Event, Fault, Rep, Settings, Summary
from imu_reps.domain.events import FaultSeen, PhaseChanged, PostureLeft, Ready, RepCompleted, SetEnded
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Partial, PartialReason
from imu_reps.domain.summary import Sensors, Trend, Zero
from imu_reps.errors import RecordingError
from imu_reps.storage.plain_json import error_line, event_line, event_name
from imu_reps.storage.plain_json import summary_line as worded_line

SCHEMA = json.loads(Path(__file__).with_name("imu-reps-summary-1.schema.json").read_text(encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(SCHEMA)


def summary_line(summary: Summary) -> str:
    return worded_line(summary, lambda finding: f"words of {finding.code}")


def checked(line: str) -> dict[str, Any]:
    """Return the document of a line, checked against the schema."""
    assert "\n" not in line
    document: dict[str, Any] = json.loads(line)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.fixture
def full(
    make_summary: Callable[..., Summary], make_rep: Callable[..., Rep], make_fault: Callable[..., Fault]
) -> Summary:
    return make_summary(
        make_rep(1),
        make_rep(2, make_fault(), lift_off_angle_deg=24.0),
        make_rep(3, bottom_pause_s=None, not_judged=("hip_pop",)),
        partials=(Partial(30.0, 31.5, 9.5), Partial(40.0, 42.0, 50.0, "cut_off")),
        figures={"rep_count_certainty": "fair"},
        findings=(Finding("tremor", (2, 3)),),
    )


def empty(summary: Summary) -> Summary:
    """Return the summary without anything optional."""
    nothing = {
        field.name: None for field in fields(summary.set) if field.name not in ("trend", "tempo_target")
    }
    return replace(
        summary,
        recording=replace(summary.recording, file=None, side=None, created=None),
        sensors=Sensors(None, None),
        zero=Zero(None, "no pelvis sensor"),
        set=replace(summary.set, **nothing, tempo_target=None, trend=()),
    )


def test_a_full_and_an_empty_summary_fulfil_the_contract(
    full: Summary, make_summary: Callable[..., Summary]
) -> None:
    checked(summary_line(full))
    document = checked(summary_line(empty(make_summary())))

    assert document["sensors"] == {"pelvis": None, "ankle": None}
    assert document["set"]["rep_count"] is None


def test_the_values_are_those_of_the_summary(full: Summary) -> None:
    document = checked(summary_line(full))

    assert document["recording"]["file"] == "set.csv"
    assert [rep["number"] for rep in document["reps"]] == [1, 2, 3]
    assert [rep["clean"] for rep in document["reps"]] == [True, False, True]
    assert document["reps"][1]["faults"] == [
        {
            "code": "back_arch",
            "level": "flag",
            "value": 9.0,
            "limit": 6.0,
            "unit": "deg",
            "at_s": 8.1,
            "at_angle_deg": 24.0,
            "certainty": "fair",
        }
    ]
    assert document["partials"] == [
        {"start_s": 30.0, "end_s": 31.5, "range_deg": 9.5, "reason": "too_small"},
        {"start_s": 40.0, "end_s": 42.0, "range_deg": 50.0, "reason": "cut_off"},
    ]
    assert document["set"]["rep_count_certainty"] == "fair"
    assert document["set"]["tempo"] == "2.1-0.4-2.0-0.2"
    assert document["findings"] == [{"code": "tremor", "reps": [2, 3], "message": "words of tremor"}]


def test_the_schema_detects_a_missing_and_an_additional_key(full: Summary) -> None:
    document = checked(summary_line(full))
    without = {**document, "set": {k: v for k, v in document["set"].items() if k != "tempo"}}
    beyond = {**document, "set": document["set"] | {"score": 1}}

    for broken in (without, beyond):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(broken)


@pytest.mark.parametrize("reason", get_args(PartialReason))
def test_each_reason_of_a_partial_fulfils_the_contract(full: Summary, reason: PartialReason) -> None:
    document = checked(summary_line(replace(full, partials=(Partial(1.0, 2.0, 9.0, reason),))))

    assert document["partials"][0]["reason"] == reason


def test_settings_contain_every_setting(full: Summary) -> None:
    document = checked(
        summary_line(replace(full, settings=Settings.for_preset("strict", usual_range_deg=62.0)))
    )

    assert set(document["settings"]) == {field.name for field in fields(Settings)}
    assert document["settings"]["preset"] == "strict"
    assert document["settings"]["tilt_flag_deg"] == 4.0
    assert document["settings"]["usual_range_deg"] == 62.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), np.float64("nan")])
def test_nan_and_infinity_are_refused_by_name(full: Summary, bad: float) -> None:
    broken = replace(full, reps=(full.reps[0], replace(full.reps[1], range_deg=bad), full.reps[2]))

    with pytest.raises(ValueError, match=r"reps\[1\]\.range_deg"):
        summary_line(broken)


def test_numbers_keep_four_decimals_and_no_negative_zero(full: Summary) -> None:
    values = replace(full.set, range_deg_mean=61.123456789, pelvic_rotation_deg_max=-0.00001)
    line = summary_line(replace(full, set=values))

    assert '"range_deg_mean":61.1235' in line
    assert '"pelvic_rotation_deg_max":0.0' in line


def test_numpy_numbers_are_written_as_numbers(full: Summary) -> None:
    trend = Trend("range_deg", np.float64(60.0), np.float64(50.0), np.int64(7), True)  # type: ignore[arg-type]
    document = checked(summary_line(replace(full, set=replace(full.set, trend=(trend,)))))

    assert document["set"]["trend"][0]["from_rep"] == 7


@pytest.mark.parametrize("file", ["übung.csv", "a\nb.csv", "\udcff.csv", "訓練 1.csv"])
def test_any_file_name_survives_on_one_line_of_ascii(full: Summary, file: str) -> None:
    line = summary_line(replace(full, recording=replace(full.recording, file=file)))

    assert line.isascii()
    assert checked(line)["recording"]["file"] == file


def test_a_refused_file_gives_its_name_and_the_error() -> None:
    error = RecordingError("8.1 Hz is too slow.", hint="Record at 50 Hz or more.", code="rate_too_low")

    assert checked(error_line("slow.csv", error)) == {
        "format": "imu-reps-summary/1",
        "recording": {"file": "slow.csv"},
        "error": {
            "code": "rate_too_low",
            "message": "8.1 Hz is too slow.",
            "hint": "Record at 50 Hz or more.",
        },
    }


def test_events_are_named_like_their_classes_in_snake_case() -> None:
    assert {event_name(kind.__new__(kind)) for kind in get_args(Event)} == {
        "ready",
        "legs_up",
        "phase_changed",
        "rep_at_far_end",
        "rep_completed",
        "rep_retracted",
        "rep_revised",
        "fault_seen",
        "sensor_silent",
        "sensor_back",
        "end_reached",
        "limit_crossed",
        "floor_near",
        "posture_left",
        "stop_asked",
        "hold_began",
        "hold_goes_on",
        "hold_ended",
        "set_ended",
    }


def test_events_begin_with_name_and_time_and_contain_all_their_fields(
    make_rep: Callable[..., Rep], make_fault: Callable[..., Fault]
) -> None:
    events: list[Event] = [
        Ready(2.0, True),
        PhaseChanged(3.1, "concentric", 4.0),
        RepCompleted(9.0, 1, make_rep(1)),
        FaultSeen(9.0, 1, make_fault()),
        PostureLeft(12.0, 1),
        SetEnded(60.0, "end_of_recording", None),
    ]
    lines = [json.loads(event_line(event)) for event in events]

    assert all(list(line)[:2] == ["event", "time_s"] for line in lines)
    assert [set(line) - {"event"} for line in lines] == [{f.name for f in fields(event)} for event in events]
    assert lines[2]["rep"]["range_deg"] == 61.0
    assert lines[5] == {"event": "set_ended", "time_s": 60.0, "reason": "end_of_recording", "rep_count": None}
