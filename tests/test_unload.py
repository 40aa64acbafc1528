"""An entry is unloaded or removed."""

import asyncio
import gc
import weakref

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


async def test_unloading_closes_the_connection_and_frees_the_coordinator(harness: Harness) -> None:
    await harness.set_up()
    coordinator: UpbitCoordinator = harness.coordinator
    async with asyncio.timeout(5):
        await harness.exchange.subscribed()
    assert harness.running_tasks()
    # Now a snapshot is due, and a timer is set for the end of the grace period. The test's own clean-up finds it.
    harness.exchange.stream.send("{")
    await wait_until(lambda: harness.stats.invalid_messages)

    assert await harness.unload()
    assert harness.entry.state is ConfigEntryState.NOT_LOADED
    assert not harness.running_tasks()
    await harness.disconnected()
    assert harness.exchange.record.closes == {"client": 1}
    assert {state.state for state in harness.hass.states.async_all()} == {STATE_UNAVAILABLE}

    harness.account.set("BTC", "5")
    gone = weakref.ref(coordinator)
    del coordinator
    gc.collect()
    assert gone() is None


async def test_entities_that_cannot_be_unloaded_become_unavailable(
    valued: Harness, other: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It goes on with the same price feed.
    await other.start()

    async def fail(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(valued.hass.config_entries, "async_unload_platforms", fail)
        assert not await valued.unload()
    assert valued.entry.state is ConfigEntryState.FAILED_UNLOAD
    # It is closed, and may be closed again.
    await valued.coordinator.async_stop()
    await wait_until(lambda: len(valued.exchange.stream.connections) == 1)
    registry = er.async_get(valued.hass)
    entities = er.async_entries_for_config_entry(registry, valued.entry.entry_id)
    shown = {valued.state(entity.entity_id) for entity in entities if entity.domain == "sensor"}
    assert shown - {None} == {STATE_UNAVAILABLE}
    for connection in ("live_connection", "price_feed"):
        assert valued.state(f"binary_sensor.upbit_singapore_{connection}") == STATE_OFF


async def test_rate_limit_goes_with_the_removed_entry(
    harness: Harness,
) -> None:
    harness.exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    await harness.set_up()
    await harness.remove()
    harness.entry = MockConfigEntry(domain=DOMAIN, entry_id=harness.entry.entry_id, data=harness.entry.data)
    assert await harness.set_up()
