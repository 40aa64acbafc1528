"""Runs Home Assistant with one account in virtual time, beside a simulated exchange."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import logging
from pathlib import Path
import random
import string
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_REGION, EVENT_STATE_CHANGED, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest

from custom_components.upbit.api.ledger import Ledger
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from custom_components.upbit.diagnostics import async_get_config_entry_diagnostics
from custom_components.upbit.entity import balance_key, currency_of, unique_id
from custom_components.upbit.listeners import Listeners
from custom_components.upbit.stats import ConnectionStats
from simulator import Account, SimulatedExchange
from simulator.trading import Trader, starting_holdings

from .follower import Follower
from .hass_app import add_account, hass_app
from .observer import Observer, WrongState
from .virtual_time import virtual_loop, wait_until

LONGEST_LAG = 95.0
"""Seconds for which an available sensor may show what the account no longer has, while snapshots can succeed.

A minute between two snapshots and 15 s of grace, when the last one took 10 s and the next one takes as long.
"""

_BETWEEN_CHECKS = 5.0
"""Seconds between two checks of sensors that do not change."""

_RESPONSE_SECONDS = (0.02, 0.8)
"""Between how many seconds a snapshot takes from its rows to its response."""


def key_text(chance: random.Random) -> str:
    """Return a key of the length and with the characters of real ones."""
    return "".join(chance.choices(string.ascii_letters + string.digits, k=40))


def repr_of_timer(timer: asyncio.TimerHandle) -> str:
    """Return what a timer is and calls: asyncio's own text of it leaves out whose method it is."""
    return f"{timer!r} {timer._callback!r} {timer._args!r}"  # noqa: SLF001


