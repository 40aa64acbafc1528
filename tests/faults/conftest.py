"""The world of the fault tests: the integration with its own, unshortened times, in virtual time."""

from collections.abc import AsyncIterator, Callable, Mapping

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import ACCESS_KEY, SimulatedExchange

from .clock import Clock, clock, until
from .world import World


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], Clock]]:
    """Run every test of this folder in virtual time."""
    return {"virtual_time": Clock}


@pytest.fixture
async def world(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    """Return the world with an entry that is not yet set up; see in the end that nothing wrong was ever shown."""
    monkeypatch.setattr(dt_util, "utcnow", clock().wall.utcnow)
    clock().set_debug(False)  # it keeps a traceback of whoever makes a timer, which takes most of the time
    caplog.set_level("DEBUG", "custom_components.upbit")
    world = World(hass, exchange, entry, caplog)
    yield world
    for loaded in hass.config_entries.async_loaded_entries(entry.domain):
        assert await hass.config_entries.async_unload(loaded.entry_id)
    await until(lambda: not exchange.stream.connections, within=5)
    assert exchange.record.most_live[ACCESS_KEY] <= 1
    world.assert_never_wrong()


@pytest.fixture
async def live(world: World) -> World:
    """Return the world with the entry set up, connected and reconciled."""
    await world.live()
    return world
