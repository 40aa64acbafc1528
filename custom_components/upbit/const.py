"""Names and times that several modules use."""

from dataclasses import dataclass
from typing import Final

DOMAIN: Final = "upbit"

CONF_ACCESS_KEY: Final = "access_key"
CONF_SECRET_KEY: Final = "secret_key"  # noqa: S105 - the name of a field

CONF_PRICE_UPDATES: Final = "price_updates"

MANUFACTURER: Final = "Upbit"
DOCUMENTATION_URL: Final = "https://github.com/upbit-live-balances/ha-upbit"


@dataclass(frozen=True, slots=True)
class Timings:
    """The times of the coordinator's rules, in seconds."""

    snapshot_interval: float = 60.0
    """Between two snapshots."""
    shared_refresh: float = 1.0
    """After somebody asks for a snapshot, until it is requested, so that all who ask meanwhile share it."""
    absence: float = 2.0
    """Between a snapshot that lacks a currency and the request of the one that confirms it."""
    recheck: float = 5.0
    """After a message that is invalid, ignored or partly undecodable, before a snapshot shows what it was about."""
    delivery: float = 10.0
    """For the stream to deliver what a snapshot showed first, before that counts as a missed update."""
    first_use: float = 600.0
    """Before a stream that never delivered anything is connected again."""
    grace: float = 15.0
    """After the last moment at which a balance was known to be current, until it is unavailable."""
    held: float = 60.0
    """For a connection to reset the backoff, so that its loss is answered quickly again."""
    first_delay: float = 1.0
    longest_delay: float = 120.0
    """The first and the longest step of the backoff between attempts to connect."""
    longest_snapshot_delay: float = 15.0
    """The longest step of the backoff between snapshots that fail."""
    address_retry: float = 120.0
    """Between snapshots while this network's address is not among the key's allowed addresses."""
    address_settled: float = 300.0
    """For snapshots to succeed until this network's address counts as allowed: it may use two addresses in turns."""
    tick: float = 30.0
    """Between two checks of the clock."""
    clock_jump: float = 15.0
    """By how much the clock has to be off to count as moved."""
    key_expiry: float = 43_200.0
    """Between two requests for the key's expiration, where the region has one."""


TIMINGS: Final = Timings()


@dataclass(frozen=True, slots=True)
class PriceTimings:
    """The times of the price feed's rules, in seconds."""

    markets: float = 3600.0
    """Between two requests for the list of markets."""
    verification: float = 300.0
    """Between two calls that verify what the stream delivers."""
    instead: float = 60.0
    """Between two calls that stand in for the stream."""
    validity: float = 90.0
    """For prices to be valid after the stream is lost, or after such a call."""
    answer: float = 10.0
    """For the stream to deliver a first ticker of a market, before a call asks for it."""
    newer: float = 60.0
    """By how much a trade that a call shows has to be newer than the last one of the stream to count as missed."""
    delivery: float = 10.0
    """For the stream to deliver such a trade nevertheless."""
    absence: float = 2.0
    """After a list lacks a market that prices a coin, before another one is requested to confirm that."""
    relisted: float = 60.0
    """After the stream reported a market as delisted, before a list of markets that has it counts more."""
    resubscribe: float = 1.0
    """Between two requests for subscription on one connection."""
    held: float = 60.0
    """For a connection to reset the backoff."""
    first_delay: float = 1.0
    longest_delay: float = 120.0
    """The first and the longest step of the backoff between attempts to connect, and between calls that fail."""


PRICE_TIMINGS: Final = PriceTimings()


@dataclass(frozen=True, slots=True)
class CostTimings:
    """The times of the rules for average buy prices, in seconds."""

    request: float = 3.0
    """After a total has grown, before a snapshot shows the new average."""
    settled: float = 10.0
    """After the last growth, before an average that is still the same counts as the new one."""


COST_TIMINGS: Final = CostTimings()
