"""An entry is set up: in order, refused, retried, or given up."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.helpers import (
    device_registry as dr,
    translation,
)
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from simulator.record import PRIVATE_STREAM
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

type Break = Callable[[SimulatedExchange], object]


# Setting up


async def test_first_snapshot_is_taken_after_the_stream_is_subscribed(connected: Harness) -> None:
    paths = [call.path for call in connected.exchange.record.calls]
    assert paths[:2] == [PRIVATE_STREAM, "/v1/accounts"]
    assert connected.exchange.record.most_live == {ACCESS_KEY: 1}
    assert len(connected.exchange.record.messages) == 1


async def test_change_during_the_first_snapshot_is_not_lost(harness: Harness) -> None:
    harness.entry.add_to_hass(harness.hass)
    async with harness.exchange.hold_snapshots() as gate:
        setting_up = asyncio.create_task(harness.set_up())
        async with asyncio.timeout(5):
            await gate.held()
        # The rows that are on their way still have the old amounts.
        harness.account.set("BTC", "7")
        harness.account.set("DOGE", "42")
        async with asyncio.timeout(5):
            await harness.exchange.flushed()
    assert await setting_up
    await harness.hass.async_block_till_done()
    assert harness.state("sensor.upbit_singapore_btc") == "7"
    assert harness.state("sensor.upbit_singapore_doge") == "42"
    assert harness.state("sensor.upbit_singapore_xrp") == "120"


async def test_account_has_one_service_device(connected: Harness) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(connected.hass), connected.entry.entry_id)
    assert device.name == "Upbit Singapore"
    assert device.manufacturer == "Upbit"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.identifiers == {(DOMAIN, connected.entry.entry_id)}


async def test_two_accounts_have_a_connection_each(connected: Harness, other: Harness) -> None:
    await other.start()
    other.account.set("ETH", "4")
    await connected.becomes("sensor.upbit_singapore_2_eth", "4")
    assert connected.state("sensor.upbit_singapore_eth") is None
    assert await other.unload()
    # The other one is not disturbed.
    connected.account.set("BTC", "9")
    await connected.becomes("sensor.upbit_singapore_btc", "9")


def broken_key(**attributes: object) -> Break:
    def break_it(exchange: SimulatedExchange) -> None:
        for name, value in attributes.items():
            setattr(exchange.key, name, value)

    return break_it


KEY_FAULTS: dict[str, Break] = {
    "invalid_access_key": broken_key(deleted=True),
    "invalid_secret_key": broken_key(secret_key="another" * 6),
    "expired_access_key": broken_key(expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
    "missing_permission": broken_key(permissions=frozenset()),
}


@pytest.mark.parametrize("by_frame", [False, True], ids=["401", "frame"])
@pytest.mark.parametrize("key", KEY_FAULTS)
async def test_refused_key_asks_for_another_one(harness: Harness, key: str, by_frame: bool) -> None:
    harness.exchange.stream.refuse_by_frame = by_frame
    KEY_FAULTS[key](harness.exchange)
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == key
    assert harness.entry.error_reason_translation_placeholders == {"region": "Singapore"}
    (flow,) = harness.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert not harness.running_tasks()
    await harness.disconnected()
    # A key that is refused is not tried again.
    assert len(harness.exchange.record.handshakes) == 1
    assert len(harness.exchange.record.requests("/v1/accounts")) == 1


@pytest.mark.parametrize(
    ("name", "key"),
    [("invalid_access_key", "invalid_access_key"), ("expired_access_key", "expired_access_key")],
)
async def test_key_that_the_stream_refuses_by_name_asks_for_another_one(
    harness: Harness, name: str, key: str
) -> None:
    harness.exchange.stream.after_subscribe = lambda connection: connection.refuse(name)
    async with harness.exchange.hold_snapshots():
        assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == key
    assert [flow["context"]["source"] for flow in harness.hass.config_entries.flow.async_progress()] == [
        SOURCE_REAUTH
    ]


async def test_stored_secret_that_cannot_sign_asks_for_another_one(harness: Harness) -> None:
    harness.entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_REGION: "sg", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: ""}
    )
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == "invalid_secret_key"
    assert not harness.exchange.record.calls


RETRIED: dict[str, tuple[Break, str]] = {
    "down": (lambda exchange: exchange.go_down(), "cannot_connect"),
    "maintenance": (lambda exchange: exchange.rest.fail_with(503), "cannot_connect"),
    "cut": (lambda exchange: exchange.rest.cut(), "cannot_connect"),
    "nonsense": (lambda exchange: exchange.rest.fail_with(200, "<html></html>"), "invalid_answer"),
    "unknown": (lambda exchange: exchange.rest.fail_with(404), "unknown"),
    "rate limited": (lambda exchange: exchange.rest.fail_with(429), "rate_limited"),
    "blocked": (lambda exchange: exchange.rest.fail_with(418), "blocked"),
    "other address": (broken_key(allowed_addresses=frozenset()), "ip_not_allowed"),
}


@pytest.mark.parametrize(("break_it", "key"), RETRIED.values(), ids=RETRIED.keys())
async def test_everything_else_is_retried(harness: Harness, break_it: Break, key: str) -> None:
    break_it(harness.exchange)
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert harness.entry.error_reason_translation_key == key
    assert not harness.hass.config_entries.flow.async_progress()
    assert not harness.running_tasks()
    await harness.disconnected()
    assert await harness.unload()


async def test_retry_succeeds_once_the_exchange_is_back(harness: Harness) -> None:
    harness.exchange.go_down()
    await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    await harness.exchange.accept_connections()
    async_fire_time_changed(harness.hass, dt_util.utcnow() + timedelta(minutes=2))
    await wait_until(lambda: harness.entry.state is ConfigEntryState.LOADED)
    await harness.hass.async_block_till_done()
    assert harness.state("sensor.upbit_singapore_btc") == "0.6"


async def test_retry_makes_no_request_while_the_exchange_asks_to_wait(harness: Harness) -> None:
    harness.exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    await harness.set_up()
    calls = len(harness.exchange.record.calls)
    await harness.reload()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert harness.entry.error_reason_translation_key == "blocked"
    assert len(harness.exchange.record.calls) == calls
    assert await harness.unload()


async def test_account_is_set_up_while_the_stream_cannot_be_had(harness: Harness) -> None:
    harness.exchange.handshake.fail_with(503)
    assert await harness.set_up()
    assert harness.state("sensor.upbit_singapore_btc") == "0.6"
    assert harness.state("binary_sensor.upbit_singapore_live_connection") == "off"


async def test_slow_exchange_does_not_hold_the_start_up_for_ever(harness: Harness) -> None:
    harness.exchange.silence()
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY


async def test_unknown_region_is_an_error_that_says_so(harness: Harness) -> None:
    harness.entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_REGION: "us", CONF_ACCESS_KEY: "a", CONF_SECRET_KEY: "b"}
    )
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == "unknown_region"
    assert harness.entry.error_reason_translation_placeholders == {"region": "us"}


async def test_reason_of_a_failure_is_a_text_without_keys(harness: Harness) -> None:
    harness.log.set_level(logging.DEBUG)
    await translation.async_load_integrations(harness.hass, {DOMAIN})
    harness.exchange.rest.cut()
    await harness.set_up()
    assert harness.entry.reason == "Upbit Singapore cannot be reached"
    for secret in (ACCESS_KEY, SECRET_KEY, "Bearer", "eyJ"):
        assert secret not in harness.log.text


async def test_cancelled_set_up_leaves_nothing_behind(harness: Harness) -> None:
    harness.entry.add_to_hass(harness.hass)
    async with harness.exchange.hold_snapshots() as gate, asyncio.timeout(5):
        setting_up = asyncio.create_task(harness.set_up())
        await gate.held()
        setting_up.cancel()
        await asyncio.wait([setting_up])
        await harness.disconnected()
    assert not harness.running_tasks()


async def test_fault_of_a_platform_closes_the_connection(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(harness.hass.config_entries, "async_forward_entry_setups", broken)
    assert not await harness.set_up()
    assert not harness.running_tasks()
    await harness.disconnected()
