"""The condition, through real automations: compared exactly, and false while a balance is unavailable."""

from typing import Any

from homeassistant.helpers import area_registry as ar, config_validation as cv, entity_registry as er
from homeassistant.helpers.condition import async_validate_condition_config
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from tests.helpers.automations import automate_with, limit, limits, passes
from tests.helpers.conditions import subscribe
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time

BTC = "sensor.upbit_singapore_btc"
XRP = "sensor.upbit_singapore_xrp"
OTHER_BTC = "sensor.upbit_singapore_2_btc"


def is_balance(target: dict[str, Any], threshold: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "condition": "upbit.is_balance",
        "target": target,
        "options": {"threshold": threshold, **options},
    }


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (limit("above", "0.599999999999999999"), True),
        (limit("above", "0.6"), False),
        (limit("below", "0.6"), False),
        (limit("below", "0.600000000000000001"), True),
        (limits("between", "0.6", "0.6"), True),
        (limits("between", "0.600000000000000001", "1"), False),
        (limits("outside", "0.6", "1"), False),
        (limits("outside", "0.600000000000000001", "1"), True),
    ],
)
async def test_thresholds_of_every_type(
    connected: Harness, threshold: dict[str, Any], expected: bool
) -> None:
    calls = await automate_with(connected.hass, is_balance({"entity_id": BTC}, threshold))
    assert await passes(connected.hass, calls) is expected


@pytest.mark.parametrize(("amount", "balance"), [("total", "0.6"), ("available", "0.5"), ("locked", "0.1")])
async def test_chosen_amount_is_compared(connected: Harness, amount: str, balance: str) -> None:
    calls = await automate_with(
        connected.hass, is_balance({"entity_id": BTC}, limits("between", balance, balance), amount=amount)
    )
    assert await passes(connected.hass, calls)


async def test_limit_may_be_an_entity(connected: Harness) -> None:
    calls = await automate_with(
        connected.hass,
        is_balance({"entity_id": BTC}, {"type": "above", "value": {"entity": "input_number.limit"}}),
    )
    results = []
    for state in (None, "unavailable", "0.6", "0.599999999999999999"):
        if state is not None:
            connected.hass.states.async_set("input_number.limit", state)
        results.append(await passes(connected.hass, calls))
    assert results == [False, False, False, True]


@pytest.mark.parametrize(
    ("behavior", "sgd", "btc", "expected"),
    [
        ("any", "0", "0", False),
        ("any", "0", "2", True),
        ("any", "2", "2", True),
        ("all", "0", "2", False),
        ("all", "2", "2", True),
    ],
)
async def test_any_or_all_of_the_target(
    connected: Harness, behavior: str, sgd: str, btc: str, expected: bool
) -> None:
    target = {"device_id": connected.device_id}
    calls = await automate_with(connected.hass, is_balance(target, limit("above", 1), behavior=behavior))
    connected.account.change({"BTC": (btc, "0"), "SGD": (sgd, "0"), "XRP": (btc, "0")})
    await connected.caught_up()
    assert await passes(connected.hass, calls) is expected


async def test_entities_that_are_no_balance_are_left_out(
    connected: Harness, entity_registry: er.EntityRegistry
) -> None:
    connected.hass.states.async_set("sensor.other", "5")
    energy = MockConfigEntry(domain="energy_meter")
    energy.add_to_hass(connected.hass)
    meter = entity_registry.async_get_or_create(
        "sensor", "energy_meter", f"{energy.entry_id}_balance_energy", config_entry=energy
    )
    target = {
        "entity_id": ["sensor.other", meter.entity_id, "binary_sensor.upbit_singapore_live_connection", BTC]
    }
    calls = await automate_with(connected.hass, is_balance(target, limit("above", 0.5), behavior="all"))
    assert await passes(connected.hass, calls)
    entity_registry.async_update_entity(BTC, disabled_by=er.RegistryEntryDisabler.USER)
    assert not await passes(connected.hass, calls)


