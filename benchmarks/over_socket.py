"""What comes over a real socket: frames a second, and the delay from the exchange's send to the state."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from statistics import median
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

from .accounts import currencies
from .exchange import Exchange
from .figures import Figure
from .frames import parse
from .home_assistant import add_entry, remove_entry
from .measuring import Rounds, changing_order, no_garbage_collection, percentile

_HELD = 50
_BURST = 10_000
_PACED = 300
"""Frames of a measurement of the delay."""
_RATE = 200
"""Frames a second at which the delay is measured."""
_TIMEOUT = 60


@dataclass(slots=True)
class Receiver:
    """Somebody who is subscribed at an exchange of their own."""

    exchange: Exchange
    received: Callable[[], int]
    """How many frames have been dealt with so far."""
    arrivals: list[int] = field(default_factory=list)
    """When each frame was dealt with, in nanoseconds of the machine's monotonic clock; only where that is noted."""

    async def rate(self, frames: int) -> float:
        """Return the seconds a frame takes, from the first one sent to the last one dealt with."""
        wanted = self.received() + frames
        burst = asyncio.create_task(self.exchange.burst(frames, currencies(_HELD)))
        async with asyncio.timeout(_TIMEOUT):
            while self.received() < wanted:
                await asyncio.sleep(0.001)
        ended = monotonic_ns()
        return (ended - (await burst)["sent"][0]) / 1e9 / frames

    async def delays(self, frames: int) -> list[float]:
        """Return each frame's seconds from its send until it was dealt with."""
        self.arrivals.clear()
        sent = (await self.exchange.burst(frames, currencies(_HELD), rate=_RATE))["sent"]
        async with asyncio.timeout(_TIMEOUT):
            while len(self.arrivals) < frames:
                await asyncio.sleep(0.001)
        return [(arrived - left) / 1e9 for arrived, left in zip(self.arrivals, sent, strict=True)]


@asynccontextmanager
async def bare_client(
    session: aiohttp.ClientSession, exchange: Exchange, use: Callable[[Any], None] | None = None
) -> AsyncIterator[Receiver]:
    """Connect a client of aiohttp that parses each frame, and does nothing with it or what it is told to."""
    arrivals: list[int] = []
    receiver = Receiver(exchange, lambda: len(arrivals), arrivals)

    async def receive(socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            frame = parse((await socket.receive()).data)
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
def noting_states(hass: HomeAssistant, arrivals: list[int]) -> Iterator[None]:
    """Note when each state is written."""

    @callback
    def note(_: Event[EventStateChangedData]) -> None:
        arrivals.append(monotonic_ns())

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    try:
        yield
    finally:
        stop()


async def measure_over_socket(
    hass: HomeAssistant,
    session: aiohttp.ClientSession,
    own: Exchange,
    others: Exchange,
    third: Exchange,
    rounds: int,
) -> list[Figure]:
    """Measure the integration, a bare client, and a bare client that writes bare sensors, each at an exchange."""
    sensors_entry = await add_entry(
        hass, "bare_sensors", {"currencies": currencies(_HELD), "common_coordinator": False}
    )
    sensors = sensors_entry.runtime_data

    def write(asset: Any) -> None:
        sensors[asset["currency"]].show((asset["balance"], asset["locked"]))

    entry = await add_entry(hass, "upbit", own.entry_data)
    statistics = entry.runtime_data.stats
    ours = Receiver(own, lambda: statistics.frames)
    taken = Rounds()
    async with bare_client(session, others) as bare, bare_client(session, third, write) as writing:
        await taken.take(
            {
                "ours": partial(ours.rate, _BURST),
                "bare": partial(bare.rate, _BURST),
                "writing": partial(writing.rate, _BURST),
            },
            rounds,
        )
        wrong = await _wrong_states(hass, entry, own)
        with noting_states(hass, ours.arrivals):
            receivers = {"": ours, "bare ": bare, "writing ": writing}
            for names in changing_order(receivers, rounds):
                for name in names:
                    await _take_delays(taken, receivers[name], name)
    for each in (entry, sensors_entry):
        await remove_entry(hass, each)
    return _figures(taken, wrong)


async def _take_delays(taken: Rounds, receiver: Receiver, name: str) -> None:
    with no_garbage_collection():
        delays = await receiver.delays(_PACED)
    taken.add(f"{name}median", median(delays))
    taken.add(f"{name}99", percentile(delays, 99))


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
    def rate(name: str) -> str:
        return f"{1 / taken.typical(name):,.0f}/s"

    def delay(ours: str) -> str:
        times = {
            name: f"{taken.typical(name) * 1e3:.2f} ms" for name in (ours, f"bare {ours}", f"writing {ours}")
        }
        return (
            f"{times[ours]}, bare client {times[f'bare {ours}']}, one that writes {times[f'writing {ours}']}"
        )

    return [
        Figure(
            "rate",
            "frames a second over the socket, 50 held, to a bare client",
            taken.ratio("bare", "ours"),
            at_least=0.5,
            beside=f"{rate('ours')}, bare client {rate('bare')}",
        ),
        Figure(
            "rate_writing",
            "the same, to a bare client that writes bare sensors",
            taken.ratio("writing", "ours"),
            beside=f"{rate('writing')}, itself {taken.ratio('bare', 'writing'):.2f} of the bare client's",
        ),
        Figure(
            "wrong_after_burst",
            "wrong states after these bursts",
            wrong,
            unit="",
            at_most=0,
            steady=True,
        ),
        Figure(
            "delay_median",
            f"delay to the state at {_RATE} frames a second, median",
            taken.ratio("median", "bare median"),
            at_most=2,
            beside=delay("median"),
        ),
        Figure(
            "delay_99",
            "the same, 99th percentile",
            taken.ratio("99", "bare 99"),
            at_most=2,
            beside=delay("99"),
        ),
    ]
