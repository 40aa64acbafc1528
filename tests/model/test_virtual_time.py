"""The clock that the tests run on."""

from tests.helpers.virtual_time import virtual_loop, wait_until


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