async def test_area_without_a_balance_is_false(connected: Harness) -> None:
    area = ar.async_get(connected.hass).async_create("Empty")
    condition = is_balance({"area_id": area.id}, limit("above", 0), behavior="all")
    calls = await automate_with(connected.hass, condition)
    assert not await passes(connected.hass, calls)


@pytest.mark.parametrize("behavior", ["any", "all"])
async def test_all_is_false_when_one_account_is_not_loaded(
    connected: Harness, other: Harness, behavior: str
) -> None:
    await other.start()
    target = {"entity_id": [BTC, OTHER_BTC]}
    calls = await automate_with(connected.hass, is_balance(target, limit("above", 0), behavior=behavior))
    assert await passes(connected.hass, calls)
    assert await other.unload()
    assert await passes(connected.hass, calls) is (behavior == "any")
    assert await other.set_up()
    assert await passes(connected.hass, calls)


async def test_unavailable_amount_makes_the_condition_false_for_its_currency_alone(
    connected: Harness,
) -> None:
    conditions = [is_balance({"entity_id": sensor}, limit("above", 0)) for sensor in (BTC, XRP)]
    calls = await automate_with(connected.hass, {"condition": "and", "conditions": conditions})
    assert await passes(connected.hass, calls)
    faults = connected.exchange.rest.row_faults
    for currency in ("SGD", "BTC"):
        faults.clear()
        faults[currency] = {"balance": "-1"}
        await connected.refresh()
        assert await passes(connected.hass, calls) is (currency == "SGD")


# In range for some time


FOR_A_MINUTE = {"for": {"minutes": 1}}


async def test_balance_has_to_be_in_range_for_the_time(connected: Harness) -> None:
    calls = await automate_with(
        connected.hass, is_balance({"entity_id": BTC}, limit("below", 1), **FOR_A_MINUTE)
    )
    await pass_time(50)
    assert not await passes(connected.hass, calls)
    await pass_time(10)
    assert await passes(connected.hass, calls)
    for balance in ("1", "0.9"):
        connected.account.set("BTC", balance, "0")
        await connected.caught_up()
    await pass_time(30)
    # Another move within the range.
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    assert not await passes(connected.hass, calls)
    await pass_time(30)
    assert await passes(connected.hass, calls)


@pytest.mark.parametrize("behavior", ["any", "all"])
async def test_time_of_any_or_all(connected: Harness, behavior: str) -> None:
    target = {"entity_id": [BTC, XRP]}
    calls = await automate_with(
        connected.hass, is_balance(target, limit("below", 1000), behavior=behavior, **FOR_A_MINUTE)
    )
    await pass_time(30)
    for balance in ("1000", "0"):
        connected.account.set("XRP", balance, "0")
        await connected.caught_up()
    await pass_time(30)
    assert await passes(connected.hass, calls) is (behavior == "any")


async def test_time_starts_again_after_the_balance_was_unavailable(connected: Harness) -> None:
    calls = await automate_with(
        connected.hass, is_balance({"entity_id": BTC}, limit("below", 1), **FOR_A_MINUTE)
    )
    await pass_time(60)
    assert await connected.unload()
    assert await connected.set_up()
    assert not await passes(connected.hass, calls)
    await pass_time(60)
    assert await passes(connected.hass, calls)


async def test_limit_that_changes_moves_the_start_of_the_time(connected: Harness) -> None:
    connected.hass.states.async_set("input_number.limit", "0.1")
    threshold = {"type": "below", "value": {"entity": "input_number.limit"}}
    calls = await automate_with(connected.hass, is_balance({"entity_id": BTC}, threshold, **FOR_A_MINUTE))
    await pass_time(60)
    connected.hass.states.async_set("input_number.limit", "1")
    await connected.hass.async_block_till_done()
    assert not await passes(connected.hass, calls)
    await pass_time(60)
    assert await passes(connected.hass, calls)


# Changes are reported


