"""The package called from Python: tables in and out, and wrong calls answered with errors of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imu_reps import (
    Analysis,
    Header,
    ImuRepsError,
    Note,
    Pipeline,
    Recording,
    RepPlan,
    SampleBlock,
    SensorHeader,
    SensorPlan,
    SetPlan,
    Settings,
    Tempo,
    analyze,
    analyze_many,
    analyze_partition,
    load,
    save,
    simulate,
)
from imu_reps.domain.samples import UNITS
from imu_reps.domain.summary import REP_COLUMNS
from imu_reps.errors import RefusedValueError

SIMULATED = simulate(SetPlan(reps=SetPlan().reps[:3]))
RECORDING, TRUTH = SIMULATED.recording, SIMULATED.truth
AXES = "xyz"


def table(place: str, recording: Recording = RECORDING) -> pd.DataFrame:
    """Return the samples of a sensor in g, rad/s and ms, under other column names."""
    block = recording.samples(place)  # type: ignore[arg-type]
    assert block is not None
    frame = pd.DataFrame({"t": block.time_s * 1e3, "n": block.sample})
    frame[["ax", "ay", "az"]] = block.acc_mps2 / 9.80665
    frame[["gx", "gy", "gz"]] = np.radians(block.gyr_dps)
    return frame


NAMES = {"time_s": "t", "sample": "n"} | {f"acc_{a}_mps2": f"a{a}" for a in AXES}
NAMES |= {f"gyr_{a}_dps": f"g{a}" for a in AXES}
OTHER_UNITS = {"time": "ms", "acc": "g", "gyr": "rad/s"}


def from_tables(**changes: Any) -> Recording:
    arguments: dict[str, Any] = {
        "pelvis": table("pelvis"),
        "ankle": table("ankle"),
        "columns": NAMES,
        "units": OTHER_UNITS,
        "header": RECORDING.header,
    }
    return Recording.from_frames(**(arguments | changes))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(RECORDING)


def test_tables_in_other_units_give_the_samples_of_the_recording() -> None:
    made = from_tables()

    for place in ("pelvis", "ankle"):
        block, true = made.samples(place), RECORDING.samples(place)  # type: ignore[arg-type]
        assert block is not None
        assert true is not None
        for name in ("time_s", "sample", "acc_mps2", "gyr_dps"):
            np.testing.assert_allclose(getattr(block, name), getattr(true, name), atol=1e-9)
        assert np.isnan(block.device_time_s).all()
    assert analyze(made).summary.set.rep_count == 3


def test_rows_without_numbers_are_counted_by_the_host() -> None:
    names = {name: own for name, own in NAMES.items() if name != "sample"}
    made = from_tables(columns=names)

    assert made.header.ankle.counter == "host"
    assert made.ankle is not None
    assert made.ankle.sample.tolist() == list(range(len(made.ankle)))
    assert RECORDING.header.ankle.counter == "device"


def test_a_dict_of_arrays_with_the_default_columns_is_accepted() -> None:
    block = RECORDING.ankle
    assert block is not None
    columns = {"time_s": block.time_s, "sample": block.sample}
    columns |= {f"acc_{a}_mps2": block.acc_mps2[:, k] for k, a in enumerate(AXES)}
    columns |= {f"gyr_{a}_dps": block.gyr_dps[:, k] for k, a in enumerate(AXES)}
    made = Recording.from_frames(ankle=columns)

    assert made.pelvis is None
    assert made.ankle is not None
    np.testing.assert_array_equal(made.ankle.gyr_dps, block.gyr_dps)


def test_the_frame_has_a_row_per_repetition_with_recording_person_and_side() -> None:
    header = replace(RECORDING.header, extra={"person": "P07"})
    done = analyze(replace(RECORDING, header=header, file="sets/one.csv"))
    frame = done.to_frame()

    assert tuple(frame.columns) == REP_COLUMNS
    assert not [name for name in frame.columns if hasattr(pd.DataFrame, name)]
    assert (frame["file"] == "sets/one.csv").all()
    assert (frame["person"] == "P07").all()
    assert (frame["side"] == "left").all()
    assert frame["number"].tolist() == [1, 2, 3]
    assert frame["start_s"].tolist() == [rep.start_s for rep in done.summary.reps]


def test_a_set_without_repetitions_has_the_same_columns_and_types(analysis: Analysis) -> None:
    without_reps = replace(analysis, summary=replace(analysis.summary, reps=()))

    assert without_reps.to_frame().dtypes.equals(analysis.to_frame().dtypes)
    assert without_reps.to_frame().empty


def test_the_track_gives_repetition_and_phase_of_each_instant(analysis: Analysis) -> None:
    frame, reps = analysis.track.to_frame(), analysis.summary.reps

    assert set(frame["phase"].dropna()) == {"concentric", "top", "eccentric", "bottom"}
    assert not [name for name in frame.columns if hasattr(pd.DataFrame, name)]
    for rep in reps:
        inside = frame[frame["rep"] == rep.number]
        assert inside["time_s"].iloc[0] == pytest.approx(rep.start_s, abs=0.011)
        assert inside["time_s"].iloc[-1] == pytest.approx(rep.end_s, abs=0.011)
        phase_s = inside["phase"].value_counts() / 100.0
        assert phase_s["concentric"] == pytest.approx(rep.concentric_s, abs=0.021)
        assert phase_s["eccentric"] == pytest.approx(rep.eccentric_s, abs=0.021)
        assert phase_s["top"] == pytest.approx(rep.top_pause_s, abs=0.021)
    assert frame["rep"].isna().sum() > 100


def test_from_a_high_start_the_eccentric_phase_comes_first() -> None:
    done = analyze(load(Path(__file__).parents[1] / "recordings" / "heel_taps.csv"))
    frame = done.track.to_frame()
    first = frame[frame["rep"] == 1]["phase"].dropna()

    assert list(dict.fromkeys(first))[0::2] == ["eccentric", "concentric"]


def test_the_repr_of_every_public_object_is_short(analysis: Analysis) -> None:
    representations = [
        repr(value)
        for value in (RECORDING, RECORDING.ankle, analysis, analysis.track, analysis.summary, TRUTH)
    ]

    assert all(len(text) < 120 for text in representations), representations
    assert "3 reps" in representations[2]


@pytest.mark.parametrize(("preset", "limit_deg"), [("default", 6.0), ("beginner", 8.0), ("strict", 4.0)])
def test_a_preset_sets_the_thresholds_and_a_number_given_with_it_overrides_them(
    preset: Any, limit_deg: float
) -> None:
    assert Settings(preset=preset).tilt_flag_deg == limit_deg
    assert Settings(preset=preset) == Settings.for_preset(preset)
    assert Settings(preset=preset, tilt_flag_deg=6.0).tilt_flag_deg == 6.0


#: Values that are neither a number, nor a word of the format, nor an array.
ODD = st.sampled_from(
    [None, "", "squat", "+w", [], {}, object(), -1, 1e12, 10**400, True, float("nan"), "7", np.zeros(3)]
)
ODD_NUMBER = st.sampled_from(
    ["", "six", [], object(), -1.0, 0.0, 1e6, 10**400, True, float("nan"), float("inf"), np.zeros(3)]
)


def block_with(**changes: Any) -> SampleBlock:
    ankle = RECORDING.ankle
    assert ankle is not None
    return replace(ankle, **changes)


def with_value(name: str, value: float, row: int) -> Recording:
    """Return the recording with one impossible value in the ankle's samples."""
    ankle = RECORDING.ankle
    assert ankle is not None
    values = getattr(ankle, name).copy()
    values[row % len(values)] = value
    return replace(RECORDING, ankle=replace(ankle, **{name: values}))


