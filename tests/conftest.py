"""Fixtures of all tests: the simulated exchange on a real socket, and the harness around Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
import logging
from pathlib import Path

from homeassistant.const import CONF_REGION, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.helpers import hypothesis_profiles  # noqa: F401 - pytest needs the profiles before it reads any test
from tests.helpers.harness import Harness
from tests.helpers.prices import total_value
from tests.helpers.virtual_time import VirtualLoop, virtual_loop, wait_until

# Its debug records, formatted and kept for each test, took a fourteenth of the time of the tests.
logging.getLogger("homeassistant").setLevel(logging.WARNING)

HOLDINGS = {"SGD": ("1000.5", "200.25"), "BTC": ("0.5", "0.1"), "XRP": ("120", "0")}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every asynchronous test in virtual time, but for those of the simulator, which measure real time."""
    if item.path.is_relative_to(Path(__file__).parent / "simulator"):
        return {"real_time": asyncio.new_event_loop}
    return {"virtual_time": VirtualLoop}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report that slow tests are left out, and the figures that tests recorded as a property."""
    if config.option.markexpr == "not slow":
        terminalreporter.write_line("Slow tests are left out; -m slow runs them.")
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "figures" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the loop's debug mode, which keeps a traceback for each timer and takes most of a test's time."""


@pytest.fixture
def hass(hass: HomeAssistant) -> HomeAssistant:
    """Let Home Assistant load what is in custom_components."""
    hass.data.pop(DATA_CUSTOM_COMPONENTS)
    return hass


@pytest.fixture
def region() -> str:
    """Return the region of the exchange; a test may parametrize it."""
    return "sg"


@pytest.fixture
async def exchange(
    socket_enabled: None, region: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SimulatedExchange]:
    """Run a simulated exchange with some holdings in place of the real one."""
    clock = virtual_loop().exchange_clock
    async with SimulatedExchange(region, holdings=HOLDINGS, clock=clock) as simulated:
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
async def harness(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Harness]:
    """Return the harness with an entry that is not yet set up."""
    caplog.set_level("DEBUG", "custom_components.upbit")
    harness = Harness(exchange, hass=hass, entry=entry, log=caplog)
    yield harness
    await harness.tear_down()


@pytest.fixture
async def other(connected: Harness) -> Harness:
    """Return a harness for a second account of the same exchange, which is not yet set up."""
    account = connected.exchange.add_account({"BTC": ("7", "0")})
    key = connected.exchange.add_key(access_key="B" * 40, secret_key="b" * 40, account=account)
    data = {CONF_REGION: "sg", CONF_ACCESS_KEY: key.access_key, CONF_SECRET_KEY: key.secret_key}
    entry = MockConfigEntry(domain=DOMAIN, title="Upbit Singapore 2", data=data)
    return Harness(connected.exchange, hass=connected.hass, entry=entry, account=account, log=connected.log)


@pytest.fixture
def all_entities_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable the entities that are disabled by default."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
async def connected(harness: Harness) -> Harness:
    """Return the harness with the entry set up, connected and in sync."""
    await harness.start()
    return harness


@pytest.fixture
async def valued(connected: Harness) -> Harness:
    """Return the connected harness with 0.6 BTC at 100000, 120 XRP at 2 and 1200.75 SGD: 61440.75 SGD in total."""
    connected.exchange.markets.set_price("SGD-BTC", 100_000)
    connected.exchange.markets.set_price("SGD-XRP", 2)
    await wait_until(lambda: total_value(connected) == Decimal("61440.75"))
    return connected


@pytest.fixture
async def bought(connected: Harness) -> Harness:
    """Return the harness with 0.6 BTC at 118,000, 120 XRP at 2.95, and 1,200.75 SGD.

    BTC was bought at 100,000, which is also its previous close; XRP was deposited, and closed at the present price.
    """
    markets, rest = connected.exchange.markets, connected.exchange.rest
    markets.list_market("SGD-BTC", 118_000, previous_close=100_000)
    markets.list_market("SGD-XRP", "2.95")
    rest.average_prices["BTC"] = ("100000", "SGD")
    assert await connected.reload()
    await wait_until(
        lambda: connected.state("sensor.upbit_singapore_total_value") not in (None, STATE_UNAVAILABLE)
    )
    return connected
