"""The card's arithmetic and number formats, in the browser, compared with Python's decimals."""

from collections.abc import AsyncIterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
import random

from playwright.async_api import Page
import pytest

from .browser import Visitor
from .pages import CARD

# Imports the modules from where the page has them, so that they are those that the card uses.
IMPORT = """
    const entry = performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/upbit.js")).name;
    const load = (name) => import(entry.replace("upbit.js", name));
    const [decimal, numbers] = [await load("decimal.js"), await load("numbers.js")];
"""
CALCULATE = f"""async ([first, second, places]) => {{
    {IMPORT}
    const text = (amount) => numbers.formatExact(amount, {{ language: "en", number_format: "none" }});
    const [a, b] = [decimal.parse(first), decimal.parse(second)];
    return [
        text(decimal.add(a, b)),
        text(decimal.subtract(a, b)),
        text(decimal.round(a, places)),
        decimal.compare(a, b),
        decimal.isZero(a),
    ];
}}"""
FORMAT_EXACT = f"""async ([amount, locale]) => {{
    {IMPORT}
    return numbers.formatExact(decimal.parse(amount), locale);
}}"""
FORMAT_SHORT = f"""async ([amount, locale, digits]) => {{
    {IMPORT}
    return numbers.formatShort(decimal.parse(amount), locale, digits);
}}"""

WITH_CURRENCY = f"""async ([written, currency, locale]) => {{
    {IMPORT}
    return numbers.withCurrency(written, currency, locale);
}}"""
FORMAT_PERCENT = f"""async ([part, whole, locale]) => {{
    {IMPORT}
    return numbers.formatPercent(decimal.percentOf(decimal.parse(part), decimal.parse(whole)), locale);
}}"""

DOCUMENTED = "1397259.04243815731106775623"


def some_amounts(count: int) -> list[str]:
    """Return amounts as texts: short, long, tiny, huge, negative, zero, and with an exponent."""
    chance = random.Random(1)
    amounts = []
    for _ in range(count):
        digits = "".join(chance.choices("0123456789", k=chance.choice([1, 2, 9, 40])))
        fraction = "".join(chance.choices("0059", k=chance.choice([0, 2, 8, 60])))
        exponent = chance.choice(["", "", "", f"e{chance.randint(-30, 30)}", f"E+{chance.randint(0, 9)}"])
        amounts.append(chance.choice(["", "-"]) + digits + (fraction and "." + fraction) + exponent)
    return amounts


def plain(amount: Decimal) -> str:
    """Return an amount as the card writes it when nothing is to be grouped."""
    text = format(amount.normalize(), "f").replace("-", "\N{MINUS SIGN}")
    return "0" if amount.is_zero() else text


@pytest.fixture(scope="module")
async def modules(user: Visitor) -> AsyncIterator[Page]:
    """A page that has loaded the card's modules."""
    async with user.visit() as opened:
        await opened.page.goto("/")
        await opened.page.wait_for_function(f"customElements.get('{CARD}') !== undefined")
        yield opened.page


async def test_amounts_are_calculated_without_losing_a_digit(modules: Page) -> None:
    amounts = some_amounts(200)
    with localcontext(prec=400):
        for first, second in zip(amounts, [*amounts[1:], amounts[-1]], strict=True):
            a, b = Decimal(first), Decimal(second)
            assert await modules.evaluate(CALCULATE, [first, second, 8]) == [
                plain(a + b),
                plain(a - b),
                plain(a.quantize(Decimal("1e-8"), ROUND_HALF_UP)),
                int(a.compare(b)),
                a.is_zero(),
            ], (first, second)


