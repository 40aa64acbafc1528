"""The wire format: exact amounts from any way to write them, and a reason for everything that is invalid."""

from datetime import UTC, datetime
import decimal
from decimal import Decimal
from fractions import Fraction
import json
import time

from hypothesis import given, strategies as st
import pytest

from custom_components.upbit.api.errors import kind_of_name
from custom_components.upbit.api.wire import (
    EMPTY,
    MAX_FRAME_SIZE,
    AssetUpdate,
    DecodeError,
    DecodeErrorReason,
    ErrorFrame,
    Frame,
    Holding,
    NoticeFrame,
    decode_accounts,
    decode_frame,
    exact_difference,
    plain,
    subscription,
)
from simulator.wire import Format, parse_request

DEFAULT = (
    '{"type": "myAsset", "asset_uuid": "e635f223-1609-4969-8fb6-4376937baad6",'
    ' "assets": [{"currency": "SGD", "balance": 1386929.37231066771348207123,'
    ' "locked": 10329.670127489597585685}],'
    ' "asset_timestamp": 1710146517259, "timestamp": 1710146517267, "stream_type": "REALTIME"}'
)
SIMPLE = (
    '{"ty": "myAsset", "astuid": "e635f223-1609-4969-8fb6-4376937baad6",'
    ' "ast": [{"cu": "SGD", "b": 1386929.37231066771348207123, "l": 10329.670127489597585685}],'
    ' "asttms": 1710146517259, "tms": 1710146517267, "st": "REALTIME"}'
)
SAMPLE = AssetUpdate(
    {"SGD": Holding(Decimal("1386929.37231066771348207123"), Decimal("10329.670127489597585685"))},
    {},
    0,
    1710146517259,
)


def frame(assets: str = "[]", **other: str) -> str:
    """Return the text of a frame with these assets, and with other values as JSON text, or without a key."""
    fields = {"type": '"myAsset"', "assets": assets, "asset_timestamp": "1", "timestamp": "2"} | other
    return "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items() if value) + "}"


def asset(amount: str, currency: str = '"BTC"') -> str:
    return f'{{"currency": {currency}, "balance": {amount}, "locked": 0}}'


def assets(amount: str, currency: str = '"BTC"') -> str:
    return f"[{asset(amount, currency)}]"


def decode(text: str) -> list[Frame]:
    return decode_frame(text.encode())


def one_update(text: str) -> AssetUpdate:
    (update,) = decode(text)
    assert isinstance(update, AssetUpdate)
    return update


# What can be decoded


@pytest.mark.parametrize(
    "text",
    [DEFAULT, SIMPLE, f"[{DEFAULT}]", f"[{SIMPLE}]"],
    ids=[each.value for each in (Format.DEFAULT, Format.SIMPLE, Format.JSON_LIST, Format.SIMPLE_LIST)],
)
def test_documented_sample_is_decoded_to_the_last_digit(text: str) -> None:
    assert decode(text) == [SAMPLE]


def test_sum_of_the_documented_sample() -> None:
    assert plain(SAMPLE.amounts["SGD"].total) == "1397259.04243815731106775623"


def test_every_currency_of_a_frame_is_decoded_in_its_order() -> None:
    rows = ", ".join(
        f'{{"currency": "{name}", "balance": 1, "locked": 2}}' for name in ("KRW", "BTC", "1INCH")
    )
    update = one_update(frame(f"[{rows}]"))
    assert list(update.amounts.items()) == [
        (name, Holding(Decimal(1), Decimal(2))) for name in ("KRW", "BTC", "1INCH")
    ]


def test_frames_of_one_list_are_decoded_in_their_order() -> None:
    first, second = decode(f"[{frame(assets('1'))}, {frame(assets('2'))}]")
    assert isinstance(first, AssetUpdate)
    assert isinstance(second, AssetUpdate)
    assert first.amounts["BTC"].available == 1
    assert second.amounts["BTC"].available == 2


def test_what_nobody_reads_may_be_anything_or_absent() -> None:
    for others in ({"pocket": '{"deep": [1, null]}'}, {"timestamp": "null"}, {"timestamp": ""}):
        assert one_update(frame(assets("1"), **others)).amounts["BTC"].available == 1


