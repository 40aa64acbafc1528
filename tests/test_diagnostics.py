"""Diagnostics: enough to help a user, and nothing that is only the user's."""

from dataclasses import replace
from datetime import UTC, datetime
import json
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.upbit.const import TIMINGS
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.waiting import until


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    timings = replace(TIMINGS, first_delay=0.05, longest_delay=0.05, recheck=0.05)
    monkeypatch.setattr("custom_components.upbit.coordinator.TIMINGS", timings)


async def download(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> dict[str, Any]:
    """Download the diagnostics the way a user does."""
    assert await async_setup_component(hass, "diagnostics", {})
    await hass.async_block_till_done()
    return await get_diagnostics_for_config_entry(hass, hass_client, entry)


async def test_account_in_order(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
) -> None:
    exchange.account.set("XRP", 0)
    exchange.account.set("DOGE", 7)
    await until(lambda: coordinator.stats.frames == 2)
    found = await download(hass, hass_client, entry)
    statistics = found.pop("stats")
    assert found == {
        "region": "sg",
        "state": "loaded",
        "reason": None,
        "balances_available": True,
        "stream": {"live": True, "reconciled": True, "spoke": True, "spoke_ever": True},
        "requests_held_back_seconds": 0.0,
        "currencies": {"known": 4, "empty": 1, "stale_in_frames": 0},
        "entities": {"balance_sensors": 4, "balance_sensors_disabled": 0, "event_enabled": False},
        "key_expires_at": None,
    }
    assert statistics["connects"] == 1
    assert statistics["frames"] == 2
    assert statistics["changes"] == 2
    assert statistics["snapshots"] >= 1
    assert statistics["losses"] == {}
    assert 0 <= statistics["last_snapshot_seconds"] < 10
    (connection,) = statistics["connections"]
    assert connection["frames"] == 2
    assert connection["end"] is None
    assert connection["ended_at"] is None
    for moment in (
        statistics["started_at"],
        statistics["last_snapshot_at"],
        connection["connected_at"],
        connection["first_frame_at"],
    ):
        assert abs(datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() < 60


async def test_account_that_is_not_set_up(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    exchange: SimulatedExchange,
    entry: MockConfigEntry,
) -> None:
    exchange.rest.fail_with(503)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert await download(hass, hass_client, entry) == {
        "region": "sg",
        "state": "setup_retry",
        "reason": "cannot_connect",
        "entities": {"balance_sensors": 0, "balance_sensors_disabled": 0, "event_enabled": False},
    }
    await hass.config_entries.async_unload(entry.entry_id)


async def test_history_of_what_went_wrong(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
) -> None:
    sync, statistics = coordinator.sync, coordinator.stats
    exchange.stream.send("{")
    await until(lambda: statistics.invalid_messages)
    exchange.stream.send_frame({"BTC": ("1", 0)}, asset_timestamp=2000)
    exchange.stream.send_frame({"BTC": ("2", 0)}, asset_timestamp=1999)
    await until(lambda: coordinator.ledger.stale_count == 1)
    exchange.handshake.fail_with(503, times=2)
    exchange.close_all(1000)
    await until(lambda: statistics.connects == 2 and sync.in_sync)
    exchange.rest.fail_with(500, times=1)
    exchange.cut()
    await until(lambda: statistics.connects == 3 and sync.in_sync)
    coordinator.reconnect("test")
    await until(lambda: statistics.connects == 4 and sync.in_sync)

    found = await download(hass, hass_client, entry)
    assert found["currencies"]["stale_in_frames"] == 1
    told = found["stats"]
    assert told["connects"] == 4
    assert told["failed_connects"] == {"http_503": 2}
    assert told["losses"] == {"close_1000": 1, "close_1006": 1}
    assert told["planned_reconnects"] == {"test": 1}
    assert told["invalid_messages"] == {"not_json": 1}
    assert told["failed_snapshots"] == {"http_500": 1}
    assert [connection["end"] for connection in told["connections"]] == [
        "close_1000",
        "close_1006",
        "replaced_test",
        None,
    ]


async def test_history_is_limited(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    for _ in range(50):
        coordinator.stats.connected()
    assert len(coordinator.stats.as_dict()["connections"]) == 20
    assert coordinator.stats.connects == 51


async def test_wait_that_the_exchange_asked_for_shows(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
) -> None:
    coordinator.sync._timings = replace(TIMINGS, grace=0)
    exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    exchange.cut()
    await until(lambda: hass.states.get("sensor.upbit_singapore_btc").state == STATE_UNAVAILABLE)
    found = await download(hass, hass_client, entry)
    assert 600 < found["requests_held_back_seconds"] <= 732
    assert not found["balances_available"]
    assert not found["stream"]["live"]
    assert found["stats"]["times_unavailable"] == 1


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_of_the_key_shows(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    exchange: SimulatedExchange,
    entry: MockConfigEntry,
) -> None:
    exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.key_expires_at)
    found = await download(hass, hass_client, entry)
    assert datetime.fromisoformat(found["key_expires_at"]) == exchange.key.expires_at
    await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_that_is_only_the_user_s_shows(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
) -> None:
    hass.config_entries.async_update_entry(entry, title="Nest egg of Alice")
    exchange.account.change({"BTC": ("0.7654321", "1.2345678"), "SECRETCOIN": ("31337.4242", 0)})
    await until(lambda: coordinator.stats.frames == 2)
    exchange.stream.send('{"type":"myAsset","asset_uuid":"e635f223","assets":[{"currency":"31337"}]}')
    exchange.stream.send_error("SECRETCOIN of e635f223", close=True)
    await until(lambda: coordinator.stats.connects == 2 and coordinator.sync.in_sync)
    exchange.rest.fail_with(401, '{"error": {"name": "nonce_used", "message": "31337"}}', times=2)
    exchange.handshake.fail_with(500, "31337", times=1)
    exchange.cut()
    await until(lambda: coordinator.stats.connects == 3 and coordinator.sync.in_sync)

    found = await download(hass, hass_client, entry)
    text = json.dumps(found)
    # Home Assistant's own part of the file names the integration; what is ours must not name these.
    for secret in (
        ACCESS_KEY,
        SECRET_KEY,
        "eyJ",
        "Bearer",
        "Alice",
        "31337",
        "4242",
        "7654321",
        "1.2345678",
        "1200.75",
        "e635f223",
        "BTC",
        "XRP",
        "127.0.0.1",
        entry.entry_id,
    ):
        assert secret not in text, secret
