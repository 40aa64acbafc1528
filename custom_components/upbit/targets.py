"""From the target of a trigger or condition to its balances and their changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import TargetEntityChangeTracker, TargetSelection
import voluptuous as vol

from .api.ledger import Change
from .const import DOMAIN
from .entity import currency_of
from .listeners import SIGNAL_CHANGES


def _not_empty(target: dict[str, Any]) -> dict[str, Any]:
    if not TargetSelection(target).has_any_target:
        raise vol.Invalid("select at least one entity, device, area, floor or label")
    return target


TARGET_SCHEMA = vol.All(cv.TARGET_FIELDS, _not_empty)
"""Home Assistant's own target, without the empty one, which would never trigger."""

type ChangeListener = Callable[[str, Change], None]
"""Called with the id of a balance's sensor and a change of that balance."""


@dataclass(frozen=True, slots=True)
class TargetedBalance:
    """The sensor of a currency of an account."""

    entity_id: str
    entry_id: str
    currency: str


@callback
def targeted_balances(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[TargetedBalance]:
    """Return those of the entities that are enabled balance sensors."""
    registry = er.async_get(hass)
    return [
        TargetedBalance(registered.entity_id, registered.config_entry_id, currency)
        for registered in map(registry.async_get, entity_ids)
        if registered is not None
        and registered.platform == DOMAIN
        and registered.disabled_by is None
        and registered.config_entry_id is not None
        and (currency := currency_of(registered)) is not None
    ]


class BalanceTracker(TargetEntityChangeTracker):
    """Passes on every change of the balances in a target, also while the target's devices, areas and labels change.

    The changes come from the ledger by dispatcher: exact, and only when an amount changed. States also change when a
    sensor becomes available, and their attributes are floats.
    """

    def __init__(self, hass: HomeAssistant, selection: TargetSelection, listener: ChangeListener) -> None:
        super().__init__(hass, selection, lambda entity_ids: entity_ids)
        self._listener = listener
        self._targeted: dict[tuple[str, str], str] = {}
        """Entity ids by entry and currency."""
        self._accounts: dict[str, CALLBACK_TYPE] = {}
        """What ends the subscription to an account, by entry id."""

    @callback
    @override
    def _handle_entities_update(self, tracked_entities: set[str]) -> None:
        self._targeted = {
            (sensor.entry_id, sensor.currency): sensor.entity_id
            for sensor in targeted_balances(self._hass, tracked_entities)
        }
        # All accounts: one without a sensor in the target may get its first one later.
        entry_ids = {entry.entry_id for entry in self._hass.config_entries.async_entries(DOMAIN)}
        for entry_id in entry_ids - self._accounts.keys():
            self._accounts[entry_id] = async_dispatcher_connect(
                self._hass, SIGNAL_CHANGES.format(entry_id), partial(self._on_changes, entry_id)
            )

    @callback
    def _on_changes(self, entry_id: str, changes: list[Change]) -> None:
        # Entities are notified before this signal, so a new currency has its sensor already.
        for change in changes:
            entity_id = self._targeted.get((entry_id, change.currency))
            if entity_id is not None:
                self._listener(entity_id, change)

    @override
    def _unsubscribe(self) -> None:
        super()._unsubscribe()
        for unsubscribe in self._accounts.values():
            unsubscribe()
        self._accounts.clear()
