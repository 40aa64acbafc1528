"""How often values are updated, selected in the options, and an account that moves to another region."""

import asyncio
from dataclasses import replace

from homeassistant.const import CONF_REGION, STATE_ON
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_PRICE_UPDATES
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

ACCOUNT = "sensor.upbit_singapore_"
TOTAL, XRP = f"{ACCOUNT}total_value", f"{ACCOUNT}xrp_value"
PRICE_FEED = "binary_sensor.upbit_singapore_price_feed"
OF_PRICES = ("value", "price", "profit", "return", "daily_change", "cost_basis")


async def choose(harness: Harness, price_updates: str) -> None:
    """Submit how often values are updated, in the options."""
    flows = harness.hass.config_entries.options
    menu = await flows.async_init(harness.entry.entry_id)
    form = await flows.async_configure(menu["flow_id"], {"next_step_id": CONF_PRICE_UPDATES})
    await flows.async_configure(form["flow_id"], {CONF_PRICE_UPDATES: price_updates})


async def select(harness: Harness, price_updates: str) -> None:
    """Select how often values are updated; end when the account follows it."""
    await choose(harness, price_updates)
    await harness.hass.async_block_till_done()


async def test_off_closes_the_connection_and_removes_the_entities_and_on_brings_them_back(
    bought: Harness,
) -> None:
    registry = er.async_get(bought.hass)
    await select(bought, "off")
    await wait_until(lambda: not bought.exchange.quotation.stream.connections)
    assert not [entity_id for entity_id in registry.entities if entity_id.endswith(OF_PRICES)]
    assert bought.state(TOTAL) is None
    requests = len(bought.exchange.quotation.record.calls)
    await bought.reload()
    await pass_time(400)
    assert len(bought.exchange.quotation.record.calls) == requests
    connections = [*bought.exchange.stream.connections]
    await select(bought, "live")
    await bought.becomes(TOTAL, "72354.7500")
    await bought.becomes(f"{ACCOUNT}unrealized_profit", "10800.0000")
    assert bought.state(PRICE_FEED) == STATE_ON
    # The account was not reloaded for it.
    assert bought.exchange.stream.connections == connections


async def test_off_that_is_selected_during_the_set_up_is_followed(bought: Harness) -> None:
    async with bought.exchange.hold_snapshots() as held:
        reload = asyncio.create_task(bought.reload())
        await held.held()
        await choose(bought, "off")
    await reload
    await bought.hass.async_block_till_done()
    assert bought.is_current
    assert bought.state(TOTAL) is None
    await wait_until(lambda: not bought.exchange.quotation.stream.connections)


async def test_other_pace_is_followed_immediately(bought: Harness) -> None:
    await select(bought, "live")
    await pass_time(10)
    bought.exchange.markets.set_price("SGD-XRP", "2.9501")
    await bought.becomes(XRP, "354.0120", within=2)


async def test_another_region_gets_sensors_in_its_own_currency(
    bought: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bought.hass.states.get(TOTAL).attributes["unit_of_measurement"] == "SGD"
    exchange = bought.exchange
    addresses = {"rest_url": exchange.rest_url, "websocket_url": exchange.websocket_url}
    monkeypatch.setitem(REGIONS, "th", replace(REGIONS["th"], **addresses))
    flow = await bought.entry.start_reconfigure_flow(bought.hass)
    await bought.hass.config_entries.flow.async_configure(
        flow["flow_id"], {**bought.entry.data, CONF_REGION: "th"}
    )
    await bought.hass.async_block_till_done()
    registry = er.async_get(bought.hass)
    totals = [entity for entity in registry.entities.values() if entity.translation_key == "total_value"]
    assert [entity.unit_of_measurement for entity in totals] == ["THB"]