@pytest.mark.parametrize(
    ("written", "plainly"),
    [
        ("0", "0"),
        ("0.0", "0"),
        ("0E-8", "0"),
        ("0e99999", "0"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("12", "12"),
        ("1200", "1200"),
        ("0.50", "0.5"),
        ("7.9276E-4", "0.00079276"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        ("0.00000001", "0.00000001"),
        ("1e-120", "0." + "0" * 119 + "1"),
        ("1.0e-120", "0." + "0" * 119 + "1"),
        ("1e119", "1" + "0" * 119),
        ("9" * 120, "9" * 120),
        ("9" * 120 + ".9", "9" * 120 + ".9"),
        ("9." + "9" * 120, "9." + "9" * 120),
        ("1386929.37231066771348207123", "1386929.37231066771348207123"),
        ("0.1234567890123456789012345678901234567890", "0.123456789012345678901234567890123456789"),
    ],
)
def test_amount_keeps_every_digit_however_it_is_written(written: str, plainly: str) -> None:
    holding = one_update(frame(assets(written))).amounts["BTC"]
    assert plain(holding.available) == plainly
    assert plain(holding.total) == plainly


def test_amounts_do_not_depend_on_the_decimal_context() -> None:
    with decimal.localcontext(prec=3, traps=[]):
        (update,) = decode(DEFAULT)
        assert update == SAMPLE
        assert plain(SAMPLE.amounts["SGD"].total) == "1397259.04243815731106775623"
        assert exact_difference(Decimal("1.00001"), Decimal(1)) == Decimal("0.00001")
        rows = decode_accounts(b'[{"currency": "BTC", "balance": "1.00001", "locked": "0"}]')
        assert rows.amounts["BTC"].available == Decimal("1.00001")


def test_number_that_no_decimal_can_hold_is_invalid_whatever_the_decimal_context() -> None:
    # Without its trap the number is NaN.
    with decimal.localcontext(traps=[]):
        update = one_update(frame(assets("1e99999999999999999999")))
    assert (update.amounts, update.undecodable, update.unreadable) == (
        {},
        {"BTC": DecodeErrorReason.INVALID_AMOUNT},
        0,
    )


amounts = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent, decimal.Context(prec=200)),
    st.integers(0, 10**60),
    st.integers(-60, 59),
)


@given(amounts, amounts)
def test_sums_and_differences_are_exact(balance: Decimal, locked: Decimal) -> None:
    holding = Holding(balance, locked)
    assert Fraction(plain(holding.total)) == Fraction(balance) + Fraction(locked)
    assert Fraction(exact_difference(balance, locked)) == Fraction(balance) - Fraction(locked)


@given(amounts)
def test_plain_notation_is_the_amount_without_exponent_or_needless_zeros(amount: Decimal) -> None:
    text = plain(amount)
    assert Fraction(text) == Fraction(amount)
    assert text.replace(".", "", 1).isdecimal()
    assert text == "0" or not text.startswith("00")
    assert "." not in text or not text.endswith(("0", "."))


def test_greatest_sum_fits_in_a_state_of_home_assistant() -> None:
    largest, smallest = Decimal("9" * 120 + ".9"), Decimal("9." + "9" * 120)
    text = plain(Holding(largest, smallest).total)
    assert Fraction(text) == Fraction(largest) + Fraction(smallest)
    assert len(text) <= 255


@pytest.mark.parametrize(
    "text",
    [
        '{"status":"UP"}',
        '{"method": "LIST_SUBSCRIPTIONS", "result": [{"type": "myAsset"}], "ticket": "t"}',
    ],
)
def test_frame_about_no_asset_is_a_notice(text: str) -> None:
    assert decode(text) == [NoticeFrame()]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ('{"name": "INVALID_AUTH", "message": "인증 정보가 올바르지 않습니다."}', "INVALID_AUTH"),
        ('{"name": "I\'m a teapot"}', "I'm a teapot"),
        ('{"name": "' + "x" * 1000 + '"}', "x" * 80),
    ],
)
def test_error_frame_carries_its_name(error: str, name: str) -> None:
    assert decode(f'{{"error": {error}}}') == [ErrorFrame(name)]


