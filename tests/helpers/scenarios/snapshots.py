"""Calls fail, or their responses are late and old."""

import asyncio

from tests.helpers.harness import Harness

from .register import scenario

_ANSWERS: tuple[tuple[int, str, str], ...] = (
    (200, "", "application/json"),
    (200, "<html>", "text/html"),
    (200, '{"not": "rows"}', "application/json"),
    (204, "", "text/plain"),
    (302, "", "text/plain"),
    (404, '{"error": {"name": 404, "message": "Not found"}}', "application/json"),
    (500, "", "text/plain"),
    (502, "<html>Bad gateway</html>", "text/html"),
    (503, '{"error": {"name": "maintenance", "message": "…"}}', "application/json"),
)


@scenario(blinds=True)
async def rest_fails(harness: Harness, seconds: float) -> None:
    """Calls are answered with errors, pages and bodies that are no rows."""
    status, body, content_type = harness.random.choice(_ANSWERS)
    headers = {"Location": harness.exchange.rest_url + "/elsewhere"} if status == 302 else {}
    harness.exchange.rest.fail_with(status, body, content_type=content_type, headers=headers)
    await asyncio.sleep(seconds)
    harness.exchange.rest.recover()


@scenario()
async def bad_rows(harness: Harness, seconds: float) -> None:
    """Some rows can't be decoded: the amount of a currency that is held, or the code."""
    harness.exchange.rest.extra_rows = [
        {"currency": harness.random.choice(("BTC", "BTC\n")), "balance": "-1", "locked": "0"}
    ]
    await asyncio.sleep(seconds)
    harness.exchange.rest.extra_rows = []


@scenario()
async def empty_response(harness: Harness, seconds: float) -> None:
    """One response among good ones has no rows."""
    harness.exchange.rest.fail_with(200, "[]", times=1)
    await asyncio.sleep(seconds)


@scenario(blinds=True)
async def rest_broken(harness: Harness, seconds: float) -> None:
    """Calls are cut, never answered, truncated, or answered a byte at a time."""
    rest = harness.exchange.rest
    harness.random.choice((rest.cut, rest.hang, rest.truncate, rest.drip))()
    await asyncio.sleep(seconds)
    rest.recover()


@scenario()
async def rest_slow(harness: Harness, seconds: float) -> None:
    """Calls wait before they are answered."""
    harness.exchange.rest.delay = harness.random.uniform(1, 9)
    await asyncio.sleep(seconds)
    harness.exchange.rest.recover()


@scenario()
async def old_snapshots(harness: Harness, seconds: float) -> None:
    """Rows are old when they arrive."""
    usual, harness.response_seconds = harness.response_seconds, (1, 9)
    await asyncio.sleep(seconds)
    harness.response_seconds = usual


@scenario()
async def nonce_rejected(harness: Harness, seconds: float) -> None:
    """A nonce counts as used."""
    harness.exchange.rest.refuse("nonce_used", times=harness.random.randint(1, 4))
    harness.exchange.cut()
    await asyncio.sleep(seconds)
    harness.exchange.rest.recover()


@scenario(blinds=True)
async def rate_limited(harness: Harness, seconds: float) -> None:
    """Everything is answered with 429, or with 418."""
    status, body = harness.random.choice(((429, "Too many requests"), (429, '{"name": 429}'), (418, "")))
    headers = {"Retry-After": "30"} if harness.random.random() < 0.5 else {}
    for endpoint in (harness.exchange.rest, harness.exchange.handshake):
        endpoint.fail_with(status, body, content_type="text/plain", headers=headers)
    if harness.random.random() < 0.5:
        harness.exchange.cut()
    await asyncio.sleep(seconds)
    harness.exchange.rest.recover()
    harness.exchange.handshake.recover()