@pytest.mark.parametrize(
    ("number_format", "language", "integer", "separator"),
    [
        ("comma_decimal", "ko", "1,397,259", "."),
        ("decimal_comma", "en", "1.397.259", ","),
        ("space_comma", "en", "1\N{NNBSP}397\N{NNBSP}259", ","),
        ("quote_decimal", "en", "1'397'259", "."),
        ("none", "de", "1397259", "."),
        ("language", "id", "1.397.259", ","),
        ("language", "en-IN", "13,97,259", "."),
    ],
)
async def test_exact_amount_is_written_in_the_format_of_the_profile(
    modules: Page, number_format: str, language: str, integer: str, separator: str
) -> None:
    locale = {"number_format": number_format, "language": language}
    expected = f"{integer}{separator}04243815731106775623"
    written = await modules.evaluate(FORMAT_EXACT, [DOCUMENTED, locale])
    # Which apostrophe the Swiss use depends on the browser's version.
    assert written.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") == expected


async def test_exact_amount_is_written_in_the_digits_of_the_language(modules: Page) -> None:
    written = await modules.evaluate(
        FORMAT_EXACT, ["123.456789", {"number_format": "language", "language": "fa"}]
    )
    eastern = {ord(digit): 0x06F0 + int(digit) for digit in "0123456789"}
    assert written == "123\N{ARABIC DECIMAL SEPARATOR}456789".translate(eastern)


@pytest.mark.parametrize(
    ("amount", "least", "most", "expected"),
    [
        (DOCUMENTED, 2, 2, "1,397,259.04"),
        ("1.005", 2, 2, "1.01"),  # as a float it is less than that
        ("123456789012345678.5", 0, 0, "123,456,789,012,345,679"),
        ("0.6", 0, 8, "0.6"),
        ("0.6", 2, 2, "0.60"),
        ("0.000000000000000001", 0, 8, "0.000000000000000001"),
        ("0.001", 2, 2, "0.001"),
        ("0", 2, 2, "0.00"),
        ("-2.5", 0, 0, "\N{MINUS SIGN}3"),
    ],
)
async def test_rounded_amount_is_rounded_from_all_its_digits_and_never_to_nothing(
    modules: Page, amount: str, least: int, most: int, expected: str
) -> None:
    locale = {"number_format": "comma_decimal", "language": "en"}
    assert await modules.evaluate(FORMAT_SHORT, [amount, locale, {"least": least, "most": most}]) == expected


@pytest.mark.parametrize(
    ("currency", "locale", "expected"),
    [
        ("SGD", {"number_format": "comma_decimal", "language": "en"}, "SGD\N{NO-BREAK SPACE}1"),
        ("KRW", {"number_format": "language", "language": "ko"}, "₩1"),
        ("IDR", {"number_format": "language", "language": "id"}, "Rp\N{NO-BREAK SPACE}1"),
        ("THB", {"number_format": "decimal_comma", "language": "th"}, "1\N{NO-BREAK SPACE}฿"),
        ("COINS", {"number_format": "language", "language": "en"}, "1\N{NO-BREAK SPACE}COINS"),
    ],
)
async def test_currency_of_a_value_is_written_where_the_profile_has_it(
    modules: Page, currency: str, locale: dict[str, str], expected: str
) -> None:
    assert await modules.evaluate(WITH_CURRENCY, ["1", currency, locale]) == expected


@pytest.mark.parametrize(
    ("part", "whole", "locale", "expected"),
    [
        ("1", "3", {"number_format": "comma_decimal", "language": "en"}, "33.3%"),
        ("1", "3", {"number_format": "decimal_comma", "language": "en"}, "33,3\N{NO-BREAK SPACE}%"),
        ("1", "3", {"number_format": "language", "language": "tr"}, "%33,3"),
        ("1", "1", {"number_format": "language", "language": "ko"}, "100.0%"),
        ("0", "1", {"number_format": "language", "language": "en"}, "0.0%"),
        (
            "0.000000000000000001",
            "1234567890123456789",
            {"number_format": "language", "language": "en"},
            "< 0.1%",
        ),
        ("1", "0", {"number_format": "language", "language": "en"}, "0.0%"),
    ],
)
async def test_share_is_written_in_the_format_of_the_profile_and_never_as_nothing(
    modules: Page, part: str, whole: str, locale: dict[str, str], expected: str
) -> None:
    assert await modules.evaluate(FORMAT_PERCENT, [part, whole, locale]) == expected
