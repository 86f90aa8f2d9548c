"""The list of families: each is found by name, recognised by its advertisement, and complete."""

from __future__ import annotations

import pytest

from imu_reps.errors import UsageError
from imu_reps.sensors.families import FAMILIES, family, recognise
from imu_reps.sensors.wire import Advertisement, Family, Pause, Read, Subscribe, Write


def by_name(known: Family) -> str:
    return known.name


@pytest.mark.parametrize("known", FAMILIES, ids=by_name)
def test_a_family_is_found_by_its_name(known: Family) -> None:
    assert family(known.name) is known


def test_names_are_unique() -> None:
    assert len({known.name for known in FAMILIES}) == len(FAMILIES)


def test_an_unknown_name_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        family("sundial")

    assert error.value.code == "unknown_family"
    assert "sundial" in error.value.message
    for known in FAMILIES:
        assert known.name in error.value.hint


@pytest.mark.parametrize(
    ("advertisement", "name"),
    [
        (Advertisement("WT901BLE68"), "witmotion"),
        (Advertisement("IMUREPS-A12EF"), "open_profile"),
        (Advertisement("Movesense 174630000123", (), (0x009F,)), "movesense"),
    ],
)
def test_a_sensor_is_recognised(advertisement: Advertisement, name: str) -> None:
    assert recognise(advertisement) is family(name)


def test_other_devices_are_not_recognised() -> None:
    assert (
        recognise(Advertisement("Kitchen scale", ("0000181d-0000-1000-8000-00805f9b34fb",), (0x004C,)))
        is None
    )
    assert recognise(Advertisement()) is None


@pytest.mark.parametrize("known", FAMILIES, ids=by_name)
def test_every_family_has_start_stop_and_poll_steps(known: Family) -> None:
    assert known.rates_hz == tuple(sorted(known.rates_hz))
    assert known.counter in {"device", "host"}
    for rate_hz in known.rates_hz:
        for attempt in range(3):
            steps = known.start(rate_hz, attempt)
            assert any(isinstance(step, Subscribe) for step in steps)
        for step in (*steps, *known.stop, *known.poll):
            assert isinstance(step, (Subscribe, Write, Read, Pause))
            uuids = getattr(step, "characteristic", ())
            for uuid in (uuids,) if isinstance(uuids, str) else uuids:
                assert uuid == uuid.lower()
                assert len(uuid) == 36


@pytest.mark.parametrize("known", FAMILIES, ids=by_name)
def test_every_family_can_resume_before_it_has_received_anything(known: Family) -> None:
    state = known.resume(known.begin(known.rates_hz[-1]))
    _, decoded = known.decode(state, "00002a19-0000-1000-8000-00805f9b34fb", b"", 0.0)

    assert len(decoded.samples) == 0
