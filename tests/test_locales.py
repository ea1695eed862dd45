"""Every text exists in English and Chinese, with the same placeholders."""

import re
from pathlib import Path
from string import Formatter

import pytest

from townshift.locales import LANGUAGES, catalogue, set_language, text

SOURCE = Path(__file__).parents[1] / "src" / "townshift"


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_both_languages_hold_the_same_keys():
    assert set(catalogue("en")) == set(catalogue("zh"))


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_a_text_has_the_same_placeholders_in_both_languages(key):
    assert placeholders(catalogue("en")[key]) == placeholders(catalogue("zh")[key])


def test_every_error_has_what_why_and_do():
    stems = {key.rsplit(".", 1)[0] for key in catalogue("en") if key.startswith("errors_")}
    for stem in stems:
        for part in ("what", "why", "do"):
            assert catalogue("en")[f"{stem}.{part}"].strip()


def test_every_error_code_in_the_source_has_texts_and_every_text_a_code():
    used = {
        match
        for path in SOURCE.rglob("*.py")
        for match in re.findall(r"TS-[A-Z]+-\d{3}", path.read_text("utf-8"))
        if path.name != "errors.py"
    }
    known = {
        f"TS-{area.removeprefix('errors_').upper()}-{number}"
        for area, number in (key.split(".")[:2] for key in catalogue("en") if key.startswith("errors_"))
    }
    assert used - known == set()
    assert known - used == set()


def test_chinese_texts_are_chinese():
    without = [
        key
        for key, value in catalogue("zh").items()
        if value == catalogue("en")[key] and re.search(r"[a-z]{4,} [a-z]{3,}", re.sub(r"\{.*?\}", "", value))
    ]
    assert without == []


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="fr"):
        set_language("fr")
    assert LANGUAGES == ("en", "zh")


def test_a_text_without_values_keeps_its_braces():
    assert text("cli.about", "en") == catalogue("en")["cli.about"]
