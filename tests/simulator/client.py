"""A plain client of the exchange: signed calls and handshakes, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
import json
from typing import Any
import uuid

import aiohttp
import jwt

from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange

REQUEST = [{"ticket": "a ticket"}, {"type": "myAsset"}]


def token(
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
    *,
    nonce: str | None = None,
    algorithm: str = "HS256",
    **claims: str,
) -> str:
    """Return an Authorization header's value."""
    payload = {"access_key": access_key, "nonce": nonce or str(uuid.uuid4()), **claims}
    return f"Bearer {jwt.encode(payload, secret_key, algorithm=algorithm)}"


def tickers(*codes: str, frame_format: str = "DEFAULT", **options: bool) -> list[object]:
    """Return a request for tickers."""
    return [{"ticket": "t"}, {"type": "ticker", "codes": codes, **options}, {"format": frame_format}]


@dataclass(slots=True)
class Client:
    """Calls and connections to one exchange."""

    exchange: SimulatedExchange
    session: aiohttp.ClientSession
    # Kept, since aiohttp closes a connection that nobody holds any more.
    sockets: list[aiohttp.ClientWebSocketResponse] = field(default_factory=list)

    async def get(
        self, path: str = "/v1/accounts", authorization: str | None = None, **arguments: Any
    ) -> tuple[int, Any]:
        """Return status and decoded body of a call."""
        headers = {"Authorization": authorization or token(), **arguments.pop("headers", {})}
        async with self.session.get(
            f"{self.exchange.rest_url}{path}", headers=headers, **arguments
        ) as response:
            return response.status, json.loads(await response.text())

    async def get_public(self, path: str, **query: str) -> tuple[int, Any]:
        """Return status and decoded body of a call without a token, with exact numbers."""
        async with self.session.get(f"{self.exchange.rest_url}{path}", params=query) as response:
            text = await response.text()
            return response.status, json.loads(text, parse_float=Decimal, parse_int=Decimal)

    async def follow(
        self, *codes: str, frame_format: str = "DEFAULT", **options: bool
    ) -> aiohttp.ClientWebSocketResponse:
        """Open the public stream and request tickers."""
        socket = await self.session.ws_connect(self.exchange.websocket_url)
        self.sockets.append(socket)
        await socket.send_json(tickers(*codes, frame_format=frame_format, **options))
        return socket

    async def connect(self, authorization: str | None = None) -> aiohttp.ClientWebSocketResponse:
        """Open the private stream."""
        socket = await self.session.ws_connect(
            f"{self.exchange.websocket_url}/private", headers={"Authorization": authorization or token()}
        )
        self.sockets.append(socket)
        return socket

    async def subscribe(
        self, request: Sequence[object] = REQUEST, authorization: str | None = None
    ) -> aiohttp.ClientWebSocketResponse:
        """Open the private stream, send a request and wait until the exchange has it."""
        before = len(self.exchange.stream.subscriptions)
        socket = await self.connect(authorization)
        await socket.send_json(request)
        await self.exchange.subscribed(before + 1)
        return socket


def decode(message: aiohttp.WSMessage) -> Any:
    """Decode a frame with exact numbers."""
    assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
    return json.loads(message.data, parse_float=Decimal, parse_int=Decimal)
