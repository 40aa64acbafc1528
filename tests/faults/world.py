"""The integration in Home Assistant and the exchange beside it, with what a user can see of the two."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
import logging

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_STATE_CHANGED, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from custom_components.upbit.diagnostics import async_get_config_entry_diagnostics
from custom_components.upbit.entity import balance_key, currency_of, unique_id
from simulator import SimulatedExchange

from .clock import until


@dataclass
class World:
    """One account."""

    hass: HomeAssistant
    exchange: SimulatedExchange
    entry: MockConfigEntry
    log: pytest.LogCaptureFixture
    shown: dict[str, list[str]] = field(default_factory=dict)
    """Every state that a currency's sensor has had, in order."""
    stream_states: list[str] = field(default_factory=list)
    """Every state that the connectivity sensor has had, in order."""

    def __post_init__(self) -> None:
        self.hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_state_changed)

    @callback
    def _on_state_changed(self, event: Event[EventStateChangedData]) -> None:
        registered = er.async_get(self.hass).async_get(event.data["entity_id"])
        state = event.data["new_state"]
        if registered is None or state is None:
            return
        if registered.unique_id == self._stream_id:
            self.stream_states.append(state.state)
        elif (currency := currency_of(registered)) is not None:
            self.shown.setdefault(currency, []).append(state.state)

    # What a user does

    async def set_up(self) -> bool:
        """Add the entry and set it up."""
        if self.hass.config_entries.async_get_entry(self.entry.entry_id) is None:
            self.entry.add_to_hass(self.hass)
        done = await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        return done

    async def live(self) -> None:
        """Set the entry up and wait until its stream is reconciled."""
        assert await self.set_up()
        await until(lambda: self.coordinator.sync.in_sync, within=10)
        assert self.right

    # What a user sees

    @property
    def coordinator(self) -> UpbitCoordinator:
        """Return the loaded entry's coordinator."""
        coordinator: UpbitCoordinator = self.entry.runtime_data
        return coordinator

    @property
    def _stream_id(self) -> str:
        return f"{self.entry.entry_id}_live_connection"

    def _state(self, platform: str, unique_id: str) -> State | None:
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        return None if entity_id is None else self.hass.states.get(entity_id)

    def total(self, currency: str) -> str | None:
        """Return what a currency's sensor shows; None where there is no sensor."""
        state = self._state("sensor", unique_id(self.entry.entry_id, balance_key(currency)))
        return None if state is None else state.state

    def _currencies(self) -> Iterator[str]:
        yield from self.shown.keys() | self.exchange.account.holdings.keys()

    @property
    def right(self) -> bool:
        """Whether every sensor shows what the account has, to the last digit."""
        return all(
            (total := self.total(currency)) not in (None, STATE_UNAVAILABLE)
            and Decimal(total) == self.exchange.account[currency].total
            for currency in self._currencies()
        )

    @property
    def unavailable(self) -> bool:
        """Whether no sensor shows an amount."""
        return all(self.total(currency) in (None, STATE_UNAVAILABLE) for currency in self._currencies())

    @property
    def stream_shown_live(self) -> bool:
        """Whether the connectivity sensor is on."""
        state = self._state("binary_sensor", self._stream_id)
        return state is not None and state.state == STATE_ON

    @property
    def live_and_right(self) -> bool:
        """Whether the stream is up and every sensor right."""
        return self.stream_shown_live and self.coordinator.sync.in_sync and self.right

    def issues(self) -> dict[str, ir.IssueEntry]:
        """Return the repair issues by translation key."""
        return {
            str(issue.translation_key): issue
            for issue in ir.async_get(self.hass).issues.values()
            if issue.domain == DOMAIN and issue.active
        }

    def reauth_flows(self) -> int:
        """Return how often the user is being asked for another key."""
        return len(
            [
                flow
                for flow in self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
                if flow["context"]["source"] == SOURCE_REAUTH
            ]
        )

    def log_lines(self, least: int = logging.INFO) -> list[str]:
        """Return what the integration has logged."""
        return [
            record.getMessage()
            for record in self.log.records
            if record.name.startswith("custom_components.upbit") and record.levelno >= least
        ]

    async def diagnostics(self) -> dict[str, object]:
        """Return the entry's diagnostics."""
        return await async_get_config_entry_diagnostics(self.hass, self.entry)

    # What must always hold

    def assert_never_wrong(self) -> None:
        """Fail if a sensor ever showed an amount that the account never had."""
        for currency, states in self.shown.items():
            amounts = {Decimal(state) for state in states if state != STATE_UNAVAILABLE}
            assert amounts <= self.exchange.account.totals_ever(currency)
