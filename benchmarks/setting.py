"""What is measured: accounts at simulated exchanges, and a Home Assistant core with the integration.

What the benchmarks and the tests of the cost read from the integration's coordinator, they read here.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
import re
import sys
from types import MappingProxyType
from typing import Any

import aiohttp
from homeassistant import block_async_io
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_REGION, EVENT_STATE_REPORTED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_PRICE_UPDATES, CONF_SECRET_KEY
from custom_components.upbit.coordinator import UpbitCoordinator
from custom_components.upbit.entity import async_remove_value_entities
from custom_components.upbit.listeners import async_get_followers
from custom_components.upbit.price_updates import PriceUpdates
from demo.process import Child
from simulator import ACCESS_KEY, SECRET_KEY, Account
from simulator.wire import encode_frame
from tests.helpers.hass_app import hass_app

_REPOSITORY = Path(__file__).parent.parent
_CONFIGURATION = Path(__file__).parent / "configuration"
_START_TIMEOUT = 30
_ASSET_TIMESTAMP = 1_710_146_517_259
_TIMESTAMP = 1_710_146_517_267

WITHOUT_PRICES = {CONF_PRICE_UPDATES: PriceUpdates.OFF.value}
"""The options of an account that has balances only."""

type Texts = tuple[str, str]
"""The available and the locked amount as exact texts."""


# Made-up accounts and the frames that change them


def currencies(count: int) -> list[str]:
    """Return made-up codes; the first ones are the same for every count."""
    return [f"C{number:03}" for number in range(count)]


def amounts(currency: str, step: int = 0) -> Texts:
    """Return amounts with as many digits as the documentation's sample; step 0 is what an account holds."""
    number = int(currency[1:])
    return f"{1_386_929 + step}.{37231066771348207123 + number:020}", f"{10_329 + number}.670127489597585685"


def holdings(count: int) -> dict[str, Texts]:
    """Return what an account with so many currencies holds."""
    return {currency: amounts(currency) for currency in currencies(count)}


def frame(changes: Mapping[str, Texts]) -> bytes:
    """Return a frame; all frames have the same time, so that they can be repeated in any order."""
    event = Account().event(changes, asset_timestamp=_ASSET_TIMESTAMP)
    return encode_frame(event, _TIMESTAMP).encode()


def single_frames(currency: str, count: int) -> list[bytes]:
    """Return frames that each change the currency; the last one restores what the account holds."""
    return [frame({currency: amounts(currency, (step + 1) % count)}) for step in range(count)]


def locking_frames(currency: str, count: int) -> list[bytes]:
    """Return frames that each lock another amount of the currency, whose total stays the same."""
    available, locked = map(Decimal, amounts(currency))
    return [
        frame({currency: (str(available - step), str(locked + step))})
        for step in ((number + 1) % count for number in range(count))
    ]


# Simulated exchanges


