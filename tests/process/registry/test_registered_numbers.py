"""Check digits against published numbers."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from townshift.process.registry.registered_numbers import (
    british_numbers,
    chinese_numbers,
    french_numbers,
    organisation_codes,
)
from townshift.process.registry.salted_keys import salted_keys


def test_published_unified_codes_are_valid_and_say_their_county():
    # GB 32100-2015, annex: 91350100M000100Y43; codes that large companies print in their annual reports.
    codes = ["91350100M000100Y43", "91110000802100433B", "91440300708461136T", "9131000063159284XQ"]
    found = chinese_numbers(pa.array(codes))
    assert found.valid.tolist() == [True] * len(codes)
    assert found.county.tolist() == [350100, 110000, 440300, 310000]


def test_every_single_wrong_digit_of_a_unified_code_is_found():
    code = "91350100M000100Y43"
    wrong = [code[:i] + digit + code[i + 1 :] for i in range(18) for digit in "0123456789" if digit != code[i]]
    assert not chinese_numbers(pa.array(wrong)).valid.any()


def test_letters_the_unified_code_does_not_use_are_read_as_the_digits_they_look_like():
    assert chinese_numbers(pa.array(["9135OIOOM000100Y43"])).valid.tolist() == [True]
    assert chinese_numbers(pa.array(["９１３５０１００Ｍ０００１００Ｙ４３"])).valid.tolist() == [True]


def test_a_registration_number_of_fifteen_digits_follows_mod_11_10():
    # ISO 7064 MOD 11,10: the standard's own example 0794 has the check digit 5 for 079.
    base = [1, 1, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]
    product = 10
    for digit in base:
        product = ((product + digit) % 10 or 10) * 2 % 11
    number = "".join(map(str, base)) + str((11 - product) % 10)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    found = chinese_numbers(pa.array([number, wrong]))
    assert found.valid.tolist() == [True, False]
    assert found.county.tolist() == [110108, -1]


def test_organisation_codes_of_the_standard_are_valid():
    assert organisation_codes(pa.array(["D2143569-X", "D2143569X", "D2143569-1", None])).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_siren_and_siret_follow_luhn_and_la_poste_its_own_rule():
    numbers = ["732829320", "73282932000074", "552 100 554", "35600000000048", "35600000049837", "35600000049838"]
    assert french_numbers(pa.array(numbers)).valid.tolist() == [True, True, True, True, True, False]


@pytest.mark.parametrize("number", ["00445790", "445790", "SC000001", "OC301540", "NI000001"])
def test_uk_numbers_have_eight_signs_and_a_known_prefix(number):
    assert british_numbers(pa.array([number])).valid.tolist() == [True]


def test_nulls_and_rubbish_are_not_valid_and_harm_nothing():
    column = pa.array([None, "", "无", "1" * 18, "é" * 18, "9" * 400])
    for check in (chinese_numbers, french_numbers, british_numbers):
        assert not check(column).valid.any()


def test_salted_keys_are_those_of_hashlib_for_every_length():
    rng = np.random.default_rng(7)
    texts = ["".join(chr(rng.integers(0x4E00, 0x9FFF)) for _ in range(size)) for size in range(1, 200, 3)]
    salt = bytes(range(32))
    expected = [
        int.from_bytes(hashlib.blake2b(t.encode(), digest_size=8, key=salt, person=b"trade").digest(), "little")
        & (2**63 - 1)
        for t in texts
    ]
    assert salted_keys(pa.array(texts), salt, "trade").to_pylist() == expected
