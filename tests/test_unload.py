"""An entry ends: unloaded, reloaded, removed, or stopped with Home Assistant."""

import asyncio
import gc
import logging
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
from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

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


@pytest.mark.parametrize("moment", ["handshake", "snapshot", "backoff", "half open", "key refused"])
async def test_unloading_is_quick_at_any_moment(harness: Harness, moment: str) -> None:
    await harness.set_up()
    coordinator: UpbitCoordinator = harness.coordinator
    await wait_until(lambda: coordinator.health.complete)
    async with harness.exchange.hold_snapshots() as gate, asyncio.timeout(10):
        match moment:
            case "handshake":
                harness.exchange.handshake.hang()
                harness.exchange.cut()
                await harness.exchange.until(lambda: len(harness.exchange.record.handshakes) == 2)
            case "snapshot":
                refreshing = asyncio.create_task(coordinator.async_refresh())
                await gate.held()
            case "backoff":
                harness.exchange.handshake.fail_with(503)
                harness.exchange.cut()
                await wait_until(lambda: coordinator.stats.failed_connects)
            case "half open":
                harness.exchange.half_open()
            case "key refused":
                harness.exchange.key.deleted = True
                harness.exchange.cut()
                await wait_until(coordinator._task.done)
        before = asyncio.get_running_loop().time()
        assert await harness.unload()
        assert asyncio.get_running_loop().time() - before < 1.5
        if moment == "snapshot":
            # Whoever waited is told.
            await asyncio.wait([refreshing])
            assert refreshing.exception() is not None
    assert not harness.running_tasks()
    if moment == "half open":
        harness.exchange.cut()
    await harness.disconnected()
    # The form that a refused key has opened.
    for flow in harness.hass.config_entries.flow.async_progress():
        harness.hass.config_entries.flow.async_abort(flow["flow_id"])


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


async def test_reloading_never_opens_two_connections_with_one_key(connected: Harness) -> None:
    for _ in range(3):
        assert await connected.reload()
        await wait_until(lambda: connected.in_sync)
    assert connected.exchange.record.most_live == {ACCESS_KEY: 1}
    assert len(connected.exchange.record.handshakes) == 4
    connected.account.set("BTC", "5")
    await connected.becomes("sensor.upbit_singapore_btc", "5")


async def test_reloading_keeps_entities_and_ids(connected: Harness) -> None:
    registry = er.async_get(connected.hass)
    registry.async_update_entity("sensor.upbit_singapore_btc", new_entity_id="sensor.my_coins")
    before = er.async_entries_for_config_entry(registry, connected.entry.entry_id)
    await connected.reload()
    assert er.async_entries_for_config_entry(registry, connected.entry.entry_id) == before
    assert connected.state("sensor.my_coins") == "0.6"


async def test_reconnecting_never_opens_two_connections_with_one_key(connected: Harness) -> None:
    for count in range(2, 5):
        connected.replace_stream("test")
        await wait_until(lambda count=count: connected.stats.connects == count)
        await wait_until(lambda: connected.in_sync)
    assert connected.exchange.record.most_live == {ACCESS_KEY: 1}
    assert connected.stats.planned_reconnects == {"test": 3}
    assert not connected.stats.losses


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


async def test_stopping_home_assistant_closes_the_connection(connected: Harness) -> None:
    before = asyncio.get_running_loop().time()
    await connected.hass.async_stop()
    assert asyncio.get_running_loop().time() - before < 2
    await connected.disconnected()
    assert connected.exchange.record.closes == {"client": 1}
    assert not connected.running_tasks()
    assert not [record for record in connected.log.records if record.levelno > logging.WARNING]
    assert "was still running" not in connected.log.text


async def test_stopping_home_assistant_during_set_up_leaves_no_connection(harness: Harness) -> None:
    harness.entry.add_to_hass(harness.hass)
    async with harness.exchange.hold_snapshots() as gate, asyncio.timeout(10):
        setting_up = asyncio.create_task(harness.set_up())
        await gate.held()
        await harness.hass.async_stop()
        await asyncio.wait([setting_up])
        await harness.disconnected()
    assert not harness.running_tasks()
