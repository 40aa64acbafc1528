"""What moving prices cost over time, in virtual time: CPU, and the states that are written.

usage: python -m benchmarks.price_hours FOLDER

Prints the figures as JSON. It needs a process of its own, because all its clocks are virtual. The ticker stream gets
prepared frames at their times; the calls go to a simulated exchange in the same loop, which takes less than a
hundredth of the time. CPU time is that of the event loop's thread, with all that Home Assistant does for the states.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
import json
from math import sqrt
from pathlib import Path
import random
import sys
import tempfile
from time import thread_time
from unittest.mock import patch

import aiohttp
from homeassistant.const import CONF_REGION, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from custom_components.upbit import value_sensor
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY
from custom_components.upbit.coordinator import UpbitConfigEntry
from custom_components.upbit.entity import value_currency_of
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.helpers.virtual_time import VirtualLoop, virtual_loop, wait_until

from .figures import Figure, no_garbage_collection
from .frames import Feed, message
from .idle_hour import idle_hours, least_gap, run_apart
from .prices import TickerFrames
from .setting import add_entry, currencies, holdings, home_assistant, remove_entry, values_available

_HELD = 358
_RATE = 45
"""Ticker frames a second, as measured in Korea on a quiet day."""
_NEW_PRICES = 0.15
"""The share of the frames that have a new price."""
_BITCOIN_RATE = 2
"""Of the frames, how many a second are of bitcoin in the region's own currency."""
_WARM_UP, _MINUTES = 60, 10
_OVER_BTC = {"kr": 69, "id": 244}
"""Coins that have their price over BTC, by region."""

_WALKING = 20
_BETWEEN_MOVES = 5.0
"""Seconds between two new prices of a coin."""
_VOLATILITY = 1.0
"""Standard deviation of the yearly return."""
_YEAR = 365.25 * 86_400
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class PriceHours:
    """The figures; CPU times are shares of a core, by region."""

    cpu: dict[str, float]
    states: dict[str, float]
    """States a second, by region."""
    rows: float
    """States of a coin's value in an hour."""
    total_rows: int
    """States of the total value in that hour."""


class _PacedFeed(Feed):
    """A stream that returns prepared messages at a rate."""

    def __init__(self, messages: Sequence[aiohttp.WSMessage], rate: float) -> None:
        super().__init__(thread_time)
        self._frames = iter(messages)
        self._loop = asyncio.get_running_loop()
        self._gap = 1 / rate
        self._next_at = self._loop.time()

    async def receive(self) -> aiohttp.WSMessage:
        """Return the next message at its time; wait for ever after the last one."""
        for frame in self._frames:
            self._next_at += self._gap
            await asyncio.sleep(self._next_at - self._loop.time())
            return frame
        await asyncio.Event().wait()
        raise AssertionError


