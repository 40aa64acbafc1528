"""The world of the tests: the integration in a Home Assistant, and the simulated exchange on a real socket."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
import tests.effort  # noqa: F401 - pytest has to know its profiles before it reads any test
from tests.virtual_time import virtual_clock
from tests.waiting import until

HOLDINGS = {"SGD": ("1000.5", "200.25"), "BTC": ("0.5", "0.1"), "XRP": ("120", "0")}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that tests recorded as a property."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "figures" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components."""


@pytest.fixture
def wall(socket_enabled: None) -> Iterator[FrozenDateTimeFactory]:
    """Hold all clocks, for the event loops in virtual time to move them."""
    with virtual_clock() as held:
        yield held


@pytest.fixture
def region() -> str:
    """Return the region of the exchange; a test may parametrize it."""
    return "sg"


@pytest.fixture
async def exchange(
    socket_enabled: None, region: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SimulatedExchange]:
    """Run a simulated exchange with some holdings in the place of the real one."""
    async with SimulatedExchange(region, holdings=HOLDINGS) as simulated:
        monkeypatch.setitem(
            REGIONS,
            region,
            replace(REGIONS[region], rest_url=simulated.rest_url, websocket_url=simulated.websocket_url),
        )
        yield simulated


@pytest.fixture
def entry(region: str) -> MockConfigEntry:
    """Return an entry for the exchange's default key, not yet added."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"Upbit {REGIONS[region].name}",
        data={CONF_REGION: region, CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY},
    )


@pytest.fixture
async def coordinator(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> AsyncIterator[UpbitCoordinator]:
    """Set the entry up, wait until its stream is reconciled, and unload it in the end."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    coordinator: UpbitCoordinator = entry.runtime_data
    await until(lambda: coordinator.sync.in_sync)
    yield coordinator
    await hass.config_entries.async_unload(entry.entry_id)
