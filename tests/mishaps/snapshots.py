"""Calls fail, or their answers are late and old."""

import asyncio

from tests.world import World

from .register import mishap

_ANSWERS: tuple[tuple[int, str, str], ...] = (
    (200, "", "application/json"),
    (200, "<html>", "text/html"),
    (200, '{"not": "rows"}', "application/json"),
    (200, '[{"currency": "BTC", "balance": "1e400000", "locked": "0"}]', "application/json"),
    (200, '[{"currency": "BTC", "balance": "-1", "locked": "0"}]', "application/json"),
    (204, "", "text/plain"),
    (302, "", "text/plain"),
    (404, '{"error": {"name": 404, "message": "Not found"}}', "application/json"),
    (500, "", "text/plain"),
    (502, "<html>Bad gateway</html>", "text/html"),
    (503, '{"error": {"name": "maintenance", "message": "…"}}', "application/json"),
)


@mishap(blinds=True)
async def rest_fails(world: World, seconds: float) -> None:
    """Calls are answered with errors, pages and bodies that are no rows."""
    status, body, content_type = world.random.choice(_ANSWERS)
    headers = {"Location": world.exchange.rest_url + "/elsewhere"} if status == 302 else {}
    world.exchange.rest.fail_with(status, body, content_type=content_type, headers=headers)
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()


@mishap(blinds=True)
async def rest_broken(world: World, seconds: float) -> None:
    """Calls are cut, never answered, broken off, or answered a byte at a time."""
    rest = world.exchange.rest
    world.random.choice((rest.cut, rest.hang, rest.truncate, rest.drip))()
    await asyncio.sleep(seconds)
    rest.recover()


@mishap()
async def rest_slow(world: World, seconds: float) -> None:
    """Calls wait before they are answered."""
    world.exchange.rest.delay = world.random.uniform(1, 9)
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()


@mishap()
async def old_snapshots(world: World, seconds: float) -> None:
    """Rows are old when they arrive."""
    usual, world.answer_seconds = world.answer_seconds, (1, 9)
    await asyncio.sleep(seconds)
    world.answer_seconds = usual


@mishap()
async def nonce_refused(world: World, seconds: float) -> None:
    """A nonce counts as used."""
    world.exchange.rest.refuse("nonce_used", times=world.random.randint(1, 4))
    world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()


@mishap(blinds=True)
async def rate_limited(world: World, seconds: float) -> None:
    """Everything is answered with 429, or with 418."""
    status, body = world.random.choice(((429, "Too many requests"), (429, '{"name": 429}'), (418, "")))
    headers = {"Retry-After": "30"} if world.random.random() < 0.5 else {}
    for surface in (world.exchange.rest, world.exchange.handshake):
        surface.fail_with(status, body, content_type="text/plain", headers=headers)
    if world.random.random() < 0.5:
        world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()
    world.exchange.handshake.recover()