class Harness:
    """One account: Home Assistant, the simulated exchange, what a user does and what a user sees.

    Home Assistant is the `hass` fixture's, or with `start_hass` one in a folder of its own, which can be restarted.
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        *,
        hass: HomeAssistant | None = None,
        entry: ConfigEntry | None = None,
        account: Account | None = None,
        log: pytest.LogCaptureFixture | None = None,
        folder: Path | None = None,
        seed: int = 1,
        pace: float = 0.5,
    ) -> None:
        self.exchange = exchange
        self.account = account or exchange.account
        """The account at the exchange."""
        self.accounts = [self.account]
        """Every account that the entry has belonged to."""
        self.loop = virtual_loop()
        self.hass: HomeAssistant
        self.entry: ConfigEntry
        self.log: pytest.LogCaptureFixture
        if log is not None:
            self.log = log
        self.shown: dict[str, list[str]] = {}
        """Every state that a currency's sensor has had, in order."""
        self.stream_states: list[str] = []
        """Every state that the connectivity sensor has had, in order."""

        self.random = random.Random(seed)
        self.trader = Trader(self.account, exchange.region.fiat, seed=seed, pace=pace)
        self.observer = Observer(self.account, self.loop.time)
        self.follower = Follower(self.observer, lambda: self.coordinator)
        self.entry_lock = asyncio.Lock()
        """Held while the entry is reloaded, disabled or restarted, by one scenario at a time."""
        self.response_seconds = _RESPONSE_SECONDS
        self._folder = folder
        self._own_hass = AsyncExitStack()
        if hass is not None and entry is not None:
            self.hass, self.entry = hass, entry
            hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_state_changed)

    @callback
    def _on_state_changed(self, event: Event[EventStateChangedData]) -> None:
        registered = er.async_get(self.hass).async_get(event.data["entity_id"])
        state = event.data["new_state"]
        if registered is None or state is None or registered.config_entry_id != self.entry.entry_id:
            return
        if registered.unique_id == self._stream_id:
            self.stream_states.append(state.state)
        elif (currency := currency_of(registered)) is not None:
            self.shown.setdefault(currency, []).append(state.state)

    # A Home Assistant of its own

    async def start_hass(self) -> None:
        """Start Home Assistant. It sets up the account of its folder, or is given the account by the form."""
        assert self._folder is not None
        self.hass = await self._own_hass.enter_async_context(hass_app(self._folder))
        self._own_hass.callback(self.observer.watch(self.hass))
        entries = self.hass.config_entries.async_entries(DOMAIN)
        self.entry = (
            entries[0]
            if entries
            else await add_account(self.hass, self.exchange.region.code, self.exchange.key)
        )
        self._own_hass.callback(await self.follower.follow(self.hass, self.device_id))

    async def stop_hass(self) -> None:
        """Stop Home Assistant."""
        await self._own_hass.aclose()

    # What a user does

    async def set_up(self) -> bool:
        """Add the entry and set it up; return whether it is loaded."""
        if self.hass.config_entries.async_get_entry(self.entry.entry_id) is None:
            self.entry.add_to_hass(self.hass)
        done = await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        return done

    async def start(self) -> None:
        """Set the entry up and wait until its stream is in sync."""
        assert await self.set_up()
        await wait_until(lambda: self.in_sync)
        assert self.is_correct

    async def unload(self) -> bool:
        """Unload the entry; return whether that succeeded."""
        return await self.hass.config_entries.async_unload(self.entry.entry_id)

    async def reload(self) -> bool:
        """Reload the entry; return whether it is loaded."""
        loaded = await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        return loaded

    async def remove(self) -> None:
        """Remove the entry."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def refresh(self) -> None:
        """Take a snapshot now.

        Raises:
            UpbitError: It failed.
        """
        await self.coordinator.async_refresh()

    async def replace_key(self) -> None:
        """Delete the key, create another one, and enter it in the form of the reauthentication."""
        async with self.entry_lock:
            self.exchange.key.deleted = True
            self.exchange.key = self.exchange.add_key(
                access_key=key_text(self.random), secret_key=key_text(self.random)
            )
            self.exchange.cut()
            await wait_until(lambda: self.reauth_flows, within=7200)
            # Another fault may keep the new key from being checked. A user tries again.
            while (await self._enter_key())["type"] is not FlowResultType.ABORT:
                await asyncio.sleep(20)
            await self.hass.async_block_till_done()

    async def _enter_key(self) -> ConfigFlowResult:
        (flow,) = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        key = self.exchange.key
        data = {
            CONF_REGION: self.exchange.region.code,
            CONF_ACCESS_KEY: key.access_key,
            CONF_SECRET_KEY: key.secret_key,
        }
        return await self.hass.config_entries.flow.async_configure(flow["flow_id"], data)

    # What a user sees

    @property
    def _stream_id(self) -> str:
        return f"{self.entry.entry_id}_live_connection"

    def state(self, entity_id: str) -> str | None:
        """Return an entity's state; None where there is none."""
        state = self.hass.states.get(entity_id)
        return None if state is None else state.state

    async def becomes(self, entity_id: str, state: str, within: float = 10) -> State:
        """Wait until an entity has a state; return it whole."""
        await wait_until(lambda: self.state(entity_id) == state, within)
        whole = self.hass.states.get(entity_id)
        assert whole is not None
        return whole

    async def caught_up(self) -> None:
        """Wait until Home Assistant has the amounts of the exchange, and until the automations have run."""
        await wait_until(
            lambda: all(
                (held.available, held.locked) == (merged.available, merged.locked)
                for currency, held in self.account.holdings.items()
                for merged in [self.ledger.holding(currency)]
            )
        )
        await self.hass.async_block_till_done()

    async def disconnected(self) -> None:
        """Wait until the exchange has no connection."""
        await wait_until(lambda: not self.exchange.stream.connections, within=2)

    def _state_of(self, platform: str, unique_id: str) -> str | None:
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        return None if entity_id is None else self.state(entity_id)

    def total(self, currency: str) -> str | None:
        """Return what a currency's sensor shows; None where there is no sensor."""
        return self._state_of("sensor", unique_id(self.entry.entry_id, balance_key(currency)))

    def _currencies(self) -> Iterator[str]:
        yield from self.shown.keys() | self.account.holdings.keys()

    @property
    def is_correct(self) -> bool:
        """Whether every sensor shows what the account has, to the last digit."""
        return all(
            (total := self.total(currency)) not in (None, STATE_UNAVAILABLE)
            and Decimal(total) == self.account[currency].total
            for currency in self._currencies()
        )

    @property
    def is_unavailable(self) -> bool:
        """Whether no sensor shows an amount."""
        return all(self.total(currency) in (None, STATE_UNAVAILABLE) for currency in self._currencies())

    @property
    def shows_connected(self) -> bool:
        """Whether the connectivity sensor is on."""
        return self._state_of("binary_sensor", self._stream_id) == STATE_ON

    @property
    def is_connected_and_correct(self) -> bool:
        """Whether the stream is in sync and every sensor correct."""
        return self.shows_connected and self.in_sync and self.is_correct

    @property
    def device_id(self) -> str:
        """The id of the account's device."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, self.entry.entry_id), self.entry.entry_id
        )
        assert device is not None
        return device.id

    @property
    def issues(self) -> dict[str, ir.IssueEntry]:
        """The integration's issues by translation key."""
        return {
            str(issue.translation_key): issue
            for issue in ir.async_get(self.hass).issues.values()
            if issue.domain == DOMAIN and issue.active
        }

    @property
    def reauth_flows(self) -> int:
        """How many reauthentications are open."""
        flows = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return sum(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)

    def log_lines(self, least: int = logging.INFO, *, of_prices: bool = False) -> list[str]:
        """Return what the integration has logged, either of the price feed or of everything else."""
        return [
            record.getMessage()
            for record in self.log.records
            if record.name.startswith("custom_components.upbit")
            and record.levelno >= least
            and record.name.endswith(".price_feed") is of_prices
        ]

    async def diagnostics(self) -> dict[str, Any]:
        """Return the entry's diagnostics."""
        return await async_get_config_entry_diagnostics(self.hass, self.entry)

    # What only a developer sees

    @property
    def coordinator(self) -> UpbitCoordinator:
        """The coordinator of the loaded entry."""
        coordinator: UpbitCoordinator = self.entry.runtime_data
        return coordinator

    @property
    def ledger(self) -> Ledger:
        """The account as the integration has merged it."""
        return self.coordinator.ledger

    @property
    def stats(self) -> ConnectionStats:
        """What the integration has counted."""
        return self.coordinator.stats

    @property
    def missed_updates(self) -> int:
        """How many changes a snapshot showed and the stream did not deliver in time."""
        return self.coordinator.sync.missed_updates

    @property
    def is_loaded(self) -> bool:
        """Whether the entry is loaded."""
        return self.entry.state is ConfigEntryState.LOADED

    @property
    def in_sync(self) -> bool:
        """Whether the stream is connected and merged with a snapshot."""
        return self.is_loaded and self.coordinator.sync.in_sync

    @property
    def stream_connected(self) -> bool:
        """Whether the stream is connected and subscribed."""
        return self.coordinator.sync.connected

    @property
    def is_current(self) -> bool:
        """Whether the balances as a whole are known to be up to date."""
        return self.coordinator.available

    @property
    def key_expires_at(self) -> datetime | None:
        """When the key expires, as the integration has received it."""
        return self.coordinator.key_expires_at

    @property
    def listeners(self) -> Listeners:
        """Who is notified of changes."""
        return self.coordinator.listeners

    @property
    def wait_seconds(self) -> float:
        """How long requests are held back by the rate limit."""
        return self.coordinator.rate_limit.remaining()

    def replace_stream(self) -> None:
        """Have the integration replace its connection, as after the clock has moved."""
        self.coordinator.sync.clock_jumped(self.loop.time())
        self.coordinator._advance()  # noqa: SLF001 - it checks the clock twice a minute only

    def account_tasks(self) -> list[str]:
        """Return the account's own tasks, without those of the price feed."""
        return [task for task in self.running_tasks() if "PriceFeed" not in task]

    def running_tasks(self) -> list[str]:
        """Return the integration's tasks."""
        codes = {task: getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()}
        return [
            repr(task)
            for task, code in codes.items()
            if code and "custom_components/upbit" in code.co_filename
        ]

    def running_timers(self) -> list[str]:
        """Return the integration's timers."""
        return [
            text
            for timer in get_scheduled_timer_handles(self.loop)
            if not timer.cancelled() and "custom_components" in (text := repr_of_timer(timer))
        ]

    # What must always hold

    async def tear_down(self) -> None:
        """Unload everything; fail if something is left, or if a sensor ever showed what the account never had."""
        for loaded in self.hass.config_entries.async_loaded_entries(DOMAIN):
            assert await self.hass.config_entries.async_unload(loaded.entry_id)
        await self.disconnected()
        assert max(self.exchange.record.most_live.values(), default=0) <= 1
        for currency, states in self.shown.items():
            amounts = {Decimal(state) for state in states if state != STATE_UNAVAILABLE}
            assert amounts <= set[Decimal]().union(*(each.totals_ever(currency) for each in self.accounts))

    # Random trading and faults

    def has_recovered(self) -> bool:
        """Return whether the balances are available, and the stream is in sync."""
        return self.in_sync and self.is_current

    async def observe(self, course: Coroutine[Any, Any, None]) -> None:
        """Run a course of events, and check all sensors every few seconds meanwhile.

        Snapshots take `response_seconds` from the rows to the response, so that frames are received in between.
        """
        async with asyncio.TaskGroup() as group:
            delaying = group.create_task(self._delay_responses())
            happening = group.create_task(course)
            while not happening.done():
                await asyncio.wait([happening], timeout=_BETWEEN_CHECKS)
                self.observer.check()
            delaying.cancel()

    async def _delay_responses(self) -> None:
        while True:
            async with self.exchange.hold_snapshots() as held:
                await held.held()
                await asyncio.sleep(self.random.uniform(*self.response_seconds))

    async def settle(self) -> list[WrongState]:
        """Stop trading and wait until all sensors must be correct; return those that are not."""
        self.trader.paused = True
        await wait_until(self.has_recovered, within=7200)
        await asyncio.sleep(LONGEST_LAG)
        return self.observer.settled() + self.follower.settled()


@asynccontextmanager
async def own_harness(
    folder: Path, *, region: str = "sg", seed: int = 1, pace: float = 0.5, first_use_silence: float = 0
) -> AsyncIterator[Harness]:
    """Run a harness with an exchange and a Home Assistant of its own, and the account set up.

    The stream delivers nothing for so many seconds, as it may when an account uses it for the first time.
    """
    exchange = SimulatedExchange(
        region,
        holdings=starting_holdings(REGIONS[region].fiat),
        access_key=key_text(random.Random(seed)),
        secret_key=key_text(random.Random(seed + 1)),
        clock=virtual_loop().exchange_clock,
    )
    exchange.stream.first_use_silence = first_use_silence
    async with exchange:
        # So late that there is no issue about it.
        exchange.key.expires_at = datetime.now(UTC) + timedelta(days=365)
        addresses = replace(REGIONS[region], rest_url=exchange.rest_url, websocket_url=exchange.websocket_url)
        with patch.dict(REGIONS, {region: addresses}):
            harness = Harness(exchange, folder=folder, seed=seed, pace=pace)
            await harness.start_hass()
            try:
                yield harness
            finally:
                await harness.stop_hass()
