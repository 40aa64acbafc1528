"""The sensors that need a price: value, profit and price of each coin, and the figures of the account."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import PERCENTAGE
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account_value import ACCOUNT, AccountValue
from .api.wire import plain
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import (
    COST_BASIS,
    DAILY_CHANGE,
    RETURN,
    TOTAL_VALUE,
    UNREALIZED_PROFIT,
    UpbitEntity,
    price_key,
    profit_key,
    value_key,
)
from .valuation import AccountFigures, CoinValue, percent, rounded

_MOST_ENABLED = 100
"""Coins up to which value sensors are enabled by default: each one writes states of its own."""

_MORE_DECIMALS = 2
"""Decimals of an amount of money beyond those it is shown with."""
PERCENT_DECIMALS, _SHOWN_PERCENT_DECIMALS = 4, 2


@callback
def async_setup_value_sensors(
    entry: UpbitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the account and of every coin, now, and when price updates are switched on."""
    coordinator = entry.runtime_data

    @callback
    def async_add(currencies: Iterable[str]) -> None:
        if (value := coordinator.value) is not None:
            enabled = len(value.held_coins) <= _MOST_ENABLED
            async_add_entities(
                sensor
                for currency in sorted(currencies)
                if currency != coordinator.region.fiat
                for sensor in (
                    CoinValueSensor(coordinator, value, currency, enabled=enabled),
                    CoinProfitSensor(coordinator, value, currency),
                    CoinPriceSensor(coordinator, value, currency),
                )
            )

    @callback
    def async_add_all() -> None:
        if (value := coordinator.value) is not None:
            async_add_entities(AccountSensor(coordinator, value, kind) for kind in ACCOUNT_FIGURES)
            async_add(coordinator.ledger.currencies)

    async_add_all()
    entry.async_on_unload(coordinator.listeners.async_add_valued(async_add_all))
    entry.async_on_unload(coordinator.listeners.async_add_currencies(async_add))


class _ValueSensor(UpbitEntity, SensorEntity):
    """A sensor that is written when its coin or the account is."""

    def __init__(
        self, coordinator: UpbitCoordinator, value: AccountValue, key: str, written_with: str
    ) -> None:
        super().__init__(coordinator, key)
        self._value = value
        self._written_with = written_with

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self._value.async_add_writer(self._written_with, self.async_write_ha_state))

    def _in_money(self) -> None:
        region = self.coordinator.region
        self._attr_device_class = SensorDeviceClass.MONETARY
        self._attr_state_class = SensorStateClass.TOTAL
        self._attr_native_unit_of_measurement = region.fiat
        self._attr_suggested_display_precision = region.fiat_digits

    def _money(self, amount: Decimal | None) -> str | None:
        # As text, like the balances: a float is cut to 15 digits.
        return (
            None if amount is None else rounded(amount, self.coordinator.region.fiat_digits + _MORE_DECIMALS)
        )


class _CoinSensor(_ValueSensor):
    """A sensor of one coin; a coin for which no price exists is unknown."""

    def __init__(self, coordinator: UpbitCoordinator, value: AccountValue, key: str, currency: str) -> None:
        super().__init__(coordinator, value, key, currency)
        self._currency = currency
        self._attr_translation_placeholders = {"currency": currency}

    @property
    def _figures(self) -> CoinValue:
        return self._value.coin(self._currency)

    @property
    @override
    def available(self) -> bool:
        return self._figures.available


class CoinValueSensor(_CoinSensor):
    """What the account holds of a coin, in the region's own currency."""

    _attr_translation_key = "value"
    _unrecorded_attributes = frozenset(
        {"currency", "price", "price_source", "priced_at", "daily_change", "share", "currency_name"}
    )

    def __init__(
        self, coordinator: UpbitCoordinator, value: AccountValue, currency: str, *, enabled: bool
    ) -> None:
        super().__init__(coordinator, value, value_key(currency), currency)
        self._attr_entity_registry_enabled_default = enabled
        self._in_money()

    @property
    @override
    def capability_attributes(self) -> dict[str, Any]:
        # There while the sensor is unavailable too: the card finds the sensor of a balance by it.
        return {**(super().capability_attributes or {}), "currency": self._currency}

    @property
    @override
    def native_value(self) -> str | None:
        return self._money(self._figures.value)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        figures = self._figures
        total = self._value.account().total_value
        share = None if total is None or figures.value is None else percent(figures.value, total)
        return _known(
            price=_number(figures.shown_price),
            price_source=figures.source,
            priced_at=None if figures.priced_at is None else figures.priced_at.isoformat(),
            daily_change=_percent(figures.daily_change),
            share=_percent(share),
            currency_name=self._value.name(self._currency),
        )


