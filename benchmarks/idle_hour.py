"""Hours without a change, in virtual time: which timers fire, what is written to sockets and to states.

usage: python -m benchmarks.idle_hour FOLDER

Prints the counts of two hours as JSON: one while the stream has not spoken yet, so that only snapshots can vouch for
the balances, and one after it has. A process of its own, because all of its clocks are virtual ones.
"""

import asyncio
from asyncio import selector_events
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import asdict, dataclass, field, replace
import json
from pathlib import Path
import sys
from typing import Any
from unittest.mock import patch

from homeassistant.const import CONF_REGION, EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import HassJob, HomeAssistant

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.helpers.virtual_time import VirtualLoop, wait_until

from .accounts import amounts, holdings
from .home_assistant import add_entry, counted_events, home_assistant

_REPOSITORY = Path(__file__).parent.parent
_HOUR = 3600.0
_HELD = 50
_REGION = "sg"

# What the exchange does in the same loop is not the integration's. Tasks and callbacks inherit it from their maker.
_of_exchange: ContextVar[bool] = ContextVar("_of_exchange", default=False)


@dataclass(slots=True)
class Idle:
    """What happened in an idle hour, but for the exchange's own doing."""

    timers: dict[str, list[float]] = field(default_factory=dict)
    """The times at which a timer fired, by what it was for."""
    writes: dict[str, int] = field(default_factory=dict)
    """The writes to sockets, by what was written."""
    states: int = 0
    events: int = 0


class _WatchedLoop(VirtualLoop):
    """A loop in virtual time that notes which timers fire."""

    idle: Idle | None = None

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        name = _name_of_timer(callback, args)
        of_exchange = _of_exchange.get()

        def fire() -> None:
            if self.idle is not None and not of_exchange:
                self.idle.timers.setdefault(name, []).append(self.time())
            callback(*args)

        return super().call_at(when, fire, context=context)


def _name_of_timer(callback: Callable[..., object], args: tuple[object, ...]) -> str:
    """Return what a timer is for; one of asyncio's own belongs to the task that waits."""
    called = _called_in_the_end(callback, args)
    owner = getattr(called, "__self__", None)
    module = called.__module__ if owner is None else type(owner).__module__
    task = asyncio.current_task()
    if module.startswith("asyncio") and task is not None:
        coroutine = task.get_coro()
        file = coroutine.cr_code.co_filename.removeprefix(f"{_REPOSITORY}/").rpartition("site-packages/")[2]
        return f"{file} {coroutine.__qualname__}"
    return f"{module} {getattr(called, '__qualname__', type(called).__qualname__)}"


def _called_in_the_end(callback: Any, args: tuple[object, ...]) -> Any:
    """Return what a timer of one of Home Assistant's helpers calls: what the helper was given to call."""
    while True:
        owner = getattr(callback, "__self__", callback)
        given: list[Any] = []
        if type(owner).__module__.startswith(("functools", "homeassistant.")):
            given += (getattr(owner, name, None) for name in ("func", "action", "target", "job", "_job"))
        given += (each for each in args if isinstance(each, HassJob))
        behind = next((each for each in given if callable(each) or isinstance(each, HassJob)), None)
        if behind is None:
            return callback
        callback, args = behind, ()


@contextmanager
def _watched_writes(idle: Idle) -> Iterator[None]:
    transport = selector_events._SelectorSocketTransport  # noqa: SLF001 - where all writes come by
    write = transport.write

    def note(self: Any, data: bytes) -> None:
        if not _of_exchange.get():
            kind = _kind(bytes(data))
            idle.writes[kind] = idle.writes.get(kind, 0) + 1
        write(self, data)

    with patch.object(transport, "write", note):
        yield


def _kind(data: bytes) -> str:
    """Return what was written: a ping (RFC 6455, 5.2 and 5.5.2), a request, or anything else."""
    if data[:1] == b"\x89":
        return "ping"
    if data.startswith(b"GET "):
        return data.split()[1].decode()
    return "other"


async def _hour(loop: _WatchedLoop, hass: HomeAssistant) -> Idle:
    idle = loop.idle = Idle()
    with _watched_writes(idle), counted_events(hass) as events:
        await asyncio.sleep(_HOUR)
    loop.idle = None
    idle.states = events[EVENT_STATE_CHANGED] + events[EVENT_STATE_REPORTED]
    idle.events = events.total() - idle.states
    return idle


async def idle_hours(folder: Path) -> dict[str, Idle]:
    """Set an account up and let an hour pass; then let its stream speak once, and another hour pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _WatchedLoop)
    token = _of_exchange.set(True)
    exchange = SimulatedExchange(_REGION, holdings=holdings(_HELD))
    await exchange.start()
    _of_exchange.reset(token)
    addresses = replace(REGIONS[_REGION], rest_url=exchange.rest_url, websocket_url=exchange.websocket_url)
    try:
        with patch.dict(REGIONS, {_REGION: addresses}):
            async with home_assistant(folder) as hass:
                data = {CONF_REGION: _REGION, CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}
                coordinator = (await add_entry(hass, "upbit", data)).runtime_data
                await wait_until(lambda: coordinator.health.complete)
                silent = await _hour(loop, hass)
                await wait_until(lambda: coordinator.health.complete)
                exchange.account.set("C000", *amounts("C000", 1))
                await wait_until(lambda: coordinator.health.spoke)
                # The next snapshot was due before the stream spoke; those after it know that it does.
                await coordinator.async_refresh()
                return {"silent": silent, "spoken": await _hour(loop, hass)}
    finally:
        await exchange.stop()


def main() -> None:
    """Print the counts."""
    with asyncio.Runner(loop_factory=_WatchedLoop) as runner:
        hours = runner.run(idle_hours(Path(sys.argv[1])))
    print(json.dumps({name: asdict(idle) for name, idle in hours.items()}))


if __name__ == "__main__":
    main()
