"""Frames are late, doubled, lost or invalid, and changes are not announced at all."""

import asyncio
from decimal import Decimal
import random

from simulator.connection import Connection
from simulator.wire import NumberStyle
from tests.helpers.harness import Harness

from .register import scenario


@scenario(shuffles=True)
async def late_frames(harness: Harness, seconds: float) -> None:
    """Frames are late and overtake each other."""
    outbound = harness.exchange.stream.outbound
    outbound.delay, outbound.jitter = harness.random.uniform(0, 2), harness.random.uniform(0, 6)
    await asyncio.sleep(seconds)
    outbound.recover()


@scenario(shuffles=True)
async def doubled_frames(harness: Harness, seconds: float) -> None:
    """Frames are sent three times, the copies at any time."""
    outbound = harness.exchange.stream.outbound
    outbound.copies, outbound.jitter = 3, harness.random.uniform(0, 6)
    await asyncio.sleep(seconds)
    outbound.recover()


@scenario(hides=True, shuffles=True)
async def held_frames(harness: Harness, seconds: float) -> None:
    """Frames are held back, and then sent in any order or lost with the connection."""
    with harness.exchange.stream.hold_frames() as held:
        await asyncio.sleep(seconds)
        order = list(range(len(held.frames)))
        harness.random.shuffle(order)
        if harness.random.random() < 0.5:
            order = order[: len(order) // 2]
        if order:
            held.release(*order)
        if held.frames:
            held.discard()
            harness.exchange.cut()


@scenario(hides=True)
async def lost_frames(harness: Harness, seconds: float) -> None:
    """A third of the frames is lost while the connection stays open."""
    harness.exchange.stream.outbound.lose = 0.3
    await asyncio.sleep(seconds)
    harness.exchange.stream.outbound.recover()


@scenario(hides=True)
async def withheld_frames(harness: Harness, seconds: float) -> None:
    """The connection stays open, and no frame is sent."""
    harness.exchange.stream.withhold_frames = True
    await asyncio.sleep(seconds)
    harness.exchange.stream.withhold_frames = False


@scenario(hides=True)
async def late_subscription(harness: Harness, seconds: float) -> None:
    """A subscription takes a while before it has an effect."""

    def hold(connection: Connection) -> None:
        withheld, connection.withhold_frames = connection.withhold_frames, True
        delay = harness.random.uniform(0, 5)
        harness.loop.call_later(delay, setattr, connection, "withhold_frames", withheld)

    harness.exchange.stream.after_subscribe = hold
    harness.exchange.cut()
    await asyncio.sleep(seconds)
    harness.exchange.stream.after_subscribe = None


@scenario(hides=True)
async def missed_changes(harness: Harness, seconds: float) -> None:
    """A balance changes, or a currency disappears from the rows, and no frame is sent."""
    account = harness.exchange.account
    for currency, holding in tuple(account.holdings.items()):
        if currency == harness.exchange.region.fiat or holding.locked:
            continue
        if harness.random.random() < 0.3:
            account.remove(currency)
        else:
            amount = Decimal(harness.random.randrange(1, 10**12)).scaleb(-8)
            account.change({currency: (holding.available + amount, 0)}, announce=False)
    harness.observer.note_account()
    await asyncio.sleep(seconds)


@scenario()
async def hostile_frames(harness: Harness, seconds: float) -> None:
    """Frames are received that no exchange should send."""
    for payload in hostile_payloads(harness.random):
        harness.exchange.stream.send(payload, text=harness.random.random() < 0.3)
        await asyncio.sleep(seconds / 20)


@scenario()
async def another_spelling(harness: Harness, seconds: float) -> None:
    """Frames are text, numbers have exponents or more zeros, and rows list empty currencies."""
    harness.exchange.stream.text = True
    harness.exchange.stream.numbers = harness.random.choice((NumberStyle.SCIENTIFIC, NumberStyle.PADDED))
    harness.exchange.rest.list_zeros = True
    await asyncio.sleep(seconds)
    harness.exchange.stream.text = False
    harness.exchange.stream.numbers = NumberStyle.PLAIN
    harness.exchange.rest.list_zeros = False


def hostile_payloads(chance: random.Random) -> list[bytes]:
    """Return frames that are invalid or have an asset that can't be decoded: one of each kind, in any order."""
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
        b"\xff\xfe\x00",
        frame(balance="-1"),
        frame(balance="NaN"),
        frame(balance='"1.5"'),
        frame(balance="1e1000000000"),
        frame(balance="0." + "1" * 500_000),
        frame(currency='"BTC\\n"'),
        frame(currency='"\\ud800"'),
        frame(time="-1"),
        frame(kind="myOrder"),
        frame()[:-20],
        b"[" * 200_000,
        b'{"type":"myAsset","assets":{}}',
        b'{"status":"UP"}',
        b'{"method":"LIST_SUBSCRIPTIONS","result":[]}',
        b" " * (5 * 1024 * 1024),
    ]
    chance.shuffle(payloads)
    return payloads
