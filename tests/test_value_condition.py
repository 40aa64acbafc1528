"""The condition about values, through real automations: compared exactly, and false while a value is unavailable."""

from typing import Any

import pytest

from tests.helpers.automations import automate_with, limit, limits, passes
from tests.helpers.conditions import subscribe
from tests.helpers.harness import Harness
from tests.helpers.prices import TOTAL_VALUE, end_prices, total_value, trade
from tests.helpers.virtual_time import pass_time, wait_until

BTC = "sensor.upbit_singapore_btc_value"


def is_value(target: dict[str, Any], threshold: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "condition": "upbit.is_value",
        "target": target,
        "options": {"threshold": threshold, **options},
    }


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
    calls = await automate_with(valued.hass, is_value({"entity_id": BTC}, threshold))
    await trade(valued, "SGD-BTC", "100000.000000001")
    assert await passes(valued.hass, calls) is expected


async def test_account_stands_for_its_total_value(valued: Harness) -> None:
    exactly = limits("between", "61440.75", "61440.75")
    calls = await automate_with(
        valued.hass, is_value({"device_id": valued.device_id}, exactly, behavior="all")
    )
    assert await passes(valued.hass, calls)


async def test_false_while_there_is_no_price(valued: Harness) -> None:
    target = {"entity_id": [BTC, TOTAL_VALUE]}
    calls = await automate_with(valued.hass, is_value(target, limit("above", 0)))
    await end_prices(valued)
    assert not await passes(valued.hass, calls)


async def test_value_has_to_be_in_range_for_the_time(valued: Harness) -> None:
    calls = await automate_with(
        valued.hass, is_value({"entity_id": BTC}, limit("above", 1), **{"for": {"minutes": 5}})
    )
    await pass_time(300)
    assert await passes(valued.hass, calls)
    await end_prices(valued)
    valued.exchange.quotation.recover()
    await wait_until(lambda: total_value(valued) is not None, within=200)
    await pass_time(280)
    assert not await passes(valued.hass, calls)
    await pass_time(20)
    assert await passes(valued.hass, calls)


async def test_changes_of_prices_amounts_and_availability_are_reported(valued: Harness) -> None:
    target = {"device_id": valued.device_id}
    badge, _ = await subscribe(valued.hass, is_value(target, limit("above", "61440.75")))
    assert not badge.checker.needs_polling
    assert (badge.result, badge.reports) == (False, 0)
    for price, expected in (("100000.000000001", True), ("100000", False)):
        await trade(valued, "SGD-BTC", price)
        assert badge.result is expected
    valued.account.set("XRP", "121", "0")
    await valued.caught_up()
    assert badge.result
    await end_prices(valued)
    assert not badge.result


async def test_price_updates_that_are_switched_off_and_on_are_reported(valued: Harness) -> None:
    target = {"device_id": valued.device_id}
    badge, _ = await subscribe(valued.hass, is_value(target, limit("above", 0)))
    for choice, expected in (("off", False), ("normal", True)):
        flows = valued.hass.config_entries.options
        form = await flows.async_init(valued.entry.entry_id)
        form = await flows.async_configure(form["flow_id"], {"next_step_id": "price_updates"})
        await flows.async_configure(form["flow_id"], {"price_updates": choice})
        await wait_until(lambda: badge.result is expected, within=100)  # noqa: B023
