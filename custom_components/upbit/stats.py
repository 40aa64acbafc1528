"""Counters and times of a connection, for diagnostics; no amount, key or account id is kept here."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from homeassistant.util import dt as dt_util

_MAX_CONNECTIONS = 20


@dataclass(slots=True)
class ConnectionRecord:
    """One connection of the private stream."""

    connected_at: datetime
    first_update_at: datetime | None = None
    ended_at: datetime | None = None
    end: str | None = None


@dataclass(slots=True)
class ConnectionStats:
    """Counters and times since the entry was set up."""

    started_at: datetime = field(default_factory=dt_util.utcnow)
    connects: int = 0
    failed_connects: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    planned_reconnects: Counter[str] = field(default_factory=Counter)
    connections: deque[ConnectionRecord] = field(default_factory=lambda: deque(maxlen=_MAX_CONNECTIONS))
    changes: int = 0
    """Those that were notified; what changes while a balance is unavailable is one change once it is available."""
    invalid_messages: Counter[str] = field(default_factory=Counter)
    undecodable_items: Counter[str] = field(default_factory=Counter)
    snapshots: int = 0
    failed_snapshots: Counter[str] = field(default_factory=Counter)
    last_snapshot_at: datetime | None = None
    last_snapshot_seconds: float | None = None
    times_unavailable: int = 0
    unexpected_errors: Counter[str] = field(default_factory=Counter)

    def connected(self) -> None:
        """Begin the record of a connection."""
        self.connects += 1
        self.connections.append(ConnectionRecord(dt_util.utcnow()))

    def first_update(self) -> None:
        """Note when the first update of the current connection came; has no effect after that one."""
        if (record := self.connections[-1]).first_update_at is None:
            record.first_update_at = dt_util.utcnow()

    def disconnected(self, end: str) -> None:
        """Complete the record of the current connection."""
        record = self.connections[-1]
        record.ended_at = dt_util.utcnow()
        record.end = end

    def snapshot(self, seconds: float) -> None:
        """Count a merged snapshot and the time its call took."""
        self.snapshots += 1
        self.last_snapshot_at = dt_util.utcnow()
        self.last_snapshot_seconds = round(seconds, 3)

    def as_dict(self) -> dict[str, Any]:
        """Return everything in a form that can be written as JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        # asdict() would make a Counter of a Counter's items, which counts the pairs.
        counts = {name: dict(value) for name, value in values.items() if isinstance(value, Counter)}
        return values | counts | {"connections": [asdict(record) for record in self.connections]}
