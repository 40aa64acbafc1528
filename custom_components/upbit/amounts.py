"""The numbers and thresholds of triggers and conditions, compared exactly, without floats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Protocol, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    NumericThresholdMode,
    NumericThresholdSelector,
    NumericThresholdSelectorConfig,
    NumericThresholdType,
)
import voluptuous as vol

from .api.wire import Holding

CONF_AMOUNT = "amount"
CONF_BEHAVIOR = "behavior"
CONF_THRESHOLD = "threshold"


class Amount(StrEnum):
    """An amount of a holding."""

    TOTAL = "total"
    AVAILABLE = "available"
    LOCKED = "locked"

    def of(self, holding: Holding) -> Decimal:
        """Return this amount of a holding, in units of its currency."""
        match self:
            case Amount.TOTAL:
                return holding.total
            case Amount.AVAILABLE:
                return holding.available
            case Amount.LOCKED:
                return holding.locked


def exact_number(value: Any) -> Decimal:
    """Return a number of a configuration or a state exactly as it is written: 0.1 is a tenth.

    Raises:
        vol.Invalid: It is not a finite number.
    """
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise vol.Invalid(f"expected a number, got {value!r}") from None
    if not number.is_finite():
        raise vol.Invalid(f"expected a finite number, got {value!r}")
    return number


def positive_number(value: Any) -> Decimal:
    """Return a number that is not negative.

    Raises:
        vol.Invalid: It is negative or not a finite number.
    """
    if (number := exact_number(value)) < 0:
        raise vol.Invalid(f"expected a number that is not negative, got {value!r}")
    return number


def threshold_validator(mode: NumericThresholdMode) -> Callable[[Any], dict[str, Any]]:
    """Return a validator for the value of Home Assistant's threshold selector that keeps every digit of its numbers.

    The selector itself converts them to floats.
    """
    selector = NumericThresholdSelector(NumericThresholdSelectorConfig(mode=mode))

    def validate(value: Any) -> dict[str, Any]:
        threshold: dict[str, Any] = selector(value)
        for key in threshold.keys() & {"value", "value_min", "value_max"}:
            if "number" in threshold[key]:
                threshold[key] = {"number": exact_number(value[key]["number"])}
        limits = [limit for limit in _limits(threshold) if isinstance(limit, Decimal)]
        if limits != sorted(limits):
            raise vol.Invalid("value_min must not be greater than value_max")
        return threshold

    return validate


class ReasonReporter(Protocol):
    """Gets the reason why a comparison was not possible."""

    def __call__(self, reason: str, /, **data: Any) -> None:
        """Report a reason; its name is one that Home Assistant has a text for."""


def _report_nothing(reason: str, /, **data: Any) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers on one side of a limit, or between or outside of two."""

    type: NumericThresholdType
    limits: tuple[Decimal, ...]

    def __contains__(self, number: Decimal | None) -> bool:
        """Return whether a number is in the range; one that is not known is in no range."""
        if number is None:
            return False
        match self.type:
            case NumericThresholdType.ABOVE:
                return number > self.limits[0]
            case NumericThresholdType.BELOW:
                return number < self.limits[0]
            case NumericThresholdType.BETWEEN:
                return self.limits[0] <= number <= self.limits[1]
            case _:
                return not self.limits[0] <= number <= self.limits[1]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold whose limits are numbers, or entities that have them as their state."""

    type: NumericThresholdType
    limits: tuple[Decimal | str, ...]

    @property
    def entities(self) -> list[str]:
        """The entities that have limits."""
        return [limit for limit in self.limits if isinstance(limit, str)]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the threshold of a validated configuration."""
        return cls(NumericThresholdType(config["type"]), _limits(config))

    def now(self, hass: HomeAssistant, report: ReasonReporter = _report_nothing) -> Range | None:
        """Return the current range of the threshold; None when a limit is unknown."""
        numbers = []
        for limit in self.limits:
            if isinstance(limit, Decimal):
                numbers.append(limit)
                continue
            if (state := hass.states.get(limit)) is None:
                report("threshold_entity_not_found", entity_id=limit)
                return None
            try:
                numbers.append(exact_number(state.state))
            except vol.Invalid:
                report("threshold_value_not_numeric", entity_id=limit, value=state.state)
                return None
        return Range(self.type, tuple(numbers))


def _limits(config: Mapping[str, Any]) -> tuple[Decimal | str, ...]:
    """Return the limits of a threshold, the lower one first."""
    entries = (config.get(key) for key in ("value", "value_min", "value_max"))
    return tuple(entry.get("number", entry.get("entity")) for entry in entries if entry is not None)
