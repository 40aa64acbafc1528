"""Names and times that more than one module of the integration needs."""

from dataclasses import dataclass
from typing import Final

DOMAIN: Final = "upbit"

CONF_ACCESS_KEY: Final = "access_key"
CONF_SECRET_KEY: Final = "secret_key"  # noqa: S105 - the name of a field

MANUFACTURER: Final = "Upbit"
DOCUMENTATION_URL: Final = "https://github.com/upbit-live-balances/ha-upbit"


@dataclass(frozen=True, slots=True)
class Timings:
    """When the coordinator does what by itself, in seconds."""

    poll: float = 60.0
    """Between snapshots while the stream is down, or has not spoken since it was connected; and after a change."""
    reconcile: float = 600.0
    """Between snapshots while the stream is quiet, after it has spoken."""
    confirm: float = 10.0
    """For a frame to bring what a snapshot showed first, before the stream counts as deaf to it."""
    first_use: float = 600.0
    """Before a stream that never spoke is connected again: the documentation's advice for the first use."""
    grace: float = 15.0
    """After the last moment at which the balances were known to be current, until they are unavailable."""
    held: float = 60.0
    """For a connection to count as one that holds, so that the next loss is answered quickly again."""
    first_delay: float = 1.0
    longest_delay: float = 120.0
    """The first and the longest step of the backoff between attempts to connect."""
    longest_snapshot_delay: float = 15.0
    """The longest step of the backoff between snapshots that fail while the stream is down too."""
    address_retry: float = 120.0
    """Between attempts while this network's address is not on the key's list."""
    refused_frame: float = 5.0
    """After a frame that was refused or ignored, before a snapshot tells what it may have meant to say."""
    tick: float = 30.0
    """Between looks at the clock; a clock that moved on its own means that the host slept."""
    clock_jump: float = 15.0
    """By which the clock has to be off to count as moved."""
    key_expiry: float = 43_200.0
    """Between calls that ask when the key expires, where the region tells."""


TIMINGS: Final = Timings()
