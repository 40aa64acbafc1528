"""The event entity: every change as an event of its own, with its type."""

from collections.abc import Iterator
from datetime import UTC, datetime

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.upbit.event import EVENT_BALANCE_CHANGED
from simulator import Delivery
from tests.helpers.harness import Harness

BTC = "sensor.upbit_singapore_btc"
EVENT = "event.upbit_singapore_balance_change"


@pytest.fixture
def events(hass: HomeAssistant) -> Iterator[list[State]]:
    """Return the list of the states that the event entity takes after set-up."""
    taken: list[State] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["new_state"] is not None:
            taken.append(event.data["new_state"])

    stop = async_track_state_change_event(hass, EVENT, note)
    yield taken
    stop()


def summary(state: State) -> str:
    return " ".join(str(state.attributes[name]) for name in ("event_type", "currency", "difference"))


@pytest.mark.usefixtures("all_entities_enabled")
@pytest.mark.parametrize(
    ("balance", "locked", "expected"),
    [
        ("0.500000000000000001", "0.1", "increased BTC 0.000000000000000001"),
        ("0.4", "0.1", "decreased BTC -0.1"),
        ("0.4", "0.2", "locked BTC 0.1"),
        ("0.6", "0", "unlocked BTC -0.1"),
    ],
)
async def test_type_follows_from_the_amounts(
    connected: Harness, balance: str, locked: str, expected: str
) -> None:
    connected.account.set("BTC", balance, locked)
    await connected.caught_up()
    assert summary(connected.hass.states.get(EVENT)) == expected


@pytest.mark.usefixtures("all_entities_enabled")
async def test_attributes_are_exact_and_can_be_written_as_json(connected: Harness) -> None:
    event = connected.account.set("BTC", "0.00000001", "0.123456789012345678901234567")
    await connected.caught_up()
    state = connected.hass.states.get(EVENT)
    assert json_bytes(state.as_dict())
    changed_at = datetime.fromtimestamp(event.asset_timestamp / 1000, UTC)
    assert dict(state.attributes) == {
        "event_types": ["increased", "decreased", "locked", "unlocked"],
        "event_type": "decreased",
        "currency": "BTC",
        "total_before": "0.6",
        "total_after": "0.123456799012345678901234567",
        "available_before": "0.5",
        "available_after": "0.00000001",
        "locked_before": "0.1",
        "locked_after": "0.123456789012345678901234567",
        "difference": "-0.476543200987654321098765433",
        "changed_at": changed_at.isoformat(),
        "source": "stream",
        "friendly_name": "Upbit Singapore Balance change",
    }


@pytest.mark.usefixtures("all_entities_enabled")
async def test_several_in_one_frame_all_arrive(connected: Harness, events: list[State]) -> None:
    connected.account.delivery = Delivery.ONE_FRAME
    connected.account.change({"BTC": ("1", "0"), "SGD": ("1", "0"), "XRP": ("100", "20"), "ETH": ("2", "0")})
    await connected.caught_up()
    assert [summary(state) for state in events] == [
        "increased BTC 0.4",
        "decreased SGD -1199.75",
        "locked XRP 20",
        "increased ETH 2",
    ]
    # What triggers compare: each has a state of its own.
    assert len({state.state for state in events}) == len(events)


@pytest.mark.usefixtures("all_entities_enabled")
async def test_source_of_a_change_that_a_snapshot_shows(connected: Harness) -> None:
    requested_at = dt_util.utcnow()
    connected.account.change({"BTC": ("2", "0")}, announce=False)
    await connected.refresh()
    state = connected.hass.states.get(EVENT)
    assert summary(state) == "increased BTC 1.4"
    assert state.attributes["source"] == "snapshot"
    assert requested_at <= datetime.fromisoformat(state.attributes["changed_at"]) <= dt_util.utcnow()


@pytest.mark.usefixtures("all_entities_enabled")
async def test_fired_event_has_the_event_entity_and_the_sensor_of_the_currency(connected: Harness) -> None:
    fired = async_capture_events(connected.hass, EVENT_BALANCE_CHANGED)
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    (event,) = fired
    attributes = dict(connected.hass.states.get(EVENT).attributes)
    for of_the_state_alone in ("event_types", "friendly_name"):
        del attributes[of_the_state_alone]
    assert event.data == {
        "type": attributes.pop("event_type"),
        "entity_id": EVENT,
        "sensor": BTC,
        "device_id": connected.device_id,
        **attributes,
    }
    assert json_bytes(event.data)


async def test_disabled_entity_fires_nothing(connected: Harness) -> None:
    fired = async_capture_events(connected.hass, EVENT_BALANCE_CHANGED)
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    assert fired == []
