"""An entry ends: unloaded, reloaded, removed, or stopped with Home Assistant."""

import asyncio
import gc
import logging
import weakref

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ACCESS_KEY, SimulatedExchange
from tests.entries import closed, set_up, tasks_of
from tests.waiting import until

# Unloading


async def test_unloading_closes_the_connection_and_ends_everything(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    coordinator: UpbitCoordinator = entry.runtime_data
    async with asyncio.timeout(5):
        await exchange.subscribed()
    assert tasks_of(entry)

    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert not tasks_of(entry)
    await closed(exchange)
    assert exchange.record.closes == {"client": 1}
    assert {state.state for state in hass.states.async_all()} == {STATE_UNAVAILABLE}

    # What comes afterwards concerns nobody.
    exchange.account.set("BTC", "5")
    gone = weakref.ref(coordinator)
    del coordinator
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("moment", ["handshake", "snapshot", "backoff", "half open", "key refused"])
async def test_unloading_is_quick_at_any_moment(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, moment: str
) -> None:
    await set_up(hass, entry)
    coordinator: UpbitCoordinator = entry.runtime_data
    await until(lambda: coordinator.sync.in_sync)
    async with exchange.hold_snapshots() as gate, asyncio.timeout(10):
        match moment:
            case "handshake":
                exchange.handshake.hang()
                exchange.cut()
                await exchange.until(lambda: len(exchange.record.handshakes) == 2)
            case "snapshot":
                refreshing = asyncio.create_task(coordinator.async_refresh())
                await gate.held()
            case "backoff":
                exchange.handshake.fail_with(503)
                exchange.cut()
                await until(lambda: coordinator.stats.failed_connects)
            case "half open":
                exchange.half_open()
            case "key refused":
                exchange.key.deleted = True
                exchange.cut()
                await until(coordinator._task.done)
        before = asyncio.get_running_loop().time()
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert asyncio.get_running_loop().time() - before < 1.5
        if moment == "snapshot":
            # Whoever waited is told.
            await asyncio.wait([refreshing])
            assert refreshing.exception() is not None
    assert not tasks_of(entry)
    if moment == "half open":
        exchange.cut()
    await closed(exchange)
    # The form that a refused key has opened.
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_entities_that_cannot_be_unloaded_show_nothing_that_nobody_follows(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(hass, entry)

    async def refuse(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(hass.config_entries, "async_unload_platforms", refuse)
        assert not await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.FAILED_UNLOAD
    # It is closed, and may be closed again.
    await entry.runtime_data.async_stop()
    await closed(exchange)
    assert not tasks_of(entry)
    assert {state.state for state in hass.states.async_all("sensor")} == {STATE_UNAVAILABLE}
    assert hass.states.get("binary_sensor.upbit_singapore_live_connection").state == STATE_OFF


# Reloading


async def test_reloading_never_opens_two_connections_with_one_key(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    for _ in range(3):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await until(lambda: entry.runtime_data.sync.in_sync)
    assert exchange.record.most_live == {ACCESS_KEY: 1}
    assert len(exchange.record.handshakes) == 4
    exchange.account.set("BTC", "5")
    await until(lambda: hass.states.get("sensor.upbit_singapore_btc").state == "5")
    assert len(tasks_of(entry)) == 1


async def test_reloading_keeps_entities_and_ids(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    registry.async_update_entity("sensor.upbit_singapore_btc", new_entity_id="sensor.my_coins")
    before = er.async_entries_for_config_entry(registry, entry.entry_id)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert er.async_entries_for_config_entry(registry, entry.entry_id) == before
    assert hass.states.get("sensor.my_coins").state == "0.6"


async def test_reconnecting_never_opens_two_connections_with_one_key(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    for count in range(2, 5):
        coordinator.reconnect("test")
        await until(lambda count=count: coordinator.stats.connects == count)
        await until(lambda: coordinator.sync.in_sync)
    assert exchange.record.most_live == {ACCESS_KEY: 1}
    assert coordinator.stats.planned_reconnects == {"test": 3}
    assert not coordinator.stats.losses


# Removal


async def test_removal_leaves_nothing(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    await closed(exchange)
    assert not tasks_of(entry)
    assert not hass.states.async_all()
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not ir.async_get(hass).issues
    assert entry.entry_id not in repr(
        {key: value for key, value in hass.data.items() if str(key).startswith(DOMAIN)}
    )


async def test_account_removed_while_the_exchange_asks_to_wait_can_be_added_again_at_once(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    again = MockConfigEntry(domain=DOMAIN, entry_id=entry.entry_id, data=entry.data)
    assert await set_up(hass, again)
    await hass.config_entries.async_unload(again.entry_id)


# Stopping


async def test_stopping_home_assistant_closes_the_connection(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = asyncio.get_running_loop().time()
    await hass.async_stop()
    assert asyncio.get_running_loop().time() - before < 2
    await closed(exchange)
    assert exchange.record.closes == {"client": 1}
    assert not tasks_of(entry)
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]
    assert "was still running" not in caplog.text


async def test_stopping_home_assistant_during_set_up_leaves_no_connection(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    async with exchange.hold_snapshots() as gate, asyncio.timeout(10):
        setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
        await gate.held()
        await hass.async_stop()
        await asyncio.wait([setting_up])
        await closed(exchange)
    assert not tasks_of(entry)
