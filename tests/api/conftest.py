"""The fixtures of the protocol's tests: the simulated exchange, without Home Assistant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.api.regions import REGIONS, Region
from custom_components.upbit.api.rest import RestClient
from custom_components.upbit.api.throttle import RateLimit
from custom_components.upbit.api.websocket import reject_redirect
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange

from .client import Client


@pytest.fixture
def region() -> str:
    """Return the region of the exchange; a test may parametrize it."""
    return "sg"


@pytest.fixture
async def exchange(socket_enabled: None, region: str) -> AsyncIterator[SimulatedExchange]:
    holdings = {"SGD": ("1386929.37231066771348207123", "10329.670127489597585685"), "BTC": ("0.5", 0)}
    async with SimulatedExchange(region, holdings=holdings) as exchange:
        yield exchange


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(middlewares=[reject_redirect]) as session:
        yield session


@pytest.fixture
def place(exchange: SimulatedExchange, region: str) -> Region:
    """Return the exchange's region, answering at the exchange."""
    return replace(REGIONS[region], rest_url=exchange.rest_url, websocket_url=exchange.websocket_url)


@pytest.fixture
def credentials() -> Credentials:
    return Credentials(ACCESS_KEY, SECRET_KEY)


@pytest.fixture
def rate_limit() -> RateLimit:
    return RateLimit()


@pytest.fixture
def rest(
    session: aiohttp.ClientSession, place: Region, credentials: Credentials, rate_limit: RateLimit
) -> RestClient:
    return RestClient(session, place, credentials, rate_limit)


@pytest.fixture
def client(
    session: aiohttp.ClientSession, place: Region, credentials: Credentials, rate_limit: RateLimit
) -> Client:
    return Client(session, place, credentials, rate_limit)


@pytest.fixture
async def running(client: Client, exchange: SimulatedExchange) -> AsyncIterator[asyncio.Task[None]]:
    """Run the stream's client in a task until the test is over."""
    task = asyncio.create_task(client.run())
    async with asyncio.timeout(5):
        await exchange.subscribed()
    yield task
    task.cancel()
    await asyncio.wait([task])