class _Walk:
    """Random walks of prices, as the frames of their trades."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._frames = TickerFrames()
        self._prices: dict[str, float] = {}

    def frame(self, code: str, seconds: float) -> aiohttp.WSMessage:
        """Return the frame of a trade after so many seconds in which the price walked; 0 for the same price."""
        price = self._prices.setdefault(code, 1000.0)
        price *= 1 + self._chance.gauss(0, _VOLATILITY * sqrt(seconds / _YEAR)) if seconds else 1
        self._prices[code] = price
        return message(self._frames.at(code, price))

    def market(self, codes: Sequence[str], bitcoin: str, seconds: int) -> Iterator[aiohttp.WSMessage]:
        """Yield the frames of a region: first one of each market, then so many seconds of trades."""
        for code in codes:
            yield self.frame(code, 0)
        between_moves = len(codes) / (_RATE * _NEW_PRICES)
        for number in range(_RATE * seconds):
            often = self._chance.random() < _BITCOIN_RATE / _RATE
            code = bitcoin if often else self._chance.choice(codes)
            yield self.frame(code, between_moves if number % 100 < _NEW_PRICES * 100 else 0)


@asynccontextmanager
async def _valued(
    hass: HomeAssistant, region: str, markets: Sequence[str], held: int, feed: _PacedFeed
) -> AsyncIterator[UpbitConfigEntry]:
    """Value an account whose prices come from a feed."""
    exchange = SimulatedExchange(region, holdings=holdings(held), clock=virtual_loop().exchange_clock)
    for code in markets:
        exchange.markets.list_market(code, 1000, traded_at=1_000)
    connect = aiohttp.ClientSession.ws_connect

    async def open_stream(session: aiohttp.ClientSession, url: str, **options: object) -> object:
        return feed if url == exchange.websocket_url else await connect(session, url, **options)

    data = {CONF_REGION: region, CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}
    async with exchange:
        addresses = {"rest_url": exchange.rest_url, "websocket_url": exchange.websocket_url}
        with (
            patch.dict(REGIONS, {region: replace(REGIONS[region], **addresses)}),
            patch.object(aiohttp.ClientSession, "ws_connect", open_stream),
        ):
            entry = await add_entry(hass, "upbit", data)
            await wait_until(lambda: values_available(entry.runtime_data), within=60)
            yield entry
            await remove_entry(hass, entry)


async def _cpu_and_states(hass: HomeAssistant, region: str) -> tuple[float, float]:
    """Return the share of a core, and the states a second, of an account with many coins in a region."""
    fiat, codes = REGIONS[region].fiat, currencies(_HELD)
    over_btc = codes[: _OVER_BTC[region]]
    markets = [*(f"BTC-{code}" for code in over_btc), *(f"{fiat}-{code}" for code in codes[len(over_btc) :])]
    bitcoin = f"{fiat}-BTC"
    seconds = _WARM_UP + _MINUTES * 60
    frames = [*_Walk(1).market([bitcoin, *markets], bitcoin, seconds + 60)]
    written = 0

    @callback
    def count(_: Event[EventStateChangedData]) -> None:
        nonlocal written
        written += 1

    with patch.object(value_sensor, "_MOST_ENABLED", _HELD):
        async with _valued(hass, region, markets, _HELD, _PacedFeed(frames, _RATE)):
            await asyncio.sleep(_WARM_UP)
            hass.bus.async_listen(EVENT_STATE_CHANGED, count)
            with no_garbage_collection():
                started = thread_time()
                await asyncio.sleep(_MINUTES * 60)
                used = thread_time() - started
    return used / (_MINUTES * 60), written / (_MINUTES * 60)


async def _rows(hass: HomeAssistant) -> tuple[float, int]:
    """Return the states of a coin's value, and of the total value, in an hour of random walks."""
    codes = [f"SGD-{code}" for code in currencies(_WALKING)]
    walk = _Walk(2)
    steps = int((_HOUR + _WARM_UP * 2) / _BETWEEN_MOVES)
    frames = [walk.frame(code, step and _BETWEEN_MOVES) for step in range(steps) for code in codes]
    written: Counter[str] = Counter()

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        written[event.data["entity_id"]] += 1

    feed = _PacedFeed(frames, _WALKING / _BETWEEN_MOVES)
    async with _valued(hass, "sg", codes, _WALKING, feed) as entry:
        await asyncio.sleep(_WARM_UP)
        hass.bus.async_listen(EVENT_STATE_CHANGED, count)
        await asyncio.sleep(_HOUR)
        registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        values = [each.entity_id for each in registered if value_currency_of(each) is not None]
        (total,) = (each.entity_id for each in registered if each.translation_key == "total_value")
        return sum(written[entity_id] for entity_id in values) / _WALKING, written[total]


async def measure(folder: Path) -> PriceHours:
    """Measure one after the other, in one Home Assistant."""
    async with home_assistant(folder) as hass:
        rows, total_rows = await _rows(hass)
        found = {region: await _cpu_and_states(hass, region) for region in _OVER_BTC}
    cpu, states = ({region: pair[which] for region, pair in found.items()} for which in (0, 1))
    return PriceHours(cpu, states, rows, total_rows)


def measure_price_hours() -> list[Figure]:
    """Measure in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="upbit-prices.") as folder:
        hours = PriceHours(**run_apart("benchmarks.price_hours", folder))
    idle = idle_hours()["after_update"]
    return [
        *(
            Figure(
                f"CPU of {_HELD} coins at {_RATE} ticker frames a second, as in {REGIONS[region].name}",
                share * 100,
                f"{hours.states[region]:.1f} states a second",
                unit="% of a core",
                at_most=2,
            )
            for region, share in hours.cpu.items()
        ),
        Figure(
            "states of a coin's value in an hour of a random walk of 100 % a year",
            hours.rows,
            f"of the total value {hours.total_rows}",
            unit="",
            at_most=100,
        ),
        Figure("states in an hour without a trade", idle["states"], unit="", at_most=0),
        Figure("shortest time between two timers in that hour", least_gap(idle), unit="s", at_least=10),
    ]


def main() -> None:
    """Print the figures."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        hours = runner.run(measure(Path(sys.argv[1])))
    print(json.dumps(asdict(hours)))


if __name__ == "__main__":
    main()
