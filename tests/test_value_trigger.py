"""Triggers about values, through real automations and the price feed: reference, cause, targets, what does not fire."""

from decimal import Decimal
from typing import Any

from homeassistant.core import ServiceCall
from homeassistant.helpers import (
    config_validation as cv,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.trigger import async_validate_trigger_config
import pytest
import voluptuous as vol

from custom_components.upbit.targets import Targeted, ValueTracker
from simulator import Delivery
from tests.helpers.automations import automate, limit, limits
from tests.helpers.harness import Harness
from tests.helpers.prices import TOTAL_VALUE, end_prices, total_value, trade
from tests.helpers.virtual_time import pass_time, wait_until

BTC = "sensor.upbit_singapore_btc_value"
XRP = "sensor.upbit_singapore_xrp_value"
NOTE = (
    "{{ trigger.currency }} {{ trigger.direction }} {{ trigger.from }} {{ trigger.to }} {{ trigger.percent }}"
)


def changed(at_least: Any, target: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {
        "trigger": "upbit.value_changed",
        "target": {"entity_id": BTC} if target is None else target,
        "options": {"at_least": at_least, **options},
    }


def crossed(
    threshold: dict[str, Any], target: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    return {
        "trigger": "upbit.value_crossed_threshold",
        "target": {"entity_id": BTC} if target is None else target,
        "options": {"threshold": threshold, **options},
    }


def notes(calls: list[ServiceCall]) -> list[str]:
    return [call.data["note"] for call in calls]


# What a trigger provides


async def test_exact_values_of_a_coin(valued: Harness) -> None:
    calls = await automate(
        valued.hass, changed(1), note=NOTE, more="{{ trigger.entity_id }} {{ trigger.difference }} SGD"
    )
    await trade(valued, "SGD-BTC", "98999.999999999")
    assert notes(calls) == ["BTC decreased 60000 59399.9999999994 -1.0000"]
    assert calls[0].data["more"] == f"{BTC} -600.0000000006 SGD"


async def test_total_value_has_no_currency(valued: Harness) -> None:
    calls = await automate(valued.hass, changed(1, {"entity_id": TOTAL_VALUE}), note=NOTE)
    await trade(valued, "SGD-BTC", "110000")
    assert notes(calls) == ["None increased 61440.75 67440.75 9.7655"]


# Options of value_changed


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"at_least": 5}, ["60000 63000", "63000 57000"]),
        ({"at_least": 5, "direction": "increased"}, ["60000 63000"]),
        ({"at_least": 5, "direction": "decreased"}, ["60000 57000"]),
        ({"at_least": "2400", "measure": "amount"}, ["60000 62400", "62400 57000"]),
        ({"at_least": "2400.000001", "measure": "amount"}, ["60000 62999.9999994", "62999.9999994 57000"]),
    ],
)
async def test_change_is_counted_from_the_last_time_it_fired(
    valued: Harness, options: dict[str, Any], expected: list[str]
) -> None:
    calls = await automate(valued.hass, changed(**options), note="{{ trigger.from }} {{ trigger.to }}")
    await trade(valued, "SGD-BTC", 102_000, 104_000, "104999.999999", 105_000, 104_000, 95_000)
    assert notes(calls) == expected


async def test_with_prices_only_a_deposit_is_no_gain(valued: Harness) -> None:
    target = {"entity_id": [BTC, TOTAL_VALUE]}
    calls = await automate(valued.hass, changed(1, target, measure="amount", cause="prices"), note=NOTE)
    valued.account.delivery = Delivery.ONE_FRAME
    valued.account.change({"BTC": ("1", "0"), "SGD": ("5000", "0")})
    await valued.caught_up()
    # Sold as a whole, at another price than it was bought.
    await trade(valued, "SGD-XRP", "2.001")
    valued.account.change({"XRP": ("0", "0"), "SGD": ("5240.12", "0")})
    await valued.caught_up()
    assert notes(calls) == []
    await trade(valued, "SGD-BTC", 100_001)
    assert sorted(notes(calls)) == [
        "BTC increased 100000 100001 0.0010",
        # The price of XRP counts.
        "None increased 105240 105241.12 0.0011",
    ]


@pytest.mark.parametrize("after", ["0.018", "0.3", "6"])
async def test_with_prices_only_percent_are_those_of_the_price(valued: Harness, after: str) -> None:
    calls = await automate(valued.hass, changed(5, cause="prices"), note="{{ trigger.percent }}")
    await trade(valued, "SGD-BTC", 104_000)
    valued.account.set("BTC", after)
    await valued.caught_up()
    await trade(valued, "SGD-BTC", "104999.99", 105_000)
    assert notes(calls) == [5]


async def test_with_prices_only_a_deposit_of_a_coin_that_prices_another_is_no_gain(valued: Harness) -> None:
    valued.exchange.markets.list_market("BTC-ADA", "0.00001")
    valued.account.change({"BTC": ("0", "0"), "ADA": ("1000", "0")})
    await wait_until(lambda: total_value(valued) == Decimal("2440.75"), within=20)
    options = {"measure": "amount", "cause": "prices"}
    calls = await automate(valued.hass, changed(1, {"entity_id": TOTAL_VALUE}, **options), note=NOTE)
    valued.account.set("BTC", "1")
    await wait_until(lambda: total_value(valued) == Decimal("102440.75"), within=20)
    await valued.hass.async_block_till_done()
    assert notes(calls) == []


async def test_every_change_from_zero_is_large_enough(valued: Harness) -> None:
    valued.account.change(dict.fromkeys(("BTC", "XRP", "SGD"), ("0", "0")))
    await valued.caught_up()
    calls = await automate(valued.hass, changed(500, {"entity_id": TOTAL_VALUE}), note=NOTE)
    valued.account.set("SGD", "0.01")
    await valued.caught_up()
    assert notes(calls) == ["None increased 0 0.01 None"]


