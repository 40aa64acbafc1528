"""Virtual time: an event loop on real sockets whose clock jumps ahead whenever there is nothing left to do.

Hours pass in seconds, with the product's own timings and without a single real wait. The clock stands still while
code runs. Once every socket is quiet, it moves to the next timer, and the wall clock of the process with it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
import math
import selectors
import sys
import time
from typing import Any

import time_machine

_SETTLE = 0 if sys.platform == "linux" else 0.001
"""Real seconds for the kernel to carry what was written from one end of a loopback connection to the other.

Linux has carried it when the call that wrote it returns.
"""

_STEP = 0.005
"""Seconds between two checks of conditions in real time."""

_ROUNDING = 1e-6
"""Seconds: times are sums of floats, and without these two of them may be less apart than what was waited for."""

_START = datetime(2026, 11, 20, 1, tzinfo=UTC)
"""When virtual time begins: the same in every run, and long before midnight, at which values change."""

type _Ready = list[tuple[selectors.SelectorKey, int]]


class _Selector(selectors.DefaultSelector):
    """A selector that lets virtual time pass instead of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> _Ready:
        if ready := super().select(0):
            return ready
        if timeout is not None and timeout <= 0:
            return []
        if timeout is None or self._loop.jobs:
            # Only a thread can end the wait, and threads run in real time.
            return super().select(None if self._loop.jobs else 1)
        started = time.monotonic()
        if ready := super().select(min(timeout, _STEP) if self._loop.real_time else _SETTLE):
            return ready
        self._loop.pass_time(time.monotonic() - started if self._loop.real_time else timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time that checks conditions whenever nothing is left to do."""

    def __init__(self) -> None:
        self.longest_work = 0.0
        """The longest that the loop was busy between two checks of its sockets, in seconds of processor time."""
        self.jobs = 0
        """Functions that run in threads of the loop: virtual time waits for them."""
        self.real_time = False
        """Whether time passes as it does outside, because threads work outside of the loop."""
        self._now = 0.0
        self._moved_alone = timedelta()
        self._waiters: dict[asyncio.Future[None], Callable[[], object]] = {}
        self._travel = time_machine.travel(_START)
        self._wall_clock = self._travel.start()
        super().__init__(_Selector(self))

    def close(self) -> None:
        """Close the loop, and give the process its wall clock back."""
        if not self.is_closed():
            self._travel.stop()
        super().close()

    def __setattr__(self, name: str, value: object) -> None:
        # Home Assistant's test package gives every loop the real clock.
        if name != "time":
            super().__setattr__(name, value)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    def move_wall_clock(self, seconds: float) -> None:
        """Move the wall clock alone, as when the host was suspended or its clock was set."""
        self._moved_alone += timedelta(seconds=seconds)
        self._wall_clock.shift(timedelta(seconds=seconds))

    def exchange_clock(self) -> int:
        """Return the time of a simulated exchange in milliseconds, whatever the clock of this host alone does."""
        return int((datetime.now(UTC) - self._moved_alone).timestamp() * 1000)

    async def wait_until(self, condition: Callable[[], object], within: float) -> float:
        """Wait until a condition holds, at most so many virtual seconds; return the seconds it took."""
        started = self.time()
        reached = self.create_future()
        self._waiters[reached] = condition
        try:
            async with asyncio.timeout(within):
                await reached
        except TimeoutError:
            raise AssertionError(f"the condition does not hold after {within} s") from None
        finally:
            del self._waiters[reached]
        return self.time() - started

    def pass_time(self, seconds: float) -> None:
        """Move the clocks, unless a condition that somebody waits for holds."""
        met = [future for future, condition in self._waiters.items() if condition()]
        for future in met:
            if not future.done():
                future.set_result(None)
        if met:
            return
        # In whole microseconds, because the wall clock has no finer ones. Upwards, or a timer might never be due.
        microseconds = math.ceil(seconds * 1e6)
        self._now += microseconds / 1e6
        if not self.real_time:
            self._wall_clock.shift(timedelta(microseconds=microseconds))

    def _run_once(self) -> None:
        # asyncio calls a timer that is due within its resolution. Where it is then set for the same time again, and
        # something is always ready, time would never pass.
        if self._scheduled and 0 < self._scheduled[0].when() - self._now < self._clock_resolution:
            self._now = self._scheduled[0].when()
        started = time.thread_time()
        super()._run_once()
        self.longest_work = max(self.longest_work, time.thread_time() - started)

    def run_in_executor[**P](
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run a function in a thread; virtual time waits for it."""
        future = super().run_in_executor(executor, func, *args)
        self.jobs += 1
        future.add_done_callback(self._job_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Let the threads end; virtual time waits for them."""
        self.jobs += 1
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self.jobs -= 1

    def _job_done(self, _: object) -> None:
        self.jobs -= 1


def virtual_loop() -> VirtualLoop:
    """Return the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


async def wait_until(condition: Callable[[], object], within: float = 10) -> float:
    """Wait until a condition holds, at most so many virtual seconds; return the seconds it took."""
    return await virtual_loop().wait_until(condition, within)


async def pass_time(seconds: float) -> None:
    """Let virtual time pass, with everything that happens in it."""
    await asyncio.sleep(seconds + _ROUNDING)


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