class Exchange:
    """A running exchange of one region; the integration's table of regions points to it while it runs."""

    def __init__(self, session: aiohttp.ClientSession, region: str, urls: Mapping[str, str]) -> None:
        self.region = region
        self.rest_url = urls["at"]
        self.stream_url = urls["stream"]
        self.ticker_url = self.stream_url.removesuffix("/private")
        self._control_url = urls["control"]
        self._session = session

    @property
    def entry_data(self) -> dict[str, str]:
        """The data of a config entry for the account."""
        return {CONF_REGION: self.region, CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of the exchange's control interface."""
        async with self._session.request(method, f"{self._control_url}/{path}", json=body) as response:
            answer = await response.json()
            if response.status >= 400:
                raise RuntimeError(f"the simulated exchange rejected {method} {path}: {answer}")
            return answer

    async def hold(self, holdings: Mapping[str, Texts]) -> None:
        """Have the account hold this and nothing else; no frame is sent for it."""
        for currency in await self.control("GET", "account"):
            if currency not in holdings:
                await self.control("DELETE", f"account/{currency}")
        body = {
            currency: {"available": available, "locked": locked}
            for currency, (available, locked) in holdings.items()
        }
        await self.control("PUT", "account?announce=false", body)

    async def list_markets(self, codes: Iterable[str], price: str = "118000.5") -> None:
        """List markets that were just traded at a price."""
        await self.control("POST", "markets", [{"code": code, "price": price} for code in codes])

    async def trade(self, frames: int, codes: Sequence[str], rate: float) -> None:
        """Send so many tickers of these markets in turn; most of them have no new price."""
        await self.control("POST", "quotation/burst", {"frames": frames, "codes": codes, "rate": rate})

    async def burst(self, frames: int, currencies: Sequence[str], *, rate: float | None = None) -> list[int]:
        """Send frames that change one currency each; returns when each was sent, on the monotonic clock in ns."""
        body = {"frames": frames, "currencies": currencies, "rate": rate}
        sent: list[int] = (await self.control("POST", "burst", body))["sent"]
        return sent


@asynccontextmanager
async def exchange(session: aiohttp.ClientSession, region: str, folder: Path) -> AsyncIterator[Exchange]:
    """Run an exchange in a process of its own; its account changes only on command."""
    log = folder / f"exchange-{region}.log"
    command = [sys.executable, "-m", "simulator", "--paused", "--port", "0", "--region", region]
    async with Child("the simulated exchange", command, folder=_REPOSITORY, log=log) as child:
        running = Exchange(session, region, await child.while_running(_addresses(log)))
        # A benchmark measures what is received; it does not have to respect request limits.
        for limits in ("limits", "quotation/limits"):
            await running.control("PATCH", limits, {"lift": True})
        real = REGIONS[region]
        REGIONS[region] = replace(real, rest_url=running.rest_url, websocket_url=running.ticker_url)
        try:
            yield running
        finally:
            REGIONS[region] = real


async def _addresses(log: Path) -> dict[str, str]:
    """Return the addresses that the exchange prints when it has started, by their names there."""
    async with asyncio.timeout(_START_TIMEOUT):
        while True:
            urls = dict(re.findall(r"\b(at|stream|control)\s+(\S+://\S+)", log.read_text(encoding="utf-8")))
            if len(urls) == 3:
                return urls
            await asyncio.sleep(0.05)


# Home Assistant


@asynccontextmanager
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run a real core: registries, storage, translations; no recorder and no frontend."""
    # custom_components is a namespace package, so the bare sensors' folder is added to it.
    if str(_CONFIGURATION) not in sys.path:
        sys.path.append(str(_CONFIGURATION))
    async with hass_app(folder) as hass:
        # Home Assistant then reports every blocking call in its event loop.
        block_async_io.enable()
        yield hass


async def add_entry(
    hass: HomeAssistant,
    domain: str,
    data: Mapping[str, Any],
    options: Mapping[str, Any] = MappingProxyType({}),
) -> ConfigEntry:
    """Add a config entry and return it when it is set up with all its entities."""
    entry = ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=domain,
        minor_version=1,
        options=options,
        source=SOURCE_USER,
        subentries_data=None,
        title=f"{domain} {len(hass.config_entries.async_entries())}",
        unique_id=None,
        version=1,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"{domain} could not be set up: {entry.state}, {entry.reason}")
    return entry


async def remove_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove a config entry with its entities."""
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()


@contextmanager
def counted_events(hass: HomeAssistant) -> Iterator[Counter[str]]:
    """Count the events that are fired, by type; a state written without a change is a state_reported."""
    events: Counter[str] = Counter()

    @callback
    def count(event: Event[Any]) -> None:
        events[str(event.event_type)] += 1

    @callback
    def every(_: Any) -> bool:
        return True

    # MATCH_ALL does not include state_reported, which needs a filter.
    stops = [
        hass.bus.async_listen(MATCH_ALL, count),
        hass.bus.async_listen(EVENT_STATE_REPORTED, count, event_filter=every),
    ]
    try:
        yield events
    finally:
        for stop in stops:
            stop()


# The integration's coordinator


def in_sync(coordinator: UpbitCoordinator) -> bool:
    """Return whether a snapshot was merged on the current connection."""
    return coordinator.sync.in_sync


def update_received(coordinator: UpbitCoordinator) -> bool:
    """Return whether the stream has delivered an update."""
    return coordinator.sync.update_received


def values_available(coordinator: UpbitCoordinator) -> bool:
    """Return whether the account is valued, which needs the price of all it holds."""
    return coordinator.value is not None and coordinator.value.account().available


async def select_prices(hass: HomeAssistant, entry: ConfigEntry, *, on: bool) -> None:
    """Switch the price updates of an account on or off, as its options do."""
    hass.config_entries.async_update_entry(entry, options={} if on else WITHOUT_PRICES)
    if not on:
        async_remove_value_entities(hass, entry.entry_id)
    await entry.runtime_data.async_apply_price_updates()
    await hass.async_block_till_done()


def frames_received(coordinator: UpbitCoordinator) -> int:
    """Return how many frames were handled."""
    return coordinator.ledger.sequence


async def listeners_called(hass: HomeAssistant, coordinator: UpbitCoordinator) -> Counter[str]:
    """Take a snapshot and count the listeners that it calls.

    The counting listeners replace those of the sensors, because each currency has one; no state is written afterwards.
    """
    calls: Counter[str] = Counter()

    def counting(name: str) -> Callable[..., None]:
        def count(*_: object) -> None:
            calls[name] += 1

        return count

    listeners = coordinator.listeners
    for currency in coordinator.ledger.currencies:
        listeners.async_add_currency(currency, counting("currency"))
    stops = [
        listeners.async_add_changes(counting("changes")),
        listeners.async_add_status(counting("status")),
        async_get_followers(hass, coordinator.config_entry.entry_id).changes.add(counting("followers")),
    ]
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    for stop in stops:
        stop()
    return calls