def cell_set(column: str, value: object, row: int) -> pd.DataFrame:
    frame = table("ankle").astype({column: object})
    frame.loc[row % len(frame), column] = value
    return frame


ROW = st.integers(5, 10_000)
CELLS = st.sampled_from(["?", "1,5", None, float("nan"), float("inf"), pd.Timestamp("2026-01-01"), 1j, [1]])
NUMBERS = sorted(set(NAMES.values()) - {"n"})
THRESHOLDS = [name for name in Settings.__slots__ if name != "preset"]
WRONG: dict[str, st.SearchStrategy[Callable[[], object]]] = {
    "load": st.builds(
        lambda x: lambda: load(x), st.sampled_from([None, 5, b"a", [], "no/such.csv", "a\0b", "."])
    ),
    "save": st.builds(lambda x: lambda: save(x, "never.csv"), ODD),
    "save to": st.builds(
        lambda x: lambda: save(RECORDING, x), st.sampled_from([None, 5, [], "no/such/x.csv"])
    ),
    "analyze": st.builds(lambda x: lambda: analyze(x), ODD),
    "settings of": st.builds(lambda x: lambda: analyze(RECORDING, x), ODD.filter(lambda x: x is not None)),
    "values": st.builds(
        lambda name, value, row: lambda: analyze(with_value(name, value, row)),
        st.sampled_from(["time_s", "acc_mps2", "gyr_dps"]),
        st.sampled_from([float("nan"), float("inf"), -float("inf")]),
        ROW,
    ),
    "time": st.builds(
        lambda value, row: lambda: analyze(with_value("time_s", value, row)),
        st.sampled_from([-5.0, -1e12, 1e12]),
        ROW,
    ),
    "threshold": st.builds(
        lambda name, value: lambda: Settings(**{name: value}), st.sampled_from(THRESHOLDS), ODD_NUMBER
    ),
    "preset": st.builds(lambda x: lambda: Settings(preset=x), ODD),
    "exercise": st.builds(lambda x: lambda: Header(exercise=x), ODD),
    "header": st.builds(
        lambda name, value: lambda: Header(**{name: value}),
        st.sampled_from(
            ["side", "start", "posture", "pelvis", "ankle", "created", "tempo_target", "floor_deg"]
        ),
        st.sampled_from(["", "squat", [], object(), {}, "+w", float("nan"), "7"]),
    ),
    "rep": st.builds(
        lambda name, value: lambda: RepPlan(**{name: value}),
        st.sampled_from(["top_deg", "eccentric_s", "stalls", "faults"]),
        st.sampled_from(["", object(), {}, float("nan"), "7"]),
    ),
    "axis": st.builds(
        lambda name, value: lambda: SensorHeader(**{name: value}),
        st.sampled_from(["cranial_axis", "anterior_axis", "rate_hz", "counter", "alignment"]),
        st.sampled_from(["", "up", [], object(), "+w", -1.0, float("nan"), "x"]),
    ),
    "block": st.builds(
        lambda name, value: lambda: block_with(**{name: value}),
        st.sampled_from(["sensor", "time_s", "sample", "device_time_s", "acc_mps2", "gyr_dps"]),
        st.sampled_from(
            [None, "wrist", [1.0], np.zeros(3), np.zeros((3, 3)), np.array(["a"]), np.array(1.0)]
        ),
    ),
    "recording": st.builds(
        lambda name, value: lambda: replace(RECORDING, **{name: value}),
        st.sampled_from(["header", "pelvis", "ankle"]),
        st.sampled_from(["", 1, [], np.zeros(3), pd.DataFrame()]),
    ),
    "frame": st.builds(
        lambda place, value: lambda: from_tables(**{place: value}),
        st.sampled_from(["pelvis", "ankle"]),
        st.sampled_from(["", 5, [], np.zeros((9, 8)), pd.DataFrame(), {}, pd.Series([1.0]), {"t": [1.0]}]),
    ),
    "no frame": st.just(Recording.from_frames),
    "cell": st.builds(
        lambda column, value, row: lambda: from_tables(ankle=cell_set(column, value, row)),
        st.sampled_from(NUMBERS),
        CELLS,
        ROW,
    ),
    "number": st.builds(lambda value, row: lambda: from_tables(ankle=cell_set("n", value, row)), CELLS, ROW),
    "columns": st.builds(
        lambda value: lambda: from_tables(columns=value),
        st.sampled_from([{"time": "t"}, {**NAMES, "time_s": "T"}, {}, ["t"], "t", {**NAMES, "gyr_x_dps": 5}]),
    ),
    "units": st.builds(
        lambda value: lambda: from_tables(units=value),
        st.sampled_from(
            [{"acc": "m"}, {"mag": "uT"}, {"time": None}, "g", ["g"], {"gyr": "g"}, {"acc": ["g"]}]
        ),
    ),
    "tempo": st.builds(lambda x: lambda: Tempo.parse(x), ODD),
    "plan": st.builds(lambda x: lambda: simulate(x), ODD),
    "seed": st.builds(lambda x: lambda: simulate(seed=x), st.sampled_from([None, "", -1, 0.5, []])),
    "set plan": st.builds(
        lambda name, value: lambda: SetPlan(**{name: value}),
        st.sampled_from(["exercise", "side", "reps", "pelvis", "ankle"]),
        st.sampled_from(["", "squat", 5, [], {}, (5,), np.zeros(3)]),
    ),
    "note": st.builds(
        lambda x: lambda: Note(*x), st.sampled_from([(None, "a", "b"), (1.0, 5, "b"), ("1", "a", "b")])
    ),
    "notes": st.builds(lambda x: lambda: replace(RECORDING, notes=x), ODD),
    "rep plan": st.builds(
        lambda name, value: lambda: SetPlan(reps=(replace(SetPlan().reps[0], **{name: value}),)),
        st.sampled_from(["concentric_s", "eccentric_s", "top_deg", "faults", "stalls"]),
        st.sampled_from([None, "x", [], float("nan"), -1e9, (5,)]),
    ),
    "sensor plan": st.builds(
        lambda name, value: lambda: SensorPlan(**{name: value}),
        st.sampled_from(["rate_hz", "rate_error", "turned_deg", "acc_noise_mps2", "cranial_axis", "radio"]),
        st.sampled_from([None, "x", [], float("nan"), -1.0, (5,)]),
    ),
    "pipeline": st.builds(lambda x: lambda: Pipeline(x), ODD),
    "sensors": st.builds(
        lambda x: lambda: Pipeline(Header(), sensors=x), st.sampled_from([("wrist",), [5], 5, "ankle"])
    ),
    "place": st.builds(lambda x: lambda: RECORDING.samples(x), ODD),
    "samples": st.builds(lambda x: lambda: RECORDING.with_samples(x), ODD),
    "paths": st.builds(
        lambda of, x: lambda: of(x),
        st.sampled_from([analyze_many, analyze_partition]),
        st.sampled_from([None, "set.csv", b"set.csv", Path("set.csv"), 5, [None], [5, "set.csv"], object()]),
    ),
    "huge": st.builds(
        lambda make, name: lambda: make(**{name: 10**400}),
        st.sampled_from([Header, SetPlan]),
        st.sampled_from(["floor_deg", "range_target_deg"]),
    ),
    "push": st.builds(
        lambda x: lambda: Pipeline(Header(), sensors=("pelvis",)).push(x),
        st.one_of(ODD, st.just(RECORDING.ankle)),
    ),
}


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), kind=st.sampled_from(sorted(WRONG)))
def test_a_wrong_call_is_answered_in_our_own_words(data: st.DataObject, kind: str) -> None:
    call = data.draw(WRONG[kind])

    with pytest.raises(ImuRepsError) as refused:
        call()

    assert refused.value.message
    assert refused.value.hint.endswith(".")


