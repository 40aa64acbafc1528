"""Triggers, through real automations: what fires them, what never does, and what they hand on."""

import logging
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
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
from tests.helpers.virtual_time import wait_until

BTC = "sensor.upbit_singapore_btc"
SGD = "sensor.upbit_singapore_sgd"
OTHER_BTC = "sensor.upbit_singapore_2_btc"


def changed(target: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {
        "trigger": "upbit.balance_changed",
        "target": {"entity_id": BTC} if target is None else target,
        "options": options,
    }


def crossed(threshold: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "trigger": "upbit.balance_crossed_threshold",
        "target": {"entity_id": BTC},
        "options": {"threshold": threshold, **options},
    }


def from_to(calls: list[ServiceCall]) -> list[str]:
    return [" ".join(note.split()[4:6]) for note in notes(calls)]


# What is handed on


async def test_exact_amounts_are_handed_on(connected: Harness) -> None:
    calls = await automate(connected.hass, changed())
    connected.account.set("BTC", "0.500000000000000001", "0.1")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 0.6 0.600000000000000001 0.000000000000000001"]


async def test_tiny_amounts_are_in_plain_notation(connected: Harness) -> None:
    calls = await automate(connected.hass, changed())
    connected.account.set("BTC", "0.00000001", "0")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total decreased 0.6 0.00000001 -0.59999999"]


async def test_time_description_and_current_state_are_at_hand(connected: Harness) -> None:
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
        changed(at_least="nan"),
        changed(at_least=True),
        changed(amount="balance"),
        changed(direction="up"),
        changed(behavior="each"),
        changed({}),
        changed({"entity_id": "none"}),
        crossed({"type": "above"}),
        crossed({"type": "any"}),
        crossed(limit("above", "inf")),
        crossed(limit("above", "1,000")),
        # Equal as floats.
        crossed(limits("between", "1.000000000000000001", "1")),
    ],
)
async def test_impossible_options_are_refused(connected: Harness, config: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await async_validate_trigger_config(connected.hass, cv.TRIGGER_SCHEMA([config]))


async def test_validated_options_are_still_valid(connected: Harness) -> None:
    configs = [changed(at_least="1e-18"), crossed(limits("outside", "0.000000000000000001", 0.1))]
    validated = await async_validate_trigger_config(connected.hass, cv.TRIGGER_SCHEMA(configs))
    assert await async_validate_trigger_config(connected.hass, validated) == validated


# Crossing a threshold


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (limit("above", 0.7), ["0.7 0.700000000000000001", "0.6 0.8"]),
        (limit("above", "0.700000000000000000"), ["0.7 0.700000000000000001", "0.6 0.8"]),
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


async def test_threshold_looks_at_the_chosen_amount(connected: Harness) -> None:
    calls = await automate(connected.hass, crossed(limit("above", "0.2"), amount="locked"))
    connected.account.set("BTC", "0.3", "0.3")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC locked increased 0.1 0.3 0.2"]


async def test_limit_may_be_an_entity(connected: Harness) -> None:
    calls = await automate(
        connected.hass, crossed({"type": "below", "value": {"entity": "input_number.limit"}})
    )
    # Not there, then not a number, then one that is just not reached, then one that is.
    for state, total in ((None, "0.5"), ("unknown", "0.4"), ("0.3", "0.3"), ("0.3", "0.299999999999999999")):
        if state is not None:
            connected.hass.states.async_set("input_number.limit", state)
        connected.account.set("BTC", total, "0")
        await connected.caught_up()
    assert from_to(calls) == ["0.3 0.299999999999999999"]


async def test_trace_says_why_a_limit_cannot_be_compared_with(connected: Harness) -> None:
    reported: list[NotTriggeredInfo] = []
    (config,) = await async_validate_trigger_config(
        connected.hass,
        cv.TRIGGER_SCHEMA([crossed({"type": "below", "value": {"entity": "input_number.limit"}})]),
    )
    detach = await async_initialize_triggers(
        connected.hass,
        [config],
        lambda variables, context=None: None,
        DOMAIN,
        "test",
        logging.getLogger(__name__).log,
        did_not_trigger=lambda variables, info, context=None: reported.append(info),
    )
    connected.account.set("BTC", "0.4", "0")
    await connected.caught_up()
    connected.hass.states.async_set("input_number.limit", "soon")
    connected.account.set("BTC", "0.3", "0")
    await connected.caught_up()
    assert detach is not None
    detach()
    assert [info.reason for info in reported] == ["threshold_entity_not_found", "threshold_value_not_numeric"]


# Targets


@pytest.mark.parametrize("kind", ["entity_id", "device_id", "area_id", "floor_id", "label_id"])
async def test_targets_of_every_kind(
    connected: Harness,
    other: Harness,
    entity_registry: er.EntityRegistry,
    kind: str,
) -> None:
    floor = fr.async_get(connected.hass).async_create("Cellar")
    area = ar.async_get(connected.hass).async_create("Safe", floor_id=floor.floor_id)
    label = lr.async_get(connected.hass).async_create("Coins")
    await other.start()
    device_id = other.device_id
    if kind in ("area_id", "floor_id"):
        dr.async_get(connected.hass).async_update_device(device_id, area_id=area.id)
    if kind == "label_id":
        entity_registry.async_update_entity(OTHER_BTC, labels={label.label_id})
    target = {
        "entity_id": OTHER_BTC,
        "device_id": device_id,
        "area_id": area.id,
        "floor_id": floor.floor_id,
        "label_id": label.label_id,
    }
    calls = await automate(connected.hass, changed({kind: [target[kind]]}))
    connected.account.set("BTC", "1", "0")
    other.account.set("BTC", "8", "0")
    await connected.caught_up()
    await other.caught_up()
    assert notes(calls) == [f"{OTHER_BTC} BTC total increased 7 8 1"]


async def test_several_in_one_frame_all_fire(connected: Harness) -> None:
    calls = await automate(connected.hass, changed({"entity_id": [BTC, SGD]}))
    connected.account.delivery = Delivery.ONE_FRAME
    connected.account.change({"BTC": ("1", "0"), "SGD": ("3", "0"), "XRP": ("9", "0")})
    await connected.caught_up()
    assert sorted(notes(calls)) == [
        f"{BTC} BTC total increased 0.6 1 0.4",
        f"{SGD} SGD total decreased 1200.75 3 -1197.75",
    ]


async def test_target_is_followed(connected: Harness, entity_registry: er.EntityRegistry) -> None:
    label = lr.async_get(connected.hass).async_create("Coins").label_id
    calls = await automate(connected.hass, changed({"label_id": label}))
    for balance, labels in (("1", set()), ("2", {label}), ("3", set())):
        entity_registry.async_update_entity(BTC, labels=labels)
        connected.account.set("BTC", balance, "0")
        await connected.caught_up()
    assert from_to(calls) == ["1 2"]


async def test_renamed_sensor_is_followed_by_its_device(
    connected: Harness, entity_registry: er.EntityRegistry
) -> None:
    calls = await automate(connected.hass, changed({"device_id": connected.device_id}))
    entity_registry.async_update_entity(BTC, new_entity_id="sensor.coins")
    connected.account.set("BTC", "1", "0")
    await connected.caught_up()
    assert notes(calls) == ["sensor.coins BTC total increased 0.6 1 0.4"]


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


async def test_first_of_a_new_currency_elsewhere_does_not_fire(connected: Harness) -> None:
    calls = await automate(connected.hass, changed())
    connected.account.set("ETH", "2", "0")
    await wait_until(lambda: connected.hass.states.get("sensor.upbit_singapore_eth"))
    connected.account.set("ETH", "3", "0")
    connected.account.set("BTC", "1", "0")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 0.6 1 0.4"]


async def test_new_currency_whose_sensor_starts_disabled_does_not_fire(
    connected: Harness, entity_registry: er.EntityRegistry
) -> None:
    connected.hass.config_entries.async_update_entry(connected.entry, pref_disable_new_entities=True)
    calls = await automate(connected.hass, changed({"device_id": connected.device_id}))
    connected.account.set("ETH", "2", "0")
    await wait_until(lambda: entity_registry.async_is_registered("sensor.upbit_singapore_eth"))
    connected.account.set("ETH", "3", "0")
    connected.account.set("BTC", "1", "0")
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 0.6 1 0.4"]


async def test_account_added_later_is_followed(
    connected: Harness, other: Harness, entity_registry: er.EntityRegistry
) -> None:
    calls = await automate(connected.hass, changed({"entity_id": OTHER_BTC}))
    await other.start()
    other.account.set("BTC", "8", "0")
    await other.caught_up()
    assert notes(calls) == [f"{OTHER_BTC} BTC total increased 7 8 1"]


async def test_automation_that_is_turned_off_does_not_run(connected: Harness) -> None:
    calls = await automate(connected.hass, changed({"device_id": connected.device_id}))
    await connected.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.test"}, blocking=True
    )
    connected.account.set("BTC", "1", "0")
    connected.account.set("ETH", "1", "0")
    await wait_until(lambda: connected.hass.states.get("sensor.upbit_singapore_eth"))
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