class CoinProfitSensor(_CoinSensor):
    """The value of a coin less what it cost; disabled by default, because the account's profit has it."""

    _attr_entity_registry_enabled_default = False
    _attr_translation_key = "coin_unrealized_profit"
    _unrecorded_attributes = frozenset({"average_buy_price", "cost_currency", "cost_basis", "return"})

    def __init__(self, coordinator: UpbitCoordinator, value: AccountValue, currency: str) -> None:
        super().__init__(coordinator, value, profit_key(currency), currency)
        self._in_money()

    @property
    @override
    def native_value(self) -> str | None:
        return self._money(self._figures.unrealized_profit)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        figures = self._figures
        return _known(
            average_buy_price=_number(figures.average_buy_price),
            cost_currency=figures.cost_currency,
            cost_basis=_number(self._money(figures.cost_basis)),
        ) | _known(**{"return": _percent(figures.return_percent)})


class CoinPriceSensor(_CoinSensor):
    """What one unit of a coin costs; disabled by default, because the value sensor has it as an attribute."""

    _attr_entity_registry_enabled_default = False
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_translation_key = "price"

    def __init__(self, coordinator: UpbitCoordinator, value: AccountValue, currency: str) -> None:
        super().__init__(coordinator, value, price_key(currency), currency)
        self._attr_native_unit_of_measurement = f"{coordinator.region.fiat}/{currency}"

    @property
    @override
    def native_value(self) -> str | None:
        price = self._figures.shown_price
        return None if price is None else plain(price)


@dataclass(frozen=True, slots=True)
class AccountFigure:
    """A figure of the account."""

    key: str
    of: Callable[[AccountFigures], Decimal | None]
    is_percent: bool = False
    enabled: bool = True
    attributes: Callable[[AccountFigures], dict[str, Any]] = lambda _: {}


ACCOUNT_FIGURES = (
    AccountFigure(
        TOTAL_VALUE,
        lambda figures: figures.total_value,
        attributes=lambda figures: {"complete": figures.complete, "unpriced": [*figures.unpriced]},
    ),
    AccountFigure(
        UNREALIZED_PROFIT,
        lambda figures: figures.unrealized_profit,
        attributes=lambda figures: {"without_cost": [*figures.without_cost]},
    ),
    AccountFigure(RETURN, lambda figures: figures.return_percent, is_percent=True),
    AccountFigure(
        DAILY_CHANGE,
        lambda figures: figures.daily_change,
        is_percent=True,
        attributes=lambda figures: _known(since=figures.since and figures.since.isoformat()),
    ),
    AccountFigure(COST_BASIS, lambda figures: figures.cost_basis, enabled=False),
)


class AccountSensor(_ValueSensor):
    """A figure of the account, over all its coins."""

    _unrecorded_attributes = frozenset({"complete", "unpriced", "without_cost", "since"})

    def __init__(self, coordinator: UpbitCoordinator, value: AccountValue, kind: AccountFigure) -> None:
        super().__init__(coordinator, value, kind.key, ACCOUNT)
        self._kind = kind
        self._attr_translation_key = kind.key
        self._attr_entity_registry_enabled_default = kind.enabled
        if kind.is_percent:
            self._attr_state_class = SensorStateClass.MEASUREMENT
            self._attr_native_unit_of_measurement = PERCENTAGE
            self._attr_suggested_display_precision = _SHOWN_PERCENT_DECIMALS
        else:
            self._in_money()

    @property
    @override
    def available(self) -> bool:
        return self._value.account().available

    @property
    @override
    def native_value(self) -> str | None:
        figure = self._kind.of(self._value.account())
        if self._kind.is_percent:
            return None if figure is None else rounded(figure, PERCENT_DECIMALS)
        return self._money(figure)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        return self._kind.attributes(self._value.account())


def _known(**attributes: Any) -> dict[str, Any]:
    """Return the attributes that have a value."""
    return {name: value for name, value in attributes.items() if value is not None}


def _number(number: Decimal | str | None) -> float | None:
    """Return a JSON number, because templates expect numbers; a Decimal would break the state's JSON."""
    return None if number is None else float(number)


def _percent(number: Decimal | None) -> float | None:
    return None if number is None else float(rounded(number, PERCENT_DECIMALS))
