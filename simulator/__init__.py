"""A simulated Upbit with the documented protocol on a real socket, for tests, demo and benchmark."""

from .account import Account, AssetEvent, Delivery, Holding, Order
from .errors import ERRORS, ApiError
from .faults import FaultKind, HttpFault
from .keys import ApiKey, Permission
from .record import Call, Record, most_within
from .regions import REGIONS, Region
from .server import ACCESS_KEY, SECRET_KEY, SimulatedExchange
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
    "Call",
    "Delivery",
    "FaultKind",
    "Format",
    "Holding",
    "HttpFault",
    "NumberStyle",
    "Order",
    "Permission",
    "Record",
    "Region",
    "SimulatedExchange",
    "most_within",
]
