"""Activity: what the event entity reports, in words."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.helpers import entity_registry as er, translation
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_component
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.upbit.const import DOMAIN
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import virtual_loop

BTC = "sensor.upbit_singapore_btc"
EVENT = "event.upbit_singapore_balance_change"

type Filter = Callable[[Harness], dict[str, Any]]
"""Makes the part of a request that says what Activity is to show."""


def the_event_entity(harness: Harness) -> dict[str, Any]:
    """Ask as a card for the entity does, and the entity's own dialog."""
    return {"entity_ids": [EVENT]}


def all_entities(harness: Harness) -> dict[str, Any]:
    """Ask as the page of Activity does for a device: it sends the ids of the device's entities alone."""
    registered = er.async_entries_for_device(er.async_get(harness.hass), harness.device_id)
    return {"entity_ids": [entity.entity_id for entity in registered]}


def device_and_entities(harness: Harness) -> dict[str, Any]:
    """Ask as the page of the device does."""
    return {"device_ids": [harness.device_id], **all_entities(harness)}


@pytest.fixture(autouse=True)
async def _real_time() -> None:
    """Let time pass as it does outside, because the recorder works in a thread of its own."""
    virtual_loop().real_time = True


# The recorder has to start before Home Assistant.
pytestmark = pytest.mark.usefixtures("recorder_mock", "all_entities_enabled")

FILTERS = (the_event_entity, all_entities, device_and_entities)


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
    connected: Harness, hass_ws_client: WebSocketGenerator, balance: str, locked: str, message: str
) -> None:
    mock_component(connected.hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(connected.hass, "logbook", {})
    start = dt_util.utcnow()
    connected.account.set("BTC", balance, locked)
    await connected.caught_up()
    await async_wait_recording_done(connected.hass)
    client = await hass_ws_client()
    # As the page of the account asks.
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": start.isoformat(),
            "device_ids": [connected.device_id],
        }
    )
    answer = await client.receive_json()
    (shown,) = answer["result"]
    assert (shown["name"], shown["message"]) == ("Upbit Singapore BTC", message)
    assert (shown["entity_id"], shown["domain"]) == (BTC, "upbit")


@pytest.mark.parametrize("asked", FILTERS)
async def test_history_of_some_entities_or_of_the_device_has_the_words(
    connected: Harness, hass_ws_client: WebSocketGenerator, asked: Filter
) -> None:
    mock_component(connected.hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(connected.hass, "logbook", {})
    start = dt_util.utcnow()
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    await async_wait_recording_done(connected.hass)
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": start.isoformat(),
            **asked(connected),
        }
    )
    answer = await client.receive_json()
    assert worded(answer["result"]) == [(BTC, "Upbit Singapore BTC", "increased by 0.1 to 0.7")]


@pytest.mark.parametrize("asked", FILTERS)
async def test_live_view_of_some_entities_or_of_the_device_has_the_words(
    connected: Harness, hass_ws_client: WebSocketGenerator, asked: Filter
) -> None:
    mock_component(connected.hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(connected.hass, "logbook", {})
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "logbook/event_stream",
            "start_time": dt_util.utcnow().isoformat(),
            **asked(connected),
        }
    )
    assert (await client.receive_json())["success"]
    # What has been so far: the second message ends it.
    for partial in (True, False):
        assert (await client.receive_json())["event"].get("partial", False) is partial
        await async_wait_recording_done(connected.hass)
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    shown: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not worded(shown):
            shown += (await client.receive_json())["event"]["events"]
    assert worded(shown) == [(BTC, "Upbit Singapore BTC", "increased by 0.1 to 0.7")]


def worded(shown: list[dict[str, Any]]) -> list[tuple[str | None, str, str]]:
    """Return the lines of Activity that have a message: entity, name and message of each."""
    return [(line["entity_id"], line["name"], line["message"]) for line in shown if "message" in line]


async def test_activity_names_a_currency_whose_sensor_is_gone(
    connected: Harness, hass_ws_client: WebSocketGenerator, entity_registry: er.EntityRegistry
) -> None:
    mock_component(connected.hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(connected.hass, "logbook", {})
    entity_registry.async_remove(BTC)
    await connected.hass.async_block_till_done()
    start = dt_util.utcnow()
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    await async_wait_recording_done(connected.hass)
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": start.isoformat(),
            **the_event_entity(connected),
        }
    )
    answer = await client.receive_json()
    assert worded(answer["result"]) == [(None, "BTC", "increased by 0.1 to 0.7")]


async def test_words_are_english_until_those_of_a_new_language_are_loaded(
    connected: Harness, hass_ws_client: WebSocketGenerator
) -> None:
    """After an update of the integration, Home Assistant's cache has not even the English ones."""
    hass = connected.hass
    mock_component(hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(hass, "logbook", {})
    start = dt_util.utcnow()
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    await async_wait_recording_done(hass)
    client = await hass_ws_client()

    async def messages() -> list[str]:
        await client.send_json_auto_id(
            {"type": "logbook/get_events", "start_time": start.isoformat(), "entity_ids": [EVENT]}
        )
        return [message for _, _, message in worded((await client.receive_json())["result"])]

    if (invalidate := getattr(translation, "async_invalidate_translations", None)) is not None:  # 2026.11
        invalidate(hass, {DOMAIN})
        assert await messages() == ["increased by 0.1 to 0.7"]

    await hass.config.async_update(language="ko")
    assert await messages() == ["increased by 0.1 to 0.7"]
    await hass.async_block_till_done()
    (message,) = await messages()
    assert not message.isascii()
