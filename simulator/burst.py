"""Frames at a high and known rate, prepared in advance, for measuring their receiver."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
import time

from .account import Account, AssetEvent
from .markets import Markets, six_digits
from .private_stream import PrivateStream
from .wire import Format, encode_frame

# Placeholder for the time of sending in a prepared frame; not a possible real time.
_UNSENT = 1


@dataclass(frozen=True, slots=True)
class Burst:
    """What a burst did.

    `sent` is the time each frame was handed to the socket, in nanoseconds of the machine's monotonic clock, which
    other processes of the same machine can compare with their own. A frame is identified by its asset
    timestamp: they count up by one from `first_asset_timestamp`.
    """

    seconds: float
    first_asset_timestamp: int
    sent: list[int]


async def send_burst(
    stream: PrivateStream,
    account: Account,
    frames: int,
    *,
    currencies: Sequence[str],
    per_frame: int = 1,
    rate: float | None = None,
) -> Burst:
    """Send asset frames to every subscriber of the account, as fast as it takes them or at `rate` a second.

    Each frame changes the next `per_frame` of the currencies, going round. The account has each amount from just
    before its frame is sent, and `timestamp` is that time in milliseconds since the epoch.
    """
    connections = [each for each in stream.subscriptions if each.key.account is account]
    events = [account.event(_amounts(number, currencies, per_frame)) for number in range(frames)]
    if not connections or not events:
        raise ValueError("a burst needs a subscriber and a frame")
    made = [[_split(event, each.format) for event in events] for each in connections]
    for connection in connections:
        await connection.flushed()
    sent: list[int] = []
    begun = time.monotonic()
    for number, event in enumerate(events):
        if rate is not None and (wait := begun + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        elif number % 100 == 0:
            # Sending does not yield while the client keeps up, and pings and other requests must be handled too.
            await asyncio.sleep(0)
        account.apply(event)
        now = str(stream.clock()).encode()
        sent.append(time.monotonic_ns())
        for connection, payloads in zip(connections, made, strict=True):
            before, after = payloads[number]
            await connection.send_now(before + now + after)
    stream.record.frames_sent += frames * len(connections)
    return Burst(time.monotonic() - begun, events[0].asset_timestamp, sent)


async def send_tickers(
    markets: Markets, frames: int, *, codes: Sequence[str], rate: float, new_prices: float = 0.15
) -> float:
    """Trade so often in turn on these markets, at `rate` a second; returns the seconds it took.

    The share `new_prices` of the trades has a new price, within a tenth of a percent of the first one.
    """
    first = {code: markets[code].price for code in codes}
    begun = time.monotonic()
    for number in range(frames):
        if (wait := begun + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        code = codes[number % len(codes)]
        price = first[code]
        if price is None:
            raise ValueError(f"{code} has no price")
        moves = int((number + 1) * new_prices)
        if moves > int(number * new_prices):
            markets.set_price(code, six_digits(price * (1 + Decimal(moves % 200 - 100).scaleb(-5))))
        else:
            markets.trade(code)
    return time.monotonic() - begun


def _amounts(number: int, currencies: Sequence[str], per_frame: int) -> dict[str, tuple[Decimal, Decimal]]:
    # Whole units and eight decimals that are different in every frame.
    available = Decimal(100_000_000_000 + number * 100_003).scaleb(-8)
    locked = Decimal(number % 7).scaleb(-2)
    first = number * per_frame
    return {currencies[(first + index) % len(currencies)]: (available, locked) for index in range(per_frame)}


def _split(event: AssetEvent, frame_format: Format) -> tuple[bytes, bytes]:
    text = encode_frame(event, _UNSENT, frame_format)
    for key in ('"timestamp":', '"tms":'):
        before, found, after = text.partition(f"{key}{_UNSENT},")
        if found:
            return f"{before}{key}".encode(), f",{after}".encode()
    raise AssertionError("a frame has a timestamp")
