"""Words of an invented field study: places, roles, people who do not exist, and their numbers."""

from __future__ import annotations

import numpy as np

SURNAMES_ZH = "陈林黄吴徐沈朱姚钱潘"
GIVEN_ZH = ("国强", "美芳", "建明", "秀兰", "志伟", "小燕", "根发", "丽萍", "阿宝", "春生", "文娟", "永康")
NAMES_EN = ("Sarah Hughes", "Daniel Marsh", "Karen Doyle", "Peter Lowe", "Julia Crane", "Martin Bell", "Helen Frost")
STREETS_ZH = ("富民路", "兴业街", "织女巷", "河滨路")
STREETS_EN = ("Mill Lane", "Canal Street", "Station Road", "Bridge Street")

PLACES = (
    ("cn", "China", "中国", "country", "", "104.2", "35.9", "context"),
    ("east", "Eastern province (invented)", "东部省（虚构）", "province", "cn", "120.2", "30.6", "context"),
    ("lingxi", "Lingxi Town (invented)", "绫溪镇（虚构）", "town", "east", "120.25", "30.85", "origin"),
    ("shangcun", "Shangcun Village (invented)", "上村（虚构）", "village", "lingxi", "120.24", "30.86", "origin"),
    ("inland", "Inland province (invented)", "内陆省（虚构）", "province", "cn", "115.8", "32.9", "context"),
    ("hepo", "Hepo County (invented)", "河坡县（虚构）", "county", "inland", "115.6", "32.6", "destination"),
    ("nanqiu", "Nanqiu County (invented)", "南丘县（虚构）", "county", "inland", "116.4", "33.3", "destination"),
)
PLACE_COLUMNS = ("place_id", "name", "name_zh", "kind", "parent_id", "lon", "lat", "role")

ROLES = {
    "enterprise": ("workshop owner", "brand owner", "shop keeper"),
    "migrant_worker": ("sewing worker", "cutter", "packer"),
    "government": ("township official", "county official"),
    "village_community": ("village leader", "landlord"),
}


def person_name(rng: np.random.Generator, language: str) -> str:
    """A name that is nobody's."""
    if language == "zh":
        return str(rng.choice(list(SURNAMES_ZH))) + str(rng.choice(GIVEN_ZH))
    return str(rng.choice(NAMES_EN))


def phone(rng: np.random.Generator, language: str) -> str:
    """A number in the range that is kept for fiction (07700 900xxx), or of a prefix that is not given out (1700)."""
    digits = "".join(str(one) for one in rng.integers(0, 10, 7))
    return f"1700{digits}" if language == "zh" else f"07700 900{digits[:3]}"


def address(rng: np.random.Generator, language: str) -> str:
    """A street that the invented town has."""
    number = int(rng.integers(1, 200))
    if language == "zh":
        return f"{rng.choice(STREETS_ZH)}{number}号"
    return f"{number} {rng.choice(STREETS_EN)}"


def plate(rng: np.random.Generator, language: str) -> str:
    """A plate of a car that does not exist."""
    digits = "".join(str(one) for one in rng.integers(0, 10, 5))
    return f"浙Z·{digits}" if language == "zh" else f"QQ{digits[:2]} {'ZXW'[int(digits[2]) % 3]}QZ"


def place_name(rng: np.random.Generator, language: str) -> str:
    """A receiving county, as people call it."""
    return str(rng.choice(("河坡", "南丘") if language == "zh" else ("Hepo", "Nanqiu")))
