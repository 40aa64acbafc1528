"""An entry ends: unloaded, reloaded, removed, or stopped with Home Assistant."""

import asyncio
import gc
import weakref

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from tests.helpers.harness import Harness

# Unloading


async def test_unloading_closes_the_connection_and_ends_everything(harness: Harness) -> None:
    await harness.set_up()
    coordinator: UpbitCoordinator = harness.coordinator
    async with asyncio.timeout(5):
        await harness.exchange.subscribed()
    assert harness.running_tasks()

    assert await harness.unload()
    assert harness.entry.state is ConfigEntryState.NOT_LOADED
    assert not harness.running_tasks()
    await harness.disconnected()
    assert harness.exchange.record.closes == {"client": 1}
    assert {state.state for state in harness.hass.states.async_all()} == {STATE_UNAVAILABLE}

    # What comes afterwards concerns nobody.
    harness.account.set("BTC", "5")
    gone = weakref.ref(coordinator)
    del coordinator
    gc.collect()
    assert gone() is None


async def test_entities_that_cannot_be_unloaded_show_nothing_that_nobody_follows(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.set_up()

    async def refuse(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(harness.hass.config_entries, "async_unload_platforms", refuse)
        assert not await harness.unload()
    assert harness.entry.state is ConfigEntryState.FAILED_UNLOAD
    # It is closed, and may be closed again.
    await harness.coordinator.async_stop()
    await harness.disconnected()
    assert not harness.running_tasks()
    assert {state.state for state in harness.hass.states.async_all("sensor")} == {STATE_UNAVAILABLE}
    assert harness.state("binary_sensor.upbit_singapore_live_connection") == STATE_OFF


# Reloading


async def test_reloading_keeps_entities_and_ids(connected: Harness) -> None:
    registry = er.async_get(connected.hass)
    registry.async_update_entity("sensor.upbit_singapore_btc", new_entity_id="sensor.my_coins")
    before = er.async_entries_for_config_entry(registry, connected.entry.entry_id)
    await connected.reload()
    assert er.async_entries_for_config_entry(registry, connected.entry.entry_id) == before
    assert connected.state("sensor.my_coins") == "0.6"


# Removal


async def test_removal_leaves_nothing(harness: Harness) -> None:
    await harness.set_up()
    await harness.remove()
    await harness.disconnected()
    assert not harness.running_tasks()
    assert not harness.hass.states.async_all()
    assert not er.async_entries_for_config_entry(er.async_get(harness.hass), harness.entry.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(harness.hass), harness.entry.entry_id)
    assert not ir.async_get(harness.hass).issues
    assert harness.entry.entry_id not in repr(
        {key: value for key, value in harness.hass.data.items() if str(key).startswith(DOMAIN)}
    )


async def test_account_removed_while_the_exchange_asks_to_wait_can_be_added_again_at_once(
    harness: Harness,
) -> None:
    harness.exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    await harness.set_up()
    await harness.remove()
    harness.entry = MockConfigEntry(domain=DOMAIN, entry_id=harness.entry.entry_id, data=harness.entry.data)
    assert await harness.set_up()


# Stopping
