"""The tools with which a language model reads balances and values, as part of Home Assistant's Assist API.

They return only what is exposed to the assistant, and change nothing. Their texts are English, because a model reads
them.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
import logging
from typing import Any, cast, override

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.components.recorder import history
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .api.wire import exact_difference, plain
from .bugs import place_of
from .const import DOMAIN
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import (
    DAILY_CHANGE,
    TOTAL_VALUE,
    balance_key,
    currency_of,
    key_of,
    value_currency_of,
    value_key,
)
from .valuation import AccountFigures, CoinValue, rounded
from .value_sensor import ACCOUNT_FIGURES, PERCENT_DECIMALS

_LOGGER = logging.getLogger(__name__)

type Data = dict[str, Any]

_NUMBERS = (
    "Numbers are texts with every digit. Round them in an answer. "
    f'"{STATE_UNAVAILABLE}": not up to date at the moment. "{STATE_UNKNOWN}": does not exist or is not known yet.'
)
_PROMPT = (
    f"For questions about Upbit, currencies and coins, use the tools whose names start with {DOMAIN}__. "
    "They return every digit. Numbers in the live context are rounded."
)
_NOT_READ = "The history of the balances can't be read at the moment."
_NOT_LOADED = "This account is not set up at the moment. Its balances and values are not available."


@dataclass(frozen=True, slots=True)
class _Account:
    """What of one account is exposed to an assistant."""

    entry: UpbitConfigEntry
    exposed: dict[str, er.RegistryEntry]
    """The exposed entities by their key."""

    @property
    def balances(self) -> dict[str, str]:
        """The exposed balance sensors: entity ids by currency."""
        return {
            currency: registered.entity_id
            for registered in self.exposed.values()
            if (currency := currency_of(registered)) is not None
        }

    @property
    def currencies(self) -> list[str]:
        """The currencies whose balance or value is exposed."""
        valued = filter(None, map(value_currency_of, self.exposed.values()))
        return sorted({*self.balances, *valued})

    @property
    def has_figures(self) -> bool:
        """Whether a figure of the account as a whole is exposed."""
        return any(figure.key in self.exposed for figure in ACCOUNT_FIGURES)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools that can return something; None when nothing is exposed."""
    if api_id != LLM_API_ASSIST:
        return None
    accounts = _exposed_accounts(hass, llm_context.assistant)
    has_changes = DATA_INSTANCE in hass.data and any(account.balances for account in accounts)
    tools: list[Tool] = []
    if any(account.currencies for account in accounts):
        tools.append(GetBalancesTool())
    if any(account.has_figures for account in accounts):
        tools.append(GetAccountValueTool())
    if has_changes or any(DAILY_CHANGE in account.exposed for account in accounts):
        tools.append(GetChangesTodayTool())
    return LLMTools(tools=tools, prompt=_PROMPT) if tools else None


class _UpbitTool(Tool):
    """A tool that reads what the integration has, without a request to Upbit."""

    annotations = ToolAnnotations(read_only=True, destructive=False, idempotent=True, open_world=False)
    integration = DOMAIN


