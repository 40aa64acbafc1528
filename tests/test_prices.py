"""The rules of the price feed, without a socket and without a loop."""

from decimal import Decimal
from math import inf

import pytest

from custom_components.upbit.api.ticker import Market, Ticker, Tickers
from custom_components.upbit.api.wire import DecodeErrorReason
from custom_components.upbit.const import PRICE_TIMINGS
from custom_components.upbit.prices import Missing, PriceBook, Quote, path_of

LISTED = ("SGD-BTC", "SGD-ETH", "SGD-USDT", "BTC-ADA", "BTC-ETH", "USDT-TRX", "USDT-ADA")
DAY_START = 1_000_000
COINS = frozenset({"BTC", "ADA"})
MARKETS = frozenset({"SGD-BTC", "BTC-ADA"})


def ticker(market: str, price: str, traded_at: int = DAY_START, *, delisted: bool = False) -> Ticker:
    return Ticker(market, Decimal(price), traded_at, Decimal(1), delisted)


def answer(*tickers: Ticker, invalid: str | None = None) -> Tickers:
    rejected = {} if invalid is None else {invalid: DecodeErrorReason.INVALID_AMOUNT}
    return Tickers({each.market: each for each in tickers}, rejected)


def book_with(coins: frozenset[str] = COINS, listed: tuple[str, ...] = LISTED) -> PriceBook:
    """Return a book with the list of markets, at second 0."""
    book = PriceBook("SGD", PRICE_TIMINGS)
    book.want(coins, 0)
    book.markets_loaded(dict.fromkeys(listed, Market(None, "Name")), 0)
    return book


def connected_book() -> PriceBook:
    """Return a book with the price of BTC at 100 and of ADA at 0.01 BTC, from a stream connected at second 0."""
    book = book_with()
    book.subscribed(MARKETS, 0)
    book.ticker(ticker("SGD-BTC", "100"), 0)
    book.ticker(ticker("BTC-ADA", "0.01"), 0)
    book.moved, book.changed = set(), set()
    return book


def price(book: PriceBook, coin: str) -> Decimal | Missing:
    quote = book.quote(coin)
    return quote.price if isinstance(quote, Quote) else quote


@pytest.mark.parametrize(
    ("coin", "path"),
    [
        ("SGD", ()),
        ("BTC", ("SGD-BTC",)),
        ("ETH", ("SGD-ETH",)),
        ("ADA", ("BTC-ADA", "SGD-BTC")),
        ("TRX", ("USDT-TRX", "SGD-USDT")),
        ("NOWHERE", None),
    ],
)
def test_path_is_the_first_of_upbits_order_that_is_listed(coin: str, path: tuple[str, ...] | None) -> None:
    assert path_of(coin, "SGD", LISTED) == path


def test_path_needs_all_of_its_markets() -> None:
    assert path_of("ADA", "SGD", ("BTC-ADA", "USDT-ADA", "SGD-USDT")) == ("USDT-ADA", "SGD-USDT")
    assert path_of("ADA", "SGD", ("BTC-ADA", "USDT-ADA")) is None


def test_price_over_two_markets_is_the_exact_product_with_the_older_trade() -> None:
    book = book_with()
    book.subscribed(MARKETS, 0)
    book.ticker(ticker("SGD-BTC", "135000.123456789", traded_at=2_000_000), 0)
    book.ticker(ticker("BTC-ADA", "0.00000519", traded_at=1_500_000), 0)
    quote = book.quote("ADA")
    assert isinstance(quote, Quote)
    assert quote.price == Decimal("0.70065064074073491")
    assert quote.source == "BTC-ADA × SGD-BTC"
    assert quote.traded_at == 1_500_000


def test_previous_close_is_the_price_itself_where_nothing_was_traded_since() -> None:
    book = book_with()
    book.subscribed(MARKETS, 0)
    book.ticker(Ticker("SGD-BTC", Decimal(100), DAY_START - 1, Decimal(90), delisted=False), 0)
    book.ticker(Ticker("BTC-ADA", Decimal(2), DAY_START, Decimal(3), delisted=False), 0)
    quote = book.quote("ADA")
    assert isinstance(quote, Quote)
    assert quote.previous_close(DAY_START) == 300
    assert quote.previous_close(DAY_START - 1) == 270


