"""Both streams on the grid as they arrive: independent of block sizes, sensitive to lateness and holes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import Recording, RepPlan, SampleBlock, SensorPlan, SetPlan, simulate
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.clock.offline import fit_clock
from imu_reps.kinematics.motion import GridMotion, Motion, on_grid
from imu_reps.kinematics.orientation import offline_motion
from imu_reps.kinematics.stream_grid import RATE_PATIENCE_S, WAIT_S, LiveGrid
from imu_reps.sim.wearer import RadioPlan

#: Longest delay in s of the packets of the quiet recording.
LINK_S = 0.05

SHORT = SetPlan(reps=(RepPlan(concentric_s=1.5, eccentric_s=1.5),))
LOSSY = RadioPlan(loss=0.03, batch=4, drop_outs=((4.0, 0.4), (6.0, 1.4)))
LATE = RadioPlan(drop_outs=((0.0, 4.3),))
PLANS = {
    "quiet": SHORT,
    "lossy": replace(SHORT, pelvis=SensorPlan(named=True, radio=LOSSY), ankle=SensorPlan(radio=LOSSY)),
    "slower": replace(SHORT, pelvis=SensorPlan(named=True, rate_hz=50.0), ankle=SensorPlan(rate_error=0.02)),
    "pelvis starts late": replace(SHORT, pelvis=SensorPlan(named=True, radio=LATE)),
    "ankle breaks off": replace(SHORT, ankle=SensorPlan(radio=RadioPlan(drop_outs=((0.6, 4.0),)))),
    "ankle starts late": replace(SHORT, ankle=SensorPlan(radio=LATE)),
}


@pytest.fixture(scope="module", params=PLANS)
def recording(request: pytest.FixtureRequest) -> Recording:
    return simulate(PLANS[request.param], seed=3).recording


@pytest.fixture(scope="module")
def quiet() -> Recording:
    return simulate(SHORT, seed=3).recording


def arrivals(recording: Recording) -> list[tuple[float, int, int]]:
    """Return every sample as (arrival, sensor, row), in order of arrival."""
    blocks = [recording.samples(place) for place in SENSOR_PLACES]
    rows = [
        (float(t), k, row) for k, b in enumerate(blocks) if b is not None for row, t in enumerate(b.time_s)
    ]
    return sorted(rows)


def cut(recording: Recording, edges: list[int]) -> Iterator[list[SampleBlock]]:
    """Yield the recording cut at the given numbers of samples, counting both sensors."""
    order = arrivals(recording)
    taken = [0] * len(SENSOR_PLACES)
    for a, b in pairwise([*edges, len(order)]):
        blocks = []
        for k, place in enumerate(SENSOR_PLACES):
            count = sum(1 for _, sensor, _ in order[a:b] if sensor == k)
            samples = recording.samples(place)
            if count and samples is not None:
                blocks.append(samples[taken[k] : taken[k] + count])
                taken[k] += count
        yield blocks


def pushed(recording: Recording, pushes: Iterator[list[SampleBlock]]) -> dict[str, np.ndarray]:
    grid = LiveGrid(recording.header)
    return joined([motion for blocks in pushes if len(motion := grid.push(*blocks))])


def joined(motions: list[Motion]) -> dict[str, np.ndarray]:
    columns = {"time_s": np.concatenate([m.time_s for m in motions])}
    for place in SENSOR_PLACES:
        for name in GridMotion.__slots__:
            columns[f"{place} {name}"] = np.concatenate([getattr(getattr(m, place), name) for m in motions])
    return columns


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for name, values in other.items():
        assert one[name].shape == values.shape, name
        np.testing.assert_allclose(one[name], values, rtol=0.0, atol=1e-9, err_msg=name)


@pytest.fixture(scope="module")
def at_once(recording: Recording) -> dict[str, np.ndarray]:
    return pushed(recording, cut(recording, [0]))


@pytest.mark.parametrize("size", [7, 64, 333])
def test_blocks_of_one_size_give_the_same(
    recording: Recording, at_once: dict[str, np.ndarray], size: int
) -> None:
    assert_same(pushed(recording, cut(recording, list(range(0, len(arrivals(recording)), size)))), at_once)


def test_single_samples_give_the_same(quiet: Recording) -> None:
    one_by_one = cut(quiet, list(range(len(arrivals(quiet)))))

    assert_same(pushed(quiet, one_by_one), pushed(quiet, cut(quiet, [0])))


def test_any_blocks_give_the_same(recording: Recording, at_once: dict[str, np.ndarray]) -> None:
    count = len(arrivals(recording))

    @given(cuts=st.lists(st.integers(0, count - 1), max_size=8))
    @settings(max_examples=15, deadline=None)
    def holds(cuts: list[int]) -> None:
        assert_same(pushed(recording, cut(recording, sorted({0, *cuts}))), at_once)

    holds()


@pytest.mark.parametrize("named_hz", [None, 50.0])
@pytest.mark.parametrize("size", [7, 333])
def test_motion_does_not_depend_on_blocks_where_the_header_does_not_know_the_rate(
    quiet: Recording, named_hz: float | None, size: int
) -> None:
    header = replace(
        quiet.header,
        pelvis=replace(quiet.header.pelvis, rate_hz=named_hz),
        ankle=replace(quiet.header.ankle, rate_hz=named_hz),
    )
    unknown = replace(quiet, header=header)
    edges = list(range(0, len(arrivals(quiet)), size))

    assert_same(pushed(unknown, cut(unknown, edges)), pushed(unknown, cut(unknown, [0])))


def test_the_grid_has_no_seams(recording: Recording, at_once: dict[str, np.ndarray]) -> None:
    ticks = at_once["time_s"] * GRID_HZ

    assert np.rint(ticks) == pytest.approx(ticks, abs=1e-6)
    assert (np.diff(np.rint(ticks)) == 1.0).all()
    last = min(float(b.time_s[-1]) for b in (recording.pelvis, recording.ankle) if b is not None)
    assert at_once["time_s"][-1] == pytest.approx(last, abs=0.1)


def test_live_and_finished_motion_agree(quiet: Recording) -> None:
    """Two estimators of one motion: at most 1.5 degrees apart while nothing is lost."""
    live = pushed(quiet, cut(quiet, [0]))
    assert quiet.ankle is not None
    timed = fit_clock(quiet.ankle, quiet.header.ankle)
    finished = on_grid(offline_motion(timed, quiet.ankle), live["time_s"])
    both = np.isfinite(live["ankle up"][:, 0]) & np.isfinite(finished.up[:, 0])
    settled = both & (live["time_s"] > 2.0)

    assert both.mean() > 0.95
    cosine = (live["ankle up"] * finished.up).sum(axis=1)[settled]
    assert np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).max() < 1.5


@pytest.mark.parametrize("silent", SENSOR_PLACES)
def test_a_grid_instant_waits_a_limited_time_for_a_silent_sensor(silent: str, quiet: Recording) -> None:
    """The values of the silent sensor are missing; those of the other come as its link and the wait allow."""
    grid = LiveGrid(quiet.header)
    stop_s = 5.0
    motions: list[Motion] = []
    now_s = grid_end_s = 0.0
    for blocks in cut(quiet, list(range(0, len(arrivals(quiet)), 20))):
        arrived = [b[: int(np.searchsorted(b.time_s, stop_s))] if b.sensor == silent else b for b in blocks]
        motion = grid.push(*arrived)
        now_s = max([now_s, *(float(b.time_s[-1]) for b in arrived if len(b))])
        if len(motion):
            motions.append(motion)
            grid_end_s = float(motion.time_s[-1])
        if now_s > RATE_PATIENCE_S:
            assert grid_end_s >= now_s - WAIT_S - LINK_S - 2.5 / GRID_HZ

    whole = joined(motions)
    other = "ankle" if silent == "pelvis" else "pelvis"
    after = whole["time_s"] > stop_s
    assert np.isnan(whole[f"{silent} up"][after]).all()
    assert np.isfinite(whole[f"{other} up"][after]).mean() > 0.95


def test_samples_that_arrive_too_late_miss_their_grid_instant(quiet: Recording) -> None:
    """One second of the ankle's samples arrives together, up to a second late."""

    def delayed(block: SampleBlock) -> SampleBlock:
        held = (block.time_s > 5.0) & (block.time_s < 6.0)
        return replace(block, time_s=np.where(held, 6.0, block.time_s))

    assert quiet.ankle is not None
    late = replace(quiet, ankle=delayed(quiet.ankle))
    whole = pushed(late, cut(late, list(range(0, len(arrivals(late)), 10))))
    time = whole["time_s"]
    missing = np.isnan(whole["ankle up"][:, 0])

    assert missing[(time > 5.02) & (time < 6.0 - WAIT_S - 0.02)].all()
    assert not missing[(time > 6.0 - WAIT_S + 0.05) & (time < 7.0)].any()
    assert not np.isnan(whole["pelvis up"][(time > 5.0) & (time < 7.0), 0]).any()