@pytest.mark.parametrize("error", ["{}", '{"name": 400}', '{"name": null}', '{"name": [[]]}'])
def test_error_frame_without_a_text_for_a_name_is_one_all_the_same(error: str) -> None:
    (frame,) = decode(f'{{"error": {error}}}')
    assert isinstance(frame, ErrorFrame)
    assert kind_of_name(frame.name) is None


# What is invalid as a whole


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", DecodeErrorReason.NOT_JSON),
        ("PONG", DecodeErrorReason.NOT_JSON),
        (frame(assets("1"))[:-1], DecodeErrorReason.NOT_JSON),
        (frame(assets("1")) + "{}", DecodeErrorReason.NOT_JSON),
        (frame(assets("01")), DecodeErrorReason.NOT_JSON),
        (frame(assets("+1")), DecodeErrorReason.NOT_JSON),
        (frame(assets(".5")), DecodeErrorReason.NOT_JSON),
        (frame(assets("9" * 5000)), DecodeErrorReason.NOT_JSON),
        (frame(assets("1e99999999999999999999")), DecodeErrorReason.NOT_JSON),
        ("[" * 200_000, DecodeErrorReason.NOT_JSON),
        (frame(assets("1")).encode("utf-16"), DecodeErrorReason.NOT_UTF8),
        (b'{"status": "\xff"}', DecodeErrorReason.NOT_UTF8),
        (b" " * (MAX_FRAME_SIZE + 1), DecodeErrorReason.TOO_LARGE),
        (" " * (MAX_FRAME_SIZE + 1), DecodeErrorReason.TOO_LARGE),
        ("[]", DecodeErrorReason.WRONG_SHAPE),
        ("1", DecodeErrorReason.WRONG_SHAPE),
        ("null", DecodeErrorReason.WRONG_SHAPE),
        ("[[]]", DecodeErrorReason.WRONG_SHAPE),
        (f"[{DEFAULT}, 1]", DecodeErrorReason.WRONG_SHAPE),
        (frame("{}"), DecodeErrorReason.WRONG_SHAPE),
        (frame("null"), DecodeErrorReason.WRONG_SHAPE),
        ('{"error": "INVALID_AUTH"}', DecodeErrorReason.WRONG_SHAPE),
        ("{}", DecodeErrorReason.UNKNOWN_TYPE),
        ('{"type": "myOrder"}', DecodeErrorReason.UNKNOWN_TYPE),
        ('{"ty": "ticker", "cd": "SGD-BTC"}', DecodeErrorReason.UNKNOWN_TYPE),
        (frame(assets("1"), asset_timestamp=""), DecodeErrorReason.INVALID_TIMESTAMP),
        (frame(""), DecodeErrorReason.WRONG_SHAPE),
        (frame(assets("NaN")), DecodeErrorReason.INVALID_AMOUNT),
        (frame(assets("Infinity")), DecodeErrorReason.INVALID_AMOUNT),
        (frame(assets("-Infinity")), DecodeErrorReason.INVALID_AMOUNT),
        (frame(assets("1"), asset_timestamp="-1"), DecodeErrorReason.INVALID_TIMESTAMP),
        (frame(assets("1"), asset_timestamp="1.0"), DecodeErrorReason.INVALID_TIMESTAMP),
        (frame(assets("1"), asset_timestamp='"1"'), DecodeErrorReason.INVALID_TIMESTAMP),
        (frame(assets("1"), asset_timestamp="true"), DecodeErrorReason.INVALID_TIMESTAMP),
        (frame(assets("1"), asset_timestamp="253402300799001"), DecodeErrorReason.INVALID_TIMESTAMP),
    ],
)
def test_invalid_frame_has_a_reason(data: bytes | str, reason: DecodeErrorReason) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_frame(data if isinstance(data, bytes) else data.encode())
    assert caught.value.reason is reason
    # Nothing of the frame gets into a log by way of the error.
    assert str(caught.value) == reason.value
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# What affects one item


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"currency": "XRP", "balance": 1}', DecodeErrorReason.INVALID_AMOUNT),
        ('{"currency": "XRP", "locked": 1}', DecodeErrorReason.INVALID_AMOUNT),
        *(
            (asset(amount, '"XRP"'), DecodeErrorReason.INVALID_AMOUNT)
            for amount in (
                "null",
                "true",
                '"1"',
                "[1]",
                "-1",
                "-0.00000001",
                "1e120",
                "1" + "0" * 120,
                "1e-121",
                "1e-999999",
                "9" * 120 + ".99",
                "99." + "9" * 120,
            )
        ),
        (asset("1", '"XRP"') + ", " + asset("1", '"XRP"'), DecodeErrorReason.REPEATED_CURRENCY),
        (asset("1", '"XRP"') + ", " + asset("-1", '"XRP"'), DecodeErrorReason.INVALID_AMOUNT),
        (asset("-1", '"XRP"') + ", " + asset("1", '"XRP"'), DecodeErrorReason.INVALID_AMOUNT),
    ],
)
@pytest.mark.parametrize("template", ["[{good}, {bad}]", "[{bad}, {good}]"])
def test_undecodable_or_repeated_asset_affects_its_currency_only(
    template: str, bad: str, reason: DecodeErrorReason
) -> None:
    update = one_update(frame(template.format(good=asset("1"), bad=bad)))
    assert (update.amounts, update.undecodable, update.unreadable) == (
        {"BTC": Holding(Decimal(1), Decimal(0))},
        {"XRP": reason},
        0,
    )


