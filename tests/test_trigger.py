"""Triggers, through real automations: what fires them, what does not, and what they provide."""

import logging
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import ServiceCall
from homeassistant.helpers import (
    config_validation as cv,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    async_initialize_triggers,
    async_validate_trigger_config,
)
import pytest
import voluptuous as vol

from custom_components.upbit.const import DOMAIN
from simulator import Delivery
from tests.helpers.automations import automate, limit, limits, notes
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

BTC = "sensor.upbit_singapore_btc"
SGD = "sensor.upbit_singapore_sgd"
OTHER_BTC = "sensor.upbit_singapore_2_btc"


def changed(target: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {
        "trigger": "upbit.balance_changed",
        "target": {"entity_id": BTC} if target is None else target,
        "options": options,
    }


def crossed(
    threshold: dict[str, Any], target: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    return {
        "trigger": "upbit.balance_crossed_threshold",
        "target": {"entity_id": BTC} if target is None else target,
        "options": {"threshold": threshold, **options},
    }


def from_to(calls: list[ServiceCall]) -> list[str]:
    return [" ".join(note.split()[4:6]) for note in notes(calls)]


# What a trigger provides


async def test_exact_amounts_of_each_targeted_change(connected: Harness) -> None:
    calls = await automate(connected.hass, changed({"entity_id": [BTC, SGD]}))
    connected.account.delivery = Delivery.ONE_FRAME
    connected.account.change(
        {"BTC": ("0.500000000000000001", "0.1"), "SGD": ("0.00000001", "0"), "XRP": ("9", "0")}
    )
    await connected.caught_up()
    assert sorted(notes(calls)) == [
        f"{BTC} BTC total increased 0.6 0.600000000000000001 0.000000000000000001",
        f"{SGD} SGD total decreased 1200.75 0.00000001 -1200.74999999",
    ]


async def test_time_description_and_current_state(connected: Harness) -> None:
    calls = await automate(
        connected.hass,
        changed(amount="available"),
        at="{{ (as_timestamp(trigger.changed_at) * 1000) | round | int }}",
        description="{{ trigger.description }}",
        state="{{ states(trigger.entity_id) }} BTC",
    )
    event = connected.account.set("BTC", "0.4", "0.1")
    await connected.caught_up()
    assert calls[0].data["at"] == event.asset_timestamp
    assert calls[0].data["description"] == f"available balance of {BTC} changing"
    assert calls[0].data["state"] == "0.5 BTC"


# Options of balance_changed


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("total", ["total increased 0.6 0.7 0.1"]),
        ("available", ["available decreased 0.5 0.3 -0.2"]),
        ("locked", ["locked increased 0.1 0.3 0.2", "locked increased 0.3 0.4 0.1"]),
    ],
)
async def test_only_the_chosen_amount_counts(connected: Harness, amount: str, expected: list[str]) -> None:
    calls = await automate(connected.hass, changed(amount=amount))
    connected.account.set("BTC", "0.3", "0.3")
    connected.account.set("BTC", "0.3", "0.4")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC {change}" for change in expected]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [("any", ["0.6 0.7", "0.7 0.5"]), ("increased", ["0.6 0.7"]), ("decreased", ["0.7 0.5"])],
)
async def test_only_the_chosen_direction_counts(
    connected: Harness, direction: str, expected: list[str]
) -> None:
    calls = await automate(connected.hass, changed(direction=direction))
    connected.account.set("BTC", "0.6", "0.1")
    connected.account.set("BTC", "0.4", "0.1")
    await connected.caught_up()
    assert from_to(calls) == expected


@pytest.mark.parametrize("at_least", [0.1, "0.1", "1e-1"])
async def test_smallest_change_is_compared_exactly(connected: Harness, at_least: Any) -> None:
    calls = await automate(connected.hass, changed(at_least=at_least))
    for balance in ("0.6", "0.699999999999999999", "0.599999999999999999"):
        connected.account.set("BTC", balance, "0.1")
    await connected.caught_up()
    assert from_to(calls) == ["0.6 0.7", "0.799999999999999999 0.699999999999999999"]


