"""Connections are lost, refused or silent, and the exchange is down."""

import asyncio
from collections.abc import Callable

from simulator.connection import Connection
from simulator.faults import Endpoint
from tests.world import World

from .register import mishap


@mishap()
async def closed(world: World, seconds: float) -> None:
    """The exchange closes in order, as it does after errors and perhaps for maintenance."""
    world.exchange.close_all(world.random.choice((1000, 1001, 1008, 1011, 1012, 4000)))
    await asyncio.sleep(seconds)


@mishap()
async def cut(world: World, seconds: float) -> None:
    """The connection breaks without a close frame."""
    world.exchange.cut()
    await asyncio.sleep(seconds)


@mishap()
async def error_frame(world: World, seconds: float) -> None:
    """The exchange refuses what was sent, with or without closing."""
    name = world.random.choice(("WRONG_FORMAT", "INVALID_AUTH", "Too Many Requests", "SOMETHING_NEW"))
    world.exchange.stream.send_error(name, close=world.random.random() < 0.7)
    await asyncio.sleep(seconds)


@mishap()
async def half_open(world: World, seconds: float) -> None:
    """The connection is dead, and nobody says so."""
    world.exchange.half_open()
    await asyncio.sleep(seconds)


@mishap()
async def flapping(world: World, seconds: float) -> None:
    """Connections are closed as soon as they have subscribed."""
    ends: tuple[Callable[[Connection], None], ...] = (
        lambda connection: connection.close(1000),
        lambda connection: connection.cut(),
        lambda connection: connection.close_with_error("INVALID_AUTH"),
    )
    world.exchange.stream.after_subscribe = world.random.choice(ends)
    world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.stream.after_subscribe = None


@mishap()
async def handshake_refused(world: World, seconds: float) -> None:
    """Handshakes are answered with a status."""
    world.exchange.handshake.fail_with(world.random.choice((302, 400, 401, 403, 404, 429, 500, 503)))
    await _lose_connection_for(world, world.exchange.handshake, seconds)


@mishap()
async def handshake_broken(world: World, seconds: float) -> None:
    """Handshakes are cut, never answered, or answered late."""
    endpoint = world.exchange.handshake
    world.random.choice((endpoint.cut, endpoint.hang, lambda: setattr(endpoint, "delay", 7.0)))()
    await _lose_connection_for(world, endpoint, seconds)


async def _lose_connection_for(world: World, endpoint: Endpoint, seconds: float) -> None:
    world.exchange.cut()
    await asyncio.sleep(seconds)
    endpoint.recover()


@mishap(blinds=True)
async def down(world: World, seconds: float) -> None:
    """The exchange is stopped."""
    world.exchange.go_down()
    await asyncio.sleep(seconds)
    await world.exchange.accept_connections()


@mishap(blinds=True)
async def unreachable(world: World, seconds: float) -> None:
    """New connections are refused; the one that stands carries on."""
    world.exchange.refuse_connections()
    await asyncio.sleep(seconds)
    await world.exchange.accept_connections()


@mishap(blinds=True)
async def silenced(world: World, seconds: float) -> None:
    """Nothing comes through any more, and nothing says so."""
    world.exchange.silence()
    await asyncio.sleep(seconds)
    world.exchange.end_silence()
