"""Activity: the messages for what the event entity reports."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from homeassistant.helpers import entity_registry as er, translation
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_component
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.upbit.const import DOMAIN
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import virtual_loop

BTC = "sensor.upbit_singapore_btc"
EVENT = "event.upbit_singapore_balance_change"

type Filter = Callable[[Harness], dict[str, Any]]
"""Returns the part of a request that selects what Activity shows."""


def the_device(harness: Harness) -> dict[str, Any]:
    """Request the lines of the device alone."""
    return {"device_ids": [harness.device_id]}


def the_event_entity(harness: Harness) -> dict[str, Any]:
    """Request what a card for the entity requests, and the entity's own dialog."""
    return {"entity_ids": [EVENT]}


def all_entities(harness: Harness) -> dict[str, Any]:
    """Request what the page of Activity requests for a device: it sends the ids of the device's entities alone."""
    registered = er.async_entries_for_device(er.async_get(harness.hass), harness.device_id)
    return {"entity_ids": [entity.entity_id for entity in registered]}


def device_and_entities(harness: Harness) -> dict[str, Any]:
    """Request what the page of the device requests."""
    return {"device_ids": [harness.device_id], **all_entities(harness)}


@pytest.fixture(autouse=True)
async def _real_time() -> None:
    """Let time pass as it does outside, because the recorder works in a thread of its own."""
    virtual_loop().real_time = True


# The recorder has to start before Home Assistant.
pytestmark = pytest.mark.usefixtures("recorder_mock", "all_entities_enabled")

FILTERS = (the_event_entity, all_entities, device_and_entities)

ONE_CHANGE = [(BTC, "Upbit Singapore BTC", "increased by 0.1 to 0.7")]


@pytest.fixture
async def client(connected: Harness, hass_ws_client: WebSocketGenerator) -> MockHAClientWebSocket:
    """Set Activity up, and return a client of Home Assistant's WebSocket."""
    mock_component(connected.hass, "frontend")  # the pages, which are not installed with the tests
    assert await async_setup_component(connected.hass, "logbook", {})
    return await hass_ws_client()


def with_message(lines: list[dict[str, Any]]) -> list[tuple[str | None, str, str]]:
    """Return the lines of Activity that have a message: entity, name and message of each."""
    return [(line["entity_id"], line["name"], line["message"]) for line in lines if "message" in line]


async def history(
    client: MockHAClientWebSocket, start: datetime, shown: dict[str, Any]
) -> list[tuple[str | None, str, str]]:
    """Request what has been since the start; return the lines that have a message."""
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": start.isoformat(), **shown})
    return with_message((await client.receive_json())["result"])


@pytest.mark.parametrize("request_of", [the_device, *FILTERS])
async def test_history_has_a_message_for_each_type_of_change(
    connected: Harness, client: MockHAClientWebSocket, request_of: Filter
) -> None:
    start = dt_util.utcnow()
    for available, locked in (("0.6", "0.1"), ("0.3", "0.1"), ("0.2", "0.2"), ("0.4", "0")):
        connected.account.set("BTC", available, locked)
    await connected.caught_up()
    await async_wait_recording_done(connected.hass)
    assert await history(client, start, request_of(connected)) == [
        (BTC, "Upbit Singapore BTC", message)
        for message in (
            "increased by 0.1 to 0.7",
            "decreased by 0.3 to 0.4",
            "locked amount increased by 0.1 to 0.2",
            "locked amount decreased by 0.2 to 0",
        )
    ]


@pytest.mark.parametrize("request_of", FILTERS)
async def test_live_view_has_the_message(
    connected: Harness, client: MockHAClientWebSocket, request_of: Filter
) -> None:
    await client.send_json_auto_id(
        {
            "type": "logbook/event_stream",
            "start_time": dt_util.utcnow().isoformat(),
            **request_of(connected),
        }
    )
    assert (await client.receive_json())["success"]
    # What has been so far: the second message ends it.
    for partial in (True, False):
        assert (await client.receive_json())["event"].get("partial", False) is partial
        await async_wait_recording_done(connected.hass)
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    lines: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not with_message(lines):
            lines += (await client.receive_json())["event"]["events"]
    assert with_message(lines) == ONE_CHANGE


async def test_history_names_a_currency_whose_sensor_was_removed(
    connected: Harness, client: MockHAClientWebSocket, entity_registry: er.EntityRegistry
) -> None:
    entity_registry.async_remove(BTC)
    await connected.hass.async_block_till_done()
    start = dt_util.utcnow()
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    await async_wait_recording_done(connected.hass)
    expected = [(None, "BTC", "increased by 0.1 to 0.7")]
    assert await history(client, start, the_event_entity(connected)) == expected


async def test_messages_are_english_until_those_of_a_new_language_are_loaded(
    connected: Harness, client: MockHAClientWebSocket
) -> None:
    """After an update of the integration, Home Assistant's cache does not even have the English ones."""
    hass = connected.hass
    start = dt_util.utcnow()
    connected.account.set("BTC", "0.6", "0.1")
    await connected.caught_up()
    await async_wait_recording_done(hass)
    shown = the_event_entity(connected)
    if (invalidate := getattr(translation, "async_invalidate_translations", None)) is not None:  # 2026.11
        invalidate(hass, {DOMAIN})
        assert await history(client, start, shown) == ONE_CHANGE

    # Texts that another test has loaded stay in the cache on 2026.10; no other test loads these.
    await hass.config.async_update(language="th")
    assert await history(client, start, shown) == ONE_CHANGE
    await hass.async_block_till_done()
    ((_, _, message),) = await history(client, start, shown)
    assert not message.isascii()
