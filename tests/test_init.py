"""An entry is set up: in order, refused, retried, or given up."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    translation,
)
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.upbit.api import rest as rest_module, stream as stream_module
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from simulator.record import PRIVATE_STREAM
from tests.entries import closed, set_up, tasks_of
from tests.waiting import until

type Break = Callable[[SimulatedExchange], object]


# Setting up


async def test_first_snapshot_is_taken_after_the_stream_is_subscribed(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    paths = [call.path for call in exchange.record.calls]
    assert paths[:2] == [PRIVATE_STREAM, "/v1/accounts"]
    assert exchange.record.most_live == {ACCESS_KEY: 1}
    assert len(exchange.record.messages) == 1


async def test_change_during_the_first_snapshot_is_not_lost(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    async with exchange.hold_snapshots() as gate:
        setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
        async with asyncio.timeout(5):
            await gate.held()
        # The rows that are on their way still have the old amounts.
        exchange.account.set("BTC", "7")
        exchange.account.set("DOGE", "42")
        async with asyncio.timeout(5):
            await exchange.flushed()
    assert await setting_up
    await hass.async_block_till_done()
    assert hass.states.get("sensor.upbit_singapore_btc").state == "7"
    assert hass.states.get("sensor.upbit_singapore_doge").state == "42"
    assert hass.states.get("sensor.upbit_singapore_xrp").state == "120"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_has_one_service_device(
    hass: HomeAssistant, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.name == "Upbit Singapore"
    assert device.manufacturer == "Upbit"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.identifiers == {(DOMAIN, entry.entry_id)}


async def test_two_accounts_have_a_connection_each(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    account = exchange.add_account({"ETH": ("3", 0)})
    exchange.add_key(access_key="SECOND", account=account)
    second = MockConfigEntry(
        domain=DOMAIN,
        title="Upbit Singapore 2",
        data={CONF_REGION: "sg", CONF_ACCESS_KEY: "SECOND", CONF_SECRET_KEY: SECRET_KEY},
    )
    assert await set_up(hass, second)
    async with asyncio.timeout(5):
        await exchange.subscribed(2)
    account.set("ETH", "4")
    await until(lambda: hass.states.get("sensor.upbit_singapore_2_eth").state == "4")
    assert hass.states.get("sensor.upbit_singapore_eth") is None
    assert await hass.config_entries.async_unload(second.entry_id)
    # The other one is not disturbed.
    exchange.account.set("BTC", "9")
    await until(lambda: hass.states.get("sensor.upbit_singapore_btc").state == "9")


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
async def test_refused_key_asks_for_another_one(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, key: str, by_frame: bool
) -> None:
    exchange.stream.reject_by_frame = by_frame
    KEY_FAULTS[key](exchange)
    assert not await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == key
    assert entry.error_reason_translation_placeholders == {"region": "Singapore"}
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert not tasks_of(entry)
    await closed(exchange)
    # A key that is refused is not tried again.
    assert len(exchange.record.handshakes) == 1
    assert len(exchange.record.requests("/v1/accounts")) == 1


@pytest.mark.parametrize(
    ("name", "key"),
    [("invalid_access_key", "invalid_access_key"), ("expired_access_key", "expired_access_key")],
)
async def test_key_that_the_stream_refuses_by_name_asks_for_another_one(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, name: str, key: str
) -> None:
    exchange.stream.after_subscribe = lambda connection: connection.close_with_error(name)
    async with exchange.hold_snapshots():
        assert not await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == key
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [
        SOURCE_REAUTH
    ]


async def test_stored_secret_that_cannot_sign_asks_for_another_one(
    hass: HomeAssistant, exchange: SimulatedExchange
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_REGION: "sg", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: ""}
    )
    assert not await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "invalid_secret_key"
    assert not exchange.record.calls


RETRIED: dict[str, tuple[Break, str]] = {
    "down": (lambda exchange: exchange.go_down(), "cannot_connect"),
    "maintenance": (lambda exchange: exchange.rest.fail_with(503), "cannot_connect"),
    "cut": (lambda exchange: exchange.rest.cut(), "cannot_connect"),
    "nonsense": (lambda exchange: exchange.rest.fail_with(200, "<html></html>"), "invalid_response"),
    "unknown": (lambda exchange: exchange.rest.fail_with(404), "unknown"),
    "rate limited": (lambda exchange: exchange.rest.fail_with(429), "rate_limited"),
    "blocked": (lambda exchange: exchange.rest.fail_with(418), "blocked"),
    "other address": (broken_key(allowed_addresses=frozenset()), "ip_not_allowed"),
}


@pytest.mark.parametrize(("break_it", "key"), RETRIED.values(), ids=RETRIED.keys())
async def test_everything_else_is_retried(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, break_it: Break, key: str
) -> None:
    break_it(exchange)
    assert not await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key
    assert not hass.config_entries.flow.async_progress()
    assert not tasks_of(entry)
    await closed(exchange)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_retry_succeeds_once_the_exchange_is_back(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.go_down()
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await exchange.accept_connections()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=2))
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.upbit_singapore_btc").state == "0.6"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_retry_makes_no_request_while_the_exchange_asks_to_wait(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.rest.fail_with(418, headers={"Retry-After": "600"}, times=1)
    await set_up(hass, entry)
    calls = len(exchange.record.calls)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "blocked"
    assert len(exchange.record.calls) == calls
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_account_is_set_up_while_the_stream_cannot_be_had(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.handshake.fail_with(503)
    assert await set_up(hass, entry)
    assert hass.states.get("sensor.upbit_singapore_btc").state == "0.6"
    assert hass.states.get("binary_sensor.upbit_singapore_live_connection").state == "off"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_slow_exchange_does_not_hold_the_start_up_for_ever(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "CONNECT_TIMEOUT", 0.1)
    monkeypatch.setattr(rest_module, "REQUEST_TIMEOUT", 0.1)
    exchange.silence()
    assert not await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)


async def test_unknown_region_is_an_error_that_says_so(
    hass: HomeAssistant, exchange: SimulatedExchange
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_REGION: "us", CONF_ACCESS_KEY: "a", CONF_SECRET_KEY: "b"}
    )
    assert not await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "unknown_region"
    assert entry.error_reason_translation_placeholders == {"region": "us"}


async def test_reason_of_a_failure_is_a_text_without_keys(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await translation.async_load_integrations(hass, {DOMAIN})
    exchange.rest.cut()
    await set_up(hass, entry)
    assert entry.reason == "Upbit Singapore cannot be reached"
    for secret in (ACCESS_KEY, SECRET_KEY, "Bearer", "eyJ"):
        assert secret not in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_cancelled_set_up_leaves_nothing_behind(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    async with exchange.hold_snapshots() as gate, asyncio.timeout(5):
        setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
        await gate.held()
        setting_up.cancel()
        await asyncio.wait([setting_up])
        await closed(exchange)
    assert not tasks_of(entry)


async def test_fault_of_a_platform_closes_the_connection(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", broken)
    assert not await set_up(hass, entry)
    assert not tasks_of(entry)
    await closed(exchange)
