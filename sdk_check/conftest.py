"""The simulator, Upbit's own client connected to it, and the comparison of what it receives to its models."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pydantic
import pytest
from upbit import AsyncUpbit

from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange

type Connect = Callable[..., AsyncUpbit]


@asynccontextmanager
async def running(region: str) -> AsyncIterator[tuple[SimulatedExchange, Connect]]:
    """Run the simulator; yields it, and what makes a client of it that closes with it."""
    clients: list[AsyncUpbit] = []
    holdings = {"SGD": ("1386929.37231066771348207123", "10329.670127489597585685"), "BTC": ("0.5", "0")}
    async with SimulatedExchange(region, holdings=holdings) as exchange:

        def connect(access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> AsyncUpbit:
            client = AsyncUpbit(
                access_key=access_key,
                secret_key=secret_key,
                base_url=exchange.rest_url,
                # An answer that the library's models don't describe is an error.
                _strict_response_validation=True,
                max_retries=0,
                timeout=5,
            )
            clients.append(client)
            return client

        yield exchange, connect
        for client in clients:
            await client.close()


@pytest.fixture
async def singapore() -> AsyncGenerator[tuple[SimulatedExchange, Connect]]:
    async with running("sg") as started:
        yield started


@pytest.fixture
def exchange(singapore: tuple[SimulatedExchange, Connect]) -> SimulatedExchange:
    return singapore[0]


@pytest.fixture
def connect(singapore: tuple[SimulatedExchange, Connect]) -> Connect:
    return singapore[1]


@pytest.fixture
def client(connect: Connect) -> AsyncUpbit:
    return connect()


def assert_modeled(received: pydantic.BaseModel) -> None:
    """Fail unless the model has every value of what was received, and every value has the model's type."""
    type(received).model_validate(received.model_dump(by_alias=True))
    assert not received.model_extra
    assert received.model_fields_set == type(received).model_fields.keys()
    for name in received.model_fields_set:
        value = getattr(received, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, pydantic.BaseModel):
                assert_modeled(item)


async def receive(stream: Any) -> Any:
    """Return the next frame of a stream."""
    async with asyncio.timeout(5):
        return await stream.recv()
