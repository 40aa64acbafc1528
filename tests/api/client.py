"""A client of the private stream that collects its events."""

import asyncio
from contextlib import AbstractAsyncContextManager
from decimal import Decimal

import aiohttp
import pytest

from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.api.errors import UpbitError
from custom_components.upbit.api.regions import Region
from custom_components.upbit.api.stream import Stream, open_stream
from custom_components.upbit.api.throttle import RateLimit
from custom_components.upbit.api.wire import AssetUpdate, DecodeErrorReason


class Client:
    """Opens the stream and collects its events."""

    def __init__(
        self, session: aiohttp.ClientSession, place: Region, credentials: Credentials, rate_limit: RateLimit
    ) -> None:
        self.events: list[AssetUpdate | DecodeErrorReason] = []
        """The updates, and why a message was invalid."""
        self.place = place
        self.rate_limit = rate_limit
        self._session = session
        self._credentials = credentials

    def open(self) -> AbstractAsyncContextManager[Stream]:
        """Open the stream."""
        return open_stream(self._session, self.place, self._credentials, self.rate_limit)

    async def run(self) -> None:
        """Collect events until the stream ends."""
        async with self.open() as stream:
            await stream.read(self.events.append, self.events.append)

    async def failure(self) -> UpbitError:
        """Run to the end; return the error."""
        async with asyncio.timeout(60):
            with pytest.raises(UpbitError) as caught:
                await self.run()
        return caught.value

    @property
    def balances(self) -> list[dict[str, Decimal]]:
        """Return the balances of every update so far."""
        return [
            {currency: holding.available for currency, holding in event.amounts.items()}
            for event in self.events
            if isinstance(event, AssetUpdate)
        ]


async def ended(task: asyncio.Task[None]) -> UpbitError:
    """Return the error that a task ends with."""
    async with asyncio.timeout(60):
        await asyncio.wait([task])
    error = task.exception()
    assert isinstance(error, UpbitError)
    return error
