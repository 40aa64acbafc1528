"""The options: how often values are updated, and the sensors of empty currencies that are removed."""

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


async def options(harness: Harness, step: str = "remove") -> ConfigFlowResult:
    """Open the options and select what to do."""
    flows = harness.hass.config_entries.options
    menu = await flows.async_init(harness.entry.entry_id)
    assert menu["menu_options"] == ["price_updates", "remove"]
    return await flows.async_configure(menu["flow_id"], {"next_step_id": step})


async def remove(hass: HomeAssistant, form: ConfigFlowResult, *currencies: str) -> ConfigFlowResult:
    result = await hass.config_entries.options.async_configure(form["flow_id"], {"remove": list(currencies)})
    await hass.async_block_till_done()
    return result


async def empty(harness: Harness, *currencies: str) -> None:
    """Sell everything of some currencies."""
    for currency in currencies:
        harness.account.set(currency, 0)
    await wait_until(lambda: not any(harness.ledger.holding(each).total for each in currencies))


async def test_empty_currencies_are_offered_and_the_chosen_ones_removed(connected: Harness) -> None:
    await empty(connected, "BTC", "XRP")
    form = await options(connected)
    assert form["step_id"] == "remove"
    ((field, selector),) = form["data_schema"].schema.items()
    assert selector.config["options"] == ["BTC", "XRP"]
    assert field.default() == []

    result = await remove(connected.hass, form, "XRP")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert connected.hass.states.get("sensor.upbit_singapore_xrp") is None
    registry = er.async_get(connected.hass)
    assert not [entity_id for entity_id in registry.entities if "xrp" in entity_id]
    assert connected.state("sensor.upbit_singapore_btc") == "0"
    assert connected.state("sensor.upbit_singapore_sgd") == "1200.75"
    # Neither snapshots nor a restart bring it back.
    await connected.refresh()
    await connected.reload()
    assert connected.hass.states.get("sensor.upbit_singapore_xrp") is None


async def test_currency_whose_amount_is_unavailable_is_not_offered(connected: Harness) -> None:
    await empty(connected, "BTC", "XRP")
    connected.exchange.rest.list_zeros = True
    connected.exchange.rest.row_faults["BTC"] = {"locked": "-1"}
    await connected.refresh()
    form = await options(connected)
    (selector,) = form["data_schema"].schema.values()
    assert selector.config["options"] == ["XRP"]


async def test_removed_currency_comes_back_when_the_account_has_some_again(connected: Harness) -> None:
    await empty(connected, "XRP")
    await remove(connected.hass, await options(connected), "XRP")
    connected.account.deposit("XRP", "7")
    await wait_until(lambda: connected.hass.states.get("sensor.upbit_singapore_xrp") is not None)
    assert connected.state("sensor.upbit_singapore_xrp") == "7"
    # And follows the stream from then on.
    connected.account.deposit("XRP", "1")
    await connected.becomes("sensor.upbit_singapore_xrp", "8")


async def test_currency_that_is_no_longer_empty_is_not_removed(connected: Harness) -> None:
    await empty(connected, "XRP")
    form = await options(connected)
    connected.account.place_order("SGD", 1)
    connected.account.change({"XRP": (0, "0.00000001")})
    await wait_until(lambda: connected.ledger.holding("XRP").total)
    result = await remove(connected.hass, form, "XRP")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert connected.state("sensor.upbit_singapore_xrp") == "0.00000001"


async def test_account_without_empty_currencies_has_nothing_to_remove(connected: Harness) -> None:
    result = await options(connected)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "nothing_empty"


async def test_nothing_is_offered_while_the_balances_are_unavailable(connected: Harness) -> None:
    await empty(connected, "XRP")
    connected.exchange.key.deleted = True
    connected.exchange.cut()
    await wait_until(lambda: not connected.is_current)
    result = await options(connected)
    assert result["reason"] == "not_available"
    await connected.unload()
    result = await options(connected)
    assert result["reason"] == "not_available"


async def test_price_updates_are_selected_while_the_account_is_not_loaded(connected: Harness) -> None:
    await connected.unload()
    form = await options(connected, "price_updates")
    flows = connected.hass.config_entries.options
    await flows.async_configure(form["flow_id"], {"price_updates": "off"})
    await connected.reload()
    await connected.hass.async_block_till_done()
    assert connected.state("sensor.upbit_singapore_xrp") == "120"
    assert connected.hass.states.get("sensor.upbit_singapore_xrp_value") is None
    # A currency without sensors of prices is removed all the same.
    await empty(connected, "XRP")
    await remove(connected.hass, await options(connected), "XRP")
    assert connected.hass.states.get("sensor.upbit_singapore_xrp") is None
