"""Hostile variants of what an exchange sends: mutations of the bytes, and of the structure the bytes describe."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
import json
import random

MOST_BYTES = 2 * 1024 * 1024
"""What a mutation makes is cut off here, well above what the integration takes."""

ODD_NUMBERS = (
    "0", "-0", "0.0", "-0.0", "0e999999", "1", "-1", "1.50", "1E5", "1e-7", "7.9276E-4", "1e120", "1e119", "1e-120",
    "1e-121", "1e1000000000", "1e-1000000000", "1e99999999999999999999", "-1e99999999999999999999", "NaN", "-NaN",
    "sNaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "1_000", "1e", "1e+", "--1", "\uff19",
    "1386929.37231",
    "1386929.37231066771348207123", "253402300799000", "253402300799001", "9223372036854775808", "1e15", "1.0",
    "9" * 119, "9" * 120, "9" * 121, "9" * 4300, "9" * 4301, "0." + "1" * 120, "0." + "1" * 121, "1" * 100_000,
    "0." + "3" * 100_000, "1." + "0" * 100_000, "true", "false", "null",
)  # fmt: skip
ODD_TEXTS = (
    "", " ", "BTC", "btc", "BTC ", "KRW-BTC", "B" * 32, "B" * 33, ".BTC", "../..", "{}", "%s%n", "\0", "\u202eCTB",
    "\uff22\uff34\uff23",
    "\U0001f4b0", "\ud800", "\udfff", "A\u0301", "ß" * 40, "type", "myAsset", "1.5", "-1", "1e5", "1e9999",
    "1e99999", "NaN", "\u0663", "1" * 250, "1" * 251, "0." + "1" * 250, "0." + "1" * 251, "9999-12-31T23:59:59-09:00",
    "0001-01-01T00:00:00+09:00", "0001-01-01T00:00:00-09:00", "2026-11-30T00:00:00+09:00", "2026-11-30T00:00:00",
    "2026-02-30T00:00:00+09:00", "2026-W01-1T00:00:00Z", "x" * 100_000,
)  # fmt: skip
ODD_BYTES = (b"\xef\xbb\xbf", b"\0", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b'"', b"\\u", b"\x1f")
_DEPTHS = (1, 2, 10, 100, 900, 1000, 1100, 5000, 20_000, 60_000, 100_000, 400_000)
_TIMES = (2, 3, 10, 100, 1000, 10_000, 100_000)


def _mostly_first[T](choices: tuple[T, ...], chance: random.Random) -> T:
    """Return a choice; later ones are rarer, because huge cases take long and find little more."""
    return choices[min(int(chance.expovariate(0.5)), len(choices) - 1)]


@dataclass(slots=True)
class Raw:
    """JSON text that is written as it stands, whether or not it is JSON."""

    text: str


@dataclass(slots=True)
class Fields:
    """A JSON object as a list, in which a key may come more than once."""

    pairs: list[tuple[str, Node]]


type Node = Raw | Fields | list[Node]


def parse(text: str) -> Node:
    """Return the structure of a JSON text; numbers keep every digit."""

    def convert(value: object) -> Node:
        match value:
            case Fields():
                return value
            case list():
                return [convert(item) for item in value]
            case Decimal():
                return Raw(format(value, "f"))
            case _:
                return Raw(json.dumps(value))

    def pairs(items: list[tuple[str, object]]) -> Fields:
        return Fields([(key, convert(value)) for key, value in items])

    return convert(json.loads(text, object_pairs_hook=pairs, parse_float=Decimal, parse_int=Decimal))


def write(node: Node) -> str:
    """Return the text of a structure, cut off where it is long enough."""
    parts: list[str] = []
    length = 0
    # Not by recursion: a structure may be nested deeper than Python allows.
    rest: list[Node | str] = [node]
    while rest and length < MOST_BYTES:
        match rest.pop():
            case str(text) | Raw(text):
                parts.append(text)
                length += len(text)
            case Fields(pairs):
                rest.append("}")
                for index, (key, value) in reversed(list(enumerate(pairs))):
                    rest += [value, f"{',' if index else ''}{json.dumps(key)}:"]
                rest.append("{")
            case list(items):
                rest.append("]")
                for index, item in reversed(list(enumerate(items))):
                    rest += [item, "," if index else ""]
                rest.append("[")
    return "".join(parts)


def mutate_structure(text: str, chance: random.Random, times: int) -> str:
    """Return the text of a structure that was changed so many times at any place."""
    root = parse(text)
    for _ in range(times):
        places = _places(root)
        get, put = chance.choice(places)
        put(_changed(get(), chance))
        root = places[0][0]()
    return write(root)


type _Place = tuple[Callable[[], Node], Callable[[Node], None]]


def _places(root: Node) -> list[_Place]:
    """Return every place of a structure, the root first, as what reads and what replaces it."""
    holder = [root]

    def item(items: list[Node], index: int) -> _Place:
        return (lambda: items[index], lambda node: items.__setitem__(index, node))

    def field(pairs: list[tuple[str, Node]], index: int) -> _Place:
        key = pairs[index][0]
        return (lambda: pairs[index][1], lambda node: pairs.__setitem__(index, (key, node)))

    places = [item(holder, 0)]
    for get, _ in places:
        if len(places) > 500:
            break
        match get():
            case Fields(pairs):
                places += [field(pairs, index) for index in range(min(len(pairs), 100))]
            case list(items):
                places += [item(items, index) for index in range(min(len(items), 100))]
    return places


def _changed(node: Node, chance: random.Random) -> Node:
    """Return something else in the place of a node."""
    match chance.randrange(6), node:
        case 0, Fields(pairs) if pairs:
            return _changed_fields(pairs, chance)
        case 0 | 1, list(items) if items:
            return _changed_items(items, chance)
        case 2, _:
            opening, closing = chance.choice(
                (("[", "]"), ('{"a":', "}"), ('{"error":{"name":', "}}"), ("[[],", "]"))
            )
            depth = _mostly_first(_DEPTHS, chance)
            return Raw(opening * depth + write(node) + closing * depth)
        case 3, _:
            return Raw(json.dumps(chance.choice(ODD_TEXTS), ensure_ascii=chance.random() < 0.5))
        case 4, _:
            return chance.choice(
                (Fields([]), [], [node], Fields([("error", node)]), Fields([("method", node)]))
            )
    return Raw(chance.choice(ODD_NUMBERS))


def _changed_fields(pairs: list[tuple[str, Node]], chance: random.Random) -> Fields:
    index = chance.randrange(len(pairs))
    key, value = pairs[index]
    rest = pairs[:index] + pairs[index + 1 :]
    match chance.randrange(4):
        case 0:
            return Fields(rest)
        case 1:
            return Fields(
                [*rest, (chance.choice((*ODD_TEXTS[:-1], key.upper(), "error", "cu", "type")), value)]
            )
        case 2:
            return Fields([*pairs, (key, _changed(value, chance))])
    return Fields(chance.sample(pairs, len(pairs)))


def _changed_items(items: list[Node], chance: random.Random) -> list[Node]:
    match chance.randrange(3):
        case 0:
            return items[1:]
        case 1:
            return [*items, chance.choice(items)]
    # The same nodes again and again are written again and again.
    return items * _mostly_first(_TIMES, chance)


def mutate_bytes(data: bytes, chance: random.Random, times: int) -> bytes:
    """Return bytes that were changed so many times at any place."""
    for _ in range(times):
        start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(8):
            case 0:
                data = data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:start]
            case 3:
                data = data[:start] + chance.randbytes(chance.randrange(1, 5)) + data[start:]
            case 4:
                piece = data[start : min(end, start + 50)]
                data = data[:start] + piece * _mostly_first(_TIMES, chance) + data[end:]
            case 5:
                data = data[:start] + chance.choice(ODD_NUMBERS).encode() + data[end:]
            case 6:
                data = data[:start] + chance.choice(ODD_BYTES) + data[start:]
            case 7:
                data = data.decode(errors="replace").encode(chance.choice(("utf-16", "utf-32", "utf-8-sig")))
        data = data[:MOST_BYTES]
    return data
