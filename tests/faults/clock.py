"""The clock of these tests: virtual time that stops for a condition, so that seconds can be claimed and counted."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time

from tests.virtual_time import VirtualLoop


class Wall:
    """The clock on the wall, which goes with virtual time and can be moved by itself."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def tick(self, delta: timedelta) -> None:
        """Let time pass."""
        self._ahead += delta

    def utcnow(self) -> datetime:
        """Return the time it shows."""
        return datetime.now(UTC) + self._ahead


class Clock(VirtualLoop):
    """An event loop in virtual time that looks at conditions whenever the world has come to rest."""

    def __init__(self) -> None:
        self.wall = Wall()
        self.longest_work = 0.0
        """The longest that the loop was busy between two looks at its sockets, in seconds of processor time."""
        self._waiters: dict[asyncio.Future[None], Callable[[], object]] = {}
        super().__init__(self.wall)

    def __setattr__(self, name: str, value: object) -> None:
        # Home Assistant's test package gives every loop the real clock.
        if name != "time":
            super().__setattr__(name, value)

    async def until(self, condition: Callable[[], object], within: float) -> float:
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

    def _pass_time(self, seconds: float) -> None:
        met = [future for future, condition in self._waiters.items() if condition()]
        for future in met:
            if not future.done():
                future.set_result(None)
        if not met:
            super()._pass_time(seconds)

    def _run_once(self) -> None:
        started = time.thread_time()
        super()._run_once()
        self.longest_work = max(self.longest_work, time.thread_time() - started)


def clock() -> Clock:
    """Return the running test's clock."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clock)
    return loop


async def until(condition: Callable[[], object], *, within: float) -> float:
    """Wait until a condition holds, at most so many virtual seconds; return the seconds it took."""
    return await clock().until(condition, within)


async def pass_time(seconds: float) -> None:
    """Let virtual time go by, with everything that happens in it."""
    await asyncio.sleep(seconds)
