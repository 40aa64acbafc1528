"""Everything that goes wrong in the simulated world, each for a while and each ending by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
import json
from math import inf
import random

from homeassistant.config_entries import ConfigEntryDisabler

from custom_components.upbit.api.rest import REQUEST_TIMEOUT
from custom_components.upbit.const import TIMINGS
from tests.exchange.connection import Connection
from tests.exchange.faults import Surface
from tests.exchange.wire import NumberStyle
from tests.world import QUIET, World

type Course = Callable[[World, float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Mishap:
    """One kind of mishap; `course` begins it, lets seconds pass and ends it."""

    name: str
    course: Course
    hides: bool
    """Whether a stream that stands leaves changes untold, so that only the next regular snapshot shows them."""
    blinds: bool
    """Whether snapshots cannot be had."""


MISHAPS: dict[str, Mishap] = {}

_POLLED = TIMINGS.poll + TIMINGS.grace + 2 * REQUEST_TIMEOUT
"""Seconds for which a balance may be old while it is available: until the snapshot after the next, at the latest."""


def longest_lag(mishaps: Iterable[Mishap]) -> float:
    """Return for how many seconds an available sensor may show what the account no longer has.

    While nothing tells a change and snapshots fail, nobody can know: then there is no limit.
    """
    hides = blinds = False
    for mishap in mishaps:
        hides, blinds = hides or mishap.hides, blinds or mishap.blinds
    if hides:
        return inf if blinds else QUIET
    return _POLLED


def _mishap(*, hides: bool = False, blinds: bool = False) -> Callable[[Course], Course]:
    def register(course: Course) -> Course:
        name = course.__name__
        MISHAPS[name] = Mishap(name, course, hides, blinds)
        return course

    return register


# The connection is lost


@_mishap()
async def closed(world: World, seconds: float) -> None:
    """The exchange closes in order, as it does after errors and perhaps for maintenance."""
    world.exchange.close_all(world.random.choice((1000, 1001, 1008, 1011, 1012, 4000)))
    await asyncio.sleep(seconds)


@_mishap()
async def cut(world: World, seconds: float) -> None:
    """The connection breaks without a close frame."""
    world.exchange.cut()
    await asyncio.sleep(seconds)


@_mishap()
async def error_frame(world: World, seconds: float) -> None:
    """The exchange refuses what was sent, with or without closing."""
    name = world.random.choice(("WRONG_FORMAT", "INVALID_AUTH", "Too Many Requests", "SOMETHING_NEW"))
    world.exchange.stream.send_error(name, close=world.random.random() < 0.7)
    await asyncio.sleep(seconds)


@_mishap()
async def half_open(world: World, seconds: float) -> None:
    """The connection is dead, and nobody says so."""
    world.exchange.half_open()
    await asyncio.sleep(seconds)


@_mishap()
async def flapping(world: World, seconds: float) -> None:
    """Connections are closed as soon as they have subscribed."""
    ends: tuple[Callable[[Connection], None], ...] = (
        lambda connection: connection.close(1000),
        lambda connection: connection.cut(),
        lambda connection: connection.refuse("INVALID_AUTH"),
    )
    world.exchange.stream.after_subscribe = world.random.choice(ends)
    world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.stream.after_subscribe = None


@_mishap()
async def handshake_refused(world: World, seconds: float) -> None:
    """Handshakes are answered with a status."""
    world.exchange.handshake.fail_with(world.random.choice((302, 400, 401, 403, 404, 429, 500, 503)))
    await _lose_connection_for(world, world.exchange.handshake, seconds)


@_mishap()
async def handshake_broken(world: World, seconds: float) -> None:
    """Handshakes are cut, never answered, or answered late."""
    surface = world.exchange.handshake
    world.random.choice((surface.cut, surface.hang, lambda: setattr(surface, "delay", 7.0)))()
    await _lose_connection_for(world, surface, seconds)


async def _lose_connection_for(world: World, surface: Surface, seconds: float) -> None:
    world.exchange.cut()
    await asyncio.sleep(seconds)
    surface.recover()


# Frames go astray


@_mishap()
async def late_frames(world: World, seconds: float) -> None:
    """Frames are late and overtake each other."""
    outbound = world.exchange.stream.outbound
    outbound.delay, outbound.jitter = world.random.uniform(0, 2), world.random.uniform(0, 6)
    await asyncio.sleep(seconds)
    outbound.recover()


@_mishap()
async def doubled_frames(world: World, seconds: float) -> None:
    """Frames come three times, the copies at any moment."""
    outbound = world.exchange.stream.outbound
    outbound.copies, outbound.jitter = 3, world.random.uniform(0, 6)
    await asyncio.sleep(seconds)
    outbound.recover()


@_mishap(hides=True)
async def held_frames(world: World, seconds: float) -> None:
    """Frames are held back; then they come in any order, or are lost with the connection."""
    with world.exchange.stream.hold_frames() as held:
        await asyncio.sleep(seconds)
        order = list(range(len(held.frames)))
        world.random.shuffle(order)
        if world.random.random() < 0.5:
            order = order[: len(order) // 2]
        if order:
            held.release(*order)
        if held.frames:
            held.discard()
            world.exchange.cut()


@_mishap(hides=True)
async def lost_frames(world: World, seconds: float) -> None:
    """A third of the frames is lost while the connection stands."""
    world.exchange.stream.outbound.lose = 0.3
    await asyncio.sleep(seconds)
    world.exchange.stream.outbound.recover()


@_mishap(hides=True)
async def deaf(world: World, seconds: float) -> None:
    """The connection stands, and nothing is told."""
    world.exchange.stream.deaf = True
    await asyncio.sleep(seconds)
    world.exchange.stream.deaf = False


@_mishap()
async def late_subscription(world: World, seconds: float) -> None:
    """A subscription takes a while before it has an effect."""

    def hold(connection: Connection) -> None:
        connection.subscribed = False
        world.loop.call_later(world.random.uniform(0, 5), setattr, connection, "subscribed", True)

    world.exchange.stream.after_subscribe = hold
    world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.stream.after_subscribe = None


@_mishap(hides=True)
async def untold(world: World, seconds: float) -> None:
    """A balance changes, or a currency goes from the rows, and the stream never tells."""
    account = world.exchange.account
    for currency, holding in tuple(account.holdings.items()):
        if currency == world.exchange.region.fiat or holding.locked:
            continue
        if world.random.random() < 0.3:
            account.remove(currency)
        else:
            amount = Decimal(world.random.randrange(1, 10**12)).scaleb(-8)
            account.change({currency: (holding.balance + amount, 0)}, announce=False)
    world.observer.note_account()
    await asyncio.sleep(seconds)


@_mishap()
async def hostile_frames(world: World, seconds: float) -> None:
    """Frames come that no exchange should send."""
    for payload in hostile_payloads(world.random):
        world.exchange.stream.send(payload, text=world.random.random() < 0.3)
        await asyncio.sleep(seconds / 20)


@_mishap()
async def another_spelling(world: World, seconds: float) -> None:
    """Frames are text, numbers have exponents or more zeros, and rows list what is empty: all the same."""
    world.exchange.stream.text = True
    world.exchange.stream.numbers = world.random.choice((NumberStyle.SCIENTIFIC, NumberStyle.PADDED))
    world.exchange.rest.list_zeros = True
    await asyncio.sleep(seconds)
    world.exchange.stream.text = False
    world.exchange.stream.numbers = NumberStyle.PLAIN
    world.exchange.rest.list_zeros = False


# Snapshots fail

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


@_mishap(blinds=True)
async def rest_fails(world: World, seconds: float) -> None:
    """Calls are answered with errors, pages and bodies that are no rows."""
    status, body, content_type = world.random.choice(_ANSWERS)
    headers = {"Location": world.exchange.rest_url + "/elsewhere"} if status == 302 else {}
    world.exchange.rest.fail_with(status, body, content_type=content_type, headers=headers)
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()


@_mishap(blinds=True)
async def rest_broken(world: World, seconds: float) -> None:
    """Calls are cut, never answered, broken off, or answered a byte at a time."""
    rest = world.exchange.rest
    world.random.choice((rest.cut, rest.hang, rest.truncate, rest.drip))()
    await asyncio.sleep(seconds)
    rest.recover()


@_mishap()
async def rest_slow(world: World, seconds: float) -> None:
    """Calls wait before they are answered."""
    world.exchange.rest.delay = world.random.uniform(1, 9)
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()


@_mishap()
async def old_snapshots(world: World, seconds: float) -> None:
    """Rows are old when they arrive: they were computed, then held."""
    until = world.loop.time() + seconds
    while world.loop.time() < until:
        async with world.exchange.hold_snapshots():
            await asyncio.sleep(world.random.uniform(1, 9))


@_mishap()
async def nonce_refused(world: World, seconds: float) -> None:
    """A nonce counts as used."""
    world.exchange.rest.refuse("nonce_used", times=world.random.randint(1, 4))
    world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.rest.recover()


@_mishap(blinds=True)
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


# The network and the exchange as a whole


@_mishap(blinds=True)
async def down(world: World, seconds: float) -> None:
    """The exchange is stopped."""
    world.exchange.go_down()
    await asyncio.sleep(seconds)
    await world.exchange.accept_connections()


@_mishap(blinds=True)
async def unreachable(world: World, seconds: float) -> None:
    """New connections are refused; the one that stands carries on."""
    world.exchange.refuse_connections()
    await asyncio.sleep(seconds)
    await world.exchange.accept_connections()


@_mishap(blinds=True)
async def silenced(world: World, seconds: float) -> None:
    """Nothing comes through any more, and nothing says so."""
    world.exchange.silence()
    await asyncio.sleep(seconds)
    world.exchange.end_silence()


# The key


@_mishap(blinds=True)
async def key_replaced(world: World, seconds: float) -> None:
    """The key is of no use any more; after a while the user types another one."""
    key = world.exchange.key
    match world.random.randrange(3):
        case 0:
            key.deleted = True
        case 1:
            key.permissions = frozenset()
        case 2:
            key.expires_at = datetime.now(UTC)
    await asyncio.sleep(seconds)
    await world.issue_key()


@_mishap(blinds=True)
async def address_refused(world: World, seconds: float) -> None:
    """This network's address is not on the key's list."""
    async with world.home_lock:
        key = world.exchange.key
        key.allowed_addresses = frozenset({"203.0.113.1"})
        world.exchange.cut()
        await asyncio.sleep(seconds)
        key.allowed_addresses = None


# Home Assistant and its host


@_mishap()
async def reloaded(world: World, seconds: float) -> None:
    """The entry is reloaded, perhaps in the middle of something."""
    async with world.home_lock:
        await world.hass.config_entries.async_reload(world.entry.entry_id)
        await asyncio.sleep(seconds)


@_mishap()
async def disabled(world: World, seconds: float) -> None:
    """The entry is disabled for a while."""
    async with world.home_lock:
        entries, entry_id = world.hass.config_entries, world.entry.entry_id
        await entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
        await asyncio.sleep(seconds)
        await entries.async_set_disabled_by(entry_id, None)


@_mishap()
async def restarted(world: World, seconds: float) -> None:
    """Home Assistant is stopped and started again."""
    async with world.home_lock:
        await world.stop_home()
        await asyncio.sleep(min(seconds, 60))
        await world.start_home()


@_mishap()
async def clock_set(world: World, seconds: float) -> None:
    """Somebody sets the clock."""
    world.loop.move_wall_clock(world.random.uniform(-7200, 7200))
    await asyncio.sleep(seconds)


@_mishap()
async def host_slept(world: World, seconds: float) -> None:
    """The host was suspended: the clock on the wall went on, and the connection did not survive."""
    world.exchange.half_open()
    world.loop.move_wall_clock(world.random.uniform(60, 40_000))
    await asyncio.sleep(seconds)


def hostile_payloads(chance: random.Random) -> list[bytes]:
    """Return frames that are to be refused whole, in any order."""
    now = 1_790_000_000_000

    def frame(
        balance: str = "1", currency: str = '"BTC"', time: str = str(now), kind: str = "myAsset"
    ) -> bytes:
        return (
            f'{{"type":"{kind}","asset_uuid":"e635f223-1609-4969-8fb6-4376937baad6","assets":[{{"currency":{currency},'
            f'"balance":{balance},"locked":0}}],"asset_timestamp":{time},"timestamp":{now},"stream_type":"REALTIME"}}'
        ).encode()

    payloads = [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        frame(balance="-1"),
        frame(balance="NaN"),
        frame(balance="-Infinity"),
        frame(balance='"1.5"'),
        frame(balance="true"),
        frame(balance="1e1000000000"),
        frame(balance="1e-1000000000"),
        frame(balance="1" * 5000),
        frame(balance="0." + "1" * 500_000),
        frame(currency='"../../etc"'),
        frame(currency="null"),
        frame(currency='"\\ud800"'),
        frame(time="-1"),
        frame(time="1.5"),
        frame(time="99999999999999999999"),
        frame(kind="myOrder"),
        frame()[:-20],
        b"[" * 200_000,
        b'{"error":{"name":' * 3000,
        json.dumps([]).encode(),
        json.dumps({"type": "myAsset", "assets": {}}).encode(),
        json.dumps({"type": "myAsset", "assets": [[]], "asset_timestamp": 1, "timestamp": 1}).encode(),
        b'{"status":"UP"}',
        b'{"method":"LIST_SUBSCRIPTIONS","result":[]}',
        b" " * (5 * 1024 * 1024),
    ]
    chance.shuffle(payloads)
    return payloads
