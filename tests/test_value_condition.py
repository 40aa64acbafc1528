"""The condition about values, through real automations: compared exactly, and false while a value is unavailable."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest

from tests.helpers.automations import automate, limit, limits
from tests.helpers.harness import Harness
from tests.helpers.prices import TOTAL_VALUE, end_prices, total_value, trade
from tests.helpers.virtual_time import pass_time, wait_until

BTC = "sensor.upbit_singapore_btc_value"


async def automate_with(
    hass: HomeAssistant, target: dict[str, Any], threshold: dict[str, Any], **options: Any
) -> list[ServiceCall]:
    condition = {
        "condition": "upbit.is_value",
        "target": target,
        "options": {"threshold": threshold, **options},
    }
    return await automate(hass, {"trigger": "event", "event_type": "check"}, [condition], note="passed")


async def passes(hass: HomeAssistant, calls: list[ServiceCall]) -> bool:
    calls.clear()
    hass.bus.async_fire("check")
    await hass.async_block_till_done()
    return bool(calls)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (limit("above", "60000"), True),
        (limit("above", "60000.0000000006"), False),
        (limits("between", "60000.0000000006", "60000.0000000006"), True),
        (limit("below", "60000.0000000006"), False),
    ],
)
async def test_value_of_a_coin_is_compared_exactly(
    valued: Harness, threshold: dict[str, Any], expected: bool
) -> None:
    calls = await automate_with(valued.hass, {"entity_id": BTC}, threshold)
    await trade(valued, "SGD-BTC", "100000.000000001")
    assert await passes(valued.hass, calls) is expected


async def test_account_stands_for_its_total_value(valued: Harness) -> None:
    exactly = limits("between", "61440.75", "61440.75")
    calls = await automate_with(valued.hass, {"device_id": valued.device_id}, exactly, behavior="all")
    assert await passes(valued.hass, calls)


async def test_false_while_there_is_no_price(valued: Harness) -> None:
    target = {"entity_id": [BTC, TOTAL_VALUE]}
    calls = await automate_with(valued.hass, target, limit("above", 0))
    await end_prices(valued)
    assert not await passes(valued.hass, calls)


async def test_value_has_to_be_in_range_for_the_time(valued: Harness) -> None:
    calls = await automate_with(valued.hass, {"entity_id": BTC}, limit("above", 1), **{"for": {"minutes": 5}})
    await pass_time(300)
    assert await passes(valued.hass, calls)
    await end_prices(valued)
    valued.exchange.quotation.recover()
    await wait_until(lambda: total_value(valued) is not None, within=200)
    await pass_time(280)
    assert not await passes(valued.hass, calls)
    await pass_time(20)
    assert await passes(valued.hass, calls)
