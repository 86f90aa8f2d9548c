"""A lost link comes back by itself while the other goes on, and nothing that arrived is lost."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.sensors.stream_items import Restarted
from imu_reps.sim.radio.link_plan import BLUEZ, Faults, Quirks

pytestmark = pytest.mark.faults

FAMILIES = [("witmotion", 100.0), ("open_profile", 100.0), ("movesense", 104.0)]
BACK = ["away", "connecting", "connected", "streaming"]
#: A search for the sensor begins within the longest pause; connecting and starting take 1 to 2 s.
BACK_WITHIN_S = 8.0


def hold_undisturbed(both, place):
    """Check that the sensor has no gap, no pause and no link change."""
    assert set(np.diff(both.numbers(place))) == {1}
    assert np.diff(both.block(place).time_s).max() < 0.4
    assert both.states(place) == []


def hold_all_that_was_delivered(both, place):
    numbers = both.numbers(place)

    assert len(numbers) == both.delivered_samples(place)
    assert np.all(np.diff(numbers) > 0)


@pytest.mark.parametrize("away_s", [3.0, 30.0])
@pytest.mark.parametrize("place", SENSOR_PLACES)
@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_a_sensor_that_vanishes_comes_back(streaming, other, name, rate_hz, place, away_s):
    async def vanishing(both):
        await both.listen(5.0)
        both.sensors[place].vanish()
        await both.listen(away_s)
        both.sensors[place].return_()
        took_s = await both.listen_until(place, "streaming", 60.0)
        await both.listen(5.0)
        return both, took_s, both.streams.status()[place]

    both, took_s, status = streaming(vanishing, name, rate_hz)
    numbers = both.numbers(place)

    hold_undisturbed(both, other(place))
    hold_all_that_was_delivered(both, place)
    assert both.states(place) == BACK
    assert took_s < BACK_WITHIN_S
    assert np.count_nonzero(np.diff(numbers) > 1) <= 1
    assert status.repeated == status.restarts == 0


def test_the_course_of_a_link_is_in_the_log(streaming, caplog):
    async def losing(both):
        await both.listen(3.0)
        both.sensors["ankle"].faults = Faults(truncate=0.2)
        await both.listen(3.0)
        both.sensors["ankle"].vanish()
        await both.listen(20.0)
        both.sensors["ankle"].return_()
        await both.listen_until("ankle", "streaming", 60.0)

    with caplog.at_level("DEBUG", logger="imu_reps"):
        streaming(losing)
    log = caplog.text

    for words in ("scan: 2 heard", "asked for 100 Hz", "cannot be read", ": away", "ankle: streaming"):
        assert words in log
    assert log.index(": away") < log.rindex("): connected") < log.rindex("ankle: streaming")


@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_a_sensor_that_is_gone_for_good_does_not_disturb_the_other(streaming, other, place):
    async def going(both):
        await both.listen(5.0)
        both.sensors[place].vanish()
        await both.listen(60.0)
        return both, both.streams.status()[place]

    both, status = streaming(going)

    hold_undisturbed(both, other(place))
    hold_all_that_was_delivered(both, place)
    assert both.states(place)[0] == "away"
    assert "streaming" not in both.states(place)
    assert (status.state, status.rate_hz, status.delay_s) == ("away", None, None)


async def vanish_and_return(both, away_s):
    """Let both sensors vanish after three seconds, for some time."""
    await both.listen(3.0)
    for place in SENSOR_PLACES:
        both.sensors[place].vanish()
    await both.listen(away_s)
    for place in SENSOR_PLACES:
        both.sensors[place].return_()


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_both_vanish_and_both_come_back(streaming, name, rate_hz):
    async def vanishing(both):
        await vanish_and_return(both, 10.0)
        await both.listen(25.0)
        return both, both.streams.status()

    both, status = streaming(vanishing, name, rate_hz)

    for place in SENSOR_PLACES:
        hold_all_that_was_delivered(both, place)
        assert both.states(place) == BACK
        assert status[place].rate_hz == pytest.approx(rate_hz, rel=0.02)


@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
@pytest.mark.parametrize("place", SENSOR_PLACES)
def test_a_sensor_that_reboots_streams_again_and_is_marked_as_restarted(
    streaming, other, name, rate_hz, place
):
    async def rebooting(both):
        await both.listen(5.0)
        both.sensors[place].reboot()
        await both.listen(15.0)
        return both, both.streams.status()[place]

    both, status = streaming(rebooting, name, rate_hz)
    restarts = [item for item in both.items if isinstance(item, Restarted)]
    has_clock = name != "witmotion"

    hold_undisturbed(both, other(place))
    hold_all_that_was_delivered(both, place)
    assert both.states(place) == BACK
    assert [item.sensor for item in restarts] == [place] * has_clock
    assert status.restarts == has_clock
    assert status.rate_hz == pytest.approx(rate_hz, rel=0.02)


def test_a_restarted_clock_begins_anew_and_is_announced_before_its_samples(streaming):
    async def rebooting(both):
        await both.listen(5.0)
        both.sensors["ankle"].reboot()
        await both.listen(15.0)
        return both

    both = streaming(rebooting)
    place = next(i for i, item in enumerate(both.items) if isinstance(item, Restarted))
    before = [item for item in both.items[:place] if getattr(item, "sensor", "") == "ankle"]
    after = [item for item in both.items[place:] if getattr(item, "sensor", "") == "ankle"]
    last_s = [item.device_time_s[-1] for item in before if hasattr(item, "device_time_s")][-1]
    first_s = next(item.device_time_s[0] for item in after if hasattr(item, "device_time_s"))

    assert last_s > 4000.0
    assert first_s < 20.0


def test_numbers_and_device_time_continue_across_a_reconnection(streaming):
    async def dropping(both):
        await both.listen(5.0)
        both.sensors["ankle"].drop_link()
        await both.listen(10.0)
        return both

    both = streaming(dropping)
    block = both.block("ankle")

    assert both.states("ankle") == BACK
    assert np.all(np.diff(block.sample) > 0)
    assert np.all(np.diff(block.device_time_s) > 0)


def test_an_adapter_that_disappears_comes_back_with_both_sensors(streaming):
    async def unplugging(both):
        await both.listen(3.0)
        both.air.power_off()
        await both.listen(20.0)
        both.air.power_on()
        await both.listen(25.0)
        return both, both.streams.status()

    both, status = streaming(unplugging)

    for place in SENSOR_PLACES:
        hold_all_that_was_delivered(both, place)
        assert both.states(place)[0] == "away"
        assert both.states(place)[-1] == "streaming"
        assert status[place].rate_hz == pytest.approx(100.0, rel=0.02)


@pytest.mark.parametrize(
    "quirks",
    [BLUEZ, Quirks(busy_scanning=True), Quirks(cut_discoveries=(2, 3)), Quirks(settle_s=0.6)],
    ids=["bluez", "busy scanning", "discovery cut off", "long unsettled"],
)
@pytest.mark.parametrize(("name", "rate_hz"), FAMILIES)
def test_both_come_back_despite_known_bluez_quirks(streaming, name, rate_hz, quirks):
    async def vanishing(both):
        await vanish_and_return(both, 3.0)
        await both.listen(30.0)
        began_s = asyncio.get_running_loop().time()
        status = both.streams.status()
        await both.streams.close()
        return both, status, asyncio.get_running_loop().time() - began_s

    both, status, close_s = streaming(vanishing, name, rate_hz, quirks=quirks)

    for place in SENSOR_PLACES:
        hold_all_that_was_delivered(both, place)
        assert both.states(place)[-1] == "streaming"
        assert status[place].repeated == 0
    assert close_s < 3.0  # both are closed at once; one alone takes up to 2.7 s


@pytest.mark.parametrize("cut", [(0,), (0, 1), (1, 2)])
def test_the_first_connection_survives_an_interrupted_service_discovery(streaming, cut):
    async def opening(both):
        return both.streams.status()

    status = streaming(opening, quirks=Quirks(cut_discoveries=cut))

    assert {one.state for one in status.values()} == {"streaming"}


@pytest.mark.parametrize(
    ("battery_percent", "detail"), [(80.0, "the connection broke"), (7.0, "its battery was at 7 %")]
)
def test_a_loss_names_its_likely_cause(streaming, battery_percent, detail):
    async def dropping(both):
        both.sensors["ankle"].drop_link()
        await both.listen(5.0)
        return both

    assert (
        streaming(dropping, device={"battery_percent": battery_percent}).changes("ankle")[0].detail == detail
    )


def test_an_internal_error_is_raised_where_items_are_awaited(streaming, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    async def failing(both):
        monkeypatch.setattr(both.streams._receivers["ankle"], "take", broken)
        await both.listen(5.0)

    with pytest.raises(ZeroDivisionError):
        streaming(failing)