def test_coin_has_no_price_before_its_markets_are_known_and_received() -> None:
    book = PriceBook("SGD", PRICE_TIMINGS)
    book.want(COINS | {"LOST"}, 0)
    assert price(book, "LOST") is Missing.NOT_AVAILABLE
    book.markets_loaded(dict.fromkeys(LISTED, Market(None, None)), 0)
    assert price(book, "LOST") is Missing.NO_PRICE
    book.subscribed(MARKETS, 0)
    book.ticker(ticker("BTC-ADA", "0.01"), 0)
    assert price(book, "ADA") is Missing.NOT_AVAILABLE
    book.ticker(ticker("SGD-BTC", "100"), 0)
    assert price(book, "ADA") == 1


def test_price_move_names_the_coins_it_concerns() -> None:
    book = connected_book()
    assert (price(book, "BTC"), price(book, "ADA")) == (100, 1)
    book.ticker(ticker("SGD-BTC", "101", DAY_START + 1), 1)
    assert (book.moved, book.changed) == ({"BTC", "ADA"}, set())


def test_price_that_nobody_asked_for_since_its_last_move_does_not_move_again() -> None:
    book = connected_book()
    assert price(book, "BTC") == 100
    for moved in ({"BTC"}, set()):
        book.moved = set()
        book.ticker(ticker("SGD-BTC", "101" if moved else "102", DAY_START + 1), 1)
        assert book.moved == moved
    # A trade at the same price is no move, and does not hide the next one.
    assert price(book, "BTC") == 102
    book.ticker(ticker("SGD-BTC", "102", DAY_START + 2), 1)
    book.ticker(ticker("SGD-BTC", "103", DAY_START + 3), 1)
    assert book.moved == {"BTC"}


def test_trade_at_the_same_price_is_no_move_and_is_the_last_trade() -> None:
    book = connected_book()
    assert price(book, "BTC") == 100
    book.ticker(ticker("SGD-BTC", "100.00", DAY_START + 5), 1)
    assert not book.moved
    quote = book.quote("BTC")
    assert isinstance(quote, Quote)
    assert quote.traded_at == DAY_START + 5


def test_older_trade_does_not_replace_a_newer_one() -> None:
    book = connected_book()
    book.ticker(ticker("SGD-BTC", "101", DAY_START - 1), 1)
    assert price(book, "BTC") == 100


def test_trade_that_two_calls_contradict_does_not_hide_later_ones() -> None:
    """Its time was wrong: for Upbit's calls the last trade is an older one."""
    book = connected_book()
    book.ticker(ticker("SGD-BTC", "100", traded_at=10**12), 1)
    for now in (300, 600):
        assert price(book, "BTC") == 100
        row = ticker("SGD-BTC", "120", DAY_START + now)
        book.tickers_loaded(frozenset({"SGD-BTC"}), answer(row), now, now)
    assert price(book, "BTC") == 120
    book.ticker(ticker("SGD-BTC", "130", DAY_START + 601), 601)
    assert price(book, "BTC") == 130
    # One contradiction is a call that is late.
    book.tickers_loaded(frozenset({"SGD-BTC"}), answer(row), 900, 900)
    book.ticker(ticker("SGD-BTC", "140", DAY_START + 901), 901)
    same = ticker("SGD-BTC", "140", DAY_START + 901)
    book.tickers_loaded(frozenset({"SGD-BTC"}), answer(row), 1200, 1200)
    book.tickers_loaded(frozenset({"SGD-BTC"}), answer(same), 1500, 1500)
    book.tickers_loaded(frozenset({"SGD-BTC"}), answer(row), 1800, 1800)
    assert price(book, "BTC") == 140


def test_trade_with_a_wrong_time_hides_no_missed_ones_after_the_prices_expired() -> None:
    book = connected_book()
    book.ticker(ticker("SGD-BTC", "100", traded_at=10**12), 1)
    book.lost(2)
    book.advance(100)
    book.subscribed(MARKETS, 200)
    book.tickers_loaded(MARKETS, answer(ticker("SGD-BTC", "120", DAY_START + 200_000)), 200, 200)
    book.ticker(ticker("SGD-BTC", "120", DAY_START + 200_000), 201)
    book.tickers_loaded(MARKETS, answer(ticker("SGD-BTC", "130", DAY_START + 400_000)), 500, 500)
    assert book.advance(510)


