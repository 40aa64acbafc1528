from collections.abc import AsyncGenerator

import aiohttp
import pytest

from simulator import SimulatedExchange

from .client import Client


@pytest.fixture
async def exchange(socket_enabled: None) -> AsyncGenerator[SimulatedExchange]:
    holdings = {"SGD": ("1386929.37231066771348207123", "10329.670127489597585685"), "BTC": ("0.5", "0")}
    async with SimulatedExchange("sg", holdings=holdings) as exchange:
        yield exchange


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    # The timer of a total time would outlive a WebSocket that the exchange ended.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield session


@pytest.fixture
async def client(exchange: SimulatedExchange, session: aiohttp.ClientSession) -> AsyncGenerator[Client]:
    client = Client(exchange, session)
    yield client
    # Broken first, for a half-open one would be waited for.
    exchange.cut()
    exchange.quotation.stream.cut()
    for socket in client.sockets:
        await socket.close()
