"""The action that takes a snapshot now, and what it says when it cannot."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.upbit.const import DOMAIN
from tests.helpers.automations import automate
from tests.helpers.harness import Harness

BTC = "sensor.upbit_singapore_btc"


async def refresh(hass: HomeAssistant, entry_id: str) -> None:
    await hass.services.async_call(DOMAIN, "refresh", {"config_entry_id": entry_id}, blocking=True)


async def test_refresh_ends_when_the_snapshot_is_merged(connected: Harness) -> None:
    connected.account.change({"BTC": ("2.000000000000000001", "0")}, announce=False)
    before = len(connected.exchange.record.requests("/v1/accounts"))
    await refresh(connected.hass, connected.entry.entry_id)
    assert connected.state(BTC) == "2.000000000000000001"
    assert len(connected.exchange.record.requests("/v1/accounts")) == before + 1


async def test_refresh_in_an_automation_lets_triggers_fire(connected: Harness) -> None:
    calls = await automate(
        connected.hass,
        {"trigger": "upbit.balance_changed", "target": {"entity_id": BTC}, "options": {}},
        note="{{ trigger.difference }} BTC",
    )
    connected.account.change({"BTC": ("2", "0")}, announce=False)
    await refresh(connected.hass, connected.entry.entry_id)
    await connected.hass.async_block_till_done()
    assert [call.data["note"] for call in calls] == ["1.4 BTC"]


@pytest.mark.parametrize(
    ("name", "key", "text"),
    [
        ("invalid_access_key", "invalid_access_key", "Upbit Singapore does not know the access key"),
        ("out_of_scope", "missing_permission", 'lacks the "View Account" permission'),
        ("no_authorization_ip", "ip_not_allowed", "public IP address"),
    ],
)
async def test_refusal_is_said_in_words(connected: Harness, name: str, key: str, text: str) -> None:
    connected.exchange.rest.refuse(name)
    with pytest.raises(HomeAssistantError) as raised:
        await refresh(connected.hass, connected.entry.entry_id)
    assert raised.value.translation_key == key
    assert text in str(raised.value)
    # aiohttp's errors and ours would show what is for diagnostics only.
    assert raised.value.__cause__ is None


async def test_exchange_that_cannot_be_reached_is_said_in_words(connected: Harness) -> None:
    connected.exchange.rest.fail_with(503)
    with pytest.raises(HomeAssistantError, match="Upbit Singapore cannot be reached"):
        await refresh(connected.hass, connected.entry.entry_id)


async def test_ended_key_is_said_in_words(connected: Harness) -> None:
    connected.exchange.key.deleted = True
    for _ in range(2):
        with pytest.raises(HomeAssistantError, match="Upbit Singapore"):
            await refresh(connected.hass, connected.entry.entry_id)


async def test_account_that_is_not_loaded_is_refused(connected: Harness) -> None:
    await connected.unload()
    with pytest.raises(ServiceValidationError) as raised:
        await refresh(connected.hass, connected.entry.entry_id)
    assert raised.value.translation_key == "service_config_entry_not_loaded"


async def test_unknown_account_is_refused(connected: Harness) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await refresh(connected.hass, "01JD0000000000000000000000")
    assert raised.value.translation_key == "service_config_entry_not_found"


async def test_entry_of_another_integration_is_refused(connected: Harness) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(connected.hass)
    with pytest.raises(ServiceValidationError) as raised:
        await refresh(connected.hass, other.entry_id)
    assert raised.value.translation_key == "service_config_entry_wrong_domain"


@pytest.mark.parametrize("data", [{}, {"config_entry_id": 1}, {"config_entry_id": "x", "more": 1}])
async def test_other_data_is_refused(connected: Harness, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await connected.hass.services.async_call(DOMAIN, "refresh", data, blocking=True)


async def test_action_is_there_without_an_account_and_described(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    descriptions = await async_get_all_descriptions(hass)
    assert set(descriptions[DOMAIN]) == {"refresh"}
    assert descriptions[DOMAIN]["refresh"]["fields"]["config_entry_id"]["required"]
