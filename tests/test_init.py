"""An entry is set up."""

import asyncio
from collections.abc import Callable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.helpers import (
    device_registry as dr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.price_feed import async_running_feeds
from simulator import ACCESS_KEY, SimulatedExchange
from simulator.record import PRIVATE_STREAM
from tests.helpers.harness import Harness

type Break = Callable[[SimulatedExchange], object]


async def test_first_snapshot_is_taken_after_the_stream_is_subscribed(connected: Harness) -> None:
    paths = [call.path for call in connected.exchange.record.calls]
    assert paths[:2] == [PRIVATE_STREAM, "/v1/accounts"]
    assert connected.exchange.record.most_live == {ACCESS_KEY: 1}
    assert len(connected.exchange.record.messages) == 1


async def test_account_has_one_service_device(connected: Harness) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(connected.hass), connected.entry.entry_id)
    assert device.name == "Upbit Singapore"
    assert device.manufacturer == "Upbit"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.configuration_url == "https://sg.upbit.com/mypage/open_api_management"
    assert device.identifiers == {(DOMAIN, connected.entry.entry_id)}


async def test_two_accounts_have_a_connection_each(connected: Harness, other: Harness) -> None:
    await other.start()
    other.account.set("ETH", "4")
    await connected.becomes("sensor.upbit_singapore_2_eth", "4")
    assert connected.state("sensor.upbit_singapore_eth") is None
    assert await other.unload()
    connected.account.set("BTC", "9")
    await connected.becomes("sensor.upbit_singapore_btc", "9")


async def test_stored_secret_that_cannot_sign_starts_reauthentication(harness: Harness) -> None:
    harness.entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_REGION: "sg", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: ""}
    )
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == "invalid_secret_key"
    assert not harness.exchange.record.calls


async def test_unsupported_region_is_an_error_with_its_name(harness: Harness) -> None:
    harness.entry = MockConfigEntry(
        domain=DOMAIN, data={CONF_REGION: "us", CONF_ACCESS_KEY: "a", CONF_SECRET_KEY: "b"}
    )
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == "unknown_region"
    assert harness.entry.error_reason_translation_placeholders == {"region": "us"}


async def test_cancelled_set_up_leaves_nothing_behind(harness: Harness) -> None:
    async with harness.exchange.hold_snapshots() as held:
        set_up = asyncio.create_task(harness.set_up())
        await held.held()
        set_up.cancel()
        await asyncio.wait([set_up])
    assert not harness.running_tasks()
    assert not async_running_feeds(harness.hass)


async def test_failure_of_a_platform_closes_the_connection(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(harness.hass.config_entries, "async_forward_entry_setups", broken)
    assert not await harness.set_up()
    assert not harness.running_tasks()
    await harness.disconnected()