def test_the_grid_does_not_wait_for_a_sensor_that_is_not_worn(quiet: Recording) -> None:
    grid = LiveGrid(quiet.header, ("ankle",))
    assert quiet.ankle is not None
    motion = grid.push(quiet.ankle)

    assert motion.pelvis is None
    assert motion.ankle is not None
    assert motion.time_s[-1] > quiet.ankle.time_s[-1] - 0.1


def test_a_header_with_a_wrong_rate_is_ignored(quiet: Recording) -> None:
    wrong = replace(quiet.header, ankle=replace(quiet.header.ankle, rate_hz=50.0))
    whole_motion: Callable[[Recording], dict[str, np.ndarray]] = lambda r: pushed(r, cut(r, [0]))  # noqa: E731

    right_header, wrong_header = whole_motion(quiet), whole_motion(replace(quiet, header=wrong))

    both = np.isfinite(right_header["ankle up"][:, 0]) & np.isfinite(wrong_header["ankle up"][:, 0])
    assert both.mean() > 0.95
    assert wrong_header["ankle up"][both] == pytest.approx(right_header["ankle up"][both], abs=0.02)


@pytest.mark.parametrize("late_s", [2.0, 4.0])
def test_a_stream_that_begins_in_a_backlog_is_timed_by_what_follows(late_s: float, quiet: Recording) -> None:
    """The first samples of both sensors arrive together, as late as that."""
    held = {
        place: replace(block, time_s=np.maximum(block.time_s, late_s))
        for place in SENSOR_PLACES
        if (block := quiet.samples(place)) is not None
    }
    late = replace(quiet, **held)
    on_time, whole = (pushed(each, cut(each, [0])) for each in (quiet, late))

    assert whole["time_s"][0] == pytest.approx(on_time["time_s"][0], abs=0.1)
    for place in SENSOR_PLACES:
        up = np.column_stack(
            [np.interp(on_time["time_s"], whole["time_s"], c) for c in whole[f"{place} up"].T]
        )
        both = np.isfinite(up[:, 0]) & np.isfinite(on_time[f"{place} up"][:, 0])
        assert both.mean() > 0.95
        assert up[both] == pytest.approx(on_time[f"{place} up"][both], abs=0.05)


