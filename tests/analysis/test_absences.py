"""Sensors that fall silent, and come back or never do: live events and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imu_reps import (
    Analysis,
    Event,
    Note,
    Pipeline,
    Recording,
    RepPlan,
    SampleBlock,
    SetPlan,
    Simulated,
    analyze,
    load,
)
from imu_reps.domain.events import LimitCrossed, RepCompleted, RepRetracted, SensorBack, SensorSilent
from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RecordingError
from imu_reps.report.findings import finding_text as words
from imu_reps.report.phrases import event_text
from imu_reps.sources.replay_source import replay_blocks

Cut = Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]
Simulate = Callable[[SetPlan], Simulated]

RECORDINGS = Path(__file__).parents[2] / "recordings"
PLACES: tuple[SensorPlace, ...] = ("pelvis", "ankle")
SET = SetPlan(reps=(RepPlan(),) * 8)


@pytest.fixture(scope="module")
def whole(simulated: Simulate) -> Simulated:
    return simulated(SET)


def without(recording: Recording, place: SensorPlace, start_s: float, end_s: float = np.inf) -> Recording:
    """Return the recording without the samples of one sensor in a stretch."""
    block = recording.samples(place)
    assert block is not None
    outside = (block.time_s < start_s) | (block.time_s >= end_s)
    columns = (block.time_s, block.sample, block.device_time_s, block.acc_mps2, block.gyr_dps)
    rest = SampleBlock(place, *(column[outside] for column in columns))
    return replace(recording, **{place: rest if outside.any() else None})


def live(recording: Recording, cut: Cut, size: int) -> tuple[list[Event], Analysis]:
    pipeline = Pipeline(recording.header)
    total = sum(len(block) for block in (recording.pelvis, recording.ankle) if block is not None)
    events = [event for blocks in cut(recording, range(0, total, size)) for event in pipeline.push(*blocks)]
    return events, pipeline.finish()[1]


def finding_text(analysis: Analysis) -> dict[str, str]:
    return {finding.code: words(finding) for finding in analysis.summary.findings}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", [60, 10**9])
def test_silence_and_return_are_each_reported_once(
    place: SensorPlace, size: int, whole: Simulated, in_blocks: Cut
) -> None:
    recording = without(without(whole.recording, place, 12.0, 15.0), place, 22.0, 22.8)
    events, _ = live(recording, in_blocks, size)
    silences = [event for event in events if isinstance(event, SensorSilent | SensorBack)]

    assert [type(event) for event in silences] == [SensorSilent, SensorBack]
    assert all(event.sensor == place for event in silences)
    assert silences[0].time_s == pytest.approx(13.0, abs=0.1)
    assert silences[1].time_s == pytest.approx(15.0, abs=0.1)
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)


def test_a_sensor_that_stays_silent_is_reported_once(whole: Simulated, in_blocks: Cut) -> None:
    events, _ = live(without(whole.recording, "pelvis", 15.0), in_blocks, 60)
    assert sum(isinstance(event, SensorSilent) for event in events) == 1
    assert not any(isinstance(event, SensorBack) for event in events)


def test_without_a_silence_none_is_reported(whole: Simulated, in_blocks: Cut) -> None:
    events, _ = live(whole.recording, in_blocks, 60)
    assert not any(isinstance(event, SensorSilent | SensorBack) for event in events)


@pytest.mark.parametrize("lasts_s", [0.5, 2.5])
@pytest.mark.parametrize(("name", "first_s"), [("clean", 2.0), ("momentum", 17.0)])
def test_a_hole_costs_the_figures_it_touches_and_makes_none_wrong(
    name: str, first_s: float, lasts_s: float
) -> None:
    """Wherever it begins: a way cut off is no small one, a hole's edge no knock, and the angles hold."""
    recording = load(RECORDINGS / f"{name}.csv")
    whole = analyze(recording).summary.reps
    for start_s in np.arange(first_s, first_s + 10.0, 1.1):
        for rep in analyze(without(recording, "ankle", start_s, start_s + lasts_s)).summary.reps:
            assert not {"heel_touch", "short_range"} & set(rep.flags), start_s
            if rep.range_deg is None:
                continue
            same = min(whole, key=lambda other: abs(other.end_s - rep.end_s))
            assert rep.end_s == pytest.approx(same.end_s, abs=0.3)
            assert rep.top_angle_deg == pytest.approx(same.top_angle_deg, abs=3.0), start_s
            assert rep.range_deg == pytest.approx(same.range_deg, abs=4.0), start_s
            for seen, whole_s in ((rep.concentric_s, same.concentric_s), (rep.eccentric_s, same.eccentric_s)):
                assert seen is None or seen == pytest.approx(whole_s, abs=0.3), start_s


