from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.stamps import fits_header
from stampapp.stamps.fits_header import Header

END = b"END".ljust(80)


def value(card: bytes, keyword: str = "KEY") -> object:
    return Header(card.ljust(80) + END).value(keyword)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"                 1.25 / [] airmass", 1.25),
        (b"1.25/airmass", 1.25),
        (b"                  -32", -32.0),
        (b" -5.172369264466E-04 / matrix", -5.172369264466e-04),
        (b" 1.5D+02", 150.0),
        (b"                   5.", 5.0),
        (b"                  +.5", 0.5),
        (b" 1E999", float("inf")),
        (b" 2d-1/ small", 0.2),
        (b"\t 1.25 \t/ tabs", 1.25),
        (b"1.25 m", "1.25 m"),
        (b"1.25 m / metres", "1.25 m"),
        (b"1.", 1.0),
        (b".", "."),
        (b"1E", "1E"),
        (b"9" * 70, float("9" * 70)),
        (b"'o       '           / Filter", "o"),
        (b"'it''s / here'       / comment", "it's / here"),
        (b"        'object' / type", "object"),
        (b"''", ""),
        (b"'  leading blanks count  '", "  leading blanks count"),
        (b"                    T / true", "T"),
        (b"1_000", "1_000"),
        (b"nan", "nan"),
        (b"12 34", "12 34"),
        (b"'never closed", "'never closed"),
        (b"\xff\xfe", "\xff\xfe"),
        (b"", None),
        (b"        / only a comment", None),
    ],
)
def test_the_value_of_a_card(field: bytes, expected: object) -> None:
    assert value(b"KEY     = " + field) == expected


@pytest.mark.parametrize(
    "card",
    [b"KEY     1.25", b"KEY     ='no blank after'", b"COMMENT KEY     = 1.25", b"key     = 1"],
)
def test_a_card_that_gives_no_value_is_passed_over(card: bytes) -> None:
    assert value(card) is None


def test_of_two_cards_the_first_counts() -> None:
    cards = b"KEY     = 1".ljust(80) + b"KEY     = 2".ljust(80) + END
    assert Header(cards).value("KEY") == 1.0


def test_a_keyword_is_there_whether_or_not_it_has_a_value() -> None:
    found = Header(b"KEY     =".ljust(80) + b"KEYWORDS= 1".ljust(80) + END)
    assert "KEY" in found
    assert "KEYWORDS" in found
    assert "KEYWORD" not in found
    assert found.value("KEY") is None


def test_the_header_ends_with_the_block_of_its_end() -> None:
    one = END.ljust(fits_header.BLOCK)
    two = b"A       = 1".ljust(fits_header.BLOCK) + one
    assert fits_header.find_header(one + b"pixels") == one
    assert fits_header.find_header(two + b"pixels") == two
    assert Header(two).size == 2 * fits_header.BLOCK


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        END,
        b"A       = 1".ljust(fits_header.BLOCK),
        (b" " * 7 + END).ljust(fits_header.BLOCK),
        b" " * fits_header.BLOCK * fits_header.MAX_BLOCKS + END.ljust(fits_header.BLOCK),
    ],
)
def test_a_header_without_an_end_is_not_found(plain: bytes) -> None:
    assert fits_header.find_header(plain) is None


@given(st.binary(max_size=300), st.text(max_size=9))
def test_whatever_the_bytes_a_value_is_a_number_a_text_or_none(text: bytes, keyword: str) -> None:
    assert isinstance(Header(text).value(keyword), float | str | None)


@given(st.binary(max_size=70))
def test_whatever_the_field_its_number_or_text_is_read(field: bytes) -> None:
    assert isinstance(value(b"KEY     = " + field), float | str | None)
