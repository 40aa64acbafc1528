"""The triggers: a balance or a value changed, or crossed a threshold."""

from abc import abstractmethod
from decimal import Decimal
from typing import Any, ClassVar, override

from homeassistant.const import ATTR_ENTITY_ID, CONF_FOR, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import NumericThresholdMode
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType, VolDictType
import voluptuous as vol

from .amounts import (
    CONF_AMOUNT,
    CONF_BEHAVIOR,
    CONF_THRESHOLD,
    Amount,
    ReasonReporter,
    Threshold,
    positive_number,
    threshold_validator,
)
from .api.wire import exact_difference, plain
from .changing import Cause, Direction, Measure, SmallestChange, ValueChange
from .crossing import Behavior, Crossing
from .targets import TARGET_SCHEMA, BalanceTracker, Move, MoveListener, NumberTracker, ValueTracker
from .valuation import percent, rounded

CONF_AT_LEAST = "at_least"
CONF_CAUSE = "cause"
CONF_DIRECTION = "direction"
CONF_MEASURE = "measure"

_PERCENT_DECIMALS = 4


_AMOUNT_OPTION: VolDictType = {vol.Required(CONF_AMOUNT, default=Amount.TOTAL.value): vol.In(list(Amount))}
_DIRECTION_OPTION: VolDictType = {
    vol.Required(CONF_DIRECTION, default=Direction.ANY.value): vol.In(list(Direction))
}
_CROSSED_OPTIONS: VolDictType = {
    vol.Required(CONF_BEHAVIOR, default=Behavior.EACH.value): vol.In(list(Behavior)),
    vol.Optional(CONF_FOR): cv.positive_time_period,
    vol.Required(CONF_THRESHOLD): threshold_validator(NumericThresholdMode.CROSSED),
}


def _make_schema(options: VolDictType) -> vol.Schema:
    return vol.Schema(
        {vol.Required(CONF_TARGET): TARGET_SCHEMA, vol.Required(CONF_OPTIONS, default={}): options}
    )


class UpbitTrigger(Trigger):
    """A trigger that fires for moves of the numbers in its target."""

    _schema: ClassVar[vol.Schema]
    _event: ClassVar[str]
    """What the number does, for the trigger's description."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        validated: ConfigType = cls._schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._selection = TargetSelection(config.target or {})
        self._options = config.options or {}

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        @callback
        def report(reason: str, /, **data: Any) -> None:
            if did_not_trigger is not None:
                did_not_trigger(NotTriggeredInfo(reason, data))

        @callback
        def fire(move: Move) -> None:
            run_action(self._variables(move), f"{self._number} of {move.targeted.entity_id} {self._event}")

        return await self._async_follow(self._tracker(), fire, report)

    @property
    @abstractmethod
    def _number(self) -> str:
        """What kind of number it is, for the trigger's description."""

    @abstractmethod
    def _tracker(self) -> NumberTracker:
        """Return a new tracker of the numbers in the target."""

    @abstractmethod
    async def _async_follow(
        self, tracker: NumberTracker, fire: MoveListener, report: ReasonReporter
    ) -> CALLBACK_TYPE:
        """Call `fire` with every move to fire for; return what ends that."""

    def _variables(self, move: Move) -> dict[str, Any]:
        """Return what the trigger provides to the automation."""
        return {
            ATTR_ENTITY_ID: move.targeted.entity_id,
            "currency": move.targeted.currency or None,
            CONF_DIRECTION: Direction.of(move.before, move.after).value,
            "from": plain(move.before),
            "to": plain(move.after),
            "difference": plain(exact_difference(move.after, move.before)),
        }


class CrossedThresholdTrigger(UpbitTrigger):
    """Fires when a number enters the range of a threshold and, with `for`, stays there."""

    _event = "crossing a threshold"

    @override
    async def _async_follow(
        self, tracker: NumberTracker, fire: MoveListener, report: ReasonReporter
    ) -> CALLBACK_TYPE:
        options = self._options
        threshold = Threshold.from_config(options[CONF_THRESHOLD])
        behavior = Behavior(options[CONF_BEHAVIOR])
        crossing = Crossing(self._hass, tracker, threshold, behavior, options.get(CONF_FOR))
        return await crossing.async_follow(fire, report)

    @override
    def _variables(self, move: Move) -> dict[str, Any]:
        return {**super()._variables(move), CONF_FOR: self._options.get(CONF_FOR)}


