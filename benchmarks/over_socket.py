"""What is received over a real socket: frames a second, and the delay from the exchange's send to the state."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
import json
from statistics import median, quantiles
from time import monotonic_ns
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.api.wire import subscription
from custom_components.upbit.entity import balance_key, unique_id
from simulator import ACCESS_KEY, SECRET_KEY

from .figures import Figure, Rounds, no_garbage_collection
from .setting import WITHOUT_PRICES, Exchange, add_entry, currencies, frames_received, remove_entry

_HELD = 50
_PAIRS = 5
_BURSTS = 4
"""Bursts of each receiver in a pair; they alternate, so that other work on the machine affects all alike."""
_BURST = 5_000
_PACED = 300
"""Frames of one measurement of the delay."""
_RATE = 200
"""Frames a second at which the delay is measured."""
_TIMEOUT = 60


@dataclass(slots=True)
class Receiver:
    """A subscriber of an exchange of its own."""

    exchange: Exchange
    received: Callable[[], int]
    """How many frames have been handled so far."""
    arrivals: list[int] = field(default_factory=list)
    """When each frame was handled, on the monotonic clock in ns."""

    async def rate(self) -> float:
        """Return the seconds a frame takes in a burst, from the first one sent to the last one handled."""
        wanted = self.received() + _BURST
        with no_garbage_collection():
            burst = asyncio.create_task(self.exchange.burst(_BURST, currencies(_HELD)))
            async with asyncio.timeout(_TIMEOUT):
                while self.received() < wanted:
                    await asyncio.sleep(0.001)
            ended = monotonic_ns()
        return (ended - (await burst)[0]) / 1e9 / _BURST

    async def delays(self) -> list[float]:
        """Return the seconds from the sending of each frame until it was handled."""
        self.arrivals.clear()
        with no_garbage_collection():
            sent = await self.exchange.burst(_PACED, currencies(_HELD), rate=_RATE)
            async with asyncio.timeout(_TIMEOUT):
                while len(self.arrivals) < _PACED:
                    await asyncio.sleep(0.001)
        return [(arrived - left) / 1e9 for arrived, left in zip(self.arrivals, sent, strict=True)]


@asynccontextmanager
async def bare_client(
    session: aiohttp.ClientSession, exchange: Exchange, use: Callable[[Any], None] | None = None
) -> AsyncIterator[Receiver]:
    """Connect a client of aiohttp that parses each frame, and does nothing else with it than `use`."""
    arrivals: list[int] = []
    receiver = Receiver(exchange, lambda: len(arrivals), arrivals)

    async def receive(socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            frame = json.loads((await socket.receive()).data, parse_float=Decimal)
            if use is not None:
                use(frame["assets"][0])
            arrivals.append(monotonic_ns())

    headers = Credentials(ACCESS_KEY, SECRET_KEY).authorization()
    async with session.ws_connect(exchange.stream_url, headers=headers) as socket:
        await socket.send_str(subscription("bare client"))
        async with asyncio.timeout(_TIMEOUT):
            while (await exchange.control("GET", ""))["subscriptions"] != 1:
                await asyncio.sleep(0.01)
        task = asyncio.create_task(receive(socket))
        try:
            yield receiver
        finally:
            task.cancel()
            await asyncio.wait([task])


@contextmanager
def recorded_states(hass: HomeAssistant, arrivals: list[int]) -> Iterator[None]:
    """Record when each state is written."""

    @callback
    def record(_: Event[EventStateChangedData]) -> None:
        arrivals.append(monotonic_ns())

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, record)
    try:
        yield
    finally:
        stop()


async def measure_over_socket(
    hass: HomeAssistant, session: aiohttp.ClientSession, exchanges: tuple[Exchange, Exchange, Exchange]
) -> list[Figure]:
    """Measure the integration, a client that only parses, and one that also writes bare sensors."""
    own, second, third = exchanges
    sensors_entry = await add_entry(hass, "bare_sensors", {"currencies": currencies(_HELD)})
    sensors = sensors_entry.runtime_data

    def write(asset: Any) -> None:
        sensors[asset["currency"]].show((asset["balance"], asset["locked"]))

    entry = await add_entry(hass, "upbit", own.entry_data, WITHOUT_PRICES)
    ours = Receiver(own, partial(frames_received, entry.runtime_data))
    taken = Rounds()
    async with bare_client(session, second) as parsing, bare_client(session, third, write) as writing:
        receivers = {"ours": ours, "parsing": parsing, "writing": writing}
        await _take_rates(taken, receivers)
        wrong = await _wrong_states(hass, entry, own)
        with recorded_states(hass, ours.arrivals):
            for _ in range(_PAIRS):
                for name, each in receivers.items():
                    delays = await each.delays()
                    taken.add(f"{name} median", median(delays))
                    taken.add(f"{name} 99", quantiles(delays, n=100, method="inclusive")[98])
    for each in (entry, sensors_entry):
        await remove_entry(hass, each)
    return _figures(taken, wrong)


async def _take_rates(taken: Rounds, receivers: dict[str, Receiver]) -> None:
    for each in receivers.values():
        await each.rate()  # fills the caches
    order = list(receivers)
    for _ in range(_PAIRS):
        seconds = dict.fromkeys(order, 0.0)
        for _ in range(_BURSTS):
            for name in order:
                seconds[name] += await receivers[name].rate() / _BURSTS
            order.reverse()
        for name, sample in seconds.items():
            taken.add(name, sample)


async def _wrong_states(hass: HomeAssistant, entry: ConfigEntry, exchange: Exchange) -> int:
    """Return how many sensors do not show exactly what the account holds."""
    registry = er.async_get(hass)
    wrong = 0
    for currency, amounts in (await exchange.control("GET", "account")).items():
        sensor_id = unique_id(entry.entry_id, balance_key(currency))
        entity_id = registry.async_get_entity_id("sensor", "upbit", sensor_id)
        state = entity_id and hass.states.get(entity_id)
        total = Decimal(amounts["available"]) + Decimal(amounts["locked"])
        wrong += not state or Decimal(state.state) != total
    return wrong


def _figures(taken: Rounds, wrong: int) -> list[Figure]:
    def rates(*names: str) -> str:
        return ", ".join(f"{name} {1 / taken.typical(name):,.0f}/s" for name in names)

    def delays(kind: str) -> str:
        names = ("ours", "parsing", "writing")
        return ", ".join(f"{name} {taken.typical(f'{name} {kind}') * 1e3:.2f} ms" for name in names)

    return [
        Figure(
            "frames a second over the socket, 50 held, to a client that writes bare sensors",
            taken.ratio("writing", "ours"),
            rates("ours", "writing"),
            at_least=0.7,
        ),
        Figure("the same, to a client that only parses", taken.ratio("parsing", "ours"), rates("parsing")),
        Figure("wrong states after these bursts", wrong, unit="", at_most=0),
        Figure(
            f"median delay to the state at {_RATE} frames a second, to a client that only parses",
            taken.ratio("ours median", "parsing median"),
            delays("median"),
            at_most=2,
        ),
        Figure("the same, 99th percentile", taken.ratio("ours 99", "parsing 99"), delays("99")),
    ]
