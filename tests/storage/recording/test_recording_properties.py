"""Properties of every recording, every truncation of one, and arbitrary bytes."""

from __future__ import annotations

import math
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imu_reps import Header, ImuRepsError, Note, Recording, SampleBlock, SensorHeader, Tempo, save
from imu_reps.domain.exercise import EXERCISES
from imu_reps.domain.recording import Axis
from imu_reps.storage.recording import parse_recording
from imu_reps.storage.recording.format import COLUMN_ROW, COLUMNS
from imu_reps.storage.recording.header import _KINDS
from imu_reps.storage.recording.rows import _read_by_cell, _read_fast

modest = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
keys = words.filter(lambda text: ":" not in text and text[0] not in "#@")
#: A key that is nearly "simulated" is taken for it: nobody's recording must pass for a person's by a slip.
unknown_keys = keys.filter(
    lambda key: key not in _KINDS and not get_close_matches(key.lower(), ["simulated"], cutoff=0.5)
)
tenths = st.integers(0, 99).map(lambda n: n / 10)
axes = st.sampled_from(get_args(Axis))


def optional(strategy):
    return st.none() | strategy


@st.composite
def sensor_headers(draw, *, pelvis):
    cranial = draw(axes if pelvis else optional(axes))
    return SensorHeader(
        sensor=draw(optional(words)),
        rate_hz=draw(optional(st.floats(1.0, 1e4))),
        counter=draw(st.sampled_from(["device", "host"])),
        alignment=draw(st.sampled_from(["mounted", "functional"])) if pelvis else "mounted",
        cranial_axis=cranial,
        anterior_axis=draw(axes.filter(lambda axis: axis[1] != cranial[1])) if pelvis else None,
    )


zones = st.sampled_from([None, UTC, timezone(timedelta(hours=-3, minutes=-30))])
headers = st.builds(
    Header,
    exercise=st.sampled_from(EXERCISES),
    side=st.sampled_from([None, "left", "right", "both"]),
    start=st.sampled_from(["low", "high"]),
    posture=st.sampled_from(["supine", "hanging"]),
    created=optional(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=zones)),
    session=optional(words),
    set_number=optional(st.integers(0, 999)),
    tempo_target=optional(st.builds(Tempo, tenths, tenths, tenths, tenths)),
    range_target_deg=optional(st.floats(1e-3, 180)),
    floor_deg=optional(st.floats(-90, 180)),
    floor_from=optional(st.sampled_from(["asked", "end_range"])),
    simulated=st.booleans(),
    pelvis=sensor_headers(pelvis=True),
    ankle=sensor_headers(pelvis=False),
    extra=st.dictionaries(unknown_keys, words | st.just(""), max_size=3).map(MappingProxyType),
)


@st.composite
def blocks(draw, place):
    n = draw(st.integers(1, 12))
    time_s = np.cumsum(draw(hnp.arrays(float, n, elements=st.floats(0, 0.5))))
    clock = draw(st.booleans())
    return SampleBlock(
        place,
        time_s,
        draw(hnp.arrays(np.int64, n, elements=st.integers(-(2**63), 2**63 - 1))),
        draw(hnp.arrays(float, n, elements=st.floats(-1e6, 1e6))) if clock else np.full(n, np.nan),
        draw(hnp.arrays(float, (n, 3), elements=st.floats(-400, 400))),
        draw(hnp.arrays(float, (n, 3), elements=st.floats(-4000, 4000))),
    )


notes = st.lists(st.builds(Note, st.floats(-1, 8), keys, words | st.just("")), max_size=4).map(tuple)


@st.composite
def recordings(draw):
    pelvis, ankle = draw(optional(blocks("pelvis"))), draw(optional(blocks("ankle")))
    assume(pelvis is not None or ankle is not None)
    return Recording(draw(headers), pelvis, ankle, draw(notes))


def written(recording: Recording) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.csv"
        save(recording, path)
        return path.read_bytes()


