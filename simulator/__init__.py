"""A simulated Upbit with the documented protocol on a real socket, for tests, demo and benchmark."""

from .account import Account, AssetEvent, Average, Delivery, Holding, Order
from .errors import ERRORS, ApiError
from .faults import FaultKind, HttpFault
from .keys import ApiKey, Permission
from .markets import Market, Markets, MarketState, Untraded
from .quotation import Quotation
from .record import Call, Record, most_within
from .regions import REGIONS, Region
from .server import ACCESS_KEY, SECRET_KEY, SimulatedExchange, SimulatorError
from .ticker_wire import TickerFaults
from .wire import Format, NumberStyle

__all__ = [
    "ACCESS_KEY",
    "ERRORS",
    "REGIONS",
    "SECRET_KEY",
    "Account",
    "ApiError",
    "ApiKey",
    "AssetEvent",
    "Average",
    "Call",
    "Delivery",
    "FaultKind",
    "Format",
    "Holding",
    "HttpFault",
    "Market",
    "MarketState",
    "Markets",
    "NumberStyle",
    "Order",
    "Permission",
    "Quotation",
    "Record",
    "Region",
    "SimulatedExchange",
    "SimulatorError",
    "TickerFaults",
    "Untraded",
    "most_within",
]
