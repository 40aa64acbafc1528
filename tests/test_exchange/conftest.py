import asyncio
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from tests.exchange import SimulatedExchange

from .client import Client


@pytest.fixture
async def exchange(socket_enabled: None) -> AsyncGenerator[SimulatedExchange]:
    async with SimulatedExchange(
        "sg",
        holdings={"SGD": ("1386929.37231066771348207123", "10329.670127489597585685"), "BTC": ("0.5", 0)},
    ) as exchange:
        yield exchange


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
    # Lets aiohttp's transports finish closing.
    await asyncio.sleep(0)


@pytest.fixture
def client(exchange: SimulatedExchange, session: aiohttp.ClientSession) -> Client:
    return Client(exchange, session)


@pytest.fixture(autouse=True)
async def time_limit() -> AsyncGenerator[None]:
    async with asyncio.timeout(20):
        yield
