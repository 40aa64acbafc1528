"""Figures and their limits: how they are judged, printed and written down."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    key: str
    """The name in the JSON file."""
    text: str
    """What was measured, in a few words."""
    value: float
    unit: str = "x"
    """``x`` is a ratio to a floor measured in the same run."""
    at_most: float | None = None
    at_least: float | None = None
    steady: bool = False
    """Whether it is a count or a flatness, which does not depend on how busy the machine is."""
    beside: str = ""
    """The absolute values, or what else makes the number readable."""

    @property
    def met(self) -> bool:
        """Whether the value is within its limit; one without a limit always is."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self.at_most is not None or self.at_least is not None

    @property
    def limit(self) -> str:
        """The limit as a text."""
        if self.at_most == self.at_least:
            return "" if self.at_most is None else f"= {self.at_most:g}"
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"


def verdict(figure: Figure, *, short: bool) -> str:
    """Say in a word how a figure did; a short run judges only the steady ones."""
    if not figure.limited:
        return ""
    if short and not figure.steady:
        return "within" if figure.met else "beyond"
    return "ok" if figure.met else "MISSED"


def missed(figures: Sequence[Figure], *, short: bool) -> list[Figure]:
    """Return the figures that fail the run."""
    return [figure for figure in figures if verdict(figure, short=short) == "MISSED"]


def table(figures: Sequence[Figure], *, short: bool) -> str:
    """Return the figures as a table in Markdown, which reads as well on a terminal."""
    rows = [("figure", "measured", "limit", "verdict", "beside")]
    rows += [
        (each.text, _number(each), each.limit, verdict(each, short=short), each.beside) for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def write_json(path: Path, figures: Sequence[Figure], machine: Mapping[str, Any], *, short: bool) -> None:
    """Write each figure with its limit, and what the figures were measured on."""
    report = {
        "machine": machine,
        "short": short,
        "figures": [
            asdict(each) | {"met": each.met, "verdict": verdict(each, short=short)} for each in figures
        ],
    }
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _number(figure: Figure) -> str:
    value = f"{figure.value:.2f}" if figure.unit == "x" else f"{figure.value:,.4g}"
    return f"{value} {figure.unit}".rstrip()