@modest
@given(recordings())
def test_written_recordings_are_read_back_to_the_printed_decimals(recording):
    again = parse_recording(written(recording), name="set.csv")
    assert again.header == recording.header
    assert [(note.key, note.value) for note in again.notes] == [
        (note.key, note.value) for note in recording.notes
    ]
    for mine, theirs in zip(again.notes, recording.notes, strict=True):
        assert math.isclose(mine.time_s, theirs.time_s, abs_tol=0.51e-6)
    for place in ("pelvis", "ankle"):
        a, b = again.samples(place), recording.samples(place)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.sample, b.sample)
            np.testing.assert_allclose(a.time_s, b.time_s, rtol=0, atol=0.51e-6)
            np.testing.assert_allclose(a.device_time_s, b.device_time_s, rtol=0, atol=0.51e-6)
            np.testing.assert_allclose(a.acc_mps2, b.acc_mps2, rtol=0, atol=0.51e-5)
            np.testing.assert_allclose(a.gyr_dps, b.gyr_dps, rtol=0, atol=0.51e-4)


@modest
@given(recordings())
def test_writing_a_read_recording_gives_the_same_bytes(recording):
    # Times closer than the printed decimals are equal once read, and may change order once.
    once = written(parse_recording(written(recording), name="set.csv"))
    assert written(parse_recording(once, name="set.csv")) == once


@modest
@given(recordings(), st.data())
def test_any_truncation_keeps_every_whole_row_or_is_refused(recording, data):
    whole = written(recording)
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    rows_start = whole.index(COLUMN_ROW.encode()) + len(COLUMN_ROW) + 1
    ends = cut[rows_start:].split(b"\n")
    rows = [row for row in ends[:-1] if not row.startswith(b"#")]
    try:
        parsed = parse_recording(cut, name="set.csv")
    except ImuRepsError:
        assert not rows
        return
    count = sum(len(block) for block in (parsed.pelvis, parsed.ankle) if block is not None)
    assert count == len(rows)
    assert any(caution.code == "file_cut" for caution in parsed.cautions) == bool(ends[-1])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused_with_a_reason(data):
    for content in (data, b"# format: imu-reps-recording/1\n" + data, b"\x1f\x8b\x08\x00" + data):
        try:
            parse_recording(content, name="junk")
        except ImuRepsError as error:
            assert error.hint  # noqa: PT017
        else:
            raise AssertionError("random bytes were read as a recording")


@modest
@given(recordings(), st.data())
def test_damage_anywhere_is_refused_or_read_but_never_crashes(recording, data):
    content = bytearray(written(recording))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        again = parse_recording(bytes(content), name="set.csv")
    except ImuRepsError:
        return
    for block in (again.pelvis, again.ankle):
        if block is not None:
            assert np.isfinite(block.acc_mps2).all()
            assert np.isfinite(block.gyr_dps).all()
            assert (np.diff(block.time_s) >= 0).all()


cells = st.one_of(
    st.text("0123456789.-+e", max_size=8),
    st.text("0123456789.,-+\npelvisank", max_size=6),
    st.sampled_from(["ankle", "pelvis", "1.5", "7"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(cells, min_size=8, max_size=12), min_size=1, max_size=3), st.data())
def test_the_fast_and_the_careful_reader_agree(odd, data):
    plain = ["0.5", "ankle", "3", "", "1", "2", "3", "4", "5", "6"]
    rows = []
    for texts in odd:
        row = list(plain)
        for place, text in enumerate(texts[: data.draw(st.integers(0, 2))]):
            row[data.draw(st.integers(0, 9)) if place else 4] = text
        rows.append(",".join(row))
    content = ("\n".join(rows) + "\n").encode()
    assume(b"\n\n" not in content and not content.startswith(b"\n"))
    line = np.arange(1, content.count(b"\n") + 1)
    fast = _read_fast(content, len(line), COLUMNS)
    if fast is not None:
        careful = _read_by_cell(content, line, COLUMNS, "set.csv")
        for column in COLUMNS:
            if column == "sensor":
                assert fast[column].tolist() == careful[column].tolist()
            else:
                np.testing.assert_allclose(fast[column], careful[column], rtol=1e-14, atol=1e-290)
