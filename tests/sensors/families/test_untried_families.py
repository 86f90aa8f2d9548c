"""Families tested on bytes alone: their own packets, arbitrary bytes, and their connection steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import family
from imu_reps.sensors.wire import Decoded, Facts, Pause, Read, Subscribe, Write

NAMES = ("polar", "movella_dot", "metamotion", "thingy", "nordic_uart")
CHARACTERISTICS = {
    "polar": ("fb005c81-02e7-f387-1cad-8acd2d8df0c8", "fb005c82-02e7-f387-1cad-8acd2d8df0c8"),
    "movella_dot": tuple(
        f"1517{short}-4947-11e9-8646-d663bd873d93" for short in ("1001", "1002", "2003", "3001")
    ),
    "metamotion": ("326a9006-85cb-9195-d9dd-464cfbbae75a",),
    "thingy": ("ef680406-9b35-4933-9b10-52ffa9740042", "00002a19-0000-1000-8000-00805f9b34fb"),
    "nordic_uart": ("6e400003-b5a3-f393-e0a9-e50e24dcca9e", "00002a25-0000-1000-8000-00805f9b34fb"),
}
#: Beginnings of packets of each family, with which arbitrary bytes get past the first check.
BEGINNINGS = {
    "polar": [
        b"\x02" + b"\1" * 8 + b"\x81",
        b"\x05" + b"\2" * 8 + b"\x81",
        b"\x02" + b"\3" * 8 + b"\x02",
        b"\xf0\2\2\0\0",
    ],
    "movella_dot": [b"\x10\x27\0\0", b"\xff\xff\xff\xff"],
    "metamotion": [b"\x03\x1c", b"\x13\x07", b"\x03\x04", b"\x13\x80", b"\x11\x8c"],
    "thingy": [b"\0"],
    "nordic_uart": [b"1,10000,", b"0.5,", b"\n", b"2,20000,1,2,3,4,5,6\n", b"9" * 30],
}
packets = {
    name: st.lists(
        st.tuples(
            st.sampled_from(CHARACTERISTICS[name]),
            st.tuples(st.sampled_from([b"", *BEGINNINGS[name]]), st.binary(max_size=60)).map(b"".join),
            st.booleans(),
        ),
        max_size=12,
    )
    for name in NAMES
}


@pytest.mark.parametrize("name", NAMES)
def test_own_packets_decode_to_what_they_were_built_from(name: str, vectors: Callable[[str], Any]) -> None:
    cases = vectors(name)["cases"]
    assert cases

    for case in cases:
        decoded = _decoded(name, case)

        _assert_samples(decoded, case)
        counted = decoded.damaged, decoded.repeated, decoded.restarted
        expected = case.get("damaged", 0), case.get("repeated", 0), case.get("restarted", False)
        assert counted == expected, case["what"]
        assert decoded.facts == Facts(**case.get("facts", {})), case["what"]


def _decoded(name: str, case: dict[str, Any]) -> Decoded:
    """Return the joined content of all packets of a case."""
    known = family(name)
    state, parts = known.begin(case["rate_hz"]), []
    for i, (characteristic, text, arrival_s) in enumerate(case["packets"]):
        state = known.resume(state) if i == case.get("resume_after") else state
        state, part = known.decode(state, characteristic, bytes.fromhex(text), arrival_s)
        parts.append(part)
    known_facts = {
        field: getattr(part.facts, field)
        for part in parts
        for field in Facts.__dataclass_fields__
        if getattr(part.facts, field)
    }
    samples = [part.samples for part in parts]
    return Decoded(
        samples=type(samples[0])(
            *(np.concatenate([getattr(s, f) for s in samples]) for f in samples[0].__dataclass_fields__)
        ),
        facts=Facts(**known_facts),
        damaged=sum(part.damaged for part in parts),
        repeated=sum(part.repeated for part in parts),
        restarted=any(part.restarted for part in parts),
    )


def _assert_samples(decoded: Decoded, case: dict[str, Any]) -> None:
    samples, what = decoded.samples, case["what"]
    assert samples.number.tolist() == case["number"], what
    vectors = np.array(case["acc_mps2"]).reshape(-1, 3), np.array(case["gyr_dps"]).reshape(-1, 3)
    np.testing.assert_allclose(samples.acc_mps2, vectors[0], rtol=1e-5, atol=1e-6, err_msg=what)
    np.testing.assert_allclose(samples.gyr_dps, vectors[1], rtol=1e-5, atol=1e-6, err_msg=what)
    if case["device_time_s"] is None:
        assert np.isnan(samples.device_time_s).all(), what
    else:
        np.testing.assert_allclose(
            samples.device_time_s, case["device_time_s"], rtol=0, atol=1e-6, err_msg=what
        )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_arbitrary_bytes_raise_nothing_and_samples_are_readings(name: str, data: st.DataObject) -> None:
    known = family(name)
    state = known.begin(known.rates_hz[-1])
    for i, (characteristic, content, lost) in enumerate(data.draw(packets[name])):
        state = known.resume(state) if lost else state
        state, decoded = known.decode(state, characteristic, content, 0.1 * i)

        samples = decoded.samples
        assert samples.number.dtype == np.int64
        assert np.all(np.diff(samples.number) > 0)
        assert samples.acc_mps2.shape == samples.gyr_dps.shape == (len(samples), 3)
        assert np.isfinite(samples.acc_mps2).all()
        assert np.isfinite(samples.gyr_dps).all()
        assert np.isnan(samples.device_time_s).all() != known.has_clock or not len(samples)
        assert decoded.damaged >= 0
        assert decoded.repeated >= 0


@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_an_unexpected_characteristic_are_damaged(name: str) -> None:
    known = family(name)

    _, decoded = known.decode(known.begin(50.0), "00002a37-0000-1000-8000-00805f9b34fb", b"\x16\x48", 0.0)

    assert decoded.damaged == 1


@pytest.mark.parametrize("name", NAMES)
def test_untried_families_are_marked_and_have_only_useful_rates(name: str) -> None:
    known = family(name)

    assert not known.tried
    assert min(known.rates_hz) >= 20
    assert list(known.rates_hz) == sorted(known.rates_hz)


@pytest.mark.parametrize("name", NAMES)
def test_steps_name_full_lower_case_characteristics(name: str) -> None:
    known = family(name)
    steps = [step for rate in known.rates_hz for attempt in range(3) for step in known.start(rate, attempt)]

    named = [s.characteristic for s in (*steps, *known.stop, *known.poll) if not isinstance(s, Pause)]

    assert {len(uuid) for uuid in named} == {36}
    assert all(uuid == uuid.lower() for uuid in named)
    assert any(isinstance(step, Subscribe) for step in steps)
    assert all(isinstance(step, Read | Write) for step in known.poll)
