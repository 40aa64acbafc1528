"""The conditions: a balance or a value is above, below, between or outside of limits."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Unpack, override

from homeassistant.const import CONF_FOR, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.selector import NumericThresholdMode
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import ConfigType, VolDictType
import voluptuous as vol

from .amounts import (
    CONF_AMOUNT,
    CONF_BEHAVIOR,
    CONF_THRESHOLD,
    Amount,
    Range,
    Threshold,
    threshold_validator,
)
from .targets import (
    TARGET_SCHEMA,
    BalanceTracker,
    Move,
    MoveListener,
    NumberListener,
    NumberTracker,
    Targeted,
    ValueTracker,
)


class Behavior(StrEnum):
    """Of how many of the targeted numbers the condition has to be true."""

    ANY = "any"
    ALL = "all"


def _make_schema(options: VolDictType) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): TARGET_SCHEMA,
            vol.Required(CONF_OPTIONS): {
                vol.Required(CONF_BEHAVIOR, default=Behavior.ANY.value): vol.In(list(Behavior)),
                vol.Optional(CONF_FOR): cv.positive_time_period,
                vol.Required(CONF_THRESHOLD): threshold_validator(NumericThresholdMode.IS),
                **options,
            },
        }
    )


class ThresholdCondition(Condition):
    """Whether any or all of the numbers in a target are in the range of a threshold, optionally for some time.

    A number that is not known is in no range, so with one of them in the target "all" is false. The time is counted
    from when a number was seen in range: it starts again with Home Assistant, because the recorder has no exact ones.
    """

    _schema: ClassVar[vol.Schema]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        validated: ConfigType = cls._schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        self._selection = TargetSelection(config.target or {})
        self._options = config.options or {}
        self._behavior = Behavior(self._options[CONF_BEHAVIOR])
        self._duration: timedelta | None = self._options.get(CONF_FOR)
        self._threshold = Threshold.from_config(self._options[CONF_THRESHOLD])
        self._tracker = self._new_tracker()
        self._since: dict[Targeted, float] = {}
        """When each number that is in range was seen to be, by the clock of the event loop."""
        self._subscriptions: list[CALLBACK_TYPE] = []

    @abstractmethod
    def _new_tracker(self) -> NumberTracker:
        """Return a tracker of the numbers in the target."""

    @property
    @override
    def needs_polling(self) -> bool:
        return bool(self._duration)

    @override
    async def _async_track_changes(self, action: Callable[[], None]) -> CALLBACK_TYPE:
        tracking = False

        @callback
        def on_change(*_: object) -> None:
            # The tracker also reports the numbers that it starts with.
            if tracking:
                action()

        # Beside the tracker of the duration, which exists once; anybody may track changes.
        subscriptions = await self._async_follow(self._new_tracker(), on_change, on_change, on_change)
        tracking = True

        @callback
        def unsubscribe() -> None:
            for each in subscriptions:
                each()

        return unsubscribe

    @override
    async def _async_setup(self) -> None:
        if self._duration:
            self._subscriptions += await self._async_follow(
                self._tracker, self._on_move, self._on_number, self._on_limit_changed
            )

    async def _async_follow(
        self,
        tracker: NumberTracker,
        on_move: MoveListener,
        on_number: NumberListener,
        on_limit_changed: Callable[[Event[EventStateChangedData]], None],
    ) -> list[CALLBACK_TYPE]:
        """Follow the numbers of a target and the limits; return what ends that."""
        subscriptions = [await tracker.async_follow(on_move, on_number)]
        if entities := self._threshold.entities:
            subscriptions.append(async_track_state_change_event(self._hass, entities, on_limit_changed))
        return subscriptions

    @override
    def _async_unload(self) -> None:
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions.clear()

    @callback
    def _on_move(self, move: Move) -> None:
        self._on_number(move.targeted, move.after)

    @callback
    def _on_number(self, targeted: Targeted, number: Decimal | None) -> None:
        self._note(targeted, number, self._threshold.now(self._hass))

    @callback
    def _on_limit_changed(self, _: Event[EventStateChangedData]) -> None:
        amounts = self._threshold.now(self._hass)
        for targeted, number in self._tracker.numbers.items():
            self._note(targeted, number, amounts)

    def _note(self, targeted: Targeted, number: Decimal | None, amounts: Range | None) -> None:
        if amounts is not None and number in amounts:
            self._since.setdefault(targeted, self._hass.loop.time())
        else:
            self._since.pop(targeted, None)

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        amounts = self._threshold.now(self._hass)
        if amounts is None:
            return False
        results = [
            self._tracker.number_of(targeted) in amounts and self._is_long_enough(targeted)
            for targeted in self._tracker.find()
        ]
        return bool(results) and (any(results) if self._behavior is Behavior.ANY else all(results))

    def _is_long_enough(self, targeted: Targeted) -> bool:
        if not self._duration:
            return True
        since = self._since.get(targeted)
        return since is not None and self._hass.loop.time() - since >= self._duration.total_seconds()


class BalanceCondition(ThresholdCondition):
    """Whether an amount of the balances in a target is in a range."""

    _schema = _make_schema({vol.Required(CONF_AMOUNT, default=Amount.TOTAL.value): vol.In(list(Amount))})

    @override
    def _new_tracker(self) -> NumberTracker:
        return BalanceTracker(self._hass, self._selection, Amount(self._options[CONF_AMOUNT]))


class ValueCondition(ThresholdCondition):
    """Whether the values in a target are in a range."""

    _schema = _make_schema({})

    @override
    def _new_tracker(self) -> NumberTracker:
        return ValueTracker(self._hass, self._selection)


CONDITIONS: dict[str, type[Condition]] = {"is_balance": BalanceCondition, "is_value": ValueCondition}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