class BalanceTrigger(UpbitTrigger):
    """A trigger about one amount of balances."""

    @property
    @override
    def _number(self) -> str:
        return f"{self._options[CONF_AMOUNT]} balance"

    @override
    def _tracker(self) -> NumberTracker:
        return BalanceTracker(self._hass, self._selection, Amount(self._options[CONF_AMOUNT]))

    @override
    def _variables(self, move: Move) -> dict[str, Any]:
        (change,) = move.changes
        return {
            **super()._variables(move),
            CONF_AMOUNT: self._options[CONF_AMOUNT],
            "changed_at": change.changed_at,
        }


class BalanceChangedTrigger(BalanceTrigger):
    """Fires when an amount changes, optionally in one direction and by a smallest amount."""

    _schema = _make_schema(
        {
            **_AMOUNT_OPTION,
            **_DIRECTION_OPTION,
            vol.Optional(CONF_AT_LEAST): positive_number,
        }
    )
    _event = "changing"

    @override
    async def _async_follow(
        self, tracker: NumberTracker, fire: MoveListener, report: ReasonReporter
    ) -> CALLBACK_TYPE:
        options = self._options
        smallest = SmallestChange(Direction(options[CONF_DIRECTION]), options.get(CONF_AT_LEAST, Decimal(0)))

        @callback
        def on_move(move: Move) -> None:
            if smallest.counts(move.before, move.after):
                fire(move)

        return await tracker.async_follow(on_move)


class BalanceCrossedThresholdTrigger(CrossedThresholdTrigger, BalanceTrigger):
    """Fires when an amount enters the range of a threshold."""

    _schema = _make_schema({**_AMOUNT_OPTION, **_CROSSED_OPTIONS})


class ValueTrigger(UpbitTrigger):
    """A trigger about values, in the currency of their region."""

    _number = "value"

    @override
    def _tracker(self) -> NumberTracker:
        return ValueTracker(self._hass, self._selection)

    @override
    def _variables(self, move: Move) -> dict[str, Any]:
        difference = exact_difference(move.after, move.before)
        change = percent(difference, move.before)
        return {
            **super()._variables(move),
            "percent": None if change is None else rounded(change, _PERCENT_DECIMALS),
        }


class ValueChangedTrigger(ValueTrigger):
    """Fires when a value has changed by enough since it fired last."""

    _schema = _make_schema(
        {
            **_DIRECTION_OPTION,
            vol.Required(CONF_MEASURE, default=Measure.PERCENT.value): vol.In(list(Measure)),
            vol.Required(CONF_AT_LEAST): positive_number,
            vol.Required(CONF_CAUSE, default=Cause.ANY.value): vol.In(list(Cause)),
        }
    )
    _event = "changing"

    @override
    async def _async_follow(
        self, tracker: NumberTracker, fire: MoveListener, report: ReasonReporter
    ) -> CALLBACK_TYPE:
        options = self._options
        smallest = SmallestChange(
            Direction(options[CONF_DIRECTION]), options[CONF_AT_LEAST], Measure(options[CONF_MEASURE])
        )
        return await ValueChange(tracker, smallest, Cause(options[CONF_CAUSE])).async_follow(fire)


class ValueCrossedThresholdTrigger(CrossedThresholdTrigger, ValueTrigger):
    """Fires when a value enters the range of a threshold."""

    _schema = _make_schema(_CROSSED_OPTIONS)


TRIGGERS: dict[str, type[Trigger]] = {
    "balance_changed": BalanceChangedTrigger,
    "balance_crossed_threshold": BalanceCrossedThresholdTrigger,
    "value_changed": ValueChangedTrigger,
    "value_crossed_threshold": ValueCrossedThresholdTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
