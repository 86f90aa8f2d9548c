"""Every fault of a recording is found and named; a good recording has no findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imu_reps import Header, Recording, SampleBlock, SensorHeader
from imu_reps.domain.recording import DEFAULT_PELVIS
from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RecordingError
from imu_reps.quality.plausibility import check_recording, usable
from imu_reps.report.findings import hint, sentence, with_message

G = 9.80665
LEG_M = 0.85

#: Sensor axes in body axes for the default header: y towards the head, z forward.
BELT = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


@dataclass(frozen=True)
class Motion:
    """A set of lifts from the floor, performed by a rigid leg and pelvis."""

    reps: int = 6
    elevation_deg: float = 60.0
    one_way_s: float = 1.8
    hold_s: float = 0.4
    rest_s: float = 0.8
    lying_s: float = 3.0
    pelvic_share: float = 0.22
    rate_hz: float = 100.0


def elevation(motion: Motion) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times and leg elevation (rad) of minimum-jerk lifts, with its first two derivatives."""
    way = np.linspace(0, 1, int(motion.one_way_s * motion.rate_hz))
    up = 10 * way**3 - 15 * way**4 + 6 * way**5
    rep = [
        up,
        np.ones(int(motion.hold_s * motion.rate_hz)),
        up[::-1],
        np.zeros(int(motion.rest_s * motion.rate_hz)),
    ]
    still = np.zeros(int(motion.lying_s * motion.rate_hz))
    angle = np.radians(motion.elevation_deg) * np.concatenate([still, *(rep * motion.reps), still])
    speed = np.gradient(angle) * motion.rate_hz
    return angle, speed, np.gradient(speed) * motion.rate_hz