@pytest.mark.parametrize(
    "config",
    [
        changed(at_least=-1),
        changed(at_least="much"),
        changed(at_least=True),
        changed(amount="balance"),
        changed(direction="up"),
        changed(behavior="each"),
        changed({}),
        changed({"entity_id": "none"}),
        crossed({"type": "above"}),
        crossed(limit("above", 1), behavior="any"),
        crossed(limit("above", 1), **{"for": -1}),
        crossed(limit("above", "inf")),
        crossed(limit("above", "1,000")),
        # Equal as floats.
        crossed(limits("between", "1.000000000000000001", "1")),
    ],
)
async def test_invalid_options_are_rejected(connected: Harness, config: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(connected.hass, cv.TRIGGER_SCHEMA([config]))


async def test_validated_options_are_still_valid(connected: Harness) -> None:
    configs = [
        changed(at_least="1e-18"),
        crossed(limits("outside", "0.000000000000000001", 0.1), **{"for": {"minutes": 5}}),
    ]
    validated = await async_validate_trigger_config(connected.hass, cv.TRIGGER_SCHEMA(configs))
    assert await async_validate_trigger_config(connected.hass, validated) == validated


# Crossing a threshold


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (limit("above", 0.7), ["0.7 0.700000000000000001", "0.6 0.8"]),
        (limit("above", "0.700000000000000001"), ["0.6 0.8"]),
        (limit("below", 0.7), ["0.700000000000000001 0.6"]),
        (limits("between", "0.7", "0.75"), ["0.6 0.7"]),
        (limits("outside", "0.7", "0.7"), ["0.7 0.700000000000000001"]),
        (limits("outside", "0.65", "0.75"), ["0.700000000000000001 0.6"]),
        # As the editor leaves it when a limit was an entity before.
        ({"type": "below", "value": {"active_choice": "number", "number": 1, "entity": SGD}}, []),
    ],
)
async def test_threshold_is_crossed_exactly(
    connected: Harness, threshold: dict[str, Any], expected: list[str]
) -> None:
    calls = await automate(connected.hass, crossed(threshold))
    for total in ("0.7", "0.700000000000000001", "0.6", "0.8", "0.9"):
        connected.account.set("BTC", total, "0")
    await connected.caught_up()
    assert from_to(calls) == expected


async def test_limit_may_be_an_entity_and_the_trace_has_the_reason_when_it_is_no_number(
    connected: Harness,
) -> None:
    reported: list[NotTriggeredInfo] = []
    fired: list[str] = []
    (config,) = await async_validate_trigger_config(
        connected.hass,
        cv.TRIGGER_SCHEMA([crossed({"type": "below", "value": {"entity": "input_number.limit"}})]),
    )
    detach = await async_initialize_triggers(
        connected.hass,
        [config],
        lambda variables, context=None: fired.append(variables["trigger"]["to"]),
        DOMAIN,
        "test",
        logging.getLogger(__name__).log,
        did_not_trigger=lambda variables, info, context=None: reported.append(info),
    )
    assert detach is not None
    for state, total in ((None, "0.5"), ("soon", "0.4"), ("0.3", "0.3"), ("0.3", "0.299999999999999999")):
        if state is not None:
            connected.hass.states.async_set("input_number.limit", state)
        connected.account.set("BTC", total, "0")
        await connected.caught_up()
    detach()
    assert fired == ["0.299999999999999999"]
    assert [info.reason for info in reported] == ["threshold_entity_not_found", "threshold_value_not_numeric"]


# Which of several balances fire


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [("each", ["SGD", "BTC", "XRP", "BTC", "XRP"]), ("first", ["SGD", "XRP"]), ("all", ["XRP"])],
)
async def test_each_first_or_all_of_the_target(
    connected: Harness, behavior: str, expected: list[str]
) -> None:
    connected.account.change({"SGD": ("0", "0"), "BTC": ("0", "0"), "XRP": ("0", "0")})
    await connected.caught_up()
    target = {"device_id": connected.device_id}
    calls = await automate(connected.hass, crossed(limit("above", 1), target, behavior=behavior))
    for currency, balance in (
        ("SGD", 2),
        ("BTC", 2),
        ("BTC", 3),
        ("XRP", 2),
        ("XRP", 0),
        ("SGD", 0),
        ("BTC", 0),
        ("BTC", 0),
    ):
        connected.account.set(currency, balance, "0")
    connected.account.delivery = Delivery.ONE_FRAME
    connected.account.change({"XRP": ("2", "0"), "BTC": ("2", "0")})
    await connected.caught_up()
    assert sorted(note.split()[1] for note in notes(calls)) == sorted(expected)


async def test_balance_that_is_not_available_keeps_all_from_firing(connected: Harness) -> None:
    connected.exchange.rest.row_faults["XRP"] = {"balance": "-1"}
    await connected.refresh()
    target = {"device_id": connected.device_id}
    calls = await automate(connected.hass, crossed(limit("above", 1), target, behavior="all"))
    connected.account.set("BTC", "2", "0")
    await connected.caught_up()
    assert notes(calls) == []