class GetBalancesTool(_UpbitTool):
    """How much of its currencies an account owns."""

    name = f"{DOMAIN}__get_balances"
    title = "Get Upbit balances"
    description = (
        "Get how much of each currency the user owns on Upbit: total, of that available for orders and locked by "
        "orders or withdrawals, and the value of all of it in value_currency. Currencies of which nothing is owned "
        f"are left out, unless one is asked for. {_NUMBERS}"
    )
    parameters = vol.Schema(
        {
            vol.Optional(
                "currency",
                description="One currency: its code (BTC), its name (Bitcoin) or an alias. All when left out.",
            ): str
        }
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Return the exposed balances."""
        wanted: str | None = self.parameters(tool_input.tool_args).get("currency")
        accounts: list[Any] = []
        known = set[str]()
        for account in _exposed_accounts(hass, llm_context.assistant):
            known.update(account.currencies)
            currencies = [
                currency
                for currency in account.currencies
                if wanted is None or wanted.strip().casefold() in _names(hass, account, currency)
            ]
            if not currencies:
                continue
            data: Data = {"account": account.entry.title}
            if (coordinator := _coordinator(account)) is None:
                data["error"] = _NOT_LOADED
            else:
                data["value_currency"] = coordinator.region.fiat
                data["balances"] = [
                    _balance(account, coordinator, currency)
                    for currency in currencies
                    if wanted is not None or not _is_empty(coordinator, currency)
                ]
            accounts.append(data)
        if wanted is not None and not accounts:
            error = "No currency with this code, name or alias is exposed."
            return ToolResult(data={"error": error, "exposed": [*sorted(known)]}, error=True)
        return ToolResult(data={"accounts": accounts})


class GetAccountValueTool(_UpbitTool):
    """What an account is worth."""

    name = f"{DOMAIN}__get_account_value"
    title = "Get the value of the Upbit account"
    description = (
        "Get what the user's Upbit account is worth, in value_currency, and its unrealized profit, cost basis, return "
        "and daily change. complete is false when the total value lacks something that the user owns; unpriced lists "
        "currencies without a price, if they are exposed. Accounts with different value currencies can't be added up. "
        f"{_NUMBERS}"
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Return the exposed figures of each account."""
        self.parameters(tool_input.tool_args)
        accounts: list[Any] = []
        for account in _exposed_accounts(hass, llm_context.assistant):
            if account.has_figures:
                data: Data = {"account": account.entry.title}
                coordinator = _coordinator(account)
                data |= {"error": _NOT_LOADED} if coordinator is None else _figures(account, coordinator)
                accounts.append(data)
        return ToolResult(data={"accounts": accounts})


class GetChangesTodayTool(_UpbitTool):
    """What changed today: balances since local midnight, and prices since 00:00 UTC."""

    name = f"{DOMAIN}__get_changes_today"
    title = "Get today's changes on Upbit"
    description = (
        "Get what changed on Upbit today. balances lists the currencies of which the user owns more or less than at "
        "local midnight, or whose total changed in between: before, now, their difference and the number of changes. "
        "An item with its own since is known only from that time on. The reason of a change (order, deposit, "
        "withdrawal) is not known. daily_change is how much the coins held now changed in value because of prices. It "
        f"counts from 00:00 UTC, not from local midnight. {_NUMBERS}"
    )

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Return the changes of the exposed balances, and the daily change."""
        self.parameters(tool_input.tool_args)
        start = dt_util.start_of_local_day()
        has_recorder = DATA_INSTANCE in hass.data
        accounts: list[Any] = []
        for account in _exposed_accounts(hass, llm_context.assistant):
            has_balances = has_recorder and bool(account.balances)
            if not has_balances and DAILY_CHANGE not in account.exposed:
                continue
            data: Data = {"account": account.entry.title}
            if (coordinator := _coordinator(account)) is None:
                data["error"] = _NOT_LOADED
            else:
                if has_balances:
                    try:
                        data["balances"] = await _changes(hass, coordinator, account.balances, start)
                    except Exception as error:  # noqa: BLE001 - the recorder's database may fail in many ways
                        _LOGGER.error("Unexpected %s while the history was read", place_of(error))
                        data["error"] = _NOT_READ
                if DAILY_CHANGE in account.exposed:
                    data[DAILY_CHANGE] = _daily_change(_figures_of(coordinator))
            accounts.append(data)
        return ToolResult(data={"since": start.isoformat(), "accounts": accounts})


@callback
def _exposed_accounts(hass: HomeAssistant, assistant: str) -> list[_Account]:
    """Return the accounts of which something is exposed."""
    registry = er.async_get(hass)
    accounts = []
    for entry in hass.config_entries.async_entries(DOMAIN):
        exposed = {
            key_of(registered): registered
            for registered in er.async_entries_for_config_entry(registry, entry.entry_id)
            if not registered.disabled and async_should_expose(hass, assistant, registered.entity_id)
        }
        if exposed:
            accounts.append(_Account(entry, exposed))
    return accounts


def _coordinator(account: _Account) -> UpbitCoordinator | None:
    return account.entry.runtime_data if account.entry.state is ConfigEntryState.LOADED else None


def _names(hass: HomeAssistant, account: _Account, currency: str) -> set[str]:
    """Return what a currency may be called: its code, Upbit's name, the names and aliases of its exposed entities."""
    names = {currency}
    coordinator = _coordinator(account)
    if coordinator is not None and coordinator.value is not None:
        names.add(coordinator.value.name(currency) or currency)
    for key in (balance_key(currency), value_key(currency)):
        if (registered := account.exposed.get(key)) is not None:
            names.update(er.async_get_entity_aliases(hass, registered))
    return {name.casefold() for name in names}


def _is_empty(coordinator: UpbitCoordinator, currency: str) -> bool:
    return coordinator.is_available(currency) and not coordinator.ledger.holding(currency).total


def _balance(account: _Account, coordinator: UpbitCoordinator, currency: str) -> Data:
    balance: Data = {"currency": currency}
    value = coordinator.value
    if value is not None and (name := value.name(currency)) is not None:
        balance["name"] = name
    if currency in account.balances:
        if coordinator.is_available(currency):
            holding = coordinator.ledger.holding(currency)
            balance["total"] = plain(holding.total)
            balance["available"] = plain(holding.available)
            balance["locked"] = plain(holding.locked)
        else:
            balance["total"] = STATE_UNAVAILABLE
    if value_key(currency) in account.exposed:
        coin = CoinValue(available=False) if value is None else value.coin(currency)
        balance["value"] = _number(coin.value, available=coin.available)
    return balance


def _figures_of(coordinator: UpbitCoordinator) -> AccountFigures:
    value = coordinator.value
    return AccountFigures(available=False) if value is None else value.account()


def _figures(account: _Account, coordinator: UpbitCoordinator) -> Data:
    figures = _figures_of(coordinator)
    data: Data = {"value_currency": coordinator.region.fiat}
    for figure in ACCOUNT_FIGURES:
        if figure.key not in account.exposed:
            continue
        if figure.key == DAILY_CHANGE:
            data[figure.key] = _daily_change(figures)
        elif figure.is_percent:
            data[f"{figure.key}_percent"] = _percent(figure.of(figures), available=figures.available)
        else:
            data[figure.key] = _number(figure.of(figures), available=figures.available)
    if TOTAL_VALUE in account.exposed and figures.available:
        data["complete"] = figures.complete
        # Only the codes of what is exposed: the others are part of the total without being named.
        data["unpriced"] = [currency for currency in figures.unpriced if currency in account.currencies]
    return data


def _daily_change(figures: AccountFigures) -> Data:
    today = dt_util.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "percent": _percent(figures.daily_change, available=figures.available),
        "since": f"{today:%Y-%m-%d %H:%M} UTC",
    }


