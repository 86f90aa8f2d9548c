"""Doubled, truncated, garbled and flooding packets are counted, and every readable sample is kept."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.sim.radio.link_plan import Faults

pytestmark = pytest.mark.faults

FAMILIES = [("witmotion", 100.0), ("open_profile", 100.0), ("movesense", 104.0)]


def recorded(streaming, name, rate_hz, faults):
    async def spoiling(both):
        for place in SENSOR_PLACES:
            both.sensors[place].faults = faults
        await both.listen(20.0)
        return both, both.streams.status()

    return streaming(spoiling, name, rate_hz)


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES[1:])
def test_repeated_packets_are_dropped_by_their_numbers(streaming, name, rate_hz):
    both, status = recorded(streaming, name, rate_hz, Faults(duplicate=0.1))

    for place in SENSOR_PLACES:
        assert set(np.diff(both.numbers(place))) == {1}
        assert status[place].repeated > 20
        assert status[place].samples + status[place].repeated == both.delivered_samples(place) + (
            status[place].repeated
        )


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
@pytest.mark.parametrize("fault", ["truncate", "garble", "garbage"])
def test_spoilt_packets_do_not_end_the_stream(streaming, name, rate_hz, fault):
    both, status = recorded(streaming, name, rate_hz, Faults(**{fault: 0.03}))

    for place in SENSOR_PLACES:
        assert both.states(place) == []
        assert status[place].state == "streaming"
        assert status[place].samples > 0.9 * 20.0 * rate_hz
        assert len(both.block(place)) == status[place].samples == both.delivered_samples(place)


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_truncated_packets_are_counted_as_damaged(streaming, name, rate_hz):
    _, status = recorded(streaming, name, rate_hz, Faults(truncate=0.05))

    assert status["pelvis"].damaged > 5
    assert status["ankle"].damaged > 5


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES[1:])
def test_lost_packets_are_counted_by_the_numbering(streaming, name, rate_hz):
    both, status = recorded(streaming, name, rate_hz, Faults(loss=0.05))

    for place in SENSOR_PLACES:
        missing = np.diff(both.numbers(place)) - 1
        assert missing.min() == 0
        assert status[place].lost == missing.sum() > 0


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_a_flood_of_notifications_ends_nothing(streaming, name, rate_hz):
    async def flooded(both):
        await both.listen(3.0)
        both.sensors["ankle"].storm(3000)
        await both.listen(15.0)
        return both, both.streams.status()

    both, status = streaming(flooded, name, rate_hz)

    assert status["ankle"].state == status["pelvis"].state == "streaming"
    assert set(np.diff(both.numbers("pelvis"))) == {1}
    assert status["pelvis"].dropped == status["ankle"].dropped == 0
    assert len(both.block("ankle")) == both.delivered_samples("ankle")
