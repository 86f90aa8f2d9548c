"""Snapshots are replaced, moments are kept, and the sender never waits."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from imu_reps import Header, Settings
from imu_reps.view.session_snapshot import Counted, Moment, Snapshot, initial_snapshot
from imu_reps.web.access import LIMITS
from imu_reps.web.hub import Hub, Mailbox

FIRST = initial_snapshot(Header(), Settings())


def joined(hub: Hub) -> Mailbox:
    """Return the mailbox of a new viewer."""
    mailbox = hub.join()
    assert mailbox is not None
    return mailbox


def test_a_new_viewer_gets_the_snapshot_at_once() -> None:
    async def received() -> tuple[Snapshot, list[Moment]]:
        return await joined(Hub(replace(FIRST, count=7))).take()

    snapshot, moments = asyncio.run(received())

    assert snapshot.count == 7
    assert moments == []


def test_a_slow_viewer_gets_the_latest_snapshot_and_every_moment_in_order() -> None:
    async def received() -> tuple[Snapshot, list[Moment]]:
        hub = Hub(FIRST)
        mailbox = joined(hub)
        await mailbox.take()
        for count in range(1, 101):
            hub.show(replace(FIRST, count=count), Counted(float(count), count))
        return await mailbox.take()

    snapshot, moments = asyncio.run(received())

    assert snapshot.count == 100
    assert [moment.count for moment in moments if isinstance(moment, Counted)] == list(range(1, 101))


def test_snapshots_come_no_faster_than_can_be_seen() -> None:
    async def received() -> int:
        hub, taken = Hub(FIRST), 0
        mailbox = joined(hub)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + 1.0

        async def moving() -> None:
            for tick in range(200):
                hub.show(replace(FIRST, time_s=tick / 200))
                await asyncio.sleep(0.005)

        moves = asyncio.create_task(moving())
        while loop.time() < end_s:
            await mailbox.take()
            taken += 1
        await moves
        return taken

    taken = asyncio.run(received())

    assert taken <= LIMITS.snapshots_hz + 2
    assert taken >= LIMITS.snapshots_hz / 3


def test_a_moment_does_not_wait_for_the_next_snapshot() -> None:
    async def delay_s() -> float:
        hub = Hub(FIRST)
        mailbox = joined(hub)
        await mailbox.take()
        events: list[float] = []

        def emit() -> None:
            events.append(time.perf_counter())
            hub.show(FIRST, Counted(0.0, 1))

        threading.Timer(0.1, emit).start()
        _, moments = await mailbox.take()
        while not moments:
            _, moments = await mailbox.take()
        return time.perf_counter() - events[0]

    assert asyncio.run(delay_s()) < 1.0 / LIMITS.snapshots_hz


def test_without_changes_a_viewer_still_gets_a_heartbeat() -> None:
    async def delay_s() -> float:
        mailbox = joined(Hub(FIRST))
        await mailbox.take()
        began_s = asyncio.get_running_loop().time()
        await mailbox.take()
        return asyncio.get_running_loop().time() - began_s

    assert LIMITS.heartbeat_s * 0.9 <= asyncio.run(delay_s()) < LIMITS.heartbeat_s * 2


def test_a_viewer_that_reads_nothing_costs_bounded_memory_and_is_marked_as_behind() -> None:
    async def remaining() -> tuple[bool, int]:
        hub = Hub(FIRST)
        mailbox = joined(hub)
        for count in range(10 * LIMITS.max_moments):
            hub.show(FIRST, Counted(0.0, count))
        _, moments = await mailbox.take()
        return mailbox.behind, len(moments)

    behind, moment_count = asyncio.run(remaining())

    assert behind
    assert moment_count == LIMITS.max_moments


def test_nobody_waits_for_a_viewer_that_reads_nothing() -> None:
    async def shown_s() -> float:
        hub = Hub(FIRST)
        for _ in range(LIMITS.max_viewers):
            joined(hub)
        began_s = time.perf_counter()
        for count in range(1000):
            hub.show(replace(FIRST, count=count), Counted(0.0, count))
        return (time.perf_counter() - began_s) / 1000

    assert asyncio.run(shown_s()) < 0.005


def test_a_viewer_of_a_stopped_server_disturbs_nobody() -> None:
    hub = Hub(FIRST)

    async def join() -> None:
        joined(hub)

    asyncio.run(join())
    hub.show(FIRST, Counted(0.0, 1))

    assert hub.viewers == 1


def test_the_number_of_viewers_is_limited() -> None:
    async def join_all() -> list[Mailbox | None]:
        hub = Hub(FIRST)
        all_of_them = [hub.join() for _ in range(LIMITS.max_viewers + 1)]
        hub.leave(joined_first := all_of_them[0])  # type: ignore[arg-type]
        assert joined_first is not None
        return [*all_of_them, hub.join()]

    *joined_viewers, late, replacement = asyncio.run(join_all())

    assert all(joined_viewers)
    assert late is None
    assert replacement is not None


@pytest.mark.parametrize("writers", [4])
def test_moments_from_several_threads_all_arrive(writers: int) -> None:
    async def received() -> set[int]:
        hub, counts = Hub(FIRST), set[int]()
        mailbox = joined(hub)

        def write(which: int) -> None:
            for number in range(50):
                hub.show(FIRST, Counted(0.0, 50 * which + number))
                time.sleep(0.0005)

        threads = [threading.Thread(target=write, args=(which,)) for which in range(writers)]
        for thread in threads:
            thread.start()
        while len(counts) < 50 * writers:
            _, moments = await asyncio.wait_for(mailbox.take(), 5.0)
            counts |= {moment.count for moment in moments if isinstance(moment, Counted)}
        return counts

    assert asyncio.run(received()) == set(range(50 * writers))
