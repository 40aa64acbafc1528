"""A control interface over HTTP for other processes: account, keys, markets, faults, trading and figures.

It listens on a port of its own, because the exchange's port can be set to refuse connections. Bodies and answers
are JSON; amounts are exact strings. What a demo is shown with, below `/control`:

    POST /buy {"market": "SGD-DOGE", "quantity": "10"}    POST /prices {"paused": true}    GET /markets
    PUT /markets/SGD-BTC {"price": "120000"}    POST /markets {"code": "SGD-NEW", "price": "1"}
    DELETE /markets/SGD-ETH    POST /quotation/cut    PUT /quotation/handshake {"status": 503}
    PUT /quotation/rest {"status": 503}    POST /quotation/recover    PATCH /rows {"average_lag": 20}
    POST /deposits {"currency": "SGD", "amount": "100"}    POST /orders {"currency": "TRX", "amount": "10"}
    POST /accounts {"access_key": "…", "holdings": {"SGD": {"available": "100"}}}
"""

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .burst import send_burst, send_tickers
from .connection import Connection
from .faults import Endpoint, FaultKind, HttpFault
from .keys import ApiKey
from .limits import Limits
from .listener import Listener
from .markets import Market, MarketState, Untraded
from .paced import Paced
from .price_walk import PriceWalk
from .record import Record, most_within
from .server import SimulatedExchange
from .state import describe_averages, describe_holdings, describe_key, key_attributes
from .stream import Stream
from .trading import Trader
from .wire import NumberStyle

type Json = Any


