"""Real automations: what triggered them, and whether their conditions pass."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

# Home Assistant makes a number of a result that looks like one; within other text each digit is kept.
_FIELDS = ("entity_id", "currency", "amount", "direction", "from", "to", "difference")
_NOTE = " ".join(f"{{{{ trigger.{field} }}}}" for field in _FIELDS)


async def automate(
    hass: HomeAssistant,
    trigger: dict[str, Any],
    conditions: list[dict[str, Any]] | None = None,
    **data: str,
) -> list[ServiceCall]:
    """Set up an automation; return the list to which each of its runs adds a call.

    Args:
        hass: Home Assistant.
        trigger: The trigger, as it would be written in YAML.
        conditions: The conditions.
        data: Templates for the data of the calls, beside or instead of the note.
    """
    calls = async_mock_service(hass, "test", "note")
    automation = {
        "alias": "Test",
        "mode": "queued",
        "max": 100,
        "triggers": [trigger],
        "conditions": conditions or [],
        "actions": [{"action": "test.note", "data": {"note": _NOTE, **data}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    state = hass.states.get("automation.test")
    assert state is not None
    assert state.state == "on"
    return calls


async def automate_with(hass: HomeAssistant, condition: dict[str, Any]) -> list[ServiceCall]:
    """Set up an automation that runs when `passes` asks and its condition passes; return the list of its calls."""
    return await automate(hass, {"trigger": "event", "event_type": "check"}, [condition], note="passed")


async def passes(hass: HomeAssistant, calls: list[ServiceCall]) -> bool:
    """Return whether the condition of `automate_with` passes now."""
    calls.clear()
    hass.bus.async_fire("check")
    await hass.async_block_till_done()
    return bool(calls)


def notes(calls: list[ServiceCall]) -> list[str]:
    """Return what the runs noted: entity, currency, amount, direction, from, to and difference."""
    return [call.data["note"] for call in calls]


def limit(kind: str, number: Any) -> dict[str, Any]:
    """Return a threshold with one limit."""
    return {"type": kind, "value": {"number": number}}


def limits(kind: str, low: Any, high: Any) -> dict[str, Any]:
    """Return a threshold with two limits."""
    return {"type": kind, "value_min": {"number": low}, "value_max": {"number": high}}
