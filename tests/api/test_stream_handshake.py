"""Handshakes of the private stream that fail, against the simulated exchange."""

import asyncio
from dataclasses import replace
import traceback

import aiohttp
import pytest

from custom_components.upbit.api.errors import ErrorKind
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange

from .client import Client


@pytest.mark.parametrize("by_frame", [False, True], ids=["by status", "by frame"])
async def test_rejected_key_has_no_reason(
    client: Client, exchange: SimulatedExchange, by_frame: bool
) -> None:
    exchange.stream.reject_by_frame = by_frame
    exchange.key.permissions = frozenset()
    # A rejected handshake has no body. Only the REST call has the reason.
    assert (await client.failure()).kind is ErrorKind.UNAUTHORIZED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, ErrorKind.UNKNOWN),
        (403, ErrorKind.NOT_UPBIT),
        (418, ErrorKind.BLOCKED),
        (503, ErrorKind.CANNOT_CONNECT),
    ],
)
async def test_failed_handshake_is_classified(
    client: Client, exchange: SimulatedExchange, status: int, kind: ErrorKind
) -> None:
    exchange.handshake.fail_with(status)
    error = await client.failure()
    assert (error.kind, error.reason) == (kind, f"http_{status}")


async def test_no_handshake_is_made_while_the_exchange_asks_to_wait(
    client: Client, exchange: SimulatedExchange
) -> None:
    exchange.handshake.fail_with(429, headers={"Retry-After": "30"}, times=1)
    assert (await client.failure()).retry_after == 30
    assert client.rate_limit.remaining() >= 30
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.RATE_LIMITED, "waiting")
    assert len(exchange.record.handshakes) == 1


async def test_handshake_is_not_waited_for_without_a_limit(
    client: Client, exchange: SimulatedExchange
) -> None:
    exchange.handshake.hang()
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.CANNOT_CONNECT, "TimeoutError")


async def test_exchange_that_is_down_is_an_error(client: Client, exchange: SimulatedExchange) -> None:
    exchange.go_down()
    assert (await client.failure()).kind is ErrorKind.CANNOT_CONNECT


async def test_address_that_is_none_is_an_error(client: Client) -> None:
    client.place = replace(client.place, websocket_url="ws://[broken")
    assert (await client.failure()).kind is ErrorKind.CANNOT_CONNECT


@pytest.mark.parametrize("status", [301, 307])
async def test_redirect_is_not_followed(client: Client, exchange: SimulatedExchange, status: int) -> None:
    location = f"{exchange.rest_url}/websocket/v1/elsewhere"
    exchange.handshake.fail_with(status, headers={"Location": location}, times=1)
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.CANNOT_CONNECT, f"http_{status}")
    assert len(exchange.record.calls) == 1


async def test_connection_lost_before_the_request_is_a_loss(
    client: Client, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "send_str", broken)
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "ClientConnectionResetError")
    async with asyncio.timeout(5):
        await exchange.until(lambda: exchange.record.live[ACCESS_KEY] == 0)


@pytest.mark.parametrize("fault", ["refuse", "hang", "cut", "down"])
async def test_error_shows_no_key_or_token(client: Client, exchange: SimulatedExchange, fault: str) -> None:
    match fault:
        case "refuse":
            exchange.key.deleted = True
        case "down":
            exchange.go_down()
        case _:
            getattr(exchange.handshake, fault)()
    error = await client.failure()
    text = "".join(traceback.format_exception(error)) + repr(error)
    for secret in (ACCESS_KEY, SECRET_KEY, "Bearer", "eyJ"):
        assert secret not in text
