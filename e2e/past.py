"""Gives the demo a past of a month, so that pictures of history have some: the trades that the exchange simulates.

Home Assistant takes statistics over its own interface. Single states of the past it does not take, so these are
written into the recorder's database beside it.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
import random
import sqlite3
from typing import Any

from simulator.account import Account, Holding
from simulator.trading import Trader, starting_holdings

DAY = timedelta(days=1)
MONTH = timedelta(days=31)
TRADES = 420
# One that leaves something to look at: open orders, and a currency that was sold out.
SEED = 16
FIAT = "SGD"


@dataclass(frozen=True, slots=True)
class Moment:
    """What the account held from a time on."""

    at: datetime
    holdings: dict[str, Holding]


def trade_for_a_month(now: datetime) -> list[Moment]:
    """Return the moments of a month until now: the same trades each time."""
    account = Account(starting_holdings(FIAT))
    trader = Trader(account, FIAT, seed=SEED)
    chance = random.Random(SEED)
    moments = []
    # More of them within the last day, so that there is something to see of it.
    spans = chance.choices((MONTH, DAY), weights=(4, 1), k=TRADES)
    for ago in sorted((span * chance.random() for span in spans), reverse=True):
        trader.step()
        moments.append(Moment(now - ago, dict(account.holdings)))
    return moments


def totals(moments: Iterable[Moment], currency: str) -> list[tuple[datetime, Decimal]]:
    """Return when a currency's total became what."""
    changes: list[tuple[datetime, Decimal]] = []
    for moment in moments:
        total = moment.holdings.get(currency, Holding()).total
        if not changes or changes[-1][1] != total:
            changes.append((moment.at, total))
    return changes


def total_values(moments: list[Moment], prices: dict[str, Decimal]) -> list[tuple[datetime, Decimal]]:
    """Return when the total value became what, at prices that end with these."""
    chance = random.Random(SEED)
    changes: list[tuple[datetime, Decimal]] = []
    factor = Decimal(1)
    for moment in reversed(moments):
        value = sum(
            (held.total * prices[currency] * (1 if currency == FIAT else factor))
            for currency, held in moment.holdings.items()
            if currency in prices
        )
        changes.append((moment.at, round(Decimal(value), 4)))
        factor *= 1 + Decimal(chance.gauss(0, 0.006))
    return changes[::-1]


def hourly_statistics(changes: list[tuple[datetime, Decimal]], now: datetime) -> list[dict[str, Any]]:
    """Return what the recorder would have kept of a currency for each whole hour until now."""
    hour, first = changes[0][0].replace(minute=0, second=0, microsecond=0), changes[0][1]
    rows: list[dict[str, Any]] = []
    while (end := hour + timedelta(hours=1)) < now:
        last = next(total for at, total in reversed(changes) if at < end)
        rows.append({"start": hour.isoformat(), "state": float(last), "sum": float(last - first)})
        hour = end
    return rows


def last_day(changes: list[tuple[datetime, Decimal]], now: datetime) -> list[tuple[datetime, Decimal]]:
    """Return the changes of the last day, with the total near its beginning."""
    # Some minutes later it is still within the day that a graph shows.
    start = now - DAY + timedelta(minutes=10)
    before = [total for at, total in changes if at <= start]
    return [(start, before[-1] if before else changes[0][1]), *(each for each in changes if each[0] > start)]


def is_recorded(database: Path, entity_id: str) -> bool:
    """Return whether the recorder has written a state of an entity: it collects them for seconds."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        query = "SELECT 1 FROM states JOIN states_meta USING (metadata_id) WHERE states_meta.entity_id = ?"
        return connection.execute(query, (entity_id,)).fetchone() is not None


def replace_states(database: Path, entity_id: str, changes: list[tuple[datetime, Decimal]]) -> None:
    """Put other states in the place of those that the recorder has of an entity, but for the newest."""
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        newest, metadata, attributes = connection.execute(
            "SELECT MAX(state_id), metadata_id, attributes_id FROM states JOIN states_meta USING (metadata_id)"
            " WHERE states_meta.entity_id = ?",
            (entity_id,),
        ).fetchone()
        connection.execute("UPDATE states SET old_state_id = NULL WHERE metadata_id = ?", (metadata,))
        connection.execute("DELETE FROM states WHERE metadata_id = ? AND state_id < ?", (metadata, newest))
        connection.executemany(
            "INSERT INTO states (metadata_id, attributes_id, state, last_updated_ts, last_reported_ts, origin_idx)"
            " VALUES (?, ?, ?, ?, ?, 0)",
            [
                (metadata, attributes, format(total, "f"), at.timestamp(), at.timestamp())
                for at, total in changes
            ],
        )
