"""Sensors that cannot be opened are refused within bounded time, by name and with a hint."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.errors import RadioError
from imu_reps.sensors.families import family

FAMILIES = [("witmotion", 100.0), ("open_profile", 100.0), ("movesense", 104.0)]


async def refusal(both):
    """Return the error of opening and its duration in s; check that nobody is connected afterwards."""
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(RadioError) as caught:
        await both.open()
    took_s = asyncio.get_running_loop().time() - began_s
    await asyncio.sleep(1.0)
    assert not any(sensor.is_connected for sensor in both.sensors.values())
    return caught.value, took_s


@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_a_sensor_that_does_not_advertise_is_not_found(on_bench, place):
    async def missing(both):
        both.sensors[place].vanish()
        return await refusal(both)

    error, took_s = on_bench(missing)

    assert (error.code, error.exit_code) == ("not_found", 3)
    assert place in error.message
    assert "phone" in error.hint
    assert took_s == pytest.approx(30.0, abs=1.0)


def test_two_missing_sensors_are_both_named(on_bench):
    async def missing(both):
        for sensor in both.sensors.values():
            sensor.vanish()
        return await refusal(both)

    error, _ = on_bench(missing, patience_s=5.0)

    assert "pelvis" in error.message
    assert "ankle" in error.message


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("powered_off", "bluetooth_off"),
        ("no_bluetooth", "no_adapter"),
        ("denied_by_user", "no_permission"),
        ("denied_by_system", "no_permission"),
    ],
)
def test_an_unusable_radio_is_reported_at_once(on_bench, trouble, code):
    async def unusable(both):
        both.air.power_off(trouble)
        return await refusal(both)

    error, took_s = on_bench(unusable)

    assert error.code == code
    assert took_s < 1.0


@pytest.mark.parametrize("place", SENSOR_PLACES)
@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_a_sensor_that_connects_but_never_streams(on_bench, name, rate_hz, place):
    async def mute(both):
        both.sensors[place].stop_streaming("never")
        return await refusal(both)

    error, took_s = on_bench(mute, name, rate_hz)

    assert error.code == "no_stream"
    assert place in error.message
    assert took_s < 30.0


def test_a_device_without_the_characteristics_is_refused_as_the_wrong_one(on_bench):
    async def wrong(both):
        both.requests["ankle"] = replace(both.requests["ankle"], family=family("witmotion"))
        both.build_streams()
        return await refusal(both)

    error, _ = on_bench(wrong)

    assert error.code == "wrong_device"
    assert "ankle" in error.message
    assert "imu-reps pair" in error.hint


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_a_device_with_another_identity_is_refused_as_the_wrong_one(on_bench, name, rate_hz):
    async def wrong(both):
        both.requests["pelvis"] = replace(both.requests["pelvis"], identity="the one at home")
        both.build_streams()
        return await refusal(both)

    error, _ = on_bench(wrong, name, rate_hz)

    assert error.code == "wrong_device"
    assert "the one at home" in error.message


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_a_device_with_the_paired_identity_is_accepted(streaming, name, rate_hz):
    async def right(both):
        identities = {place: status.identity for place, status in both.streams.status().items()}
        await both.streams.close()
        both.requests = {p: replace(w, identity=identities[p].lower()) for p, w in both.requests.items()}
        both.build_streams()
        await both.open()
        return both.streams.status()["ankle"].state

    assert streaming(right, name, rate_hz) == "streaming"


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES[1:])
def test_a_flat_battery_is_reported_before_the_set(on_bench, name, rate_hz):
    async def flat(both):
        return await refusal(both)

    error, _ = on_bench(flat, name, rate_hz, device={"battery_percent": 1.0})

    assert error.code == "battery_flat"
    assert "Charge" in error.hint


def test_an_unknown_battery_level_is_not_flat(streaming):
    async def unknown(both):
        return both.streams.status()["ankle"].battery_percent

    assert streaming(unknown, "witmotion", device={"battery_percent": 0.0}) is None


def test_a_low_battery_is_no_reason_to_refuse(streaming):
    async def low(both):
        return both.streams.status()["ankle"].battery_percent

    assert streaming(low, device={"battery_percent": 6.0}) == 6.0


@pytest.mark.parametrize(("stays_hz", "code"), [(10.0, "too_slow"), (20.0, None), (50.0, None)])
def test_a_sensor_that_stays_slow_is_refused_below_20_hz(on_bench, stays_hz, code):
    async def stubborn(both):
        for sensor in both.sensors.values():
            sensor.device.written = lambda *_: []
        if code:
            return (await refusal(both))[0].code, None
        await both.open()
        await both.listen(5.0)
        return None, both.streams.status()["ankle"].rate_hz

    refused, rate_hz = on_bench(stubborn, "witmotion", 100.0, device={"saved_rate_hz": stays_hz})

    assert refused == code
    assert code or rate_hz == pytest.approx(stays_hz, rel=0.05)


def test_a_wrong_actual_rate_is_requested_in_another_way(streaming):
    async def other_code(both):
        await both.listen(5.0)
        return both.streams.status()["ankle"].rate_hz

    assert streaming(other_code, "witmotion", 200.0, device={"code_0a_is_200": True}) == pytest.approx(
        200.0, rel=0.02
    )


def test_a_sensor_that_drops_its_first_connections_is_retried_until_patience_ends(on_bench):
    async def restless(both):
        opening = asyncio.ensure_future(refusal(both))
        while not opening.done():
            await asyncio.sleep(0.5)
            both.sensors["ankle"].drop_link()
        return await opening

    error, took_s = on_bench(restless, patience_s=15.0)

    assert error.code == "connect_failed"
    assert "ankle" in error.message
    assert took_s < 60.0
