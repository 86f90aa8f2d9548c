"""WitMotion: frames are found wherever notifications are split, and decode to the sensor's values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import witmotion
from imu_reps.sensors.wire import Decoded, Facts, Pause, Subscribe, Write

G = 9.80665
NOTIFY = witmotion.NOTIFY[0]
FAMILY = witmotion.FAMILY
Decode = Callable[..., tuple[Any, Decoded]]
Same = Callable[[Any, Any], bool]

#: Streams of whole frames, some with payloads that look like frames.
bytes_of_frames = st.binary(min_size=18, max_size=18) | st.just(b"\x55\x61" * 9)
streams = st.lists(
    st.tuples(st.sampled_from([b"\x55\x61", b"\x55\x71"]), bytes_of_frames).map(b"".join), max_size=12
).map(b"".join)


def cut(data: bytes, where: list[int]) -> list[bytes]:
    edges = [0, *sorted(at % (len(data) + 1) for at in where), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def read(decode_all: Decode, chunks: list[bytes]) -> Decoded:
    return decode_all(FAMILY, FAMILY.begin(100.0), [(NOTIFY, chunk) for chunk in chunks])[1]


def known_facts(facts: Facts) -> dict[str, Any]:
    names = ("battery_percent", "identity", "firmware", "rate_hz", "refused")
    return {name: getattr(facts, name) for name in names if getattr(facts, name) is not None}


def test_golden_streams_decode_to_their_stated_values(
    golden: Callable[..., list[dict[str, Any]]], decode_all: Decode
) -> None:
    for item in golden("wit-100hz", "wit-iobroker", "wit-blog", "wit-stream"):
        chunks = [bytes.fromhex(chunk) for chunk in item.get("chunks", [item["hex"]])]
        data = [frame for frame in item["decoded"]["frames"] if frame["kind"] == "data"]

        decoded = read(decode_all, chunks)

        raw = witmotion.parse_data(frame for frame in _frames(chunks) if frame[1] == witmotion.DATA)
        assert raw.tolist() == [frame["raw"] for frame in data], item["id"]
        np.testing.assert_allclose(
            decoded.samples.acc_mps2 / G, [frame["acc_g"] for frame in data], atol=6e-8, err_msg=item["id"]
        )
        np.testing.assert_allclose(
            decoded.samples.gyr_dps, [frame["gyr_dps"] for frame in data], atol=6e-8, err_msg=item["id"]
        )


def _frames(chunks: list[bytes]) -> list[bytes]:
    return witmotion.split_frames(witmotion.FrameStream(), b"".join(chunks))[1]


def test_the_golden_capture_is_one_unbroken_stream(
    golden: Callable[..., list[dict[str, Any]]], decode_all: Decode
) -> None:
    capture = sorted(golden("wit-100hz"), key=lambda item: item["index"])

    decoded = read(decode_all, [bytes.fromhex(item["hex"]) for item in capture])

    assert decoded.samples.number.tolist() == list(range(4 * len(capture)))
    assert decoded.damaged == 0


def test_golden_register_replies_decode_to_their_stated_values(
    golden: Callable[..., list[dict[str, Any]]],
) -> None:
    for item in golden("wit-reg"):
        expected = item["decoded"]
        registers = witmotion.parse_registers(bytes.fromhex(item["hex"]))

        assert list(registers) == list(range(expected["start_reg"], expected["start_reg"] + 8))
        assert list(registers.values()) == expected["values_u16"], item["id"]
        if "mac" in expected:
            assert witmotion.hardware_address(registers) == expected["mac"]
        if "battery_percent" in expected:
            assert witmotion.facts_of(registers).battery_percent == expected["battery_percent"]


def test_golden_commands_are_built_byte_for_byte(golden: Callable[..., list[dict[str, Any]]]) -> None:
    built = {
        "wit-cmd-unlock": witmotion.UNLOCK_COMMAND,
        "wit-cmd-save": witmotion.command(0, 0),
        "wit-cmd-rate100": witmotion.set_rate_command(100.0),
        "wit-cmd-rate50": witmotion.set_rate_command(50.0),
        "wit-cmd-read-batt": witmotion.read_command(witmotion.Register.BATTERY),
        "wit-cmd-bw98": witmotion.command(0x1F, 2),
    }

    assert built == {item["id"]: bytes.fromhex(item["hex"]) for item in golden("wit-cmd")}


def test_streams_decode_to_what_they_were_built_from(
    vectors: Callable[[str], Any], decode_all: Decode
) -> None:
    for stream in vectors("witmotion")["streams"]:
        decoded = read(decode_all, [bytes.fromhex(chunk) for chunk in stream["chunks"]])
        rows = np.array(stream["rows"], dtype=float)

        np.testing.assert_allclose(decoded.samples.acc_mps2, rows[:, :3] / 2048 * G, rtol=1e-12)
        np.testing.assert_allclose(decoded.samples.gyr_dps, rows[:, 3:6] * 2000 / 32768, rtol=1e-12)
        assert decoded.samples.number.tolist() == list(range(len(rows)))
        assert np.isnan(decoded.samples.device_time_s).all()
        assert decoded.damaged == stream["damaged"], stream["what"]
        assert known_facts(decoded.facts) == stream.get("facts", {})


def test_register_replies_become_facts(vectors: Callable[[str], Any], decode_all: Decode) -> None:
    for reply in vectors("witmotion")["replies"]:
        assert known_facts(read(decode_all, [bytes.fromhex(reply["hex"])]).facts) == reply["facts"]


def test_commands_are_the_published_bytes(vectors: Callable[[str], Any]) -> None:
    expected = {name: bytes.fromhex(text) for name, text in vectors("witmotion")["commands"].items()}

    assert expected == {
        "unlock": witmotion.UNLOCK_COMMAND,
        "rate 50": witmotion.set_rate_command(50.0),
        "rate 100": witmotion.set_rate_command(100.0),
        "rate 200": witmotion.set_rate_command(200.0, attempt=0),
        "rate 200 again": witmotion.set_rate_command(200.0, attempt=1),
        "read battery": witmotion.read_command(witmotion.Register.BATTERY),
        "read version": witmotion.read_command(witmotion.Register.VERSION),
        "displacement off": witmotion.command(witmotion.Register.DISPLACEMENT, 0),
    }


@settings(max_examples=80, deadline=None)
@given(data=streams, where=st.lists(st.integers(0, 300), max_size=8))
def test_any_split_of_a_stream_gives_the_same_samples(data: bytes, where: list[int]) -> None:
    state, whole, lost = witmotion.split_frames(witmotion.FrameStream(), data)
    split, found, lost_split = witmotion.FrameStream(), [], 0
    for chunk in cut(data, where):
        split, some, more = witmotion.split_frames(split, chunk)
        found, lost_split = found + some, lost_split + more

    assert (split, found, lost_split) == (state, whole, lost)
    assert b"".join(whole) == data
    assert lost == 0


#: Two or more data frames without the start byte inside their payload.
unmistakable = st.lists(
    st.binary(min_size=18, max_size=18).map(lambda payload: b"\x55\x61" + payload.replace(b"\x55", b"\x54")),
    min_size=2,
    max_size=5,
).map(b"".join)


@settings(max_examples=80, deadline=None)
@given(cut_off=unmistakable, lost=st.integers(1, 39), after=unmistakable)
def test_a_truncated_notification_costs_only_its_own_frames(cut_off: bytes, lost: int, after: bytes) -> None:
    truncated = cut_off[:-lost]
    state, sizes, damaged = witmotion.FAMILY.begin(100.0), [], 0
    for chunk in (truncated, after, after):
        state, decoded = witmotion.FAMILY.decode(state, witmotion.NOTIFY[0], chunk, 0.0)
        sizes.append(len(decoded.samples))
        damaged += decoded.damaged

    assert sizes == [len(chunk) // witmotion.FRAME_LENGTH for chunk in (truncated, after, after)]
    assert damaged == (len(truncated) % witmotion.FRAME_LENGTH > 0)


@settings(max_examples=80, deadline=None)
@given(data=st.binary(max_size=200), where=st.lists(st.integers(0, 300), max_size=6))
def test_garbage_is_counted_the_same_however_it_is_split(data: bytes, where: list[int]) -> None:
    whole = witmotion.split_frames(witmotion.FrameStream(), data)
    stream, found, lost = witmotion.FrameStream(), [], 0
    for chunk in cut(data, where):
        stream, some, more = witmotion.split_frames(stream, chunk)
        found, lost = found + some, lost + more

    assert (stream, found, lost) == whole


@settings(max_examples=60, deadline=None)
@given(
    chunks=st.lists(st.binary(max_size=90), max_size=8),
    characteristic=st.sampled_from([*witmotion.NOTIFY, "00002a19-0000-1000-8000-00805f9b34fb"]),
)
def test_no_bytes_make_the_decoder_raise(chunks: list[bytes], characteristic: str) -> None:
    state, count = FAMILY.begin(100.0), 0
    for chunk in chunks:
        state, decoded = FAMILY.decode(state, characteristic, chunk, 0.0)
        count += len(decoded.samples)
        state = FAMILY.resume(state) if len(chunk) % 7 == 0 else state

    assert state.number == count


@settings(max_examples=40, deadline=None)
@given(junk=st.binary(min_size=1, max_size=30).filter(lambda junk: 0x55 not in junk), data=streams)
def test_a_stream_is_found_again_after_junk(junk: bytes, data: bytes) -> None:
    _, expected, _ = witmotion.split_frames(witmotion.FrameStream(), data)
    _, found, lost = witmotion.split_frames(witmotion.FrameStream(), junk + data)

    assert found == expected
    assert lost == 1


def test_a_half_frame_is_discarded_when_the_link_comes_back(decode_all: Decode) -> None:
    frame = b"\x55\x61" + bytes(range(18))
    state, _ = decode_all(FAMILY, FAMILY.begin(100.0), [(NOTIFY, frame + frame[:11])])

    _, decoded = decode_all(FAMILY, FAMILY.resume(state), [(NOTIFY, frame)])

    assert decoded.samples.number.tolist() == [1]
    assert decoded.damaged == 0


def test_the_old_dual_mode_service_is_read_the_same_way(decode_all: Decode) -> None:
    frame = b"\x55\x61" + bytes(range(18))

    for characteristic in witmotion.NOTIFY:
        _, decoded = decode_all(FAMILY, FAMILY.begin(100.0), [(characteristic, frame)])
        assert len(decoded.samples) == 1


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
@pytest.mark.parametrize("attempt", [0, 1, 2])
def test_the_start_unlocks_first_and_changes_nothing_permanently(rate_hz: float, attempt: int) -> None:
    steps = FAMILY.start(rate_hz, attempt)
    written = [step.data for step in steps if isinstance(step, Write)]
    registers = [data[2] for data in written]

    assert isinstance(steps[0], Subscribe)
    assert written[0] == witmotion.UNLOCK_COMMAND
    assert witmotion.command(witmotion.Register.DISPLACEMENT, 0) in written
    assert witmotion.set_rate_command(rate_hz, attempt) in written
    assert not {0x00, 0x02} & set(registers), "saving, or the choice of outputs"
    for step, following in pairwise(steps):
        assert not isinstance(step, Write) or isinstance(following, Pause)


def test_another_code_for_200_hz_is_tried_the_second_time() -> None:
    codes = [witmotion.set_rate_command(200.0, attempt)[3] for attempt in range(3)]

    assert codes == [0x0B, 0x0A, 0x0B]
    assert [witmotion.set_rate_command(100.0, attempt)[3] for attempt in range(2)] == [0x09, 0x09]
