"""What is measured in processes of their own: idle hours in virtual time, and the import of the integration."""

from collections.abc import Mapping
from itertools import pairwise
import json
from pathlib import Path
from statistics import median
import subprocess
import sys
import tempfile
from typing import Any

from .figures import Figure

_REPOSITORY = Path(__file__).parent.parent
_TIMEOUT = 300

# What the timers call that a Home Assistant without the integration has too, and the one that ends the hour. No more
# than that is left out: what Home Assistant's helpers call at the integration's order is the integration's.
_NOT_OURS = (
    "homeassistant.config_entries Store.",
    "homeassistant.helpers.device_registry ",
    "homeassistant.helpers.entity_registry ",
    "homeassistant.helpers.restore_state ",
    "homeassistant.helpers.storage ",
    "homeassistant.helpers.template ",
    "benchmarks/",
)


def run_apart(module: str, *arguments: str) -> Any:
    """Return what a module prints as JSON in a process of its own."""
    result = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        cwd=_REPOSITORY,
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(f"{module} failed:\n{result.stderr}")
    return json.loads(result.stdout)


def idle_hours(module: str = "benchmarks.idle_hour") -> dict[str, Any]:
    """Return the counts of an hour before and an hour after the stream has spoken."""
    with tempfile.TemporaryDirectory(prefix="upbit-idle.") as folder:
        hours: dict[str, Any] = run_apart(module, folder)
    return hours


def timers_of_ours(idle: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return when the timers fired that are the integration's or its connection's."""
    return {name: times for name, times in idle["timers"].items() if not name.startswith(_NOT_OURS)}


def least_gap(idle: Mapping[str, Any]) -> float:
    """Return the seconds between two firings of one timer, at the least."""
    return min(
        later - earlier for times in timers_of_ours(idle).values() for earlier, later in pairwise(times)
    )


def measure_idle_hours() -> list[Figure]:
    """Count timers, writes to sockets and state writes of idle hours."""
    hours = idle_hours()
    idle, silent = hours["spoken"], hours["silent"]
    pings, snapshots = idle["writes"].pop("ping", 0), idle["writes"].pop("/v1/accounts", 0)
    return [
        Figure(
            "idle_timer_gap",
            "idle hour: seconds between firings of one timer, at the least",
            least_gap(idle),
            unit="s",
            at_least=10,
            steady=True,
            beside=f"{sum(map(len, timers_of_ours(idle).values()))} firings in all",
        ),
        Figure(
            "idle_other_writes",
            "idle hour: socket writes besides pings and snapshots",
            sum(idle["writes"].values()),
            unit="",
            at_most=0,
            steady=True,
            beside=f"{pings} pings, {snapshots} snapshots",
        ),
        Figure(
            "idle_states",
            "idle hour: state writes",
            idle["states"],
            unit="",
            at_most=0,
            steady=True,
        ),
        Figure(
            "idle_silent_states",
            "idle hour of a stream that never spoke: state writes",
            silent["states"],
            unit="",
            at_most=0,
            steady=True,
            beside=f"timers {least_gap(silent):.0f} s apart at the least; {_listed(silent['writes'])}",
        ),
    ]


def measure_imports(rounds: int) -> list[Figure]:
    """Take the time to import every module of the integration, and name what comes with it."""
    run_apart("benchmarks.imports")  # which may have to compile them
    imports = [run_apart("benchmarks.imports") for _ in range(rounds)]
    besides = [name for name in imports[0]["modules"] if not name.startswith("custom_components")]
    foreign = [name for name in besides if not name.startswith("homeassistant.")]
    return [
        Figure(
            "import",
            "import of all its modules, on top of Home Assistant's own",
            median(each["seconds"] for each in imports) * 1e3,
            unit="ms",
            beside=f"{len(imports[0]['modules']) - len(besides)} modules of its own",
        ),
        Figure(
            "import_foreign",
            "modules that come with it and are not Home Assistant's",
            len(foreign),
            unit="",
            at_most=0,
            steady=True,
            beside=", ".join(foreign or besides),
        ),
    ]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
