"""The actions: a snapshot taken now, the balances as a response, and their errors."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.upbit.const import DOMAIN
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

BTC = "sensor.upbit_singapore_btc"


async def refresh(hass: HomeAssistant, entry_id: str) -> None:
    await hass.services.async_call(DOMAIN, "refresh", {"config_entry_id": entry_id}, blocking=True)


async def get_balances(harness: Harness, **account: str) -> dict[str, Any]:
    return await harness.hass.services.async_call(
        DOMAIN,
        "get_balances",
        account or {"config_entry_id": harness.entry.entry_id},
        blocking=True,
        return_response=True,
    )


async def test_refresh_ends_when_the_snapshot_is_merged(connected: Harness) -> None:
    connected.account.change({"BTC": ("2.000000000000000001", "0")}, announce=False)
    before = len(connected.exchange.record.requests("/v1/accounts"))
    await refresh(connected.hass, connected.entry.entry_id)
    assert connected.state(BTC) == "2.000000000000000001"
    assert len(connected.exchange.record.requests("/v1/accounts")) == before + 1


async def test_error_is_a_text_for_users(connected: Harness) -> None:
    connected.exchange.rest.fail_with(503)
    with pytest.raises(HomeAssistantError, match="Failed to connect to Upbit Singapore") as raised:
        await refresh(connected.hass, connected.entry.entry_id)
    # The cause is for diagnostics only.
    assert raised.value.__cause__ is None


async def test_response_has_every_digit_of_balances_and_values(valued: Harness) -> None:
    valued.exchange.rest.row_faults["BTC"] = {"avg_buy_price": "90000.1", "unit_currency": "SGD"}
    valued.account.change({"BTC": ("0.500000000000000001", "0.1"), "ZZZ": ("5", "0")})
    await valued.caught_up()
    await wait_until(lambda: "ZZZ" in valued.coordinator.value.account().unpriced, within=60)
    await wait_until(lambda: valued.coordinator.value.coin("BTC").cost_basis is not None, within=60)
    assert await get_balances(valued) == {
        "region": "sg",
        "currency": "SGD",
        "total_value": "61440.7500000000001",
        "complete": False,
        "balances": {
            "BTC": {
                "total": "0.600000000000000001",
                "available": "0.500000000000000001",
                "locked": "0.1",
                "price": "100000",
                "value": "60000.0000000000001",
                "cost_basis": "54000.0600000000000900001",
                "unrealized_profit": "5999.9400000000000099999",
            },
            "SGD": {
                "total": "1200.75",
                "available": "1000.5",
                "locked": "200.25",
                "price": "1",
                "value": "1200.75",
            },
            "XRP": {"total": "120", "available": "120", "locked": "0", "price": "2", "value": "240"},
            "ZZZ": {"total": "5", "available": "5", "locked": "0"},
        },
    }


async def test_response_lacks_what_is_not_known(valued: Harness) -> None:
    valued.exchange.rest.row_faults["BTC"] = {"balance": "-1"}
    await valued.refresh()
    response = await get_balances(valued)
    assert response.keys() == {"region", "currency", "balances"}
    assert response["balances"]["BTC"] == {}
    assert response["balances"]["XRP"]["value"] == "240"


async def test_response_lacks_values_without_price_updates(valued: Harness) -> None:
    valued.hass.config_entries.async_update_entry(valued.entry, options={"price_updates": "off"})
    assert await valued.reload()
    response = await get_balances(valued)
    assert response.keys() == {"region", "currency", "balances"}
    assert response["balances"]["XRP"] == {"total": "120", "available": "120", "locked": "0"}


async def test_account_is_selected_by_its_device_too(connected: Harness, other: Harness) -> None:
    await other.start()
    other.account.change({"BTC": ("8", "0")}, announce=False)
    await other.hass.services.async_call(DOMAIN, "refresh", {"device_id": other.device_id}, blocking=True)
    response = await get_balances(other, device_id=other.device_id)
    assert response["balances"]["BTC"]["total"] == "8"


async def test_account_that_is_not_loaded_is_rejected(connected: Harness) -> None:
    await connected.unload()
    with pytest.raises(ServiceValidationError) as raised:
        await refresh(connected.hass, connected.entry.entry_id)
    assert raised.value.translation_key == "service_config_entry_not_loaded"


async def test_unknown_device_is_rejected(connected: Harness) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await get_balances(connected, device_id="unknown")
    assert raised.value.translation_key == "service_device_not_found"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"config_entry_id": 1},
        {"config_entry_id": "x", "more": 1},
        {"config_entry_id": "x", "device_id": "x"},
    ],
)
async def test_invalid_data_is_rejected(connected: Harness, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await connected.hass.services.async_call(DOMAIN, "refresh", data, blocking=True)


async def test_actions_are_there_without_an_account_and_described(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    descriptions = (await async_get_all_descriptions(hass))[DOMAIN]
    assert descriptions.keys() == {"refresh", "get_balances"}
    for description in descriptions.values():
        assert description["fields"].keys() == {"device_id", "config_entry_id"}
    assert descriptions["get_balances"]["response"] == {"optional": False}