def test_every_unit_of_a_quantity_gives_the_same_values() -> None:
    assert UNITS["gyr"]["rad/s"] == pytest.approx(57.29578)
    for units in ({"acc": "mg", "gyr": "mdeg/s", "time": "us"}, {"time": "ns"}):
        ankle = table("ankle")
        ankle["t"] *= 1e-3 / UNITS["time"][units["time"]]
        if "acc" in units:
            ankle[["ax", "ay", "az"]] *= 1e3
            ankle[["gx", "gy", "gz"]] = np.degrees(ankle[["gx", "gy", "gz"]]) * 1e3
        made = from_tables(pelvis=None, ankle=ankle, units={**OTHER_UNITS, **units})
        assert made.ankle is not None
        assert RECORDING.ankle is not None
        np.testing.assert_allclose(made.ankle.time_s, RECORDING.ankle.time_s, atol=1e-6)
        np.testing.assert_allclose(made.ankle.acc_mps2, RECORDING.ankle.acc_mps2, atol=1e-6)
        np.testing.assert_allclose(made.ankle.gyr_dps, RECORDING.ankle.gyr_dps, atol=1e-6)


def test_no_part_of_a_tempo_is_negative() -> None:
    with pytest.raises(RefusedValueError, match="no tempo"):
        Tempo(2.0, 0.0, -1.0, 0.0)


