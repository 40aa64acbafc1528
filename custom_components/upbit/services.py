"""The actions: take a snapshot of an account now, and return its balances and values."""

from decimal import Decimal
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.selector import (
    ConfigEntrySelector,
    ConfigEntrySelectorConfig,
    DeviceSelector,
    DeviceSelectorConfig,
)
import voluptuous as vol

from .api.wire import plain
from .const import DOMAIN
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .refresh import async_refresh

SERVICE_GET_BALANCES = "get_balances"
SERVICE_REFRESH = "refresh"

_ACCOUNT_FIELDS = (ATTR_DEVICE_ID, ATTR_CONFIG_ENTRY_ID)
_ACCOUNT_SCHEMA = vol.All(
    vol.Schema(
        {
            vol.Optional(ATTR_DEVICE_ID): DeviceSelector(DeviceSelectorConfig(integration=DOMAIN)),
            vol.Optional(ATTR_CONFIG_ENTRY_ID): ConfigEntrySelector(
                ConfigEntrySelectorConfig(integration=DOMAIN)
            ),
        }
    ),
    cv.has_at_least_one_key(*_ACCOUNT_FIELDS),
    cv.has_at_most_one_key(*_ACCOUNT_FIELDS),
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, without an account too, so that automations can be validated."""
    hass.services.async_register(DOMAIN, SERVICE_REFRESH, _async_refresh, schema=_ACCOUNT_SCHEMA)
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_BALANCES,
        _async_get_balances,
        schema=_ACCOUNT_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_refresh(call: ServiceCall) -> None:
    """Take a snapshot, and end when it is merged.

    Raises:
        ServiceValidationError: There is no such account, or it is not loaded.
        HomeAssistantError: The snapshot failed.
    """
    await async_refresh(_coordinator_of(call))


async def _async_get_balances(call: ServiceCall) -> ServiceResponse:
    """Return the balances and values of an account; numbers are texts with every digit, without unknown ones.

    Raises:
        ServiceValidationError: There is no such account, or it is not loaded.
    """
    coordinator = _coordinator_of(call)
    response: dict[str, Any] = {"region": coordinator.region.code, "currency": coordinator.region.fiat}
    if coordinator.value is not None:
        figures = coordinator.value.account()
        response |= _known(total_value=figures.total_value)
        if figures.available:
            response["complete"] = figures.complete
    response["balances"] = {
        currency: _balance(coordinator, currency) for currency in sorted(coordinator.ledger.currencies)
    }
    return response


def _coordinator_of(call: ServiceCall) -> UpbitCoordinator:
    entry: UpbitConfigEntry
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        _, entry = service.async_get_device_and_config_entry(call.hass, DOMAIN, device_id)
    else:
        entry = service.async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    return entry.runtime_data


def _balance(coordinator: UpbitCoordinator, currency: str) -> dict[str, Any]:
    if not coordinator.is_available(currency):
        return {}
    holding = coordinator.ledger.holding(currency)
    balance = _known(total=holding.total, available=holding.available, locked=holding.locked)
    if coordinator.value is None:
        return balance
    coin = coordinator.value.coin(currency)
    balance |= _known(price=coin.price, value=coin.value)
    if currency != coordinator.region.fiat:
        balance |= _known(cost_basis=coin.cost_basis, unrealized_profit=coin.unrealized_profit)
    return balance


def _known(**numbers: Decimal | None) -> dict[str, Any]:
    """Return the numbers that are known, in plain notation."""
    return {name: plain(number) for name, number in numbers.items() if number is not None}
