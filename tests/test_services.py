"""The action that takes a snapshot now, and its errors."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.upbit.const import DOMAIN
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


async def test_error_is_a_text_for_users(connected: Harness) -> None:
    connected.exchange.rest.fail_with(503)
    with pytest.raises(HomeAssistantError, match="Upbit Singapore cannot be reached") as raised:
        await refresh(connected.hass, connected.entry.entry_id)
    # The cause is for diagnostics only.
    assert raised.value.__cause__ is None


async def test_account_that_is_not_loaded_is_rejected(connected: Harness) -> None:
    await connected.unload()
    with pytest.raises(ServiceValidationError) as raised:
        await refresh(connected.hass, connected.entry.entry_id)
    assert raised.value.translation_key == "service_config_entry_not_loaded"


@pytest.mark.parametrize("data", [{}, {"config_entry_id": 1}, {"config_entry_id": "x", "more": 1}])
async def test_invalid_data_is_rejected(connected: Harness, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await connected.hass.services.async_call(DOMAIN, "refresh", data, blocking=True)


async def test_action_is_there_without_an_account_and_described(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    descriptions = await async_get_all_descriptions(hass)
    assert set(descriptions[DOMAIN]) == {"refresh"}
    assert descriptions[DOMAIN]["refresh"]["fields"]["config_entry_id"]["required"]
