"""Connections are lost, rejected or without traffic, and the exchange is down."""

import asyncio
from collections.abc import Callable

from simulator.connection import Connection
from simulator.faults import Endpoint
from tests.helpers.harness import Harness

from .register import scenario


@scenario()
async def closed(harness: Harness, seconds: float) -> None:
    """The exchange closes in order, as it does after errors and perhaps for maintenance."""
    harness.exchange.close_all(harness.random.choice((1000, 1001, 1008, 1011, 1012, 4000)))
    await asyncio.sleep(seconds)


@scenario()
async def cut(harness: Harness, seconds: float) -> None:
    """The connection breaks without a close frame."""
    harness.exchange.cut()
    await asyncio.sleep(seconds)


@scenario()
async def error_frame(harness: Harness, seconds: float) -> None:
    """The exchange answers with an error frame, with or without closing."""
    name = harness.random.choice(("WRONG_FORMAT", "INVALID_AUTH", "Too Many Requests", "SOMETHING_NEW"))
    harness.exchange.stream.send_error(name, close=harness.random.random() < 0.7)
    await asyncio.sleep(seconds)


@scenario()
async def half_open(harness: Harness, seconds: float) -> None:
    """The connection is half open: it is lost, and no end is notified."""
    harness.exchange.half_open()
    await asyncio.sleep(seconds)


@scenario()
async def flapping(harness: Harness, seconds: float) -> None:
    """Connections are closed as soon as they have subscribed."""
    ends: tuple[Callable[[Connection], None], ...] = (
        lambda connection: connection.close(1000),
        lambda connection: connection.cut(),
        lambda connection: connection.close_with_error("INVALID_AUTH"),
    )
    harness.exchange.stream.after_subscribe = harness.random.choice(ends)
    harness.exchange.cut()
    await asyncio.sleep(seconds)
    harness.exchange.stream.after_subscribe = None


@scenario()
async def handshake_rejected(harness: Harness, seconds: float) -> None:
    """Handshakes are answered with a status."""
    harness.exchange.handshake.fail_with(harness.random.choice((302, 400, 401, 403, 404, 429, 500, 503)))
    await _lose_connection_for(harness, harness.exchange.handshake, seconds)


@scenario()
async def handshake_broken(harness: Harness, seconds: float) -> None:
    """Handshakes are cut, never answered, or answered late."""
    endpoint = harness.exchange.handshake
    harness.random.choice((endpoint.cut, endpoint.hang, lambda: setattr(endpoint, "delay", 7.0)))()
    await _lose_connection_for(harness, endpoint, seconds)


async def _lose_connection_for(harness: Harness, endpoint: Endpoint, seconds: float) -> None:
    harness.exchange.cut()
    await asyncio.sleep(seconds)
    endpoint.recover()


@scenario(blinds=True)
async def down(harness: Harness, seconds: float) -> None:
    """The exchange is stopped."""
    harness.exchange.go_down()
    await asyncio.sleep(seconds)
    await harness.exchange.accept_connections()


@scenario(blinds=True)
async def unreachable(harness: Harness, seconds: float) -> None:
    """New connections are rejected; the open one goes on."""
    harness.exchange.refuse_connections()
    await asyncio.sleep(seconds)
    await harness.exchange.accept_connections()


@scenario(blinds=True)
async def packets_dropped(harness: Harness, seconds: float) -> None:
    """The network drops all packets without an error."""
    harness.exchange.silence()
    await asyncio.sleep(seconds)
    harness.exchange.end_silence()
