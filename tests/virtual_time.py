"""Virtual time: an event loop on real sockets whose clock jumps ahead whenever there is nothing left to do.

Hours pass in seconds, with the product's own times and without a single real wait. The clock stands still while
code runs; once every socket is quiet, it moves to the next timer. All clocks of the process move with it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import math
import selectors
from typing import Any, cast

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

_SETTLE = 0.0005
"""Real seconds for the kernel to carry what was written from one end of a loopback connection to the other."""

_START = datetime(2026, 11, 22, 9, tzinfo=UTC)

type _Ready = list[tuple[selectors.SelectorKey, int]]


class _Selector(selectors.BaseSelector):
    """A selector that lets time pass instead of waiting for it."""

    def __init__(self, pass_time: Callable[[float], None], is_working: Callable[[], bool]) -> None:
        self._real = selectors.DefaultSelector()
        self._pass_time = pass_time
        self._is_working = is_working

    def select(self, timeout: float | None = None) -> _Ready:
        if ready := self._real.select(0):
            return ready
        if timeout is not None and timeout <= 0:
            return []
        if timeout is None or self._is_working():
            # Only a thread can bring news, and threads live in real time; whoever waits for nothing may go on.
            return self._real.select(None if self._is_working() else 1)
        if ready := self._real.select(_SETTLE):
            return ready
        self._pass_time(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self, wall: FrozenDateTimeFactory) -> None:
        self._wall = wall
        self._now = 0.0
        self._jobs = 0
        super().__init__(_Selector(self._pass_time, lambda: self._jobs > 0))

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    def move_wall_clock(self, seconds: float) -> None:
        """Move the clock on the wall alone, as happens when the host sleeps or its clock is set."""
        self._wall.tick(timedelta(seconds=seconds))

    def _pass_time(self, seconds: float) -> None:
        # In whole microseconds, for the wall clock has no finer ones; upwards, or a timer might never be due.
        microseconds = math.ceil(seconds * 1e6)
        self._now += microseconds / 1e6
        self._wall.tick(timedelta(microseconds=microseconds))

    def run_in_executor[**P](
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run a function in a thread; virtual time waits for it."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._job_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Let the threads end; virtual time waits for them."""
        self._jobs += 1
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self._jobs -= 1

    def _job_done(self, _: object) -> None:
        self._jobs -= 1


@contextmanager
def virtual_clock() -> Iterator[FrozenDateTimeFactory]:
    """Hold all clocks of the process; the loops of `run` within move them."""
    with freeze_time(_START) as wall:
        yield cast(FrozenDateTimeFactory, wall)


def run[T](wall: FrozenDateTimeFactory, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end in a loop of its own, in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(wall)) as runner:
        return runner.run(main())
