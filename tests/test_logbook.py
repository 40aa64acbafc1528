"""Activity: what the event entity reports, in words."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_component
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import SimulatedExchange
from tests.accounts import device_of, enable_all_entities
from tests.automations import caught_up

BTC = "sensor.upbit_singapore_btc"
EVENT = "event.upbit_singapore_balance_change"

type Filter = Callable[[HomeAssistant, UpbitCoordinator], dict[str, Any]]
"""Makes the part of a request that says what Activity is to show."""


def the_event_entity(hass: HomeAssistant, coordinator: UpbitCoordinator) -> dict[str, Any]:
    """Ask as a card for the entity does, and the entity's own dialog."""
    return {"entity_ids": [EVENT]}


def all_entities(hass: HomeAssistant, coordinator: UpbitCoordinator) -> dict[str, Any]:
    """Ask as the page of Activity does for a device: it sends the ids of the device's entities alone."""
    registered = er.async_entries_for_device(er.async_get(hass), device_of(hass, coordinator.config_entry))
    return {"entity_ids": [entity.entity_id for entity in registered]}


def device_and_entities(hass: HomeAssistant, coordinator: UpbitCoordinator) -> dict[str, Any]:
    """Ask as the page of the device does."""
    return {"device_ids": [device_of(hass, coordinator.config_entry)], **all_entities(hass, coordinator)}


FILTERS = (the_event_entity, all_entities, device_and_entities)


@pytest.fixture(autouse=True)
def _custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Start the recorder before Home Assistant, as it demands, and let it load what is in custom_components."""


@pytest.fixture(autouse=True)
def _enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    enable_all_entities(monkeypatch)


@pytest.mark.parametrize(
    ("balance", "locked", "message"),
    [
        ("0.6", "0.1", "increased by 0.1 to 0.7"),
        ("0.3", "0.1", "decreased by 0.2 to 0.4"),
        ("0.4", "0.2", "locked 0.1, now 0.2 in orders"),
        ("0.6", "0", "unlocked 0.1, now 0 in orders"),
    ],
)
async def test_activity_says_which_currency_and_how_much(
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    hass_ws_client: WebSocketGenerator,
    balance: str,
    locked: str,
    message: str,
) -> None:
    mock_component(hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(hass, "logbook", {})
    start = dt_util.utcnow()
    exchange.account.set("BTC", balance, locked)
    await caught_up(hass, coordinator, exchange.account)
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    # As the page of the account asks.
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": start.isoformat(),
            "device_ids": [device_of(hass, coordinator.config_entry)],
        }
    )
    answer = await client.receive_json()
    (shown,) = answer["result"]
    assert (shown["name"], shown["message"]) == ("Upbit Singapore BTC", message)
    assert (shown["entity_id"], shown["domain"]) == (BTC, "upbit")


@pytest.mark.parametrize("asked", FILTERS)
async def test_history_of_some_entities_or_of_the_device_has_the_words(
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    hass_ws_client: WebSocketGenerator,
    asked: Filter,
) -> None:
    mock_component(hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(hass, "logbook", {})
    start = dt_util.utcnow()
    exchange.account.set("BTC", "0.6", "0.1")
    await caught_up(hass, coordinator, exchange.account)
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {"type": "logbook/get_events", "start_time": start.isoformat(), **asked(hass, coordinator)}
    )
    answer = await client.receive_json()
    assert worded(answer["result"]) == [(BTC, "Upbit Singapore BTC", "increased by 0.1 to 0.7")]


@pytest.mark.parametrize("asked", FILTERS)
async def test_live_view_of_some_entities_or_of_the_device_has_the_words(
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    hass_ws_client: WebSocketGenerator,
    asked: Filter,
) -> None:
    mock_component(hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(hass, "logbook", {})
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "logbook/event_stream",
            "start_time": dt_util.utcnow().isoformat(),
            **asked(hass, coordinator),
        }
    )
    assert (await client.receive_json())["success"]
    # What has been so far: the second message ends it.
    for partial in (True, False):
        assert (await client.receive_json())["event"].get("partial", False) is partial
        await async_wait_recording_done(hass)
    exchange.account.set("BTC", "0.6", "0.1")
    await caught_up(hass, coordinator, exchange.account)
    shown: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not worded(shown):
            shown += (await client.receive_json())["event"]["events"]
    assert worded(shown) == [(BTC, "Upbit Singapore BTC", "increased by 0.1 to 0.7")]


def worded(shown: list[dict[str, Any]]) -> list[tuple[str | None, str, str]]:
    """Return the lines of Activity that have a message: entity, name and message of each."""
    return [(line["entity_id"], line["name"], line["message"]) for line in shown if "message" in line]


async def test_activity_names_a_currency_whose_sensor_is_gone(
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    hass_ws_client: WebSocketGenerator,
    entity_registry: er.EntityRegistry,
) -> None:
    mock_component(hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(hass, "logbook", {})
    entity_registry.async_remove(BTC)
    await hass.async_block_till_done()
    start = dt_util.utcnow()
    exchange.account.set("BTC", "0.6", "0.1")
    await caught_up(hass, coordinator, exchange.account)
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": start.isoformat(),
            **the_event_entity(hass, coordinator),
        }
    )
    answer = await client.receive_json()
    assert worded(answer["result"]) == [(None, "BTC", "increased by 0.1 to 0.7")]
