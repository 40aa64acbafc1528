"""An observer that compares every state Home Assistant shows with the account, to the last digit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er

from custom_components.upbit.const import DOMAIN
from custom_components.upbit.entity import currency_of
from simulator import Account, AssetEvent, Holding
from simulator.account import EXACT


@dataclass(frozen=True, slots=True)
class WrongState:
    """A state that was shown and must not have been; `at` is the event loop's time."""

    at: float
    entity_id: str
    shown: str
    expected: str

    def __str__(self) -> str:
        """Return the error in one line."""
        return f"{self.at:.3f} s: {self.entity_id} shows {self.shown}, {self.expected}"


@dataclass(frozen=True, slots=True)
class _Moment:
    """What the account held of a currency from some time on, as a sensor has to show it."""

    since: float
    total: str
    attributes: Mapping[str, float]


def shown(holding: Holding) -> tuple[str, dict[str, float]]:
    """Return the state and the attributes that show a holding: all digits, no exponent, no trailing zeros."""
    attributes = {"balance": float(holding.available), "locked": float(holding.locked)}
    return format(EXACT.normalize(holding.total), "f"), attributes


def _moment(since: float, holding: Holding) -> _Moment:
    return _Moment(since, *shown(holding))


class Observer:
    """Watches the sensors of an account's currencies.

    A state is wrong when an available sensor shows what the account never had, in the state or in the attributes; what
    the account no longer has since more than `longest_lag` seconds; or, while everything comes `in_order`, something
    older than it has shown before. `settled` finds what is wrong once every sensor must be correct.
    """

    def __init__(self, account: Account, time: Callable[[], float]) -> None:
        self.account = account
        self.wrong: list[WrongState] = []
        self.states = 0
        self.changes = 0
        self.longest_lag = inf
        self.in_order = True
        self.greatest_lag = 0.0
        self._time = time
        self._history = {
            currency: [_moment(time(), holding)] for currency, holding in account.holdings.items()
        }
        self._currencies: dict[str, str] = {}
        self._positions: dict[str, int] = {}
        """By currency: the place in its history of what its sensor shows, the earliest that it can be."""
        self._hass: HomeAssistant | None = None
        account.listeners.append(self._on_change)

    @property
    def now(self) -> float:
        """The event loop's time."""
        return self._time()

    def watch(self, hass: HomeAssistant) -> Callable[[], None]:
        """Watch this Home Assistant from now on; return what stops it."""
        self._hass = hass
        stop = hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_state)

        def stop_watching() -> None:
            stop()
            self._hass = None

        return stop_watching

    def note_account(self) -> None:
        """Record what the account has; to be called after a change that is not announced."""
        now = self._time()
        for currency in self.account.holdings.keys() | self._history.keys():
            # Before it had any of a currency it had none of it.
            moments = self._history.setdefault(currency, [_moment(0, Holding())])
            moment = _moment(now, self.account[currency])
            if (moments[-1].total, moments[-1].attributes) != (moment.total, moment.attributes):
                moments.append(moment)

    def _on_change(self, _: AssetEvent) -> None:
        self.changes += 1
        self.note_account()

    def reset(self) -> None:
        """Drop what was wrong and what the account had before; only what it has now is correct from here on."""
        self.wrong.clear()
        self.greatest_lag = 0.0
        self._positions = dict.fromkeys(self._positions, 0)
        for currency, moments in self._history.items():
            self._history[currency] = moments[-1:]
            self.account.history[currency] = [self.account[currency]]

    def check(self) -> None:
        """Compare all current states with the account."""
        for state in self._states():
            self._check(state, self._currencies[state.entity_id])

    def settled(self) -> list[WrongState]:
        """Return every sensor that does not show exactly what the account has, and every one that is missing."""
        self.note_account()
        now = self._time()
        states = {self._currencies[state.entity_id]: state for state in self._states()}
        wrong = []
        for currency in sorted(states.keys() | self.account.holdings.keys()):
            total, attributes = shown(self.account[currency])
            state = states.get(currency)
            if state is None:
                if self.account[currency].total:
                    wrong.append(WrongState(now, currency, "nothing", f"there is no sensor for {total}"))
            elif (shows := _texts(state)) != (expected := (total, attributes)):
                wrong.append(WrongState(now, state.entity_id, f"{shows}", f"the account has {expected}"))
        return wrong

    def _states(self) -> list[State]:
        if self._hass is None:
            return []
        return [
            state for state in self._hass.states.async_all("sensor") if self._currency_of(state.entity_id)
        ]

    def _currency_of(self, entity_id: str) -> str | None:
        assert self._hass is not None
        if entity_id not in self._currencies:
            registered = er.async_get(self._hass).async_get(entity_id)
            if registered is None or registered.platform != DOMAIN:
                return None
            if (currency := currency_of(registered)) is None:
                return None
            self._currencies[entity_id] = currency
        return self._currencies[entity_id]

    @callback
    def _on_state(self, event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is None or (currency := self._currency_of(state.entity_id)) is None:
            return
        self.states += 1
        # A new sensor shows zero first, so that statistics count the first purchase, and its amount right after.
        if currency in self._positions or state.state != "0":
            self._check(state, currency)
        else:
            self._positions[currency] = 0

    def _check(self, state: State, currency: str) -> None:
        if state.state == STATE_UNAVAILABLE:
            return
        now, shows = self._time(), _texts(state)
        moments = self._history.get(currency) or [_moment(0, Holding())]
        latest = _find(shows, moments, reversed(range(len(moments))))
        if latest is None:
            self.wrong.append(WrongState(now, state.entity_id, f"{shows}", "the account never had it"))
            return
        position = _find(shows, moments, range(self._positions.get(currency, 0), len(moments)))
        if position is None and self.in_order:
            self.wrong.append(
                WrongState(now, state.entity_id, f"{shows}", "it has shown a later amount before")
            )
        self._positions[currency] = latest if position is None else position
        lag = now - moments[latest + 1].since if latest + 1 < len(moments) else 0.0
        self.greatest_lag = max(self.greatest_lag, lag)
        if lag > self.longest_lag:
            self.wrong.append(
                WrongState(now, state.entity_id, f"{shows}", f"the account has not had it for {lag:.1f} s")
            )


def _find(
    shows: tuple[str, Mapping[str, float | None]], moments: Sequence[_Moment], places: Iterable[int]
) -> int | None:
    for place in places:
        if shows == (moments[place].total, moments[place].attributes):
            return place
    return None


def _texts(state: State) -> tuple[str, dict[str, float | None]]:
    return state.state, {name: state.attributes.get(name) for name in ("balance", "locked")}