@pytest.mark.parametrize(
    "config",
    [
        changed(-1),
        changed("much"),
        changed(1, measure="amounts"),
        changed(1, cause="deposits"),
        changed(1, {}),
        {"trigger": "upbit.value_changed", "target": {"entity_id": BTC}, "options": {}},
        crossed(limit("above", "1,000")),
        crossed(limit("above", 1), amount="total"),
    ],
)
async def test_invalid_options_are_rejected(connected: Harness, config: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(connected.hass, cv.TRIGGER_SCHEMA([config]))


# Crossing a threshold


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (limit("above", 60_000), ["60000 60000.0000000006"]),
        (limit("above", "60000.0000000006"), ["60000.0000000006 60600"]),
        (limit("below", 60_000), ["60600 59400"]),
        (limits("between", "60600", "70000"), ["60000.0000000006 60600"]),
    ],
)
async def test_threshold_is_crossed_exactly(
    valued: Harness, threshold: dict[str, Any], expected: list[str]
) -> None:
    calls = await automate(valued.hass, crossed(threshold), note="{{ trigger.from }} {{ trigger.to }}")
    await trade(valued, "SGD-BTC", "100000.000000001", 101_000, 99_000)
    assert notes(calls) == expected


async def test_every_price_counts_before_the_sensor_shows_it(valued: Harness) -> None:
    calls = await automate(
        valued.hass, crossed(limit("above", 60_000)), note="{{ states(trigger.entity_id) }} SGD"
    )
    await trade(valued, "SGD-BTC", "100000.001", 100_000)
    assert notes(calls) == ["60000.0000 SGD"]


@pytest.mark.parametrize(("away", "expected"), [(False, ["60000 61200"]), (True, [])])
async def test_value_has_to_stay_in_range_and_available(
    valued: Harness, away: bool, expected: list[str]
) -> None:
    calls = await automate(
        valued.hass,
        crossed(limit("above", 60_000), **{"for": {"minutes": 5}}),
        note="{{ trigger.from }} {{ trigger.to }}",
    )
    await trade(valued, "SGD-BTC", 102_000)
    if away:
        await end_prices(valued)
        valued.exchange.quotation.recover()
    await pass_time(280)
    assert notes(calls) == []
    await pass_time(30)
    assert notes(calls) == expected


# Targets


@pytest.mark.parametrize("kind", ["device_id", "label_id"])
async def test_account_stands_for_its_total_value(
    valued: Harness, entity_registry: er.EntityRegistry, kind: str
) -> None:
    label = lr.async_get(valued.hass).async_create("Crypto").label_id
    for sensor in (BTC, XRP, TOTAL_VALUE):
        entity_registry.async_update_entity(sensor, labels={label})
    target = {"device_id": valued.device_id} if kind == "device_id" else {"label_id": label}
    calls = await automate(valued.hass, changed(0, target), note="{{ trigger.entity_id }}")
    await trade(valued, "SGD-BTC", 100_001)
    assert notes(calls) == [TOTAL_VALUE]


async def test_disabled_sensors_and_other_entities_are_ignored(
    valued: Harness, entity_registry: er.EntityRegistry
) -> None:
    entity_registry.async_update_entity(BTC, disabled_by=er.RegistryEntryDisabler.USER)
    target = {"entity_id": [BTC, "sensor.upbit_singapore_btc", "sensor.upbit_singapore_unrealized_profit"]}
    calls = await automate(valued.hass, changed(0, target), note=NOTE)
    await trade(valued, "SGD-BTC", 100_001)
    assert notes(calls) == []


async def test_only_what_is_targeted_is_computed(valued: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    number_of = ValueTracker.number_of

    def noted(self: ValueTracker, targeted: Targeted) -> Decimal | None:
        read.append(targeted.entity_id)
        return number_of(self, targeted)

    monkeypatch.setattr(ValueTracker, "number_of", noted)
    await automate(valued.hass, changed(1), note=NOTE)
    read.clear()
    await trade(valued, "SGD-XRP", 3, 4)
    assert read == []
    await trade(valued, "SGD-BTC", 99_000)
    assert read == [BTC]


# What does not fire


@pytest.mark.parametrize("away", ["reload", "prices"])
async def test_value_that_returns_is_the_new_reference(valued: Harness, away: str) -> None:
    target = {"entity_id": [BTC, TOTAL_VALUE]}
    calls = await automate(valued.hass, changed(1, target), note=NOTE)
    if away == "reload":
        assert await valued.unload()
        valued.exchange.markets.set_price("SGD-BTC", 110_000)
        await valued.start()
    else:
        await end_prices(valued)
        valued.exchange.markets.set_price("SGD-BTC", 110_000)
        valued.exchange.quotation.recover()
    await wait_until(lambda: total_value(valued) == Decimal("67440.75"), within=200)
    await valued.hass.async_block_till_done()
    assert notes(calls) == []
    await trade(valued, "SGD-BTC", 111_200)
    assert sorted(notes(calls)) == [
        "BTC increased 66000 66720 1.0909",
        "None increased 67440.75 68160.75 1.0676",
    ]


async def test_value_that_is_not_known_yet_does_not_fire(harness: Harness) -> None:
    harness.exchange.quotation.market_all.fail_with(503)
    await harness.start()
    calls = await automate(harness.hass, crossed(limit("above", 1)), note=NOTE)
    harness.exchange.quotation.recover()
    await wait_until(lambda: total_value(harness) is not None, within=200)
    await harness.hass.async_block_till_done()
    assert notes(calls) == []
