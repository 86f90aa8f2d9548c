"""A stream that stops on a live link is noticed within seconds and restored by the mildest means first."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.domain.samples import SENSOR_PLACES

pytestmark = pytest.mark.faults

FAMILIES = [("witmotion", 100.0), ("open_profile", 100.0), ("movesense", 104.0)]


def fallen_silent(streaming, name, rate_hz, place, cure, seconds):
    async def falling(both):
        await both.listen(5.0)
        both.sensors[place].stop_streaming(cure)
        noticed_s = await both.listen_until(place, "silent", 10.0)
        await both.listen(seconds)
        return both, noticed_s, both.streams.status()

    return streaming(falling, name, rate_hz)


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_subscribing_again_is_tried_first(streaming, other, name, rate_hz, place):
    both, noticed_s, status = fallen_silent(streaming, name, rate_hz, place, "subscribed", 10.0)

    assert 1.9 < noticed_s < 2.5
    assert both.states(place) == ["silent", "streaming"]
    assert status[place].rate_hz == pytest.approx(rate_hz, rel=0.02)
    assert len(both.numbers(place)) == both.delivered_samples(place)
    assert both.states(other(place)) == []


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_connecting_again_comes_next(streaming, name, rate_hz):
    both, _, status = fallen_silent(streaming, name, rate_hz, "ankle", "connected", 20.0)

    assert both.states("ankle") == ["silent", "away", "connecting", "connected", "streaming"]
    assert status["ankle"].rate_hz == pytest.approx(rate_hz, rel=0.02)
    assert set(np.diff(both.numbers("pelvis"))) == {1}


def test_a_silent_sensor_is_retried_forever_while_the_other_records(streaming):
    both, _, status = fallen_silent(streaming, "open_profile", 100.0, "ankle", "never", 70.0)

    assert both.states("ankle").count("connected") > 3
    assert "streaming" not in both.states("ankle")
    assert status["ankle"].state != "streaming"
    assert set(np.diff(both.numbers("pelvis"))) == {1}
    assert np.diff(both.block("pelvis").time_s).max() < 0.4


def test_a_stall_shorter_than_the_watchdog_disturbs_nothing(streaming):
    async def stalling(both):
        await both.listen(3.0)
        both.sensors["ankle"].stop_streaming()
        await both.listen(1.5)
        both.sensors["ankle"].go_on()
        await both.listen(3.0)
        return both

    assert streaming(stalling).states("ankle") == []