def test_other_numeric_types_are_converted() -> None:
    ankle = RECORDING.ankle
    assert ankle is not None
    converted = replace(
        ankle, acc_mps2=ankle.acc_mps2.astype(np.float32), sample=ankle.sample.astype(np.float64)
    )

    assert converted.acc_mps2.dtype == np.float64
    assert converted.sample.dtype == np.int64
    found = analyze(replace(RECORDING, ankle=converted)).summary.set.rep_count
    assert found == analyze(RECORDING).summary.set.rep_count == 3


@pytest.mark.parametrize("number", [0.5, np.nan, np.inf, 1e30])
def test_the_number_of_a_sample_must_be_an_integer(number: float) -> None:
    ankle = RECORDING.ankle
    assert ankle is not None
    sample = ankle.sample.astype(np.float64)
    sample[7] = number
    with pytest.raises(RefusedValueError, match="in row 7"):
        replace(ankle, sample=sample)


@pytest.mark.parametrize("rate_hz", [0.0, 0.5, 1e300])
def test_a_rate_that_no_sensor_has_is_refused(rate_hz: float) -> None:
    with pytest.raises(RefusedValueError, match="rate_hz"):
        SensorHeader(rate_hz=rate_hz)


def test_a_column_that_the_format_has_not_is_named() -> None:
    with pytest.raises(RefusedValueError, match="columns names 'accel', which") as caught:
        from_tables(columns=NAMES | {"accel": "ax"})
    assert "acc_x_mps2" in caught.value.hint


def test_a_recording_that_cannot_be_used_is_refused_in_a_sentence_with_what_to_do() -> None:
    slow = Recording.from_frames(ankle=table("ankle"), columns=NAMES, units={"time": "ms", "acc": "g"})

    with pytest.raises(
        ImuRepsError, match=r"it is in rad/s, not deg/s .*'gyr' as 'rad/s' in units"
    ) as caught:
        analyze(slow)
    assert caught.value.code == "gyro_unit_radps"
