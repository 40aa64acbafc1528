"""Hours without a change, in virtual time: which timers fire, what is written to sockets and to states.

usage: python -m benchmarks.idle_hour FOLDER

Prints the counts of two hours as JSON: one before the stream has delivered its first update, so that the balances are
available because of snapshots alone, and one after it. Every coin has a price, and no market trades. It needs a process
of its own, because all its clocks are virtual. tests/test_cost.py checks the counts.
"""

import asyncio
from asyncio import selector_events
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import asdict, dataclass, field, replace
import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any
from unittest.mock import patch

import aiohttp
from homeassistant.const import CONF_REGION, EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import HassJob, HomeAssistant

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.helpers.virtual_time import VirtualLoop, wait_until

from .setting import (
    add_entry,
    amounts,
    counted_events,
    currencies,
    holdings,
    home_assistant,
    in_sync,
    update_received,
    values_available,
)

_REPOSITORY = Path(__file__).parent.parent
_HOUR = 3600.0
_HELD = 50
_REGION = "sg"
_TIMEOUT = 300

# Timers of a Home Assistant without the integration, and the one that ends the hour. Nothing more is left out, because
# a timer that Home Assistant's helpers make for the integration belongs to the integration.
_NOT_OURS = (
    "homeassistant.config_entries Store.",
    "homeassistant.helpers.device_registry ",
    "homeassistant.helpers.entity_registry ",
    "homeassistant.helpers.restore_state ",
    "homeassistant.helpers.storage ",
    "homeassistant.helpers.template ",
    "benchmarks/",
)

# Set for the exchange, which runs in the same loop. Tasks and callbacks inherit it from what created them.
_of_exchange: ContextVar[bool] = ContextVar("_of_exchange", default=False)


@dataclass(slots=True)
class Idle:
    """What happened in an idle hour, apart from what the exchange did."""

    timers: dict[str, list[float]] = field(default_factory=dict)
    """The times at which a timer fired, by its purpose."""
    writes: dict[str, int] = field(default_factory=dict)
    """The number of writes to sockets, by what was written."""
    states: int = 0
    events: int = 0


class _WatchedLoop(VirtualLoop):
    """A loop in virtual time that records which timers fire."""

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
    """Return the purpose of a timer; one that asyncio makes belongs to the task that waits."""
    called = _wrapped(callback, args)
    owner = getattr(called, "__self__", None)
    module = called.__module__ if owner is None else type(owner).__module__
    task = asyncio.current_task()
    if module.startswith("asyncio") and task is not None:
        coroutine = task.get_coro()
        file = coroutine.cr_code.co_filename.removeprefix(f"{_REPOSITORY}/").rpartition("site-packages/")[2]
        return f"{file} {coroutine.__qualname__}"
    name = f"{module} {getattr(called, '__qualname__', type(called).__qualname__)}"
    # Each connection has a heartbeat.
    return f"{name} {id(owner)}" if isinstance(owner, aiohttp.ClientWebSocketResponse) else name


def _wrapped(callback: Any, args: tuple[object, ...]) -> Any:
    """Return what a timer of one of Home Assistant's helpers calls for the user of the helper."""
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
    transport = selector_events._SelectorSocketTransport  # noqa: SLF001 - all writes pass through it
    write = transport.write

    def record(self: Any, data: bytes) -> None:
        if not _of_exchange.get():
            kind = _kind(bytes(data))
            idle.writes[kind] = idle.writes.get(kind, 0) + 1
        write(self, data)

    with patch.object(transport, "write", record):
        yield


def _kind(data: bytes) -> str:
    """Return what was written: a ping (RFC 6455, 5.2 and 5.5.2), a request, or anything else."""
    if data[:1] == b"\x89":
        return "ping"
    if data.startswith(b"GET "):
        return data.split()[1].partition(b"?")[0].decode()
    return "other"


async def _hour(loop: _WatchedLoop, hass: HomeAssistant) -> Idle:
    idle = loop.idle = Idle()
    with _watched_writes(idle), counted_events(hass) as events:
        await asyncio.sleep(_HOUR)
    loop.idle = None
    idle.states = events[EVENT_STATE_CHANGED] + events[EVENT_STATE_REPORTED]
    idle.events = events.total() - idle.states
    return idle


async def measure(folder: Path) -> dict[str, Idle]:
    """Set up an account and let an hour pass; then send one update, and let another hour pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _WatchedLoop)
    token = _of_exchange.set(True)
    exchange = SimulatedExchange(_REGION, holdings=holdings(_HELD), clock=loop.exchange_clock)
    for currency in currencies(_HELD):
        exchange.markets.list_market(f"SGD-{currency}", "2.95")
    await exchange.start()
    _of_exchange.reset(token)
    addresses = replace(REGIONS[_REGION], rest_url=exchange.rest_url, websocket_url=exchange.websocket_url)
    try:
        with patch.dict(REGIONS, {_REGION: addresses}):
            async with home_assistant(folder) as hass:
                data = {CONF_REGION: _REGION, CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}
                coordinator = (await add_entry(hass, "upbit", data)).runtime_data
                await wait_until(lambda: in_sync(coordinator) and values_available(coordinator))
                before = await _hour(loop, hass)
                await wait_until(lambda: in_sync(coordinator))
                exchange.account.set("C000", *amounts("C000", 1))
                await wait_until(lambda: update_received(coordinator))
                # Between two snapshots, or how many fall into the hour would depend on a microsecond.
                await asyncio.sleep(30)
                return {"before_update": before, "after_update": await _hour(loop, hass)}
    finally:
        await exchange.stop()


def run_apart(module: str, *arguments: str) -> Any:
    """Return what a module prints as JSON in a process of its own."""
    result = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        cwd=_REPOSITORY,
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(f"{module} failed:\n{result.stderr}")
    return json.loads(result.stdout)


def idle_hours(module: str = "benchmarks.idle_hour") -> dict[str, Any]:
    """Return the counts of an hour before the first update of the stream, and of one after it."""
    with tempfile.TemporaryDirectory(prefix="upbit-idle.") as folder:
        hours: dict[str, Any] = run_apart(module, folder)
    return hours


def least_gap(idle: Mapping[str, Any]) -> float:
    """Return the least time between two firings of a timer of the integration, in seconds.

    It is the mean of two such times in a row, because two calls of the price feed may be due at the same time.
    """
    ours = (times for name, times in idle["timers"].items() if not name.startswith(_NOT_OURS))
    return min(
        (later - earlier) / 2 for times in ours for earlier, later in zip(times, times[2:], strict=False)
    )


def main() -> None:
    """Print the counts."""
    with asyncio.Runner(loop_factory=_WatchedLoop) as runner:
        hours = runner.run(measure(Path(sys.argv[1])))
    print(json.dumps({name: asdict(idle) for name, idle in hours.items()}))


if __name__ == "__main__":
    main()
