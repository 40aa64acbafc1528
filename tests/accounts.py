"""Accounts beside what the fixtures bring: a second one, entities that are enabled, a coordinator in a hurry."""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN, TIMINGS
from simulator import Account, SimulatedExchange
from tests.waiting import until

OTHER_BTC = "sensor.upbit_singapore_2_btc"

_ACCESS_KEY = "B" * 40
_SECRET_KEY = "b" * 40


def add_other_account(exchange: SimulatedExchange) -> Account:
    """Open another account at the exchange, with some BTC and a key of its own."""
    account = exchange.add_account({"BTC": ("7", "0")})
    exchange.add_key(access_key=_ACCESS_KEY, secret_key=_SECRET_KEY, account=account)
    return account


async def set_up_other(hass: HomeAssistant) -> MockConfigEntry:
    """Set the other account up in Home Assistant, and wait until its stream is reconciled."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Upbit Singapore 2",
        data={CONF_REGION: "sg", CONF_ACCESS_KEY: _ACCESS_KEY, CONF_SECRET_KEY: _SECRET_KEY},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await until(lambda: entry.runtime_data.sync.in_sync)
    return entry


def device_of(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return the id of an account's device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    assert device is not None
    return device.id


def enable_all_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let entities be enabled that are not at first."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let coordinators wait for tenths of seconds where they wait for seconds and minutes."""
    timings = replace(
        TIMINGS,
        snapshot_interval=0.3,
        grace=0.1,
        first_delay=0.1,
        longest_delay=0.3,
        longest_snapshot_delay=0.2,
        tick=0.1,
    )
    monkeypatch.setattr("custom_components.upbit.coordinator.TIMINGS", timings)
