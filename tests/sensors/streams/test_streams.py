"""Both sensors stream their samples: none lost, none displaced, at their real rates."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from imu_reps import SampleBlock, SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.kinematics.clock.offline import fit_clock
from imu_reps.sensors import receiver as receiver_module
from imu_reps.sensors.receiver import ReceiverLimits

STREAMS = [
    ("witmotion", 100.0),
    ("witmotion", 200.0),
    ("open_profile", 100.0),
    ("open_profile", 200.0),
    ("movesense", 104.0),
    ("movesense", 208.0),
]


def recorded(streaming, name, rate_hz, seconds):
    async def recording(both):
        await both.listen(seconds)
        status = both.streams.status()
        await both.streams.close()
        both.items += await both.streams.items()
        return both, status

    return streaming(recording, name, rate_hz, longest_s=seconds + 100.0)


def hold_to_truth(both, place, name, rate_hz, seconds):
    block, numbers = both.block(place), both.numbers(place)
    true_rate_hz = both.feeds[place].true_rate_hz(numbers[0], numbers[-1])
    header = SensorHeader(rate_hz=rate_hz, counter="host" if name == "witmotion" else "device")

    assert set(np.diff(numbers)) == {1}
    assert len(numbers) == pytest.approx(true_rate_hz * seconds, abs=0.2 * rate_hz)
    assert fit_clock(block, header).clock.rate_hz == pytest.approx(true_rate_hz, rel=1e-3)


@pytest.mark.parametrize(("name", "rate_hz"), STREAMS)
def test_no_sample_is_lost_or_displaced_and_rates_are_real(streaming, name, rate_hz):
    both, status = recorded(streaming, name, rate_hz, 20.0)

    for place in SENSOR_PLACES:
        hold_to_truth(both, place, name, rate_hz, 20.0)
        assert both.states(place) == ["gone"]
        assert status[place].dropped == status[place].damaged == status[place].repeated == 0


@pytest.mark.soak
@pytest.mark.parametrize(("name", "rate_hz"), STREAMS)
def test_ten_minutes_without_a_sample_lost(streaming, name, rate_hz):
    both, _ = recorded(streaming, name, rate_hz, 600.0)

    for place in SENSOR_PLACES:
        hold_to_truth(both, place, name, rate_hz, 600.0)


def test_arrival_times_never_decrease_across_both_sensors(streaming):
    both, _ = recorded(streaming, "open_profile", 200.0, 10.0)
    blocks = [item for item in both.items if isinstance(item, SampleBlock)]
    arrivals = np.concatenate([block.time_s for block in blocks])

    assert {block.sensor for block in blocks} == set(SENSOR_PLACES)
    assert np.all(np.diff(arrivals) >= 0.0)


def test_samples_of_one_notification_share_their_arrival_time(streaming):
    both, _ = recorded(streaming, "open_profile", 100.0, 5.0)
    _, per_arrival = np.unique(both.block("ankle").time_s, return_counts=True)

    assert set(per_arrival) == {5}


def test_waiting_blocks_of_one_sensor_are_joined_and_waiting_loses_nothing(streaming):
    async def slowly(both):
        await asyncio.sleep(10.0)
        both.items = await both.streams.items()
        block_count = len(both.items)
        await both.listen(1.0)
        return both, block_count

    both, block_count = streaming(slowly)

    assert set(np.diff(both.numbers("pelvis"))) == set(np.diff(both.numbers("ankle"))) == {1}
    assert block_count < 0.9 * 10.0 * 2 * 20  # both send 20 notifications a second


def test_samples_that_are_never_taken_are_dropped_and_counted(streaming, monkeypatch):
    monkeypatch.setattr(receiver_module, "LIMITS", ReceiverLimits(max_waiting=1000))

    async def neglected(both):
        await asyncio.sleep(20.0)
        both.items = await both.streams.items()
        return both, both.streams.status()

    both, status = streaming(neglected)
    taken = len(both.block("pelvis")) + len(both.block("ankle"))
    dropped = status["pelvis"].dropped + status["ankle"].dropped

    assert 1000 <= taken < 1010
    assert taken + 5 * dropped == status["pelvis"].samples + status["ankle"].samples
    assert {state.state for state in status.values()} == {"streaming"}


def test_status_gives_rate_battery_identity_and_delay(streaming):
    _, status = recorded(streaming, "movesense", 104.0, 20.0)
    ankle = status["ankle"]

    assert ankle.state == "streaming"
    assert ankle.rate_hz == pytest.approx(104.0, rel=2e-3)
    assert ankle.battery_percent == 80.0
    assert ankle.identity
    assert ankle.firmware
    assert ankle.rssi_dbm == pytest.approx(-60, abs=12)
    assert ankle.samples == pytest.approx(20.0 * 104.0, abs=20)
    assert ankle.lost == 0
    assert 0.0 < ankle.delay_s < 0.06


def test_there_are_no_items_once_everything_is_closed_and_taken(streaming):
    async def ended(both):
        await both.streams.close()
        first, then = await both.streams.items(), await both.streams.items()
        return [getattr(item, "state", None) for item in first if not isinstance(item, SampleBlock)], then

    assert streaming(ended) == (["gone", "gone"], [])


def test_one_sensor_alone_streams_too(on_bench):
    async def alone(both):
        del both.requests["pelvis"]
        both.build_streams()
        await both.open()
        await both.listen(5.0)
        return both

    both = on_bench(alone)

    assert {item.sensor for item in both.items} == {"ankle"}
    assert set(np.diff(both.numbers("ankle"))) == {1}


def test_two_sensors_with_the_same_name_are_distinguished_by_address(streaming):
    async def twins(both):
        await both.listen(3.0)
        return both

    both = streaming(twins, sensor={"name": "WT901BLE68"})

    assert np.rint(both.block("pelvis").gyr_dps[:, 2]).min() == 100.0
    assert np.rint(both.block("ankle").gyr_dps[:, 2]).max() == -100.0
