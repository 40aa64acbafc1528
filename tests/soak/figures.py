"""What a soak has seen, as a table to read and as JSON to keep."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Figures:
    """The figures of a soak; times in seconds, and virtual unless they say real."""

    home_assistant: str
    region: str
    seed: int
    virtual_hours: float = 0.0
    real_seconds: float = 0.0

    changes: int = 0
    """Events of the account, each of one currency or more."""
    frames: int = 0
    """My Asset messages that the exchange sent; lost ones are not among them."""
    states: int = 0
    """States that the currencies' sensors were given."""
    scenarios: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    """Handshakes that were accepted, the first one included."""
    failed_handshakes: int = 0
    snapshots: int = 0
    failed_snapshots: int = 0
    longest_lag: float = 0.0
    """For how long an available sensor showed what the account no longer had, while snapshots could succeed."""
    longest_recovery: float = 0.0
    """From the end of a scenario until the stream was in sync again."""
    slowest_scenario: str = ""

    quiet_points: int = 0
    wrong_states: list[str] = field(default_factory=list)
    not_recovered: list[str] = field(default_factory=list)
    unexpected_errors: list[str] = field(default_factory=list)
    most_sockets: int = 0
    """Connections with one key at the same time, dead ones left out."""
    tasks_left: list[str] = field(default_factory=list)
    timers_left: list[str] = field(default_factory=list)
    connections_left: int = 0
    descriptors_left: int = 0

    memory_hours: float = 0.0
    """How long memory was watched, after the warm-up."""
    memory_growth_kib: float = 0.0
    """Python's memory at the last quiet point, less that at the first one after the warm-up."""
    memory_limit_kib: float = 0.0

    @property
    def failures(self) -> list[str]:
        """Return what makes the soak fail."""
        return list(self._failures())

    def _failures(self) -> Iterator[str]:
        yield from (f"wrong state: {each}" for each in self.wrong_states)
        yield from (f"not recovered: {each}" for each in self.not_recovered)
        yield from (f"unexpected error: {each}" for each in self.unexpected_errors)
        yield from (f"task left: {each}" for each in self.tasks_left)
        yield from (f"timer left: {each}" for each in self.timers_left)
        if self.most_sockets > 1:
            yield f"{self.most_sockets} connections with one key at the same time"
        if self.connections_left:
            yield f"{self.connections_left} connections left"
        if self.descriptors_left > 0:
            yield f"{self.descriptors_left} file descriptors left"
        if not self.quiet_points:
            yield "no quiet point was reached"
        if self.memory_growth_kib > self.memory_limit_kib:
            yield f"memory grew by {self.memory_growth_kib:.0f} KiB, limit {self.memory_limit_kib:.0f}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "failures": self.failures}

    def table(self) -> str:
        """Return a table for people, with the names of the JSON."""
        rows: list[tuple[str, object]] = []
        for name, value in asdict(self).items():
            match value:
                case dict():
                    rows += [
                        (name, sum(value.values())),
                        *((f"  {key}", value[key]) for key in sorted(value)),
                    ]
                case list():
                    rows.append((name, len(value)))
                case float():
                    rows.append((name, f"{value:.1f}"))
                case _:
                    rows.append((name, value))
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