async def _changes(
    hass: HomeAssistant, coordinator: UpbitCoordinator, balances: dict[str, str], start: datetime
) -> list[Data]:
    """Return how balances changed since a time; those that are known not to have changed are left out."""
    recorded = await get_instance(hass).async_add_executor_job(
        _recorded_totals, hass, start, [*balances.values()]
    )
    changes = (
        _change(coordinator, currency, recorded.get(entity_id, []), start)
        for currency, entity_id in sorted(balances.items())
        # The recorder may keep nothing of a sensor, or nothing that is so old.
        if recorded.get(entity_id) or not _has_kept_its_state(hass, entity_id, start)
    )
    return [change for change in changes if change is not None]


def _has_kept_its_state(hass: HomeAssistant, entity_id: str, start: datetime) -> bool:
    """Return whether a sensor shows the same amount since a time."""
    state = hass.states.get(entity_id)
    return (
        state is not None
        and state.last_changed <= start
        and state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    )


def _recorded_totals(
    hass: HomeAssistant, start: datetime, entity_ids: list[str]
) -> dict[str, list[tuple[datetime, Decimal]]]:
    """Return the recorded totals with their times, the first one being that at the start where there is one."""
    states = history.get_significant_states(hass, start, None, entity_ids, no_attributes=True)
    return {
        entity_id: [
            (state.last_changed, Decimal(state.state))
            for state in cast(list[State], of_entity)
            if state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
        ]
        for entity_id, of_entity in states.items()
    }


def _change(
    coordinator: UpbitCoordinator, currency: str, recorded: list[tuple[datetime, Decimal]], start: datetime
) -> Data | None:
    """Return how a balance changed; None when it is known that it did not."""
    now = coordinator.ledger.holding(currency).total if coordinator.is_available(currency) else None
    # The recorder may not have the latest total yet.
    totals = [total for _, total in recorded] + ([] if now is None else [now])
    changes = sum(before != after for before, after in pairwise(totals))
    since = recorded[0][0] if recorded else None
    if since is not None and since <= start and not changes and now is not None:
        return None
    before = totals[0] if recorded else None
    difference = None if before is None or now is None else exact_difference(now, before)
    data: Data = {
        "currency": currency,
        "before": _number(before, available=True),
        "now": _number(now, available=now is not None),
        "difference": _number(difference, available=now is not None),
        "changes": changes,
    }
    if since is not None and since > start:
        data["since"] = dt_util.as_local(since).isoformat(timespec="seconds")
    return data


def _number(number: Decimal | None, *, available: bool) -> str:
    """Return a number in plain notation with every digit, or the state that a sensor without it has."""
    if not available:
        return STATE_UNAVAILABLE
    return STATE_UNKNOWN if number is None else plain(number)


def _percent(number: Decimal | None, *, available: bool) -> str:
    # A quotient has no last digit.
    if number is None:
        return _number(None, available=available)
    return rounded(number, PERCENT_DECIMALS)
