"""A world in virtual time: an exchange where somebody trades, Home Assistant with the account, and an observer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import random
import string
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ApiKey, SimulatedExchange
from simulator.trading import Trader, starting_holdings
from tests.home import add_account, home_assistant
from tests.observer import Observer, WrongState
from tests.virtual_time import VirtualLoop

QUIET = 720.0
"""Seconds without a change or a fault after which everything has to be right: a regular snapshot, and two minutes."""


_LOOK = 5.0
"""Seconds between two looks at sensors that do not change."""


_ANSWER = (0.02, 0.8)
"""Between how many seconds a snapshot takes from its rows to its answer."""


def key_text(chance: random.Random) -> str:
    """Return a key of the length and with the characters that real ones have."""
    return "".join(chance.choices(string.ascii_letters + string.digits, k=40))


class World:
    """The parts of a world, and what can be done to the account and the key that no single part can do."""

    def __init__(
        self, exchange: SimulatedExchange, folder: Path, loop: VirtualLoop, seed: int, pace: float
    ) -> None:
        self.exchange = exchange
        self.loop = loop
        self.random = random.Random(seed)
        self.trader = Trader(exchange.account, exchange.region.fiat, seed=seed, pace=pace)
        self.observer = Observer(exchange.account, loop.time)
        self.home_lock = asyncio.Lock()
        self.answer_seconds = _ANSWER
        self.hass: HomeAssistant
        self.entry: ConfigEntry
        self._folder = folder
        self._home = AsyncExitStack()

    @property
    def coordinator(self) -> UpbitCoordinator | None:
        """Return the coordinator while the entry is loaded."""
        return self.entry.runtime_data if self.entry.state is ConfigEntryState.LOADED else None

    async def start_home(self) -> None:
        """Start Home Assistant; an account that it has from earlier is set up by itself."""
        self.hass = await self._home.enter_async_context(home_assistant(self._folder))
        self._home.callback(self.observer.watch(self.hass))
        entries = self.hass.config_entries.async_entries(DOMAIN)
        self.entry = (
            entries[0]
            if entries
            else await add_account(self.hass, self.exchange.region.code, self.exchange.key)
        )

    async def stop_home(self) -> None:
        """Stop Home Assistant."""
        await self._home.aclose()

    async def issue_key(self) -> None:
        """Delete the key, issue another one, and type it where the user is asked for it."""
        async with self.home_lock:
            self.exchange.key.deleted = True
            self.exchange.key = self.exchange.add_key(
                access_key=key_text(self.random), secret_key=key_text(self.random)
            )
            self.exchange.cut()
            await self.until(self.is_asked_for_key)
            (flow,) = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
            # A fault of the moment may keep the new key from being checked; a user tries again.
            while (await self._type_key(flow["flow_id"], self.exchange.key)) is not FlowResultType.ABORT:
                await asyncio.sleep(20)
            await self.hass.async_block_till_done()

    def is_asked_for_key(self) -> bool:
        """Return whether Home Assistant asks the user for another key."""
        return bool(self.hass.config_entries.flow.async_progress_by_handler(DOMAIN))

    async def _type_key(self, flow_id: str, key: ApiKey) -> FlowResultType:
        data = {
            CONF_REGION: self.exchange.region.code,
            CONF_ACCESS_KEY: key.access_key,
            CONF_SECRET_KEY: key.secret_key,
        }
        return (await self.hass.config_entries.flow.async_configure(flow_id, data))["type"]

    async def until(self, condition: Callable[[], bool], seconds: float = 7200) -> None:
        """Wait until a condition holds; raises TimeoutError when it does not within so much virtual time."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(1)

    def is_live(self) -> bool:
        """Return whether the balances are available and the stream alone keeps them so."""
        coordinator = self.coordinator
        return coordinator is not None and coordinator.available and coordinator.sync.in_sync

    async def recover(self) -> None:
        """End every fault of the exchange, its network and its key."""
        await self.exchange.recover()

    async def observe(self, course: Coroutine[Any, Any, None]) -> None:
        """Run what is to happen, and look at all sensors every few seconds meanwhile.

        Snapshots take their time: `answer_seconds` from the rows to the answer, so that frames come in between.
        """
        async with asyncio.TaskGroup() as group:
            delaying = group.create_task(self._delay_answers())
            happening = group.create_task(course)
            while not happening.done():
                await asyncio.wait([happening], timeout=_LOOK)
                self.observer.look()
            delaying.cancel()

    async def _delay_answers(self) -> None:
        while True:
            async with self.exchange.hold_snapshots() as gate:
                await gate.held()
                await asyncio.sleep(self.random.uniform(*self.answer_seconds))

    async def quiet(self) -> list[WrongState]:
        """Let the time pass after which everything has to be right; return what is not."""
        self.trader.paused = True
        await self.until(self.is_live)
        await asyncio.sleep(QUIET)
        return self.observer.settled()


@asynccontextmanager
async def open_world(
    folder: Path, *, region: str = "sg", seed: int = 1, pace: float = 0.5, first_use_silence: float = 0
) -> AsyncIterator[World]:
    """Open a world with an account that is set up; close it with nothing left.

    The stream stays silent for so many seconds, as it may when an account uses it for the first time.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    exchange = SimulatedExchange(
        region,
        holdings=starting_holdings(REGIONS[region].fiat),
        access_key=key_text(random.Random(seed)),
        secret_key=key_text(random.Random(seed + 1)),
    )
    exchange.stream.first_use_silence = first_use_silence
    async with exchange:
        # Far enough away that no region warns of it.
        exchange.key.expires_at = datetime.now(UTC) + timedelta(days=365)
        addresses = replace(REGIONS[region], rest_url=exchange.rest_url, websocket_url=exchange.websocket_url)
        with patch.dict(REGIONS, {region: addresses}):
            world = World(exchange, folder, loop, seed, pace)
            await world.start_home()
            try:
                yield world
            finally:
                await world.stop_home()