async def test_restart_does_not_fire(harness: Harness, entity_registry: er.EntityRegistry) -> None:
    # As after a restart: the sensor is registered, and the automation is there before the account is set up.
    harness.entry.add_to_hass(harness.hass)
    entity_registry.async_get_or_create(
        "sensor",
        DOMAIN,
        f"{harness.entry.entry_id}_balance_BTC",
        config_entry=harness.entry,
        suggested_object_id="upbit_singapore_btc",
    )
    calls = await automate(harness.hass, changed())
    assert harness.hass.states.get(BTC) is None
    assert await harness.set_up()
    await wait_until(lambda: harness.in_sync)
    await harness.caught_up()
    assert harness.state(BTC) == "0.6"
    assert notes(calls) == []
    harness.account.set("BTC", "1", "0")
    await harness.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 0.6 1 0.4"]
    assert await harness.unload()


async def test_becoming_available_does_not_fire(connected: Harness) -> None:
    calls = await automate(connected.hass, crossed(limit("below", 100)))
    connected.exchange.go_down()
    await connected.becomes(BTC, STATE_UNAVAILABLE, within=80)
    await connected.exchange.accept_connections()
    await wait_until(lambda: connected.in_sync, within=120)
    await connected.caught_up()
    assert connected.state(BTC) == "0.6"
    assert notes(calls) == []