async def test_first_of_new_currencies_in_one_frame_fires(connected: Harness) -> None:
    target = {"device_id": connected.device_id}
    calls = await automate(connected.hass, crossed(limits("between", 5, 6), target, behavior="first"))
    connected.account.delivery = Delivery.ONE_FRAME
    connected.account.change({"ETH": ("5", "0"), "SOL": ("6", "0")})
    await wait_until(lambda: calls)
    assert [note.split()[1] for note in notes(calls)] == ["ETH"]


# Staying in range for some time

FOR_A_MINUTE = {"for": {"minutes": 1}}


async def test_balance_that_stays_in_range_fires_when_the_time_is_up(connected: Harness) -> None:
    calls = await automate(
        connected.hass, crossed(limit("above", 0.7), **FOR_A_MINUTE), duration="{{ trigger.for }}"
    )
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    await pass_time(30)
    connected.account.set("BTC", "0.9", "0")
    await connected.caught_up()
    await pass_time(20)
    assert notes(calls) == []
    await wait_until(lambda: calls, within=20)
    assert from_to(calls) == ["0.6 0.8"]
    assert calls[0].data["duration"] == "0:01:00"
    # Once until it has left the range.
    await pass_time(70)
    assert len(calls) == 1


async def test_balance_that_leaves_the_range_in_time_does_not_fire(connected: Harness) -> None:
    calls = await automate(connected.hass, crossed(limit("above", 0.7), **FOR_A_MINUTE))
    for balance, seconds in (("0.8", 50), ("0.7", 1), ("0.9", 50)):
        connected.account.set("BTC", balance, "0")
        await connected.caught_up()
        await pass_time(seconds)
    assert notes(calls) == []
    await wait_until(lambda: calls, within=20)
    assert from_to(calls) == ["0.7 0.9"]


async def test_balance_that_becomes_unavailable_does_not_fire(connected: Harness) -> None:
    calls = await automate(connected.hass, crossed(limit("above", 0.7), **FOR_A_MINUTE))
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    connected.exchange.rest.row_faults["BTC"] = {"balance": "-1"}
    await connected.refresh()
    connected.exchange.rest.row_faults.clear()
    await connected.refresh()
    assert connected.state(BTC) == "0.8"
    await pass_time(70)
    assert notes(calls) == []


async def test_reload_ends_the_time(connected: Harness) -> None:
    calls = await automate(connected.hass, crossed(limit("above", 0.7), **FOR_A_MINUTE))
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    assert await connected.reload()
    await pass_time(70)
    assert notes(calls) == []


@pytest.mark.parametrize(
    ("behavior", "expected"), [("each", ["SGD", "BTC"]), ("first", ["SGD"]), ("all", [])]
)
async def test_time_is_that_of_each_first_or_all(
    connected: Harness, behavior: str, expected: list[str]
) -> None:
    connected.account.change({"SGD": ("0", "0"), "BTC": ("0", "0"), "XRP": ("2", "0")})
    await connected.caught_up()
    target = {"entity_id": [SGD, BTC] if behavior != "all" else [SGD, BTC, "sensor.upbit_singapore_xrp"]}
    calls = await automate(
        connected.hass, crossed(limit("above", 1), target, behavior=behavior, **FOR_A_MINUTE)
    )
    for currency in ("SGD", "BTC"):
        connected.account.set(currency, "2", "0")
        await connected.caught_up()
        await pass_time(20)
    connected.account.set("XRP", "0", "0")
    await connected.caught_up()
    await pass_time(70)
    assert [note.split()[1] for note in notes(calls)] == expected


async def test_balance_that_leaves_the_target_does_not_fire(
    connected: Harness, entity_registry: er.EntityRegistry
) -> None:
    calls = await automate(connected.hass, crossed(limit("above", 0.7), **FOR_A_MINUTE))
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    entity_registry.async_update_entity(BTC, disabled_by=er.RegistryEntryDisabler.USER)
    await pass_time(70)
    assert notes(calls) == []