def test_frame_of_an_earlier_subscription_is_ignored() -> None:
    book = connected_book()
    book.ticker(ticker("SGD-XRP", "3"), 1)
    assert not book.changed


# The stream, and calls instead of it


def test_prices_stay_valid_for_90_seconds_after_the_stream_is_lost() -> None:
    book = connected_book()
    book.lost(1000)
    assert book.next_deadline(1000) == 1090
    book.advance(1089)
    assert price(book, "BTC") == 100
    book.advance(1090)
    assert price(book, "BTC") is Missing.NOT_AVAILABLE
    assert book.changed == COINS


def test_prices_that_expired_have_to_be_received_again() -> None:
    book = connected_book()
    book.lost(1000)
    book.subscribed(MARKETS, 2000)
    assert price(book, "BTC") is Missing.NOT_AVAILABLE
    book.ticker(ticker("SGD-BTC", "100"), 2000)
    assert price(book, "BTC") == 100


def test_calls_stand_in_for_the_stream_once_a_minute() -> None:
    book = book_with()
    assert book.next_tickers_at == inf
    book.lost(5)
    assert book.next_tickers_at == 5
    assert book.tickers_requested(5) == MARKETS
    book.tickers_loaded(MARKETS, answer(ticker("SGD-BTC", "100"), ticker("BTC-ADA", "0.01")), 5, 6)
    assert price(book, "ADA") == 1
    assert book.next_tickers_at == 65
    book.lost(20)
    assert book.next_tickers_at == 65
    book.advance(94)
    assert book.is_healthy(94)
    assert not book.is_healthy(95)


def test_call_that_fails_is_repeated() -> None:
    book = book_with()
    book.lost(5)
    book.tickers_failed(book.tickers_requested(5), 6, 2)
    assert book.next_tickers_at == 8


def test_market_without_a_snapshot_is_asked_for_after_ten_seconds() -> None:
    book = book_with()
    book.subscribed(MARKETS, 0)
    book.ticker(ticker("SGD-BTC", "100"), 1)
    assert book.next_tickers_at == 10
    assert book.tickers_requested(10) == {"BTC-ADA"}
    book.tickers_loaded(frozenset({"BTC-ADA"}), answer(ticker("BTC-ADA", "0.01")), 10, 11)
    assert price(book, "ADA") == 1
    assert book.next_tickers_at == PRICE_TIMINGS.verification


def test_market_that_returns_before_it_was_unsubscribed_is_asked_for_after_ten_seconds() -> None:
    book = connected_book()
    book.want(frozenset({"BTC"}), 20)
    book.want(COINS, 21)
    assert book.next_tickers_at == 31
    assert book.tickers_requested(31) == {"BTC-ADA"}


def test_listed_market_without_a_price_gives_none_and_the_next_path_is_not_tried() -> None:
    book = book_with()
    book.subscribed(MARKETS, 0)
    book.ticker(ticker("SGD-BTC", "100"), 1)
    book.tickers_loaded(frozenset({"BTC-ADA"}), answer(), 10, 11)
    assert price(book, "ADA") is Missing.NO_PRICE
    assert price(book, "BTC") == 100
    book.ticker(ticker("BTC-ADA", "0.01"), 20)
    assert price(book, "ADA") == 1


def test_row_that_is_missing_leaves_the_price_and_has_the_list_of_markets_requested() -> None:
    book = connected_book()
    rows = answer(ticker("SGD-BTC", "100"))
    book.tickers_loaded(MARKETS, rows, 300, 301)
    assert price(book, "ADA") == 1
    assert book.next_markets_at == 301
    book.markets_loaded(book.listed, 302)
    # The stream delivers it.
    book.ticker(ticker("BTC-ADA", "0.01", DAY_START + 1), 303)
    for now in (600, 900):
        book.tickers_loaded(MARKETS, rows, now, now + 1)
        assert price(book, "ADA") == 1