# What happens while the connection is away


async def test_change_while_away_fires_once_when_it_is_learnt(connected: Harness) -> None:
    calls = await automate(
        connected.hass,
        changed(),
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
    # A snapshot does not say when; and what an automation looks at is current again.
    assert calls[0].data["at"] is True
    assert calls[0].data["state"] == "3 BTC"


async def test_condition_knows_what_was_learnt_when_the_trigger_fires(connected: Harness) -> None:
    condition = {
        "condition": "upbit.is_balance",
        "target": {"entity_id": BTC},
        "options": {"threshold": limit("above", 2)},
    }
    calls = await automate(connected.hass, changed(), [condition])
    connected.exchange.go_down()
    await connected.becomes(BTC, STATE_UNAVAILABLE, within=80)
    connected.account.set("BTC", "3", "0")
    await connected.exchange.accept_connections()
    await wait_until(lambda: connected.in_sync, within=120)
    await connected.caught_up()
    assert notes(calls) == [f"{BTC} BTC total increased 0.6 3 2.4"]


async def test_unavailable_amount_fires_nothing_until_it_is_known_again(connected: Harness) -> None:
    calls = await automate(connected.hass, changed())
    faults = connected.exchange.rest.row_faults
    for available, expected in (("0.6", []), ("0.8", ["0.6 0.8"])):
        faults["BTC"] = {"balance": "-1"}
        await connected.refresh()
        await connected.becomes(BTC, STATE_UNAVAILABLE)
        connected.account.change({"BTC": (available, "0")}, announce=False)
        faults.clear()
        calls.clear()
        await connected.refresh()
        await connected.becomes(BTC, available)
        await connected.hass.async_block_till_done()
        assert from_to(calls) == expected
