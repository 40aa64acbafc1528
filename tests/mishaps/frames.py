"""Frames are late, doubled, lost or not what a frame should be, and changes are not told at all."""

import asyncio
from decimal import Decimal
import json
import random

from simulator.connection import Connection
from simulator.wire import NumberStyle
from tests.world import World

from .register import mishap


@mishap(shuffles=True)
async def late_frames(world: World, seconds: float) -> None:
    """Frames are late and overtake each other."""
    outbound = world.exchange.stream.outbound
    outbound.delay, outbound.jitter = world.random.uniform(0, 2), world.random.uniform(0, 6)
    await asyncio.sleep(seconds)
    outbound.recover()


@mishap(shuffles=True)
async def doubled_frames(world: World, seconds: float) -> None:
    """Frames come three times, the copies at any moment."""
    outbound = world.exchange.stream.outbound
    outbound.copies, outbound.jitter = 3, world.random.uniform(0, 6)
    await asyncio.sleep(seconds)
    outbound.recover()


@mishap(hides=True, shuffles=True)
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


@mishap(hides=True)
async def lost_frames(world: World, seconds: float) -> None:
    """A third of the frames is lost while the connection stands."""
    world.exchange.stream.outbound.lose = 0.3
    await asyncio.sleep(seconds)
    world.exchange.stream.outbound.recover()


@mishap(hides=True)
async def deaf(world: World, seconds: float) -> None:
    """The connection stands, and nothing is told."""
    world.exchange.stream.withhold_frames = True
    await asyncio.sleep(seconds)
    world.exchange.stream.withhold_frames = False


@mishap()
async def late_subscription(world: World, seconds: float) -> None:
    """A subscription takes a while before it has an effect."""

    def hold(connection: Connection) -> None:
        connection.subscribed = False
        world.loop.call_later(world.random.uniform(0, 5), setattr, connection, "subscribed", True)

    world.exchange.stream.after_subscribe = hold
    world.exchange.cut()
    await asyncio.sleep(seconds)
    world.exchange.stream.after_subscribe = None


@mishap(hides=True)
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
            account.change({currency: (holding.available + amount, 0)}, announce=False)
    world.observer.note_account()
    await asyncio.sleep(seconds)


@mishap()
async def hostile_frames(world: World, seconds: float) -> None:
    """Frames come that no exchange should send."""
    for payload in hostile_payloads(world.random):
        world.exchange.stream.send(payload, text=world.random.random() < 0.3)
        await asyncio.sleep(seconds / 20)


@mishap()
async def another_spelling(world: World, seconds: float) -> None:
    """Frames are text, numbers have exponents or more zeros, and rows list what is empty: all the same."""
    world.exchange.stream.text = True
    world.exchange.stream.numbers = world.random.choice((NumberStyle.SCIENTIFIC, NumberStyle.PADDED))
    world.exchange.rest.list_zeros = True
    await asyncio.sleep(seconds)
    world.exchange.stream.text = False
    world.exchange.stream.numbers = NumberStyle.PLAIN
    world.exchange.rest.list_zeros = False


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
