"""Diagnostics: enough to help a user, and nothing private."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


async def download(harness: Harness, hass_client: ClientSessionGenerator) -> dict[str, Any]:
    """Download the diagnostics as a user does."""
    assert await async_setup_component(harness.hass, "diagnostics", {})
    await harness.hass.async_block_till_done()
    return await get_diagnostics_for_config_entry(harness.hass, hass_client, harness.entry)


@pytest.mark.parametrize("region", ["kr"])
async def test_account_without_errors(harness: Harness, hass_client: ClientSessionGenerator) -> None:
    harness.exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    await harness.start()
    await wait_until(lambda: harness.key_expires_at)
    harness.account.set("XRP", 0)
    harness.account.set("DOGE", 7)
    await wait_until(lambda: harness.ledger.sequence == 2)
    await wait_until(lambda: harness.coordinator.value.account().profit, within=20)
    found = await download(harness, hass_client)
    statistics = found.pop("stats")
    value = found.pop("value")
    feed = value.pop("feed")
    assert value == {
        "price_updates": "normal",
        "available": True,
        "complete": False,  # The exchange has no market for SGD in Korea.
        "coins": 3,
        "unpriced": 1,
        "without_cost": 3,
        "costs_known": True,
    }
    assert (feed["subscribed"], feed["healthy"], feed["markets"], feed["connects"]) == (True, True, 2, 1)
    assert found == {
        "region": "kr",
        "state": "loaded",
        "reason": None,
        "balances_available": True,
        "stream": {
            "connected": True,
            "in_sync": True,
            "update_received": True,
            "ever_received": True,
            "missed_updates": 0,
        },
        "rate_limited_seconds": 0.0,
        "currencies": {"known": 4, "empty": 1, "unavailable": 0, "stale_assets": 0},
        "entities": {"balance_sensors": 4, "balance_sensors_disabled": 0, "event_enabled": False},
        "key_expires_at": "2027-03-01T21:00:00+09:00",
    }
    assert statistics["connects"] == 1
    assert statistics["updates"] == 2
    assert statistics["changes"] == 2
    assert statistics["snapshots"] >= 1
    assert statistics["losses"] == {}
    assert 0 <= statistics["last_snapshot_seconds"] < 10
    (connection,) = statistics["connections"]
    assert connection["end"] is None
    assert connection["ended_at"] is None
    for moment in (
        statistics["started_at"],
        statistics["last_snapshot_at"],
        connection["connected_at"],
        connection["first_update_at"],
    ):
        assert abs(datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() < 60


async def test_account_that_is_not_set_up(harness: Harness, hass_client: ClientSessionGenerator) -> None:
    harness.exchange.rest.fail_with(503)
    assert not await harness.set_up()
    assert await download(harness, hass_client) == {
        "region": "sg",
        "state": "setup_retry",
        "reason": "cannot_connect",
        "entities": {"balance_sensors": 0, "balance_sensors_disabled": 0, "event_enabled": False},
    }


async def test_history_of_errors(connected: Harness, hass_client: ClientSessionGenerator) -> None:
    connected.exchange.stream.send("{")
    await wait_until(lambda: connected.stats.invalid_messages)
    connected.exchange.stream.send(
        '{"type":"myAsset","assets":[{"currency":"XRP","balance":-1,"locked":0},{}],'
        '"asset_timestamp":1,"timestamp":1}'
    )
    await wait_until(lambda: connected.stats.undecodable_items)
    assert (await connected.diagnostics())["currencies"]["unavailable"] == 1
    connected.account.change({"BTC": ("1", 0)}, asset_timestamp=2000)
    connected.account.change({"BTC": ("2", 0)}, asset_timestamp=1999)
    await wait_until(lambda: connected.ledger.stale_count == 1)
    connected.exchange.handshake.fail_with(503, times=2)
    connected.exchange.close_all(1000)
    await wait_until(lambda: connected.stats.connects == 2 and connected.in_sync)
    connected.exchange.rest.fail_with(500, times=1)
    connected.exchange.cut()
    await wait_until(lambda: connected.stats.connects == 3 and connected.in_sync)
    connected.replace_stream()
    await wait_until(lambda: connected.stats.connects == 4 and connected.in_sync)

    found = await download(connected, hass_client)
    assert found["currencies"]["stale_assets"] == 1
    stats = found["stats"]
    assert stats["connects"] == 4
    assert stats["failed_connects"] == {"http_503": 2}
    assert stats["losses"] == {"close_1000": 1, "close_1006": 1}
    assert stats["planned_reconnects"] == {"clock_jump": 1}
    assert stats["invalid_messages"] == {"not_json": 1}
    assert stats["undecodable_items"] == {"invalid_amount": 1, "unreadable_currency": 1}
    assert stats["failed_snapshots"] == {"http_500": 1}
    assert [connection["end"] for connection in stats["connections"]] == [
        "close_1000",
        "close_1006",
        "replaced_clock_jump",
        None,
    ]


async def test_history_is_limited(connected: Harness) -> None:
    for _ in range(50):
        connected.stats.connected()
    assert len(connected.stats.as_dict()["connections"]) == 20
    assert connected.stats.connects == 51


async def test_rate_limit_is_included(connected: Harness, hass_client: ClientSessionGenerator) -> None:
    connected.exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    connected.exchange.cut()
    await connected.becomes("sensor.upbit_singapore_btc", STATE_UNAVAILABLE, within=80)
    found = await download(connected, hass_client)
    assert 600 < found["rate_limited_seconds"] <= 732
    assert not found["balances_available"]
    assert not found["stream"]["connected"]
    assert found["stats"]["times_unavailable"] == 1