@pytest.mark.parametrize("span", [(12.0, 15.0), (15.0, np.inf)])
def test_counting_goes_on_while_the_pelvis_is_silent(
    span: tuple[float, float], whole: Simulated, in_blocks: Cut
) -> None:
    recording = without(whole.recording, "pelvis", *span)
    events, analysis = live(recording, in_blocks, 60)
    completed = sum(isinstance(event, RepCompleted) for event in events)
    live_count = completed - sum(isinstance(event, RepRetracted) for event in events)

    assert live_count == whole.truth.rep_count
    assert analysis.summary.set.rep_count == whole.truth.rep_count


@pytest.mark.parametrize("away_s", [3.0, 12.0])
def test_counting_pauses_while_the_ankle_is_silent_and_goes_on_after(
    away_s: float, whole: Simulated, in_blocks: Cut
) -> None:
    start_s = whole.truth.reps[2].start_s - 0.2
    recording = without(whole.recording, "ankle", start_s, start_s + away_s)
    events, analysis = live(recording, in_blocks, 60)
    intact = [rep for rep in whole.truth.reps if rep.end_s < start_s or rep.start_s > start_s + away_s]
    completed = [event for event in events if isinstance(event, RepCompleted)]

    assert {"the ankle sensor is silent: counting pauses", "the ankle sensor is back"} <= set(
        map(event_text, events)
    )
    assert analysis.summary.set.rep_count is not None
    assert len(intact) <= analysis.summary.set.rep_count <= whole.truth.rep_count
    assert any(event.time_s > start_s + away_s for event in completed)
    assert not any(start_s + 2.0 < event.time_s < start_s + away_s for event in completed)


@pytest.mark.parametrize("place", PLACES)
def test_live_angles_recover_after_a_gap(place: SensorPlace, whole: Simulated, in_blocks: Cut) -> None:
    """Compared with the same set without the gap, from a second after it."""
    tracks = []
    for recording in (whole.recording, without(whole.recording, place, 12.0, 15.0)):
        pipeline = Pipeline(recording.header)
        for blocks in in_blocks(recording, range(0, 10**5, 60)):
            pipeline.push(*blocks)
        tracks.append(pipeline.angles())
    undisturbed, after = tracks
    name = "leg_elevation_deg" if place == "ankle" else "pelvic_tilt_deg"
    later = undisturbed.time_s > 16.0
    both = later & np.isin(undisturbed.time_s, after.time_s)
    other = np.interp(undisturbed.time_s[both], after.time_s, getattr(after, name))
    error = np.abs(other - getattr(undisturbed, name)[both])
    assert np.nanquantile(error, 0.95) < 2.0
    assert np.isfinite(error).mean() > 0.95


@pytest.mark.parametrize(
    ("place", "consequence"), [("ankle", "is not counted"), ("pelvis", "the pelvis is not judged")]
)
def test_the_report_gives_the_times_of_a_missing_sensor(
    place: SensorPlace, consequence: str, whole: Simulated
) -> None:
    recording = without(whole.recording, place, 12.0, 15.0)
    silent = finding_text(analyze(recording))
    assert silent["sensor_silent"].startswith(f"The {place} sensor was away from 12 s to 15 s")
    assert consequence in silent["sensor_silent"]
    assert "drop_out" not in silent

    noted = (Note(12.6, "link", f"{place} lost"), Note(15.0, "link", f"{place} back"))
    lost = finding_text(analyze(replace(recording, notes=noted)))
    assert lost["link_lost"] == silent["sensor_silent"]
    assert "sensor_silent" not in lost