def test_a_link_that_trickles_from_its_first_second_on_keeps_what_came_before(quiet: Recording) -> None:
    """From 0.75 s on the ankle sends at three tenths of its pace, the pelvis as before."""
    assert quiet.ankle is not None
    time_s = quiet.ankle.time_s
    late = replace(quiet.ankle, time_s=np.where(time_s < 0.75, time_s, 0.75 + (time_s - 0.75) / 0.3))
    trickling = quiet.with_samples(late[np.flatnonzero(late.time_s < 4.0)])
    whole = pushed(trickling, cut(trickling, [0]))

    before = (whole["time_s"] > 0.1) & (whole["time_s"] < 0.7)
    assert np.isfinite(whole["ankle up"][before, 0]).all()


@pytest.mark.parametrize("stop_s", [0.6, 0.9])
def test_a_link_that_stalls_within_its_first_second_keeps_what_came_before(
    stop_s: float, quiet: Recording
) -> None:
    """The grid waits no longer for the ankle's rate, of which so much must do: its silence begins then."""
    assert quiet.ankle is not None
    time_s = quiet.ankle.time_s
    stalled = quiet.with_samples(replace(quiet.ankle, time_s=np.where(time_s < stop_s, time_s, 5.8)))
    whole = pushed(stalled, cut(stalled, list(range(0, len(arrivals(stalled)), 7))))

    assert_same(whole, pushed(stalled, cut(stalled, [0])))
    present = np.isfinite(whole["ankle up"][:, 0])
    assert present[(whole["time_s"] > 0.1) & (whole["time_s"] < stop_s - 0.1)].all()
    assert not present[(whole["time_s"] > stop_s) & (whole["time_s"] < 5.2)].any()


@pytest.mark.parametrize("header_hz", [25.0, 50.0])
def test_a_rate_too_low_in_the_header_is_not_taken_for_a_backlog(header_hz: float, quiet: Recording) -> None:
    wrong = replace(quiet.header, ankle=replace(quiet.header.ankle, rate_hz=header_hz))
    right, whole = (pushed(r, cut(r, [0])) for r in (quiet, replace(quiet, header=wrong)))
    assert whole["time_s"][0] == pytest.approx(right["time_s"][0], abs=0.05)


def test_a_sensor_too_slow_for_impacts_still_gives_motion() -> None:
    slow = replace(SHORT, pelvis=None, ankle=SensorPlan(rate_hz=10.0))
    recording = simulate(slow, seed=3).recording
    assert recording.ankle is not None
    motion = LiveGrid(recording.header, ("ankle",)).push(recording.ankle)

    assert motion.ankle is not None
    assert np.isfinite(motion.ankle.up[:, 0]).mean() > 0.9