def test_price_that_two_calls_lack_in_place_of_the_stream_is_none() -> None:
    book = connected_book()
    book.lost(10)
    rows = answer(ticker("SGD-BTC", "100"))
    book.tickers_loaded(MARKETS, rows, 10, 11)
    assert price(book, "ADA") == 1
    book.tickers_loaded(MARKETS, answer(ticker("SGD-BTC", "100"), ticker("BTC-ADA", "0.01")), 70, 71)
    book.tickers_loaded(MARKETS, rows, 130, 131)
    assert price(book, "ADA") == 1
    book.tickers_loaded(MARKETS, rows, 190, 191)
    assert price(book, "ADA") is Missing.NO_PRICE


def test_call_that_lacks_all_prices_stands_in_for_nothing() -> None:
    book = connected_book()
    book.lost(10)
    for now in (10, 70):
        book.tickers_loaded(MARKETS, answer(), now, now + 1)
        assert price(book, "ADA") == 1
    book.advance(100)
    assert price(book, "ADA") is Missing.NOT_AVAILABLE


def test_row_that_is_missing_after_a_silent_subscription_is_not_requested_again_at_once() -> None:
    book = connected_book()
    book.subscribed(MARKETS, 20)
    book.ticker(ticker("SGD-BTC", "100"), 21)
    assert book.tickers_requested(30) == {"BTC-ADA"}
    book.tickers_loaded(frozenset({"BTC-ADA"}), answer(), 30, 31)
    book.markets_loaded(book.listed, 32)
    assert book.next_tickers_at == 31 + PRICE_TIMINGS.instead
    assert book.next_markets_at == 32 + PRICE_TIMINGS.markets


def test_market_that_a_list_and_a_call_lack_is_looked_for_in_another_list_two_seconds_later() -> None:
    book = connected_book()
    book.markets_loaded({"SGD-BTC": Market(None, None)}, 300)
    book.tickers_loaded(MARKETS, answer(ticker("SGD-BTC", "100")), 300, 301)
    assert book.next_markets_at == 302


def test_invalid_row_leaves_the_price_and_is_asked_for_again_where_there_is_none() -> None:
    book = book_with()
    book.subscribed(MARKETS, 0)
    book.ticker(ticker("BTC-ADA", "0.01"), 1)
    book.tickers_loaded(MARKETS, answer(ticker("BTC-ADA", "0.01"), invalid="SGD-BTC"), 10, 11)
    assert price(book, "BTC") is Missing.NOT_AVAILABLE
    assert book.next_tickers_at == 11 + PRICE_TIMINGS.instead
    book.ticker(ticker("SGD-BTC", "100"), 12)
    book.tickers_loaded(MARKETS, answer(ticker("BTC-ADA", "0.01"), invalid="SGD-BTC"), 13, 14)
    assert price(book, "BTC") == 100


# Verification


def test_silence_is_verified_every_five_minutes() -> None:
    book = connected_book()
    assert book.next_tickers_at == 300
    assert book.tickers_requested(300) == MARKETS
    assert book.next_tickers_at == 600


def verify(book: PriceBook, traded_at: int) -> None:
    """Verify at second 300, with a trade of BTC at 110."""
    markets = book.tickers_requested(300)
    book.tickers_loaded(
        markets, answer(ticker("SGD-BTC", "110", traded_at), ticker("BTC-ADA", "0.01")), 300, 301
    )


def test_missed_trade_is_applied_counted_and_the_stream_replaced() -> None:
    book = connected_book()
    verify(book, DAY_START + 60_001)
    assert price(book, "BTC") == 110
    assert book.next_deadline(301) == 311
    assert book.advance(311)
    assert book.missed_trades == 1
    assert not book.advance(312)


def test_trade_on_its_way_is_not_missed() -> None:
    book = connected_book()
    verify(book, DAY_START + 60_001)
    book.ticker(ticker("SGD-BTC", "110", DAY_START + 60_001), 302)
    assert not book.advance(311)
    assert book.missed_trades == 0


def test_trade_that_is_little_newer_is_applied_and_not_missed() -> None:
    book = connected_book()
    verify(book, DAY_START + 60_000)
    assert price(book, "BTC") == 110
    assert book.next_deadline(301) == inf


# The list of markets


def test_list_of_markets_is_loaded_hourly_and_for_a_coin_never_seen() -> None:
    book = book_with()
    assert book.next_markets_at == 3600
    book.want(frozenset({"BTC"}), 10)
    book.want(COINS, 20)
    assert book.next_markets_at == 3600
    book.want(COINS | {"ETH"}, 30)
    assert book.next_markets_at == 30
    assert book.markets == MARKETS | {"SGD-ETH"}
    book.markets_failed(31, 5)
    assert book.next_markets_at == 36


