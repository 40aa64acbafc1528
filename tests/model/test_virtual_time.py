"""The clock that the tests run on."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.helpers.virtual_time import run, virtual_loop, wait_until


async def test_timer_that_is_called_early_and_set_again_does_not_stop_the_clock() -> None:
    """asyncio calls a timer up to a nanosecond early. Time passes meanwhile, also where something is always ready."""
    loop = virtual_loop()
    early = loop.time() + 0.1
    due_at = early + 1e-10
    calls: list[float] = []

    def on_time() -> None:
        calls.append(loop.time())
        if loop.time() < due_at and len(calls) < 10:
            loop.call_at(due_at, on_time)
            loop.call_soon(lambda: None)

    loop.call_at(early, lambda: None)
    loop.call_at(due_at, on_time)
    await wait_until(lambda: calls and calls[-1] >= due_at)
    assert len(calls) <= 2


def test_wall_clock_moves_with_virtual_time_and_is_given_back() -> None:
    async def pass_an_hour() -> tuple[datetime, datetime]:
        started = datetime.now(UTC)
        await asyncio.sleep(3600)
        return started, datetime.now(UTC)

    before = datetime.now(UTC)
    started, ended = run(pass_an_hour())
    assert (started.hour, started.minute) == (1, 0)
    assert timedelta(hours=1) <= ended - started < timedelta(hours=1, minutes=1)
    assert timedelta() <= datetime.now(UTC) - before < timedelta(minutes=1)
