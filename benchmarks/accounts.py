"""What the accounts hold that are measured with, and the frames that change them."""

from collections.abc import Mapping

from simulator import Account
from simulator.wire import encode_frame

_ASSET_TIMESTAMP = 1_710_146_517_259
_TIMESTAMP = 1_710_146_517_267

type Texts = tuple[str, str]
"""Balance and locked as exact texts."""


def currencies(count: int) -> list[str]:
    """Return made-up codes; the first ones are the same for every count."""
    return [f"C{number:03}" for number in range(count)]


def amounts(currency: str, step: int = 0) -> Texts:
    """Return amounts with as many digits as the documentation's sample; step 0 is what an account holds."""
    number = int(currency[1:])
    return f"{1_386_929 + step}.{37231066771348207123 + number:020}", f"{10_329 + number}.670127489597585685"


def holdings(count: int) -> dict[str, Texts]:
    """Return what an account with so many currencies holds."""
    return {currency: amounts(currency) for currency in currencies(count)}


def frame(changes: Mapping[str, Texts]) -> bytes:
    """Return a frame about some currencies; all frames have one time, so that they can be repeated in any order."""
    event = Account().event(changes, asset_timestamp=_ASSET_TIMESTAMP)
    return encode_frame(event, _TIMESTAMP).encode()


def single_frames(currency: str, count: int) -> list[bytes]:
    """Return frames that each change the currency; the last brings it back to what the account holds."""
    return [frame({currency: amounts(currency, (step + 1) % count)}) for step in range(count)]


def frames_around(count: int) -> list[bytes]:
    """Return frames that change every currency, one each, and then all of them back."""
    # Not in the order in which they were made, which would suit the processor's caches.
    order = [f"C{number * 7 % count:03}" for number in range(count)]
    return [frame({currency: amounts(currency, step)}) for step in (1, 0) for currency in order]


def wide_frames(count: int) -> list[bytes]:
    """Return two frames that each change all of so many currencies, there and back."""
    return [frame({currency: amounts(currency, step) for currency in currencies(count)}) for step in (1, 0)]