def sensed(
    angle: np.ndarray, speed: np.ndarray, turn: np.ndarray, lever_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return specific force and rate in body axes of a segment turning about its right axis, hip at rest."""
    force = np.stack(
        [G * np.cos(angle) + lever_m * turn, lever_m * speed**2 - G * np.sin(angle), 0 * angle], axis=1
    )
    return force, np.stack([0 * speed, 0 * speed, np.degrees(speed)], axis=1)


def block(
    place: SensorPlace,
    force: np.ndarray,
    rate: np.ndarray,
    mount: np.ndarray,
    motion: Motion,
    rng: np.random.Generator,
) -> SampleBlock:
    n = len(force)
    time_s = np.arange(n) / motion.rate_hz
    batch = np.minimum((np.arange(n) // 4) * 4 + 3, n - 1)
    return SampleBlock(
        place,
        time_s[batch] + 0.03,
        np.arange(n),
        time_s + 123.0,
        force @ mount.T + rng.normal(0, 0.03, (n, 3)) + rng.normal(0, 0.07, 3),
        rate @ mount.T + rng.normal(0, 0.1, (n, 3)) + rng.normal(0, 0.5, 3),
    )


def record(motion: Motion, seed: int = 1, **header: object) -> Recording:
    rng = np.random.default_rng(seed)
    angle, speed, turn = elevation(motion)
    share = motion.pelvic_share
    around = Rotation.random(rng=rng).as_matrix()
    ankle = block("ankle", *sensed(angle, speed, turn, LEG_M), around, motion, rng)
    pelvis = block("pelvis", *sensed(share * angle, share * speed, share * turn, 0.1), BELT, motion, rng)
    return Recording(Header(**header), pelvis, ankle)  # type: ignore[arg-type]


@pytest.fixture
def good() -> Recording:
    return record(Motion())


def on(recording: Recording, place: SensorPlace, change: Callable[[SampleBlock], SampleBlock]) -> Recording:
    changed = recording.samples(place)
    assert changed is not None
    return replace(recording, **{place: change(changed)})


def acc(scale: float) -> Callable[[SampleBlock], SampleBlock]:
    return lambda b: replace(b, acc_mps2=b.acc_mps2 * scale)


def gyr(scale: float) -> Callable[[SampleBlock], SampleBlock]:
    return lambda b: replace(b, gyr_dps=b.gyr_dps * scale)


def without_gravity(b: SampleBlock) -> SampleBlock:
    """User acceleration, as phones call it: the slow part is removed."""
    kernel = np.ones(50) / 50
    slow = np.stack(
        [np.convolve(np.pad(c, 25, mode="edge"), kernel, "same")[25:-25] for c in b.acc_mps2.T], axis=1
    )
    return replace(b, acc_mps2=b.acc_mps2 - slow)


def column(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[SampleBlock], SampleBlock]:
    """Change one column, e.g. ``gyr_x``."""

    def apply(b: SampleBlock) -> SampleBlock:
        field = "acc_mps2" if name.startswith("acc") else "gyr_dps"
        values = getattr(b, field).copy()
        values[:, "xyz".index(name[-1])] = change(values[:, "xyz".index(name[-1])])
        return replace(b, **{field: values})

    return apply


def rows(keep: Callable[[int], np.ndarray]) -> Callable[[SampleBlock], SampleBlock]:
    """Keep (or repeat) rows."""

    def apply(b: SampleBlock) -> SampleBlock:
        i = keep(len(b))
        return SampleBlock(
            b.sensor, b.time_s[i], b.sample[i], b.device_time_s[i], b.acc_mps2[i], b.gyr_dps[i]
        )

    return apply


def held(b: SampleBlock, times: int) -> SampleBlock:
    """A slow sensor that is read too often."""
    i = np.arange(len(b)) // times * times
    return replace(b, acc_mps2=b.acc_mps2[i], gyr_dps=b.gyr_dps[i])


def stuck_from(index: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: np.where(np.arange(len(values)) >= index, values[index], values)


SPOILED: dict[str, tuple[str, str, Callable[[SampleBlock], SampleBlock]]] = {
    "acceleration in g": ("acc_unit_g", "refuse", acc(1 / G)),
    "acceleration in milli-g": ("acc_scale", "refuse", acc(1000 / G)),
    "acceleration in raw counts": ("acc_scale", "refuse", acc(4096 / G)),
    "gravity removed": ("gravity_removed", "refuse", without_gravity),
    "accelerometer 8 % off": ("acc_scale", "caution", acc(1.08)),
    "gyroscope in rad/s": ("gyro_unit_radps", "refuse", gyr(np.pi / 180)),
    "gyroscope in raw counts": ("gyro_unit", "refuse", gyr(16.4)),
    "gyroscope mirrored": ("gyro_axes", "refuse", gyr(-1.0)),
    "gyroscope three times too much": ("gyro_scale", "refuse", gyr(3.0)),
    "gyroscope 40 % short": ("gyro_scale", "caution", gyr(0.6)),
    "gyroscope dead": ("frozen_part", "refuse", gyr(0.0)),
    "one axis dead": ("frozen_axis", "refuse", column("gyr_x", lambda v: 0 * v + 0.3)),
    "one axis dies": ("sensor_died", "caution", column("acc_y", stuck_from(1500))),
    "sensor hangs from the start": ("frozen_sensor", "refuse", lambda b: held(b, len(b))),
    "NaN": ("not_finite", "refuse", column("acc_z", lambda v: np.where(np.arange(len(v)) == 50, np.nan, v))),
    "infinity": (
        "not_finite",
        "refuse",
        column("gyr_y", lambda v: np.where(np.arange(len(v)) == 50, np.inf, v)),
    ),
    "held values": ("repeated_rows", "caution", lambda b: held(b, 3)),
    "held values of 8 Hz": ("repeated_rows", "refuse", lambda b: held(b, 12)),
    "8 Hz": ("rate_too_low", "refuse", rows(lambda n: np.arange(0, n, 12))),
    "33 Hz": ("rate_low", "caution", rows(lambda n: np.arange(0, n, 3))),
    "5 % lost": ("loss", "caution", rows(lambda n: np.flatnonzero(np.arange(n) % 20 != 7))),
    "30 % lost": ("loss_severe", "caution", rows(lambda n: np.flatnonzero(np.arange(n) % 10 > 2))),
    "a drop-out": ("drop_out", "caution", rows(lambda n: np.r_[0:1000, 1100:n])),
    "duplicates": ("duplicates", "caution", rows(lambda n: np.sort(np.r_[0:n, 500:504]))),
    "reordered": ("reordered", "caution", rows(lambda n: np.r_[0:500, 501, 500, 502:n])),
    "drift": ("drift", "caution", lambda b: replace(b, device_time_s=b.device_time_s * 1.001)),
}


def spoil(recording: Recording, name: str, place: SensorPlace = "ankle") -> Recording:
    """Apply one of `SPOILED`; a sensor of a lower rate numbers its own samples."""
    spoiled = on(recording, place, SPOILED[name][2])
    if name in ("8 Hz", "33 Hz"):
        return on(spoiled, place, lambda b: replace(b, sample=np.arange(len(b))))
    return spoiled


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_sensor_is_named_with_a_hint(name: str, good: Recording) -> None:
    code, severity, _ = SPOILED[name]
    found = [f for f in check_recording(spoil(good, name)) if f.code == code]
    assert found, [f.code for f in check_recording(spoil(good, name))]
    assert found[0].severity == severity
    assert found[0].sensor == "ankle"
    assert "ankle" in sentence(found[0])
    assert hint(found[0]).endswith(".")


@pytest.mark.parametrize("name", [name for name, (_, severity, _) in SPOILED.items() if severity == "refuse"])
def test_no_figure_is_given_for_an_implausible_recording(name: str, good: Recording) -> None:
    with pytest.raises(RecordingError) as error:
        usable(spoil(good, name))
    assert error.value.exit_code == 4
    assert error.value.hint


@pytest.mark.parametrize(
    "name", ["acceleration in g", "gravity removed", "gyroscope in rad/s", "gyroscope mirrored"]
)
def test_the_pelvis_sensor_is_checked_in_the_same_way(name: str) -> None:
    spoiled = spoil(record(Motion(pelvic_share=0.3)), name, "pelvis")
    assert SPOILED[name][0] in {f.code for f in check_recording(spoiled) if f.sensor == "pelvis"}


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
def test_the_hint_for_a_unit_is_the_factor_that_corrects_it(place: SensorPlace, good: Recording) -> None:
    for change, back in ((acc(1 / G), acc(G)), (acc(4096 / G), acc(G / 4096))):
        spoiled = on(good, place, change)
        assert any(f.severity == "refuse" for f in check_recording(spoiled))
        assert check_recording(on(spoiled, place, back)) == check_recording(good)


def test_rad_per_s_is_recognised_at_many_tempos_ranges_and_rates() -> None:
    for seed, (way_s, range_deg, rate_hz) in enumerate(
        [(0.6, 60, 100), (1.0, 25, 50), (4.0, 80, 100), (2.0, 70, 25)]
    ):
        motion = Motion(one_way_s=way_s, elevation_deg=range_deg, rate_hz=rate_hz)
        spoiled = on(record(motion, seed), "ankle", gyr(np.pi / 180))
        assert "gyro_unit_radps" in {f.code for f in check_recording(spoiled)}, motion


def test_units_of_a_sensor_that_does_not_turn_are_not_guessed() -> None:
    quiet = record(Motion(elevation_deg=0.5))
    for scale in (np.pi / 180, 1.0, 16.4):
        assert not {f.code for f in check_recording(on(quiet, "ankle", gyr(scale)))} & {
            "gyro_unit_radps",
            "gyro_scale",
            "gyro_axes",
        }


def test_g_is_distinguished_from_removed_gravity_where_nothing_ever_rests() -> None:
    restless = record(Motion(one_way_s=0.5, hold_s=0.0, rest_s=0.0, lying_s=0.0, reps=20))
    for change, code in ((acc(1 / G), "acc_unit_g"), (without_gravity, "gravity_removed")):
        assert code in {f.code for f in check_recording(on(restless, "ankle", change)) if f.sensor == "ankle"}


def test_a_clipped_range_is_named_with_column_and_value() -> None:
    fast = record(Motion(one_way_s=0.4))
    assert fast.ankle is not None
    peak = np.abs(fast.ankle.gyr_dps).max(axis=0)
    axis = "xyz"[int(peak.argmax())]
    clipped = on(fast, "ankle", column(f"gyr_{axis}", lambda v: np.clip(v, -125.0, 125.0)))
    cuts = [f for f in check_recording(clipped) if f.code == "clipped"]
    (found,) = {sentence(cut) for cut in cuts if cut.values["at"] == 125.0}
    assert f"gyr_{axis}_dps of the ankle" in found
    assert not [f for f in check_recording(fast) if f.code == "clipped"]


def test_a_long_hold_is_not_taken_for_a_frozen_or_clipped_axis() -> None:
    held_high = record(Motion(hold_s=8.0, reps=3))
    assert check_recording(held_high) == ()


def test_an_axis_without_noise_in_a_simulation_is_a_caution_only(good: Recording) -> None:
    silent = on(good, "ankle", column("gyr_y", lambda v: 0 * v))  # hardly anything turns about it
    simulated = replace(silent, header=replace(silent.header, simulated=True))
    assert {f.severity for f in check_recording(silent) if f.code == "frozen_axis"} == {"refuse"}
    assert {f.severity for f in check_recording(simulated) if f.code == "frozen_axis"} == {"caution"}


@pytest.mark.parametrize(
    ("name", "simulated"),
    [(name, False) for name in ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")] + [("gyr_x", True)],
)
def test_a_constant_axis_is_the_only_cause_named_of_what_contradicts_it(
    name: str, simulated: bool, good: Recording
) -> None:
    dead = on(good, "ankle", column(name, lambda v: 0 * v))
    dead = replace(dead, header=replace(dead.header, simulated=simulated))
    (refused,) = [f for f in check_recording(dead) if f.severity == "refuse"]
    assert refused.code == "frozen_axis"
    assert refused.values["column"].startswith(name)


def swapped(recording: Recording) -> Recording:
    assert recording.pelvis is not None
    assert recording.ankle is not None
    return replace(
        recording,
        pelvis=replace(recording.ankle, sensor="pelvis"),
        ankle=replace(recording.pelvis, sensor="ankle"),
    )


@pytest.mark.parametrize("seed", range(5))
def test_swapped_sensors_are_refused_with_a_hint(seed: int) -> None:
    recording = swapped(record(Motion(pelvic_share=0.1 + 0.05 * seed), seed))
    with pytest.raises(RecordingError, match="swapped") as error:
        usable(recording)
    assert error.value.code == "swapped"


def test_swapped_sensors_of_two_large_lifts_are_told() -> None:
    recording = record(Motion(reps=2))
    found = [(f.code, f.severity) for f in check_recording(swapped(recording))]
    assert ("swapped", "caution") in found
    assert "swapped" not in {f.code for f in check_recording(recording)}


def test_pelvic_rocks_and_sitting_up_are_not_taken_for_swapped_sensors() -> None:
    low_lifts = record(Motion(elevation_deg=14.0))
    assert low_lifts.pelvis is not None
    n = len(low_lifts.pelvis)
    t = np.arange(n) / 100.0
    rocks = np.where(t < 9.0, np.radians(-18.0) * np.sin(np.pi * t / 3.0) ** 2, 0.0)
    sitting = np.radians(75.0) / (1 + np.exp(-4 * (t - t[-1] + 4.0)))
    angle = -rocks - sitting
    speed = np.gradient(angle) * 100.0
    still = record(Motion(elevation_deg=14.0, lying_s=12.0, reps=2))
    force, rate = sensed(angle, speed, 0 * angle, 0.0)
    assert still.ankle is not None
    length = min(n, len(still.ankle))
    pelvis = block("pelvis", force, rate, BELT, Motion(), np.random.default_rng(2))[:length]
    codes = {f.code for f in check_recording(Recording(Header(), pelvis, still.ankle[:length]))}
    assert "swapped" not in codes


def turned(place: SensorPlace, angle_deg: np.ndarray, lever_m: float) -> SampleBlock:
    angle = np.radians(angle_deg)
    speed = np.gradient(angle) * 100.0
    force, rate = sensed(angle, speed, np.gradient(speed) * 100.0, lever_m)
    return block(place, force, rate, BELT, Motion(), np.random.default_rng(len(place)))


def test_bridges_with_bent_knees_after_raises_are_not_taken_for_swapped_sensors() -> None:
    """The shank dwells tipped by 50° most of the time, and the leg is away from there while it lifts."""
    raises, bridges = Motion(), Motion(elevation_deg=24.0, reps=6, rest_s=3.0)
    raised, bridged = (np.degrees(elevation(motion)[0]) for motion in (raises, bridges))
    bend = 50.0 * np.clip(np.arange(len(bridged)) / 150.0, 0.0, 1.0)
    pelvis = turned("pelvis", np.append(0.2 * raised, bridged), 0.1)
    ankle = turned("ankle", np.append(raised, -bend), LEG_M)

    assert "swapped" not in {f.code for f in check_recording(Recording(Header(), pelvis, ankle))}


@pytest.mark.parametrize(("lever_m", "expected"), [(0.1, set()), (LEG_M, {"swapped"})])
def test_what_turns_upright_on_the_spot_sits_up(lever_m: float, expected: set[str]) -> None:
    """A leg, too, may turn the named axis upwards, but carries its sensor on an arc."""
    up = np.degrees(elevation(Motion(elevation_deg=70.0))[0])
    recording = Recording(Header(), turned("pelvis", -up, lever_m), turned("ankle", 0.05 * up, 0.1))

    assert {f.code for f in check_recording(recording)} & {"swapped"} == expected


def test_pushes_at_the_top_of_small_lifts_are_not_taken_for_swapped_sensors() -> None:
    """The hip pops: for a moment the specific force at the pelvis points 30° away, but nothing has turned."""
    motion = Motion(elevation_deg=18.0, hold_s=1.2, reps=8)
    small = record(motion)
    assert small.pelvis is not None
    top_s = motion.lying_s + motion.one_way_s + motion.hold_s / 2.0
    every_s = 2.0 * motion.one_way_s + motion.hold_s + motion.rest_s
    since = (np.arange(len(small.pelvis)) / motion.rate_hz - top_s + 0.15) % every_s
    push = np.where(since < 0.3, 9.0 * np.sin(np.pi * since / 0.3), 0.0)
    pushed = on(small, "pelvis", lambda b: replace(b, acc_mps2=b.acc_mps2 + push[:, None] * [0.0, 1.0, 0.0]))

    assert "swapped" not in {f.code for f in check_recording(pushed)}


def drifting(by_dps: float) -> Callable[[SampleBlock], SampleBlock]:
    return lambda b: replace(b, gyr_dps=b.gyr_dps + by_dps * np.linspace(0.0, 1.0, len(b))[:, None])


def test_a_gyroscope_that_warms_up_is_recognised_by_its_bias(good: Recording) -> None:
    (found,) = [f for f in check_recording(on(good, "ankle", drifting(4.0))) if f.code == "gyro_warms_up"]

    assert found.severity == "caution"
    assert found.sensor == "ankle"
    assert "bias went by 3." in sentence(found) or "bias went by 4." in sentence(found)


@pytest.mark.parametrize("change", [drifting(0.7), lambda b: replace(b, gyr_dps=b.gyr_dps + 3.0)])
def test_a_steady_bias_is_no_warming_up(
    change: Callable[[SampleBlock], SampleBlock], good: Recording
) -> None:
    assert "gyro_warms_up" not in {f.code for f in check_recording(on(good, "ankle", change))}


def turned_over(recording: Recording) -> Recording:
    """The pelvis sensor turned by 180° about its anterior axis: its cranial axis points to the feet."""
    half = np.diag([-1.0, -1.0, 1.0])
    return on(recording, "pelvis", lambda b: replace(b, acc_mps2=b.acc_mps2 @ half, gyr_dps=b.gyr_dps @ half))


@pytest.mark.parametrize("share", [0.12, 0.22, 0.35])
def test_a_lying_pelvis_sensor_upside_down_is_suspected_from_how_it_follows_the_leg(share: float) -> None:
    recording = record(Motion(pelvic_share=share))
    (found,) = [f for f in check_recording(turned_over(recording)) if f.code == "maybe_upside_down"]
    assert found.severity == "caution"
    assert "pelvis.cranial_axis: -y" in hint(found)
    repaired = replace(recording, header=Header(pelvis=replace(DEFAULT_PELVIS, cranial_axis="-y")))
    assert check_recording(replace(turned_over(recording), header=repaired.header)) == ()


def hanging(recording: Recording) -> Recording:
    """The same lifts from upright: the former up is now forward."""
    about_right = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turn = BELT @ about_right @ BELT.T
    header = Header(exercise="hanging_leg_raise", side="both", posture="hanging")
    raised = on(
        recording, "pelvis", lambda b: replace(b, acc_mps2=b.acc_mps2 @ turn, gyr_dps=b.gyr_dps @ turn)
    )
    return replace(raised, header=header)


def test_a_hanging_pelvis_sensor_upside_down_is_refused_and_the_header_key_named() -> None:
    upright = hanging(record(Motion()))
    assert upright.pelvis is not None
    if upright.pelvis.acc_mps2[:, 1].mean() < 0:
        upright = turned_over(upright)
    assert check_recording(upright) == ()
    with pytest.raises(RecordingError) as error:
        usable(turned_over(upright))
    assert error.value.code == "upside_down"
    assert "pelvis.cranial_axis: -y" in with_message(error.value).hint
    sideways = replace(
        upright, header=replace(upright.header, pelvis=SensorHeader(cranial_axis="+x", anterior_axis="+z"))
    )
    assert {f.code for f in check_recording(sideways)} == {"axis_mismatch"}


def test_gravity_of_the_other_sign_while_hanging_is_never_corrected_by_turning_the_axis_round() -> None:
    upright = hanging(record(Motion()))
    assert upright.pelvis is not None
    if upright.pelvis.acc_mps2[:, 1].mean() < 0:
        upright = turned_over(upright)
    other = upright
    for place in ("pelvis", "ankle"):
        other = on(other, place, acc(-1.0))
    still = on(
        other,
        "ankle",
        lambda b: replace(b, gyr_dps=0.1 * b.gyr_dps, acc_mps2=b.acc_mps2[:1] + 0.01 * b.gyr_dps),
    )
    for recording in (other, still):
        found = {f.code: hint(f) for f in check_recording(recording)}
        assert "acc_sign" in found
        assert "upside_down" not in found
        assert "by -1" in found["acc_sign"]


def test_time_in_an_unknown_unit_is_refused_with_its_factor_and_not_as_a_slow_sensor(
    good: Recording,
) -> None:
    for factor in (1e7, 32768.0, 100.0):
        wrong = good
        for b in good.blocks:
            wrong = wrong.with_samples(replace(b, time_s=b.time_s * factor))
        (refusal,) = check_recording(wrong)
        assert (refusal.code, refusal.severity) == ("time_unit", "refuse")
        assert refusal.values["factor"] == pytest.approx(factor, rel=0.02)
        assert f"{factor:.2g}"[0] in hint(refusal)


def test_a_silence_or_a_clock_that_was_set_is_no_other_unit(good: Recording) -> None:
    ankle = good.ankle
    assert ankle is not None
    late = replace(ankle, time_s=ankle.time_s + 3600.0 * (ankle.time_s > 10.0))
    assert "time_unit" not in {f.code for f in check_recording(good.with_samples(late))}


def test_a_lying_pelvis_whose_named_axis_is_vertical_is_cautioned(good: Recording) -> None:
    wrong = replace(good, header=Header(pelvis=SensorHeader(cranial_axis="+z", anterior_axis="+y")))
    assert {f.code for f in check_recording(wrong)} == {"cranial_axis_vertical"}
    functional = replace(good, header=Header(pelvis=SensorHeader(alignment="functional", cranial_axis="+z")))
    assert check_recording(functional) == ()


def test_walking_shows_a_sensor_that_is_worn_upside_down() -> None:
    """Five seconds upright before lying down show which end is up."""
    lying = record(Motion())
    n = len(lying.pelvis or ())
    lean = np.radians(80.0) / (1 + np.exp(2 * (np.arange(n) / 100.0 - 5.0)))
    force, rate = sensed(-lean, np.gradient(-lean) * 100.0, 0 * lean, 0.0)
    pelvis = block("pelvis", force, rate, BELT, Motion(), np.random.default_rng(4))
    got_up = Recording(Header(), pelvis, None)
    assert {f.code for f in check_recording(got_up)} == {"no_ankle"}
    assert "upside_down" in {f.code for f in check_recording(turned_over(got_up))}


def test_one_sensor_alone_is_cautioned_and_no_sensor_refused(good: Recording) -> None:
    assert [f.code for f in check_recording(replace(good, pelvis=None))] == ["no_pelvis"]
    assert [f.code for f in check_recording(replace(good, ankle=None))] == ["no_ankle"]
    with pytest.raises(RecordingError, match="no_samples"):
        usable(replace(good, pelvis=None, ankle=None))


@pytest.mark.parametrize("length", [1, 2, 20, 200])
def test_two_seconds_or_less_are_refused(length: int, good: Recording) -> None:
    assert good.ankle is not None
    assert good.pelvis is not None
    short = replace(good, pelvis=good.pelvis[:length], ankle=good.ankle[:length])
    with pytest.raises(RecordingError) as error:
        usable(short)
    assert error.value.code in ("too_short", "no_rate")


def test_sensors_that_never_sent_at_the_same_time_are_refused(good: Recording) -> None:
    apart = on(good, "pelvis", lambda b: replace(b, time_s=b.time_s + 1000.0))
    assert check_recording(apart)[0].code == "no_overlap"
    cut = on(good, "pelvis", lambda b: b[: len(b) // 2])
    assert "partial_overlap" in {f.code for f in check_recording(cut)}


def test_times_in_another_unit_are_refused_without_filling_the_memory(good: Recording) -> None:
    assert "time_span" in {
        f.code for f in check_recording(on(good, "pelvis", lambda b: replace(b, time_s=b.time_s + 1.7e12)))
    }


def test_hours_are_checked_within_seconds_and_cautioned() -> None:
    motion = Motion(reps=2500, rate_hz=50.0)
    long = record(motion)
    found = {f.code for f in check_recording(long)}
    assert found == {"very_long"}


def test_a_rate_unlike_that_of_the_header_is_reported(good: Recording) -> None:
    for rate_hz, severity in ((50.0, "caution"), (101.0, "info")):
        evidence = replace(good, header=Header(ankle=SensorHeader(rate_hz=rate_hz)))
        found = [f for f in check_recording(evidence) if f.code == "rate_off"]
        assert [f.severity for f in found] == [severity]


@pytest.mark.parametrize("seed", range(60))
def test_good_sets_of_any_shape_have_no_findings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    motion = Motion(
        reps=int(rng.integers(1, 15)),
        elevation_deg=rng.uniform(12, 90),
        one_way_s=rng.uniform(0.5, 4.0),
        hold_s=rng.uniform(0.0, 3.0),
        rest_s=rng.uniform(0.0, 3.0),
        pelvic_share=rng.uniform(0.1, 0.35),
        rate_hz=float(rng.choice([50, 60, 100, 104, 200])),
    )
    assert check_recording(record(motion, seed)) == ()


@st.composite
def anything(draw: st.DrawFn) -> Recording:
    """Samples as no sensor sends them: any values, times and numbers, partly or entirely constant."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def one(place: SensorPlace) -> SampleBlock | None:
        n = draw(st.sampled_from([0, 1, 2, 7, 60, 400, 900]))
        step = draw(st.sampled_from([0.0, 0.001, 0.01, 0.1, 3.0]))
        size = draw(st.sampled_from([0.0, 1e-9, 0.1, 10.0, 1e4, 1e8, 1e300, np.nan]))
        level = draw(st.sampled_from([0.0, 1.0, 9.8, -2048.0]))
        values = np.where(
            rng.random((n, 6)) < draw(st.sampled_from([0.0, 0.5, 1.0])), size, rng.normal(level, 1.0, (n, 6))
        )
        clock = draw(st.sampled_from([0.0, 0.5, 1.0]))
        device_s = np.where(clock, clock * step * np.arange(n), np.nan)
        sample = np.sort(rng.integers(0, 3 * n + 1, n)) if draw(st.booleans()) else np.arange(n)
        return SampleBlock(
            place, np.sort(rng.random(n)) * step * n, sample, device_s, values[:, :3], values[:, 3:]
        )

    return Recording(
        Header(posture=draw(st.sampled_from(["supine", "hanging"]))), one("pelvis"), one("ankle")
    )


@settings(max_examples=60, deadline=None)
@given(anything())
def test_any_recording_gets_a_result_or_a_message(recording: Recording) -> None:
    for finding in check_recording(recording):
        assert sentence(finding)
        assert hint(finding)


def test_the_most_severe_comes_first(good: Recording) -> None:
    spoiled = spoil(spoil(good, "a drop-out", "pelvis"), "acceleration in g")
    assert [f.code for f in check_recording(spoiled)] == ["acc_unit_g", "loss", "drop_out"]


def test_an_ankle_sensor_that_nobody_wears_is_told(good: Recording) -> None:
    def on_the_floor(block: SampleBlock) -> SampleBlock:
        noise = np.random.default_rng(5).normal(size=(2, len(block), 3))
        return replace(block, acc_mps2=noise[0] * 0.03 + [0.0, 0.0, 9.81], gyr_dps=noise[1] * 0.1)

    found = {f.code: f for f in check_recording(on(good, "ankle", on_the_floor))}
    assert found["unmoved"].severity == "caution"
    assert "not to have been worn" in sentence(found["unmoved"])
    assert "unmoved" not in {f.code for f in check_recording(good)}