@pytest.mark.parametrize(
    ("limits_then", "expected", "within"),
    [
        # Out of range when the time is up.
        (["1"], [], 90),
        # Out of range, then moved into range: the time starts again.
        (["0.85"], ["0.8 0.9"], 70),
        (["unavailable", "0.7"], [], 90),
    ],
)
async def test_limit_that_changes_meanwhile(
    connected: Harness, limits_then: list[str], expected: list[str], within: float
) -> None:
    connected.hass.states.async_set("input_number.limit", "0.7")
    threshold = {"type": "above", "value": {"entity": "input_number.limit"}}
    calls = await automate(connected.hass, crossed(threshold, **FOR_A_MINUTE))
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    await pass_time(30)
    for state in limits_then:
        connected.hass.states.async_set("input_number.limit", state)
        connected.account.set("BTC", "0.9", "0")
        await connected.caught_up()
    await pass_time(50)
    assert notes(calls) == []
    await pass_time(within - 50)
    assert from_to(calls) == expected


async def test_time_ends_with_the_automation(connected: Harness) -> None:
    calls = await automate(connected.hass, crossed(limit("above", 0.7), **FOR_A_MINUTE))
    connected.account.set("BTC", "0.8", "0")
    await connected.caught_up()
    await connected.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.test"}, blocking=True
    )
    await pass_time(70)
    assert notes(calls) == []


# Targets


async def test_target_is_followed(connected: Harness, entity_registry: er.EntityRegistry) -> None:
    label = lr.async_get(connected.hass).async_create("Coins").label_id
    calls = await automate(connected.hass, changed({"label_id": label}))
    for balance, labels in (("1", set()), ("2", {label}), ("3", set())):
        entity_registry.async_update_entity(BTC, labels=labels)
        connected.account.set("BTC", balance, "0")
        await connected.caught_up()
    assert from_to(calls) == ["1 2"]


async def test_first_of_a_new_currency_fires_for_the_device(connected: Harness) -> None:
    calls = await automate(
        connected.hass,
        changed({"device_id": connected.device_id}),
        state="{{ states(trigger.entity_id) }} ETH",
    )
    connected.account.set("ETH", "2", "0")
    connected.account.set("ETH", "2.5", "0")
    await wait_until(lambda: len(calls) == 2)
    eth = "sensor.upbit_singapore_eth"
    assert notes(calls) == [
        f"{eth} ETH total increased 0 2 2",
        f"{eth} ETH total increased 2 2.5 0.5",
    ]
    # Its sensor is there when the automation runs.
    assert {call.data["state"] for call in calls} <= {"2 ETH", "2.5 ETH"}


async def test_account_added_later_is_followed_and_no_other(connected: Harness, other: Harness) -> None:
    calls = await automate(connected.hass, changed({"entity_id": OTHER_BTC}))
    await other.start()
    connected.account.set("BTC", "1", "0")
    other.account.set("BTC", "8", "0")
    await other.caught_up()
    assert notes(calls) == [f"{OTHER_BTC} BTC total increased 7 8 1"]


async def test_automation_that_is_turned_off_does_not_run(connected: Harness) -> None:
    calls = await automate(connected.hass, changed({"device_id": connected.device_id}))
    await connected.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.test"}, blocking=True
    )
    connected.account.set("BTC", "1", "0")
    await connected.caught_up()
    assert notes(calls) == []


# What is no change of a balance


async def test_reload_does_not_fire_and_is_survived(connected: Harness) -> None:
    calls = await automate(connected.hass, changed())
    assert await connected.unload()
    connected.account.set("BTC", "3", "0")
    assert await connected.set_up()
    await wait_until(lambda: connected.in_sync)
    await connected.caught_up()
    assert notes(calls) == []
    connected.account.set("BTC", "4", "0")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 3 4 1"]


# What happens while the connection is away


async def test_change_while_away_fires_once_when_a_snapshot_shows_it(connected: Harness) -> None:
    condition = {
        "condition": "upbit.is_balance",
        "target": {"entity_id": BTC},
        "options": {"threshold": limit("above", 2)},
    }
    calls = await automate(
        connected.hass,
        changed(),
        [condition],
        at="{{ trigger.changed_at is none }}",
        state="{{ states(trigger.entity_id) }} BTC",
    )
    connected.exchange.go_down()
    await connected.becomes(BTC, STATE_UNAVAILABLE, within=80)
    connected.account.set("BTC", "2", "0")
    connected.account.set("BTC", "3", "0")
    await connected.exchange.accept_connections()
    await wait_until(lambda: connected.in_sync, within=120)
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 0.6 3 2.4"]
    # A snapshot has no time of the change. What an automation reads is current again, as the condition has shown.
    assert calls[0].data["at"] is True
    assert calls[0].data["state"] == "3 BTC"
