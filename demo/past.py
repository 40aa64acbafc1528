"""Gives a new demo a past, so that its first look has lines and bars: trades and prices that the demo makes up.

It is written into the database of Home Assistant's recorder before Home Assistant first starts. Its own commands would
take statistics of the past, but no states.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
import json
from pathlib import Path
import random

from homeassistant.components.recorder import db_schema as schema, migration
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from simulator.account import Account, Holding
from simulator.example import example_holdings
from simulator.markets import COINS
from simulator.regions import REGIONS
from simulator.trading import Trader

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FIVE_MINUTES = timedelta(minutes=5)
# Hourly statistics go as far back as the dashboard's graphs, states about as far as the recorder keeps them.
MONTH = 31 * DAY
WEEK = 7 * DAY
TRADES = 420
# One whose account grows.
SEED = 10
REGION = REGIONS["sg"]
# What the sensors of the demo's account are called.
SENSORS = "sensor.upbit_simulated_exchange"

type Changes = list[tuple[datetime, Decimal]]
"""When something became what, the oldest first."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the account held from a time on."""

    at: datetime
    holdings: dict[str, Holding]


def trades_until(now: datetime) -> list[Moment]:
    """Return the moments of a month until now.

    They are trades in reverse, beginning with what the account of a new demo holds, because they have to end in it.
    """
    account = Account(example_holdings(REGION))
    trader = Trader(account, REGION.fiat, seed=SEED)
    chance = random.Random(SEED)
    # More of them within the last day, so that there is something to see of it.
    spans = chance.choices((MONTH, DAY), weights=(4, 1), k=TRADES)
    moments = []
    for ago in sorted(span * chance.random() for span in spans):
        moments.append(Moment(now - ago, dict(account.holdings)))
        trader.step()
    moments.append(Moment(now - MONTH, dict(account.holdings)))
    return moments[::-1]


def totals(moments: Iterable[Moment], currency: str) -> Changes:
    """Return when a currency's total became what."""
    changes: Changes = []
    for moment in moments:
        total = moment.holdings.get(currency, Holding()).total
        if not changes or changes[-1][1] != total:
            changes.append((moment.at, total))
    return changes


def total_values(moments: Iterable[Moment], now: datetime) -> Changes:
    """Return what the account was worth every half hour, at prices that end with the exchange's first ones."""
    chance = random.Random(SEED)
    changes: Changes = []
    left = list(moments)
    at, factor = now, 1.0
    while at > now - MONTH:
        while left[-1].at > at:
            left.pop()
        value = sum(
            held.total * (1 if currency == REGION.fiat else COINS[currency][2] * Decimal(factor))
            for currency, held in left[-1].holdings.items()
            if currency == REGION.fiat or currency in COINS
        )
        changes.append((at, round(Decimal(value), 4)))
        # Backward, they fall a little on average.
        factor *= 1 + chance.gauss(-0.0001, 0.0025)
        at -= HOUR / 2
    return changes[::-1]


def within_a_week(changes: Changes, now: datetime) -> Changes:
    """Return the changes of the last seven days, and what was at their beginning."""
    start = now - WEEK
    before = [value for at, value in changes if at <= start]
    return [(start, before[-1] if before else changes[0][1]), *(each for each in changes if each[0] > start)]


def make_past(database: Path, now: datetime) -> None:
    """Create the recorder's database with the past of the balances and the total value until now."""
    moments = trades_until(now)
    # A start that is interrupted leaves none that is incomplete.
    incomplete = database.with_suffix(".incomplete")
    incomplete.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{incomplete}")
    schema.Base.metadata.create_all(engine)
    # Without this, the recorder would take the database for a very old one.
    migration.initialize_database(sessionmaker(engine))
    with Session(engine) as session, session.begin():
        # The recorder warns about one that was not closed.
        session.add(schema.RecorderRuns(start=now - MONTH, end=now, closed_incorrect=False))
        for currency in example_holdings(REGION):
            changes = totals(moments, currency)
            _add(session, f"{SENSORS}_{currency.lower()}", currency, changes, now)
        _add(session, f"{SENSORS}_total_value", REGION.fiat, total_values(moments, now), now)
    engine.dispose()
    incomplete.rename(database)


def _add(session: Session, entity_id: str, unit: str, changes: Changes, now: datetime) -> None:
    attributes = {"state_class": "total", "unit_of_measurement": unit}
    shared = schema.StateAttributes(shared_attrs=json.dumps(attributes, separators=(",", ":")))
    entity = schema.StatesMeta(entity_id=entity_id)
    statistic = schema.StatisticsMeta(
        statistic_id=entity_id,
        source="recorder",
        unit_of_measurement=unit,
        has_mean=False,
        has_sum=True,
        mean_type=0,
    )
    session.add_all((shared, entity, statistic))
    session.flush()
    for at, value in within_a_week(changes, now):
        time = at.timestamp()
        session.add(
            schema.States(
                metadata_id=entity.metadata_id,
                attributes_id=shared.attributes_id,
                state=format(value, "f"),
                last_updated_ts=time,
                last_reported_ts=time,
                origin_idx=0,
            )
        )
    first = changes[0][1]

    def row[Row: schema.StatisticsBase](kind: Callable[..., Row], start: datetime, end: datetime) -> Row:
        last = next((value for at, value in reversed(changes) if at < end), first)
        return kind(
            metadata_id=statistic.id, start_ts=start.timestamp(), state=float(last), sum=float(last - first)
        )

    def rows[Row: schema.StatisticsBase](
        kind: Callable[..., Row], span: timedelta, start: datetime
    ) -> Iterator[Row]:
        while start + span <= now:
            yield row(kind, start, start + span)
            start += span

    hour, five_minutes = (
        now.replace(minute=minute, second=0, microsecond=0) for minute in (0, now.minute // 5 * 5)
    )
    session.add_all(rows(schema.Statistics, HOUR, hour - MONTH))
    # The card's lines are made of these, and the recorder goes on from the newest.
    session.add_all(rows(schema.StatisticsShortTerm, FIVE_MINUTES, five_minutes - DAY))