async def test_change_of_the_amount_is_reported(connected: Harness) -> None:
    badge, _ = await subscribe(connected.hass, is_balance({"entity_id": BTC}, limit("above", 0.6)))
    assert not badge.checker.needs_polling
    assert (badge.result, badge.reports) == (False, 0)
    connected.account.set("XRP", "9", "0")
    await connected.caught_up()
    assert badge.reports == 0
    for balance, expected in (("0.600000000000000001", True), ("0.6", False)):
        connected.account.set("BTC", balance, "0")
        await connected.caught_up()
        assert badge.result is expected


async def test_change_of_the_limit_is_reported(connected: Harness) -> None:
    connected.hass.states.async_set("input_number.limit", "1")
    threshold = {"type": "above", "value": {"entity": "input_number.limit"}}
    badge, _ = await subscribe(connected.hass, is_balance({"entity_id": BTC}, threshold))
    for state, expected in (("0.5", True), ("unavailable", False)):
        connected.hass.states.async_set("input_number.limit", state)
        await connected.hass.async_block_till_done()
        assert badge.result is expected


async def test_change_of_the_target_is_reported(
    connected: Harness, entity_registry: er.EntityRegistry
) -> None:
    area = ar.async_get(connected.hass).async_create("Area")
    badge, _ = await subscribe(connected.hass, is_balance({"area_id": area.id}, limit("above", 0)))
    assert not badge.result
    for area_id in (area.id, None):
        entity_registry.async_update_entity(BTC, area_id=area_id)
        await connected.hass.async_block_till_done()
        assert badge.result is (area_id is not None)


async def test_change_of_availability_is_reported(connected: Harness) -> None:
    badge, _ = await subscribe(connected.hass, is_balance({"entity_id": BTC}, limit("above", 0)))
    connected.exchange.rest.row_faults["BTC"] = {"balance": "-1"}
    await connected.refresh()
    assert not badge.result
    connected.exchange.rest.row_faults.clear()
    await connected.refresh()
    assert badge.result
    assert await connected.unload()
    assert not badge.result
    assert await connected.set_up()
    assert badge.result


async def test_nothing_is_reported_after_the_end(connected: Harness) -> None:
    connected.hass.states.async_set("input_number.limit", "1")
    threshold = {"type": "above", "value": {"entity": "input_number.limit"}}
    badge, unsubscribe = await subscribe(connected.hass, is_balance({"entity_id": BTC}, threshold))
    unsubscribe()
    connected.hass.states.async_set("input_number.limit", "0.5")
    connected.account.set("BTC", "9", "0")
    await connected.caught_up()
    assert badge.reports == 0


async def test_only_a_time_is_polled(connected: Harness) -> None:
    for options, expected in (({"for": "00:00:00"}, False), (FOR_A_MINUTE, True)):
        condition = is_balance({"entity_id": BTC}, limit("below", 1), **options)
        badge, _ = await subscribe(connected.hass, condition)
        assert badge.checker.needs_polling is expected
        badge.checker.async_unload()


async def test_editor_gets_a_result_with_each_change(
    connected: Harness, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(connected.hass, "websocket_api", {})
    client = await hass_ws_client()
    condition = is_balance({"entity_id": BTC}, limit("above", 0.6))
    await client.send_json_auto_id({"type": "subscribe_condition", "condition": condition})
    assert (await client.receive_json())["type"] == "result"
    assert (await client.receive_json())["event"] == {"result": False}
    connected.account.set("BTC", "9", "0")
    assert (await client.receive_json())["event"] == {"result": True}


# Options


@pytest.mark.parametrize(
    "config",
    [
        is_balance({}, limit("above", 1)),
        is_balance({"entity_id": BTC}, limit("above", "much")),
        is_balance({"entity_id": BTC}, limit("above", 1), behavior="each"),
        {"condition": "upbit.is_balance", "target": {"entity_id": BTC}},
    ],
)
async def test_invalid_options_are_rejected(connected: Harness, config: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_condition_config(connected.hass, cv.CONDITION_SCHEMA(config))
