"""Simulated time: nothing waits, everything keeps its order, and it ends as cleanly as a real loop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator

import pytest

from imu_reps.sim.radio import fast_loop
from imu_reps.sim.radio.fast_loop import DeadlockError, LoopLimits, run


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_an_hour_of_waiting_takes_no_time() -> None:
    async def wait() -> float:
        began_s = now_s()
        await asyncio.sleep(3600.0)
        return now_s() - began_s

    began_s = time.monotonic()

    assert run(wait()) == pytest.approx(3600.0, abs=1e-6)
    assert time.monotonic() - began_s < 5.0


def test_time_stands_still_while_code_runs() -> None:
    async def work() -> tuple[float, float]:
        before_s = now_s()
        time.sleep(0.02)
        await asyncio.sleep(0.0)
        return before_s, now_s()

    before_s, after_s = run(work())

    assert before_s == after_s


def test_timers_fire_in_order_at_their_own_time() -> None:
    async def main() -> list[float]:
        began_s, rung_s = now_s(), []
        for delay_s in (0.3, 0.1, 0.2, 0.1):
            asyncio.get_running_loop().call_later(delay_s, lambda: rung_s.append(now_s() - began_s))
        await asyncio.sleep(1.0)
        return rung_s

    assert run(main()) == pytest.approx([0.1, 0.1, 0.2, 0.3], abs=1e-6)


def test_a_timeout_ends_a_wait_at_its_time() -> None:
    async def main() -> float:
        began_s = now_s()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9.0), 3.0)
        return now_s() - began_s

    assert run(main()) == pytest.approx(5.0, abs=1e-6)


def test_a_queue_passes_items_between_tasks() -> None:
    async def main() -> list[tuple[int, float]]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        began_s = now_s()

        async def produce() -> None:
            for number in range(3):
                await asyncio.sleep(1.0)
                await queue.put(number)

        producer = asyncio.create_task(produce())
        taken = [(await queue.get(), now_s() - began_s) for _ in range(3)]
        await producer
        return taken

    assert [(n, pytest.approx(s)) for n, s in run(main())] == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_remaining_tasks_and_generators_are_ended() -> None:
    ended = []

    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 0
        finally:
            ended.append("generator")

    async def waits() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            await asyncio.sleep(1.0)
            ended.append("task")

    generator = endless()

    async def main() -> None:
        asyncio.create_task(waits()).set_name("left over")
        await anext(generator)
        await asyncio.sleep(1.0)

    run(main())

    assert sorted(ended) == ["generator", "task"]


def test_work_in_a_thread_takes_no_simulated_time() -> None:
    async def main() -> tuple[str, float]:
        began_s = now_s()
        asyncio.get_running_loop().call_later(5.0, lambda: None)
        async with asyncio.timeout(1.0):
            result = await asyncio.to_thread(lambda: time.sleep(0.1) or "done")
        return result, now_s() - began_s

    assert run(main()) == ("done", 0.0)


def test_another_thread_can_schedule_a_call() -> None:
    async def main() -> str:
        loop, called = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        caller = threading.Timer(0.05, lambda: loop.call_soon_threadsafe(called.set_result, "called"))
        caller.start()
        result = await called
        caller.join()
        return str(result)

    assert run(main()) == "called"


def test_waiting_forever_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_loop, "LIMITS", LoopLimits(patience_s=0.3))

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run(main())


def test_an_exception_is_raised() -> None:
    async def main() -> None:
        await asyncio.sleep(1.0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main())


def test_paced_time_runs_at_its_speed() -> None:
    async def main() -> float:
        began_s = now_s()
        await asyncio.sleep(2.0)
        return now_s() - began_s

    began_s = time.monotonic()
    simulated_s = run(main(), speed=10.0)
    took_s = time.monotonic() - began_s

    assert simulated_s == pytest.approx(2.0, abs=1e-6)
    assert 0.2 <= took_s < 2.0


def test_late_paced_time_catches_up_without_skipping() -> None:
    async def main() -> list[float]:
        began_s, rung_s = now_s(), []
        time.sleep(0.2)
        for _ in range(4):
            await asyncio.sleep(0.5)
            rung_s.append(now_s() - began_s)
        return rung_s

    began_s = time.monotonic()
    rung_s = run(main(), speed=10.0)

    assert rung_s == pytest.approx([0.5, 1.0, 1.5, 2.0], abs=1e-6)
    assert time.monotonic() - began_s < 0.4


def test_work_in_a_thread_takes_no_more_simulated_than_real_time_at_any_speed() -> None:
    async def main() -> float:
        ticking = asyncio.create_task(_tick())
        time.sleep(0.1)  # behind its time, which is not caught up while a thread works
        began_s = now_s()
        await asyncio.to_thread(time.sleep, 0.2)
        took_s = now_s() - began_s
        ticking.cancel()
        return took_s

    async def _tick() -> None:
        while True:
            await asyncio.sleep(0.01)

    assert 0.1 < run(main(), speed=50.0) < 2.0


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread"
)
@pytest.mark.parametrize("speed", [1.0, None])
def test_ctrl_c_ends_a_run_and_its_clean_up(speed: float | None) -> None:
    cleaned = []

    async def main() -> None:
        try:
            while True:
                await asyncio.sleep(1.0)
        finally:
            cleaned.append(True)

    interrupt = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        run(main(), speed)
    interrupt.join()

    assert cleaned == [True]