@pytest.mark.parametrize(
    "bad",
    [
        '"XRP"',
        "[]",
        '{"balance": 1, "locked": 1}',
        # The keys of two formats mixed.
        '{"cu": "XRP", "b": 1, "l": 1}',
        *(
            asset("1", currency)
            for currency in (
                "null",
                "1",
                '""',
                '" XRP"',
                '"XRP\\n"',
                '"X\\u00a0RP"',  # a space that does not break
                '"XRP\\u200b"',  # a space without a width
                '"X\\u2028RP"',  # a line separator
                '"X\\u202eRP"',  # what follows would be shown from right to left
                '"\\u0000"',
                '"\\ud800"',
                '"\\ue000"',  # for private use
                '"\\uffff"',  # no character
                f'"{"A" * 33}"',
            )
        ),
    ],
)
def test_asset_without_a_readable_code_is_counted(bad: str) -> None:
    update = one_update(frame(f"[{bad}, {asset('1')}, {bad}]"))
    assert (update.amounts, update.undecodable, update.unreadable) == (
        {"BTC": Holding(Decimal(1), Decimal(0))},
        {},
        2,
    )


@pytest.mark.parametrize("code", ["A", "A" * 32, "币安人生", "비트코인", "<b>", "a.b_c", "😀", "%2F'\"{{"])
def test_currency_code_is_up_to_32_printable_characters(code: str) -> None:
    assert list(one_update(frame(assets("1", json.dumps(code)))).amounts) == [code]


def test_latest_time_is_valid() -> None:
    update = one_update(frame(asset_timestamp="253402300799000"))
    assert datetime.fromtimestamp(update.asset_timestamp / 1000, UTC).year == 9999


def test_largest_frame_is_decoded() -> None:
    text = DEFAULT + " " * (MAX_FRAME_SIZE - len(DEFAULT))
    assert decode(text) == [SAMPLE]


def test_many_undecodable_assets_are_decoded_in_bounded_time() -> None:
    text = frame("[" + ", ".join(asset("-1", f'"C{number}"') for number in range(18_000)) + "]")
    started = time.thread_time()
    assert len(one_update(text).undecodable) == 18_000
    assert time.thread_time() - started < 0.5


# The request


def test_subscription_is_what_the_exchange_documents() -> None:
    text = subscription("0e66c0ac-7e13-43ef-91fb-2a87c2956c49")
    assert json.loads(text) == [
        {"ticket": "0e66c0ac-7e13-43ef-91fb-2a87c2956c49"},
        {"type": "myAsset"},
        {"format": "DEFAULT"},
    ]
    request = parse_request(text)
    assert (request.subscribe, request.format) == (True, Format.DEFAULT)


def test_total_of_an_empty_holding_is_zero() -> None:
    assert EMPTY.total == 0
    assert plain(EMPTY.total) == "0"
