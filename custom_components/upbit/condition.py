"""The condition: a balance is above, below, between or outside of limits."""

from decimal import Decimal
from enum import StrEnum
from typing import Unpack, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.selector import NumericThresholdMode
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .amounts import CONF_AMOUNT, CONF_THRESHOLD, Amount, Threshold, threshold_validator
from .coordinator import UpbitConfigEntry
from .targets import TARGET_SCHEMA, TargetedBalance, targeted_balances

CONF_BEHAVIOR = "behavior"


class Behavior(StrEnum):
    """Of how many of the targeted balances the condition has to be true."""

    ANY = "any"
    ALL = "all"


_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TARGET): TARGET_SCHEMA,
        vol.Required(CONF_OPTIONS): {
            vol.Required(CONF_BEHAVIOR, default=Behavior.ANY.value): vol.In(list(Behavior)),
            vol.Required(CONF_AMOUNT, default=Amount.TOTAL.value): vol.In(list(Amount)),
            vol.Required(CONF_THRESHOLD): threshold_validator(NumericThresholdMode.IS),
        },
    }
)


class BalanceCondition(Condition):
    """Whether any or all of the balances in a target are in the range of a threshold.

    An unavailable balance is in no range, so with one of them in the target "all" is false.
    """

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        validated: ConfigType = _SCHEMA(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        options = config.options or {}
        self._selection = TargetSelection(config.target or {})
        self._behavior = Behavior(options[CONF_BEHAVIOR])
        self._amount = Amount(options[CONF_AMOUNT])
        self._threshold = Threshold.from_config(options[CONF_THRESHOLD])

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        amounts = self._threshold.now(self._hass)
        if amounts is None:
            return False
        selected = async_extract_referenced_entity_ids(self._hass, self._selection, expand_group=False)
        results = [
            (amount := self._amount_now(sensor)) is not None and amount in amounts
            for sensor in targeted_balances(self._hass, selected.referenced | selected.indirectly_referenced)
        ]
        return bool(results) and (any(results) if self._behavior is Behavior.ANY else all(results))

    def _amount_now(self, sensor: TargetedBalance) -> Decimal | None:
        """Return the exact amount; None while the balance is unavailable."""
        entry: UpbitConfigEntry | None = self._hass.config_entries.async_get_entry(sensor.entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        coordinator = entry.runtime_data
        if not coordinator.is_available(sensor.currency):
            return None
        return self._amount.of(coordinator.ledger.holding(sensor.currency))


CONDITIONS: dict[str, type[Condition]] = {"is_balance": BalanceCondition}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