@pytest.mark.parametrize("place", PLACES)
def test_a_sensor_that_is_lost_for_good_is_named_and_the_rest_reported(
    place: SensorPlace, whole: Simulated
) -> None:
    recording = without(whole.recording, place, 20.0)
    analysis = analyze(replace(recording, notes=(Note(21.0, "link", f"{place} lost"),)))
    assert "from 20 s on" in finding_text(analysis)["link_lost"]
    assert "partial_overlap" not in finding_text(analysis)
    count = analysis.summary.set.rep_count
    before = sum(rep.end_s < 20.0 for rep in whole.truth.reps)
    assert count == (whole.truth.rep_count if place == "pelvis" else before)


@pytest.mark.parametrize("ankle_s", [0.0, 0.004, 0.1, 1.0, 4.0, 11.0])
@pytest.mark.parametrize("pelvis_s", [0.0, 0.1, 4.0, 11.0, 1000.0])
def test_whatever_is_missing_gives_a_report_or_a_clear_error(
    ankle_s: float, pelvis_s: float, whole: Simulated
) -> None:
    recording = without(without(whole.recording, "ankle", ankle_s), "pelvis", pelvis_s)
    notes = tuple(Note(t, "link", f"{p} lost") for p, t in (("ankle", ankle_s), ("pelvis", pelvis_s)))
    recording = replace(recording, notes=notes)
    # an ankle sensor that sent for less than a repetition shows nothing; one that sent nothing was not worn
    if 0.0 < ankle_s < 3.0 or max(ankle_s, pelvis_s) < 3.0 or 0.004 in (ankle_s, pelvis_s):
        with pytest.raises(RecordingError) as error:
            analyze(recording)
        assert error.value.hint
    else:
        assert analyze(recording).summary.findings


def test_restarts_and_the_end_are_reported(whole: Simulated) -> None:
    notes = (Note(9.0, "restart", "ankle"), Note(30.0, "end", "target"))
    found = finding_text(analyze(replace(whole.recording, notes=notes)))
    assert found["restart"].startswith("The ankle sensor switched itself on anew at 9 s")
    assert found["ended"] == "The set was ended at 30 s: the target was reached."


def test_notes_reach_the_analysis_through_the_pipeline(whole: Simulated) -> None:
    pipeline = Pipeline(whole.recording.header)
    pipeline.push(*(block for block in (whole.recording.pelvis, whole.recording.ankle) if block is not None))
    pipeline.note(Note(30.0, "end", "user"))
    assert "you ended it" in finding_text(pipeline.finish("user")[1])["ended"]


def test_many_absences_are_counted_not_listed(whole: Simulated) -> None:
    recording = whole.recording
    for start_s in (8.0, 12.0, 16.0, 20.0):
        recording = without(recording, "pelvis", start_s, start_s + 1.5)
    assert "away 4 times, for 6 s in all" in finding_text(analyze(recording))["sensor_silent"]


@pytest.mark.parametrize(("away_s", "for_s"), [(9.2, 3.0), (8.4, 7.3), (12.0, 3.0)])
def test_no_fault_is_cued_for_the_way_on_which_the_sensors_come_back(
    simulated: Simulate, away_s: float, for_s: float
) -> None:
    """Where the leg went meanwhile is not known: it is elsewhere, as if it had dropped or been swung."""
    recording = simulated(SetPlan(reps=(RepPlan(),) * 4)).recording
    for block in recording.blocks:
        seen = (block.time_s < away_s) | (block.time_s > away_s + for_s)
        recording = recording.with_samples(
            block[np.flatnonzero(seen & (block.time_s < away_s + for_s + 1.5))]
        )
    pipeline = Pipeline(recording.header)
    events = [event for block in replay_blocks(recording, 0.05) for event in pipeline.push(block)]

    assert [event.sensor for event in events if isinstance(event, SensorBack)]
    assert [event for event in events if isinstance(event, LimitCrossed)] == []
