"""The button, and `homeassistant.update_entity` on a balance: both take a snapshot that several calls share."""

import asyncio
from collections.abc import Awaitable, Callable

from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

BTC, XRP = "sensor.upbit_singapore_btc", "sensor.upbit_singapore_xrp"
BUTTON = "button.upbit_singapore_refresh"

type Ask = Callable[[Harness], Awaitable[None]]


async def press(harness: Harness) -> None:
    await harness.hass.services.async_call("button", "press", {"entity_id": BUTTON}, blocking=True)


async def update(harness: Harness) -> None:
    assert await async_setup_component(harness.hass, "homeassistant", {})
    await harness.hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": [BTC, XRP]}, blocking=True
    )


each_way = pytest.mark.parametrize("ask", [press, update])


@pytest.fixture
async def harness(all_entities_enabled: None, harness: Harness) -> Harness:
    """Return the harness with the button enabled."""
    return harness


def snapshots(harness: Harness) -> int:
    return len(harness.exchange.record.requests("/v1/accounts"))


@each_way
async def test_ends_when_the_snapshot_is_merged(connected: Harness, ask: Ask) -> None:
    connected.account.change({"BTC": ("2.000000000000000001", "0")}, announce=False)
    before = snapshots(connected)
    await ask(connected)
    assert connected.state(BTC) == "2.000000000000000001"
    assert snapshots(connected) == before + 1


@each_way
async def test_ten_calls_within_a_second_share_a_snapshot(connected: Harness, ask: Ask) -> None:
    before = snapshots(connected)
    async with asyncio.TaskGroup() as group:
        for _ in range(9):
            group.create_task(ask(connected))
            await asyncio.sleep(0.1)
        # What the last one is for has to be in it.
        connected.account.change({"BTC": ("3", "0")}, announce=False)
        await ask(connected)
        assert connected.state(BTC) == "3"
    assert snapshots(connected) == before + 1


@each_way
async def test_snapshot_requested_before_does_not_count(connected: Harness, ask: Ask) -> None:
    before = snapshots(connected)
    async with asyncio.TaskGroup() as group:
        async with connected.exchange.hold_snapshots() as held:
            group.create_task(connected.refresh())
            await held.held()
            connected.account.change({"BTC": ("3", "0")}, announce=False)
            asked = group.create_task(ask(connected))
            await pass_time(2)
            assert not asked.done()
        await asked
        assert connected.state(BTC) == "3"
    assert snapshots(connected) == before + 2


@each_way
async def test_error_has_a_text_and_no_traceback(connected: Harness, ask: Ask) -> None:
    connected.exchange.rest.fail_with(503)
    with pytest.raises(HomeAssistantError, match="Failed to connect to Upbit Singapore") as raised:
        await ask(connected)
    assert raised.value.__cause__ is None
    assert "Traceback" not in connected.log.text


@each_way
async def test_account_that_waits_for_a_new_key_is_an_error(connected: Harness, ask: Ask) -> None:
    connected.exchange.key.deleted = True
    connected.exchange.cut()
    await wait_until(lambda: connected.reauth_flows, within=10)
    with pytest.raises(HomeAssistantError, match="Upbit Singapore rejected the API key"):
        await ask(connected)
    assert "Traceback" not in connected.log.text