class Control:
    """Serves `/control/…` on a port of its own."""

    def __init__(
        self,
        exchange: SimulatedExchange,
        *,
        trader: Trader | None = None,
        prices: PriceWalk | None = None,
        port: int = 0,
    ) -> None:
        self._exchange = exchange
        self._trader = trader
        self._prices = prices
        self._listener = Listener(self._handle, port)

    @property
    def url(self) -> str:
        """Return the address that all paths begin with."""
        return f"http://127.0.0.1:{self._listener.port}/control"

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """Free the port."""
        await self._listener.stop()

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            answer = await self._answer(request, body)
        except (ValueError, TypeError, KeyError, ArithmeticError, ConnectionError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        if answer is None:
            return web.json_response({"error": "there is no such control"}, status=404)
        return web.json_response(answer)

    async def _answer(self, request: web.Request, body: Json) -> Json | None:
        path = request.path.removeprefix("/control").strip("/").split("/")
        match request.method, path:
            case "GET", [""]:
                return self._overview()
            case "GET", ["account"]:
                return describe_holdings(self._exchange.account)
            case "PUT", ["account"]:
                return self._set_amounts(body, announce=request.query.get("announce") != "false")
            case "POST", ["accounts"]:
                return self._open_account(**body)
            case "POST", ["deposits"]:
                self._exchange.account.deposit(body["currency"], body["amount"])
                return describe_holdings(self._exchange.account)
            case "POST", ["orders"]:
                self._exchange.account.place_order(body["currency"], body["amount"])
                return describe_holdings(self._exchange.account)
            case "DELETE", ["account", currency]:
                self._exchange.account.remove(currency)
                return describe_holdings(self._exchange.account)
            case "GET", ["history"]:
                return self._history()
            case "GET", ["averages"]:
                return describe_averages(self._exchange.account)
            case "PUT", ["averages"]:
                return self._set_averages(body)
            case "GET", ["stats"]:
                return _stats(self._exchange.record)
            case "GET", ["keys"]:
                return [describe_key(key) for key in self._exchange.keys.keys.values()]
            case "POST", ["keys"]:
                return describe_key(self._exchange.add_key(**key_attributes(body)))
            case "PATCH", ["keys", access_key]:
                return describe_key(self._change_key(access_key, body))
            case "PATCH", ["stream"]:
                return _set_stream(self._exchange.stream, body, _PRIVATE_STREAM)
            case "PATCH", ["limits"]:
                return _set_limits(self._exchange.limits, body)
            case "PATCH", ["network"]:
                return _patch(self._exchange.keys, body, _NETWORK)
            case "PATCH", ["frames"]:
                return _patch(self._exchange.stream.frame_faults, body, _FRAMES)
            case "PATCH", ["rows"]:
                return _patch(self._exchange.rest, body, _ROWS)
            case "PUT", ["rest"]:
                return _fail(self._exchange.rest, body)
            case "PUT", ["handshake"]:
                return _fail(self._exchange.handshake, body)
            case "POST", ["trading"]:
                return _take_steps(self._trader, body)
            case "POST", ["prices"]:
                return _take_steps(self._prices, body)
            case "POST", ["buy" | "sell" as way]:
                getattr(self._exchange, way)(body["market"], body["quantity"])
                return describe_holdings(self._exchange.account)
            case _, ["markets", *rest]:
                return self._change_markets(request, rest, body)
            case "POST", ["quotation", "burst"]:
                return {"seconds": await send_tickers(self._exchange.markets, **body)}
            case _, ["quotation", *rest]:
                return self._change_quotation(request.method, rest, body)
            case "POST", ["send"]:
                return self._send(body)
            case "POST", ["burst"]:
                return await self._burst(body)
            case "POST", [action]:
                return await self._act(action, body)
        return None

    def _overview(self) -> Json:
        exchange = self._exchange
        return {
            "region": exchange.region.code,
            "rest_url": exchange.rest_url,
            "websocket_url": exchange.websocket_url,
            "access_key": exchange.key.access_key,
            "secret_key": exchange.key.secret_key,
            "connections": len(exchange.stream.connections),
            "subscriptions": len(exchange.stream.subscriptions),
            "silent": exchange.silent,
            "trading": _take_steps(self._trader, {}) if self._trader else None,
            "prices": _take_steps(self._prices, {}) if self._prices else None,
        }

    def _set_amounts(self, body: Json, *, announce: bool) -> Json:
        account = self._exchange.account
        account.change(_amounts(body), announce=announce)
        return describe_holdings(account)

    def _open_account(self, access_key: str, holdings: Json) -> Json:
        account = self._exchange.add_account(_amounts(holdings))
        return describe_key(self._exchange.add_key(access_key=access_key, account=account))

    def _history(self) -> Json:
        return {
            currency: [[format(each.available, "f"), format(each.locked, "f")] for each in holdings]
            for currency, holdings in self._exchange.account.history.items()
        }

    def _change_key(self, access_key: str, body: Json) -> ApiKey:
        key = self._exchange.keys.keys[access_key]
        for name, value in key_attributes(body).items():
            setattr(key, name, value)
        return key

    def _set_averages(self, body: Json) -> Json:
        account = self._exchange.account
        for currency, average in body.items():
            account.set_average(currency, average["price"], average["unit"])
        return describe_averages(account)

    def _change_markets(self, request: web.Request, path: list[str], body: Json) -> Json | None:
        markets = self._exchange.markets
        match request.method, path:
            case "PATCH", []:
                return _patch(markets, body, _MARKETS)
            case "POST", []:
                for listed in body if isinstance(body, list) else [body]:
                    state = MarketState(listed.pop("state", MarketState.ACTIVE))
                    markets.list_market(listed.pop("code"), state=state, **listed)
            case "PUT", [code]:
                markets.set_price(code, body.pop("price"), **body)
            case "PATCH", [code]:
                markets.set_state(code, MarketState(body["state"]))
            case "DELETE", [code]:
                chosen = {name: request.query.get(name) != "false" for name in ("announce", "drop")}
                markets.delist(code, **chosen)
            case "GET", []:
                pass
            case _:
                return None
        return {market.code: describe_market(market) for market in markets.listed}

    def _change_quotation(self, method: str, path: list[str], body: Json) -> Json | None:
        quotation = self._exchange.quotation
        stream = quotation.stream
        match method, path:
            case "GET", []:
                pass
            case "GET", ["stats"]:
                return _stats(quotation.record)
            case "PATCH", []:
                return _patch(quotation, body, _QUOTATION)
            case "PUT", [("market_all" | "ticker" | "handshake") as name]:
                return _fail(getattr(quotation, name), body)
            case "PUT", ["rest"]:
                _fail(quotation.market_all, dict(body))
                return _fail(quotation.ticker, body)
            case "PATCH", [("market_all" | "ticker") as name, "rows"]:
                return _patch(getattr(quotation, name), body, _PUBLIC_ROWS)
            case "PATCH", ["stream"]:
                return _set_stream(stream, body, _PUBLIC_STREAM)
            case "PATCH", ["frames"]:
                return _patch(stream.frame_faults, body, _PUBLIC_FRAMES)
            case "PATCH", ["limits"]:
                return _set_limits(quotation.limits, body)
            case "POST", ["send"]:
                return _send(stream, body)
            case "POST", [("cut" | "half_open") as action]:
                getattr(stream, action)()
            case "POST", ["close"]:
                stream.close_all(int(body.get("code", 1000)), str(body.get("message", "")).encode())
            case "POST", ["recover"]:
                quotation.recover()
            case _:
                return None
        return {
            "connections": len(stream.connections),
            "subscriptions": [sorted(connection.codes) for connection in stream.subscriptions],
        }

    def _send(self, body: Json) -> Json:
        stream = self._exchange.stream
        match body:
            case {"frame": dict(amounts), "asset_timestamp": int(asset_timestamp)}:
                stream.send_frame(
                    {currency: (each["available"], each["locked"]) for currency, each in amounts.items()},
                    asset_timestamp=asset_timestamp,
                )
                return {"connections": len(stream.connections)}
        return _send(stream, body)

    async def _burst(self, body: Json) -> Json:
        burst = await send_burst(
            self._exchange.stream,
            self._exchange.account,
            int(body["frames"]),
            currencies=body["currencies"],
            per_frame=int(body.get("per_frame", 1)),
            rate=body.get("rate"),
        )
        return asdict(burst)

    async def _act(self, action: str, body: Json) -> Json | None:
        exchange = self._exchange
        match action:
            case "close":
                exchange.close_all(int(body.get("code", 1000)), str(body.get("message", "")).encode())
            case "accept":
                await exchange.accept_connections()
            case "recover":
                await exchange.recover()
            case "cut" | "half_open" | "silence" | "end_silence" | "refuse_connections" | "go_down":
                getattr(exchange, action)()
            case _:
                return None
        return self._overview()


def _amounts(body: Json) -> dict[str, tuple[str, str]]:
    return {
        currency: (amounts["available"], amounts.get("locked", "0")) for currency, amounts in body.items()
    }


def describe_market(market: Market) -> dict[str, Any]:
    """Return what a market is now, with exact strings as prices."""
    return {
        "price": None if market.price is None else format(market.price, "f"),
        "previous_close": None if market.previous_close is None else format(market.previous_close, "f"),
        "traded_at": market.traded_at,
        "state": market.state,
        "english_name": market.english_name,
    }


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _count_or_none(value: Any) -> int | None:
    return None if value is None else int(value)


type Converters = Mapping[str, Callable[[Any], Any]]

_NETWORK: Converters = {
    "client_address": _text_or_none,
    "second_address": _text_or_none,
    "address_error": str,
    "scope_status": int,
}
_ROWS: Converters = {
    "list_zeros": bool,
    "duplicate_rows": bool,
    "row_faults": dict,
    "extra_rows": list,
    "average_lag": float,
}
_PUBLIC_ROWS: Converters = {"duplicate_rows": bool, "row_faults": dict, "extra_rows": list}
_FRAMES: Converters = {"assets": dict, "repeated": list, "fields": dict}
_PUBLIC_FRAMES: Converters = {"markets": dict, "fields": dict, "repeated": list}
_MARKETS: Converters = {"untraded": Untraded, "closes_on_trade": bool}
_QUOTATION: Converters = {"numbers": NumberStyle, "blocks_accounts": bool}
_STREAM: Converters = {
    "text": bool,
    "withhold_frames": bool,
    "numbers": NumberStyle,
    "idle_seconds": float,
    "error_close_seconds": float,
    "status_first_seconds": float,
    "status_seconds": float,
}
_PRIVATE_STREAM: Converters = {**_STREAM, "first_use_silence": float, "reject_by_frame": bool}
_PUBLIC_STREAM: Converters = {
    **_STREAM,
    "withhold": list,
    "late_frames": int,
    "snapshot_seconds": lambda value: tuple(map(float, value)),
}
_OUTBOUND: Converters = {
    "lose": float,
    "drop_next": int,
    "delay": float,
    "jitter": float,
    "copies": int,
}
_LIMITS: Converters = {
    "messages_second": _count_or_none,
    "messages_minute": _count_or_none,
    "limited_before_block": _count_or_none,
    "block_seconds": float,
}
_PACED: Converters = {"paused": bool, "pace": float}


def _patch(target: object, body: Mapping[str, Any], converters: Converters) -> Json:
    values = {name: converters[name](value) for name, value in body.items()}
    for name, value in values.items():
        setattr(target, name, value)
    return {name: getattr(target, name) for name in converters}


def _stats(record: Record) -> Json:
    statuses: dict[str, Counter[str]] = {}
    for call in record.calls:
        statuses.setdefault(call.path, Counter())[str(call.status)] += 1
    return {
        "calls": statuses,
        "errors": Counter(call.error for call in record.calls if call.error),
        "most_handshakes_a_minute": most_within(record.handshakes, 60),
        "live": record.live,
        "most_live": record.most_live,
        "closes": record.closes,
        "messages": len(record.messages),
        "frames_sent": record.frames_sent,
    }


def _set_stream(stream: Stream[Any, Any], body: Json, converters: Converters) -> Json:
    faults = {name: body.pop(name) for name in list(body) if name in _OUTBOUND}
    ending = body.pop("after_subscribe", False)
    answer = {**_patch(stream, body, converters), **_patch(stream.outbound, faults, _OUTBOUND)}
    if ending is not False:
        stream.after_subscribe = _ending(ending)
    return answer


def _set_limits(limits: Limits, body: Json) -> Json:
    if body == {"lift": True}:
        limits.lift()
        return body
    return _patch(limits, body, _LIMITS)


def _take_steps(paced: Paced | None, body: Json) -> Json:
    if paced is None:
        raise ValueError("nothing happens here automatically")
    _patch(paced, {name: body[name] for name in body if name != "steps"}, _PACED)
    for _ in range(int(body.get("steps", 0))):
        paced.step()
    return {"paused": paced.paused, "pace": paced.pace}


def _send(stream: Stream[Any, Any], body: Json) -> Json:
    match body:
        case {"text": str(text)}:
            stream.send(text, text=True)
        case {"base64": str(data)}:
            stream.send(base64.b64decode(data, validate=True), text=False)
        case {"error": str(name)}:
            stream.send_error(name, close=bool(body.get("close", True)))
        case _:
            raise ValueError("send text, base64, error, or (private) frame with asset_timestamp")
    return {"connections": len(stream.connections)}


def _fail(endpoint: Endpoint, body: Json) -> Json:
    """Set a fault; an empty body ends it."""
    if not body:
        endpoint.recover()
        return {}
    times, delay, error = body.pop("times", None), body.pop("delay", None), body.pop("error", None)
    if delay is not None:
        endpoint.delay = float(delay)
    if error is not None:
        endpoint.refuse(error, status=body.get("status"), times=times)
    elif body:
        kind = FaultKind(body.pop("kind", FaultKind.REPLY))
        endpoint.fail(HttpFault(kind=kind, **body), times=times)
    return {"delay": endpoint.delay, "fault": endpoint.fault and asdict(endpoint.fault)}


def _ending(name: str | None) -> Callable[[Connection[Any]], None] | None:
    """Return what ends a connection that has subscribed: "cut", "close", the name of an error, or None."""
    match name:
        case None:
            return None
        case "cut":
            return Connection.cut
        case "close":
            return lambda connection: connection.close(1000)
    return lambda connection: connection.close_with_error(name)