def test_nothing_is_requested_while_nothing_is_wanted() -> None:
    book = PriceBook("SGD", PRICE_TIMINGS)
    book.lost(0)
    assert book.next_markets_at == book.next_tickers_at == inf


def test_coin_of_a_market_that_is_no_longer_listed_has_no_price() -> None:
    book = connected_book()
    without = {"SGD-BTC": Market(None, None)}
    book.markets_loaded(without, 10)
    # Not before a second list lacks it, too.
    assert price(book, "ADA") == 1
    assert book.next_markets_at == 12
    book.markets_loaded(without, 12)
    assert book.next_markets_at == 12 + PRICE_TIMINGS.markets
    assert price(book, "ADA") is Missing.NO_PRICE
    assert book.changed == {"ADA"}
    assert book.markets == {"SGD-BTC"}


def test_delisted_market_is_on_no_path_until_it_is_listed_again() -> None:
    book = connected_book()
    book.ticker(ticker("BTC-ADA", "0.01", DAY_START + 1, delisted=True), 1)
    assert book.markets == {"SGD-BTC", "USDT-ADA", "SGD-USDT"}
    assert price(book, "ADA") is Missing.NOT_AVAILABLE
    without = {market: Market(None, None) for market in LISTED if market != "BTC-ADA"}
    book.markets_loaded(without, 2)
    book.markets_loaded(without | {"BTC-ADA": Market(None, None)}, 3)
    assert "BTC-ADA" in book.markets


def test_delisting_is_over_when_a_list_from_a_minute_later_has_the_market() -> None:
    """Upbit's list lacks a delisted market, so it was listed again between two lists."""
    book = connected_book()
    book.ticker(ticker("BTC-ADA", "0.01", DAY_START + 1, delisted=True), 1)
    listed = dict.fromkeys(LISTED, Market(None, None))
    book.markets_loaded(listed, 60)  # may have been made before
    assert "BTC-ADA" not in book.markets
    book.markets_loaded(listed, 61)
    assert "BTC-ADA" in book.markets


def test_delisted_market_that_stays_in_the_list_is_on_no_path_after_the_second_report() -> None:
    book = connected_book()
    listed = dict.fromkeys(LISTED, Market(None, None))
    book.ticker(ticker("BTC-ADA", "0.01", DAY_START + 1, delisted=True), 1)
    book.markets_loaded(listed, 3600)
    book.ticker(ticker("BTC-ADA", "0.01", DAY_START + 1, delisted=True), 3601)
    for hour in (2, 3):
        book.markets_loaded(listed, hour * 3600)
        assert "BTC-ADA" not in book.markets
    book.markets_loaded({market: each for market, each in listed.items() if market != "BTC-ADA"}, 4 * 3600)
    book.markets_loaded(listed, 5 * 3600)
    assert "BTC-ADA" in book.markets
    # Then it is another delisting.
    book.ticker(ticker("BTC-ADA", "0.01", DAY_START + 2, delisted=True), 5 * 3600 + 1)
    book.markets_loaded(listed, 6 * 3600)
    assert "BTC-ADA" in book.markets


def test_coin_that_appears_while_calls_stand_in_for_the_stream_is_asked_for_immediately() -> None:
    book = book_with()
    book.lost(5)
    book.tickers_requested(5)
    book.want(COINS | {"ETH"}, 7)
    assert book.next_tickers_at == 7


def test_name_is_in_korean_where_upbit_has_it() -> None:
    """Also of a coin that is not wanted, because nothing is left of it."""
    book = PriceBook("KRW", PRICE_TIMINGS)
    book.want(frozenset({"BTC"}), 0)
    book.markets_loaded({"KRW-BTC": Market("비트코인", "Bitcoin"), "KRW-ETH": Market(None, "Ethereum")}, 0)
    assert book.name("BTC", korean=True) == "비트코인"
    assert book.name("BTC", korean=False) == "Bitcoin"
    assert book.name("ETH", korean=True) == "Ethereum"
    assert book.name("ADA", korean=False) is None
