"""The options: empty currencies are removed, and only those."""

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import SimulatedExchange
from tests.waiting import until


async def options(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    return await hass.config_entries.options.async_init(entry.entry_id)


async def remove(hass: HomeAssistant, form: ConfigFlowResult, *currencies: str) -> ConfigFlowResult:
    result = await hass.config_entries.options.async_configure(form["flow_id"], {"remove": list(currencies)})
    await hass.async_block_till_done()
    return result


async def empty(exchange: SimulatedExchange, coordinator: UpbitCoordinator, *currencies: str) -> None:
    """Sell everything of some currencies."""
    for currency in currencies:
        exchange.account.set(currency, 0)
    await until(lambda: not any(coordinator.ledger.holding(each).total for each in currencies))


async def test_empty_currencies_are_offered_and_the_chosen_ones_removed(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    await empty(exchange, coordinator, "BTC", "XRP")
    form = await options(hass, entry)
    assert form["step_id"] == "init"
    ((field, selector),) = form["data_schema"].schema.items()
    assert selector.config["options"] == ["BTC", "XRP"]
    assert field.default() == []

    result = await remove(hass, form, "XRP")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.states.get("sensor.upbit_singapore_xrp") is None
    assert er.async_get(hass).async_get("sensor.upbit_singapore_xrp") is None
    assert hass.states.get("sensor.upbit_singapore_btc").state == "0"
    assert hass.states.get("sensor.upbit_singapore_sgd").state == "1200.75"
    # Neither snapshots nor a restart bring it back.
    await coordinator.async_refresh()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.upbit_singapore_xrp") is None


async def test_removed_currency_comes_back_when_the_account_has_some_again(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    await empty(exchange, coordinator, "XRP")
    await remove(hass, await options(hass, entry), "XRP")
    exchange.account.deposit("XRP", "7")
    await until(lambda: hass.states.get("sensor.upbit_singapore_xrp") is not None)
    assert hass.states.get("sensor.upbit_singapore_xrp").state == "7"
    # And follows the stream from then on.
    exchange.account.deposit("XRP", "1")
    await until(lambda: hass.states.get("sensor.upbit_singapore_xrp").state == "8")


async def test_currency_that_is_no_longer_empty_is_not_removed(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    await empty(exchange, coordinator, "XRP")
    form = await options(hass, entry)
    exchange.account.place_order("SGD", 1)
    exchange.account.change({"XRP": (0, "0.00000001")})
    await until(lambda: coordinator.ledger.holding("XRP").total)
    result = await remove(hass, form, "XRP")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.states.get("sensor.upbit_singapore_xrp").state == "0.00000001"


async def test_currency_that_is_held_cannot_be_chosen(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    await empty(exchange, coordinator, "XRP")
    form = await options(hass, entry)
    with pytest.raises(InvalidData):
        await remove(hass, form, "BTC")


async def test_choosing_nothing_removes_nothing(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    await empty(exchange, coordinator, "XRP")
    before = len(hass.states.async_all())
    result = await remove(hass, await options(hass, entry))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(hass.states.async_all()) == before
    assert entry.options == {}


async def test_account_without_empty_currencies_has_nothing_to_remove(
    hass: HomeAssistant, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    result = await options(hass, entry)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "nothing_empty"


async def test_nothing_is_called_empty_while_the_balances_are_not_known(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    await empty(exchange, coordinator, "XRP")
    exchange.key.deleted = True
    exchange.cut()
    await until(lambda: not coordinator.available)
    result = await options(hass, entry)
    assert result["reason"] == "not_available"
    await hass.config_entries.async_unload(entry.entry_id)
    result = await options(hass, entry)
    assert result["reason"] == "not_available"
