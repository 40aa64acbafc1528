"""What a target leaves out by `exclude`, for triggers and conditions alike."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er, label_registry as lr
from homeassistant.helpers.condition import async_validate_condition_config
from homeassistant.helpers.trigger import async_validate_trigger_config
import pytest
import voluptuous as vol

from tests.helpers.automations import automate, limit, notes
from tests.helpers.conditions import subscribe
from tests.helpers.harness import Harness
from tests.helpers.prices import TOTAL_VALUE

XRP = "sensor.upbit_singapore_xrp"
XRP_VALUE = "sensor.upbit_singapore_xrp_value"

type Validate = Callable[[HomeAssistant, dict[str, Any]], Awaitable[None]]

HAS_EXCLUDE = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)

with_exclude = pytest.mark.skipif(not HAS_EXCLUDE, reason="Home Assistant 2026.10 has no exclude")


def without_xrp(harness: Harness) -> dict[str, Any]:
    return {"device_id": harness.device_id, "exclude": {"entity_id": XRP}}


def changed(target: dict[str, Any]) -> dict[str, Any]:
    return {"trigger": "upbit.balance_changed", "target": target}


def is_(what: str, target: dict[str, Any], threshold: dict[str, Any]) -> dict[str, Any]:
    options = {"threshold": threshold, "behavior": "all"}
    return {"condition": f"upbit.is_{what}", "target": target, "options": options}


@with_exclude
async def test_trigger_ignores_what_is_excluded(connected: Harness) -> None:
    calls = await automate(connected.hass, changed(without_xrp(connected)))
    connected.account.change({"BTC": ("0.7", "0"), "XRP": ("9", "0"), "ETH": ("1", "0")})
    await connected.caught_up()
    assert sorted(note.split()[1] for note in notes(calls)) == ["BTC", "ETH"]


@with_exclude
async def test_condition_ignores_what_is_excluded(connected: Harness) -> None:
    connected.account.set("XRP", "0", "0")
    await connected.caught_up()
    for target, expected in ((without_xrp(connected), True), ({"device_id": connected.device_id}, False)):
        badge, _ = await subscribe(connected.hass, is_("balance", target, limit("above", 0)))
        assert badge.result is expected


@with_exclude
async def test_what_is_excluded_is_followed(connected: Harness, entity_registry: er.EntityRegistry) -> None:
    label = lr.async_get(connected.hass).async_create("Test")
    target = {"device_id": connected.device_id, "exclude": {"label_id": label.label_id}}
    badge, _ = await subscribe(connected.hass, is_("balance", target, limit("below", 100_000)))
    assert badge.result
    for entity in er.async_entries_for_config_entry(entity_registry, connected.entry.entry_id):
        entity_registry.async_update_entity(entity.entity_id, labels={label.label_id})
    await connected.hass.async_block_till_done()
    assert not badge.result


@with_exclude
@pytest.mark.parametrize(("excluded", "expected"), [(XRP_VALUE, True), (TOTAL_VALUE, False)])
async def test_total_value_contains_coins_that_are_excluded(
    valued: Harness, excluded: str, expected: bool
) -> None:
    target = {"device_id": valued.device_id, "exclude": {"entity_id": excluded}}
    badge, _ = await subscribe(valued.hass, is_("value", target, limit("above", "61440.74")))
    assert badge.result is expected


async def validate_trigger(hass: HomeAssistant, target: dict[str, Any]) -> None:
    await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA([changed(target)]))


async def validate_condition(hass: HomeAssistant, target: dict[str, Any]) -> None:
    condition = is_("balance", target, limit("above", 0))
    await async_validate_condition_config(hass, cv.CONDITION_SCHEMA(condition))


each_kind = pytest.mark.parametrize("validate", [validate_trigger, validate_condition])


@each_kind
async def test_exclude_alone_is_no_target(connected: Harness, validate: Validate) -> None:
    with pytest.raises(vol.Invalid):
        await validate(connected.hass, {"exclude": {"entity_id": XRP}})


@each_kind
@pytest.mark.skipif(HAS_EXCLUDE, reason="this version has exclude")
async def test_older_version_rejects_exclude(connected: Harness, validate: Validate) -> None:
    with pytest.raises(vol.Invalid):
        await validate(connected.hass, without_xrp(connected))
