"""The list of families: each is found by name, recognised by its advertisement, and complete."""

from __future__ import annotations

import pytest

from imu_reps.errors import UsageError
from imu_reps.sensors.families import (
    FAMILIES,
    family,
    metamotion,
    movesense,
    nordic_uart,
    open_profile,
    recognise,
    thingy,
    witmotion,
)
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
    ("name", "advertisements"),
    {
        "witmotion": (
            *map(Advertisement, ("WT901BLE67", "WT901BLE68", "WT9011DCL-BT50", "BWT901BLE5.0", "WTSDCL")),
            Advertisement("my knee", (witmotion.SERVICE,)),
            Advertisement(None, (witmotion.DUAL_SERVICE,)),
        ),
        "open_profile": (Advertisement("IMUREPS-A12EF"), Advertisement(None, (open_profile.SERVICE,))),
        "movesense": (
            Advertisement("Movesense 174630000123", (), (0x009F,)),
            Advertisement(None, (movesense.SERVICES[1],)),
        ),
        "polar": (Advertisement("Polar Sense 7C5A1B2D"),),
        "movella_dot": (
            Advertisement("Xsens DOT"),
            Advertisement("Movella DOT"),
            Advertisement("left knee", company_ids=(0x0886,)),
        ),
        "metamotion": (
            Advertisement("MetaWear"),
            Advertisement("knee", (metamotion.SERVICE,)),
            Advertisement("knee", company_ids=(0x067E,)),
        ),
        "thingy": (Advertisement("Thingy"), Advertisement("knee", (thingy.CONFIGURATION_SERVICE,))),
        "nordic_uart": (Advertisement("my board", (nordic_uart.SERVICE,)), Advertisement("Puck.js 1a2b")),
    }.items(),
)
def test_a_sensor_is_recognised(name: str, advertisements: tuple[Advertisement, ...]) -> None:
    assert {recognise(advertisement) for advertisement in advertisements} == {family(name)}


@pytest.mark.parametrize(
    "advertisement",
    [
        Advertisement("Kitchen scale", ("0000181d-0000-1000-8000-00805f9b34fb",), (0x004C,)),
        Advertisement("LED strip", ("0000ffe5-0000-1000-8000-00805f9b34fb",)),
        Advertisement("IMU", ("0000180f-0000-1000-8000-00805f9b34fb",)),
        Advertisement("a watch", (), (0x009F,)),
        *map(Advertisement, ("SWT", "Thing", "my board", "left knee")),
        Advertisement(),
    ],
)
def test_other_devices_are_not_recognised(advertisement: Advertisement) -> None:
    assert recognise(advertisement) is None


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
