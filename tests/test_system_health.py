"""System information: which regions can be reached."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.upbit.const import DOMAIN
from tests.helpers.harness import Harness


async def system_health(hass: HomeAssistant) -> dict[str, Any]:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    return {key: await value if asyncio.iscoroutine(value) else value for key, value in info.items()}


async def test_region_that_responds_is_ok(connected: Harness) -> None:
    assert await system_health(connected.hass) == {"can_reach_sg": "ok", "price_feed_sg": "connected"}
    request = connected.exchange.record.calls[-1]
    assert (request.method, request.access_key) == ("GET", None)


async def test_region_that_does_not_respond_is_shown(connected: Harness) -> None:
    connected.exchange.go_down()
    assert await system_health(connected.hass) == {
        "can_reach_sg": {"type": "failed", "error": "unreachable"},
        "price_feed_sg": "disconnected",
    }


async def test_region_of_an_account_that_failed_to_load_is_checked(harness: Harness) -> None:
    harness.exchange.rest.refuse("invalid_access_key")
    assert not await harness.set_up()
    assert await system_health(harness.hass) == {"can_reach_sg": "ok"}


async def test_nothing_is_requested_without_an_account(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert await system_health(hass) == {}
