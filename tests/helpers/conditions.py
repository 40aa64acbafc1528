"""A condition's result as the automation editor shows it when the condition is not polled."""

from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import (
    ConditionChecker,
    async_from_config,
    async_validate_condition_config,
)


class Badge:
    """Checks a condition only when it reports that its result may have changed."""

    def __init__(self, checker: ConditionChecker) -> None:
        self.checker = checker
        self.result = checker.async_check()
        self.reports = 0
        """How often the condition has reported."""

    @callback
    def check(self) -> None:
        """Check the condition, because it reported."""
        self.reports += 1
        self.result = self.checker.async_check()


async def subscribe(hass: HomeAssistant, condition: dict[str, Any]) -> tuple[Badge, CALLBACK_TYPE]:
    """Show the result of a condition, written as in YAML, until the returned function is called."""
    config = await async_validate_condition_config(hass, cv.CONDITION_SCHEMA(condition))
    badge = Badge(await async_from_config(hass, config))
    return badge, await badge.checker.async_track_changes(badge.check)
