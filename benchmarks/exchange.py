"""The simulated exchange as a process of its own, and the account in it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
import re
import sys
from typing import Any

import aiohttp
from homeassistant.const import CONF_REGION

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY
from demo.process import Child
from simulator import ACCESS_KEY, SECRET_KEY

_REPOSITORY = Path(__file__).parent.parent
_START_TIMEOUT = 30
_POLL_INTERVAL = 0.05


class Exchange:
    """A running exchange of one region; the integration's table of regions points to it while it runs."""

    def __init__(self, session: aiohttp.ClientSession, region: str, urls: Mapping[str, str]) -> None:
        self.region = region
        self.rest_url = urls["at"]
        self.stream_url = urls["stream"]
        self._control_url = urls["control"]
        self._session = session

    @property
    def entry_data(self) -> dict[str, str]:
        """The data of a config entry for the account."""
        return {CONF_REGION: self.region, CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of the exchange's control interface."""
        async with self._session.request(method, f"{self._control_url}/{path}", json=body) as response:
            answer = await response.json()
            if response.status >= 400:
                raise RuntimeError(f"the simulated exchange refused {method} {path}: {answer}")
            return answer

    async def hold(self, holdings: Mapping[str, tuple[str, str]]) -> None:
        """Have the account hold this and nothing else, without telling the stream."""
        for currency in await self.control("GET", "account"):
            if currency not in holdings:
                await self.control("DELETE", f"account/{currency}")
        amounts = {
            cur: {"available": available, "locked": locked} for cur, (available, locked) in holdings.items()
        }
        await self.control("PUT", "account?announce=false", amounts)

    async def burst(
        self, frames: int, currencies: Sequence[str], *, rate: float | None = None
    ) -> dict[str, Any]:
        """Send frames that change one currency each; returns what ``simulator.burst.Burst`` holds."""
        body = {"frames": frames, "currencies": currencies, "rate": rate}
        answer: dict[str, Any] = await self.control("POST", "burst", body)
        return answer


@asynccontextmanager
async def exchange(session: aiohttp.ClientSession, region: str, folder: Path) -> AsyncIterator[Exchange]:
    """Run an exchange whose account changes only when it is told to."""
    log = folder / f"exchange-{region}.log"
    command = [sys.executable, "-m", "simulator", "--paused", "--port", "0", "--region", region]
    async with Child("the simulated exchange", command, folder=_REPOSITORY, log=log) as child:
        running = Exchange(session, region, await child.while_running(_addresses(log)))
        # The limits are for those who ask too often; what is measured here is what comes.
        await running.control("PATCH", "limits", {"lift": True})
        real = REGIONS[region]
        REGIONS[region] = replace(
            real, rest_url=running.rest_url, websocket_url=running.stream_url.removesuffix("/private")
        )
        try:
            yield running
        finally:
            REGIONS[region] = real


async def _addresses(log: Path) -> dict[str, str]:
    """Return the addresses that the exchange prints once it listens, by what it calls them."""
    async with asyncio.timeout(_START_TIMEOUT):
        while True:
            urls = dict(re.findall(r"\b(at|stream|control)\s+(\S+://\S+)", log.read_text(encoding="utf-8")))
            if len(urls) == 3:
                return urls
            await asyncio.sleep(_POLL_INTERVAL)
