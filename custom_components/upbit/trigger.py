"""The triggers: a balance changed, a balance crossed a threshold."""

from abc import abstractmethod
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, override

from homeassistant.const import ATTR_ENTITY_ID, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.selector import NumericThresholdMode
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .amounts import (
    CONF_AMOUNT,
    CONF_THRESHOLD,
    Amount,
    ReasonReporter,
    Threshold,
    positive_number,
    threshold_validator,
)
from .api.ledger import Change
from .api.wire import exact_difference, plain
from .targets import TARGET_SCHEMA, BalanceTracker

CONF_AT_LEAST = "at_least"
CONF_DIRECTION = "direction"


class Direction(StrEnum):
    """Which way an amount has to change."""

    ANY = "any"
    INCREASED = "increased"
    DECREASED = "decreased"


_AMOUNT_OPTION = {vol.Required(CONF_AMOUNT, default=Amount.TOTAL.value): vol.In(list(Amount))}

_CHANGED_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TARGET): TARGET_SCHEMA,
        vol.Required(CONF_OPTIONS, default={}): {
            **_AMOUNT_OPTION,
            vol.Required(CONF_DIRECTION, default=Direction.ANY.value): vol.In(list(Direction)),
            vol.Optional(CONF_AT_LEAST): positive_number,
        },
    }
)
_CROSSED_THRESHOLD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TARGET): TARGET_SCHEMA,
        vol.Required(CONF_OPTIONS): {
            **_AMOUNT_OPTION,
            vol.Required(CONF_THRESHOLD): threshold_validator(NumericThresholdMode.CROSSED),
        },
    }
)


class BalanceTrigger(Trigger):
    """A trigger that compares one amount before and after each change of the balances in its target."""

    _schema: ClassVar[vol.Schema]
    _event: ClassVar[str]
    """What the balance does, for the trigger's description."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        validated: ConfigType = cls._schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._selection = TargetSelection(config.target or {})
        self._options = config.options or {}
        self._amount = Amount(self._options[CONF_AMOUNT])

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        @callback
        def report(reason: str, /, **data: Any) -> None:
            if did_not_trigger is not None:
                did_not_trigger(NotTriggeredInfo(reason, data))

        return await BalanceTracker(
            self._hass, self._selection, partial(self._on_change, run_action, report)
        ).async_setup()

    @callback
    def _on_change(
        self, run_action: TriggerActionRunner, report: ReasonReporter, entity_id: str, change: Change
    ) -> None:
        before, after = self._amount.of(change.before), self._amount.of(change.after)
        # Another amount of the holding may have changed.
        if before == after or not self._fires(before, after, report):
            return
        run_action(
            {
                ATTR_ENTITY_ID: entity_id,
                "currency": change.currency,
                CONF_AMOUNT: self._amount.value,
                CONF_DIRECTION: _direction(before, after).value,
                "from": plain(before),
                "to": plain(after),
                "difference": plain(exact_difference(after, before)),
                "changed_at": change.changed_at,
            },
            f"{self._amount} balance of {entity_id} {self._event}",
        )

    @abstractmethod
    def _fires(self, before: Decimal, after: Decimal, report: ReasonReporter) -> bool:
        """Whether a change of the amount is one to fire for."""


class BalanceChangedTrigger(BalanceTrigger):
    """Fires when an amount changes, optionally in one direction and by a smallest amount."""

    _schema = _CHANGED_SCHEMA
    _event = "changing"

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._direction = Direction(self._options[CONF_DIRECTION])
        self._at_least: Decimal = self._options.get(CONF_AT_LEAST, Decimal(0))

    @override
    def _fires(self, before: Decimal, after: Decimal, report: ReasonReporter) -> bool:
        return (
            self._direction in (Direction.ANY, _direction(before, after))
            and exact_difference(after, before).copy_abs() >= self._at_least
        )


class BalanceCrossedThresholdTrigger(BalanceTrigger):
    """Fires when an amount enters the range of a threshold."""

    _schema = _CROSSED_THRESHOLD_SCHEMA
    _event = "crossing a threshold"

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._threshold = Threshold.from_config(self._options[CONF_THRESHOLD])

    @override
    def _fires(self, before: Decimal, after: Decimal, report: ReasonReporter) -> bool:
        amounts = self._threshold.now(self._hass, report)
        return amounts is not None and before not in amounts and after in amounts


def _direction(before: Decimal, after: Decimal) -> Direction:
    return Direction.INCREASED if after > before else Direction.DECREASED


TRIGGERS: dict[str, type[Trigger]] = {
    "balance_changed": BalanceChangedTrigger,
    "balance_crossed_threshold": BalanceCrossedThresholdTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
