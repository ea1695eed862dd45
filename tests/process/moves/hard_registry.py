"""The hand-made hard cases as a small registry: both records of every pair, in a crowd of unrelated firms."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from townshift.process.registry.establishments import clean_batches, cleaning_rules
from townshift.process.registry.parameters import EstablishmentsParameters

CASES = Path(__file__).parent / "data" / "hard_cases.csv"
FIELDS = ("name", "person", "holders", "phone", "place", "from", "to")
CHINESE = {
    "织里": ("浙江省湖州市吴兴区织里镇", 120.27, 30.85), "长兴": ("浙江省湖州市长兴县", 119.91, 31.02),
    "安吉": ("浙江省湖州市安吉县", 119.68, 30.64), "德清": ("浙江省湖州市德清县", 119.98, 30.54),
    "濮院": ("浙江省嘉兴市桐乡市濮院镇", 120.63, 30.68), "海宁": ("浙江省嘉兴市海宁市", 120.68, 30.51),
    "萧山": ("浙江省杭州市萧山区", 120.26, 30.18), "柯桥": ("浙江省绍兴市柯桥区", 120.48, 30.08),
    "大唐": ("浙江省绍兴市诸暨市大唐镇", 120.17, 29.72), "常熟": ("江苏省苏州市常熟市", 120.75, 31.65),
    "沭阳": ("江苏省宿迁市沭阳县", 118.80, 34.11), "泗洪": ("江苏省宿迁市泗洪县", 118.22, 33.48),
    "望江": ("安徽省安庆市望江县", 116.69, 30.13), "宿松": ("安徽省安庆市宿松县", 116.13, 30.15),
    "阜南": ("安徽省阜阳市阜南县", 115.59, 32.66), "颍上": ("安徽省阜阳市颍上县", 116.26, 32.65),
    "灵璧": ("安徽省宿州市灵璧县", 117.56, 33.55), "泗县": ("安徽省宿州市泗县", 117.91, 33.48),
    "于都": ("江西省赣州市于都县", 115.41, 25.95), "南康": ("江西省赣州市南康区", 114.76, 25.66),
    "虎门": ("广东省东莞市虎门镇", 113.67, 22.81), "石狮": ("福建省泉州市石狮市", 118.65, 24.73),
    "监利": ("湖北省荆州市监利市", 112.90, 29.81), "公安": ("湖北省荆州市公安县", 112.23, 30.06),
    "仙桃": ("湖北省仙桃市", 113.45, 30.36), "天门": ("湖北省天门市", 113.17, 30.66),
    "商水": ("河南省周口市商水县", 114.61, 33.54), "项城": ("河南省周口市项城市", 114.90, 33.44),
}  # fmt: skip
ENGLISH = {
    "Leicester": (-1.13, 52.64), "Hinckley": (-1.37, 52.54), "Nottingham": (-1.15, 52.95), "Derby": (-1.48, 52.92),
    "Coventry": (-1.51, 52.41), "Manchester": (-2.24, 53.48), "Leeds": (-1.55, 53.80), "Bradford": (-1.75, 53.80),
    "Blackburn": (-2.48, 53.75), "Wigan": (-2.63, 53.55), "London": (-0.13, 51.51), "Luton": (-0.42, 51.88),
}  # fmt: skip
COMMON_WORDS = ("鑫源", "永兴", "华盛", "宏达", "恒发")
COMMON_PERSONS = ("王伟", "张伟", "李强", "李静", "张敏", "王芳", "刘洋", "陈杰")
AGENCIES = {
    "A01": "织里", "A02": "织里", "A03": "常熟", "A04": "虎门", "A05": "望江", "A06": "阜南", "A07": "沭阳",
    "A08": "柯桥",
    "E01": "Leicester", "E02": "London",
}  # fmt: skip
NOMINEES = {
    "代理甲": ("织里", "A01"),
    "代理乙": ("虎门", "A04"),
    "代理丙": ("常熟", "A03"),
    "Nominee One": ("London", "E02"),
}
LETTERS = "晨曦雅格蓝澜瑞锦绣彩虹云霞星月童趣萌宝乐嘉盛隆泰祥和顺达通源汇聚融创佳美丽娜莎贝尔欧派优品尚简逸凡诺亚康健"
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋"
    "蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万"
    "段漕钱汤尹黎易常武乔贺赖龚文"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超兰霞平刚桂英华建国文辉力健世广志义兴良海山仁波宁贵福生龙元全胜学"
    "祥才发武新利清飞彬富顺信子永林根荣月琴"
)
FIRST, LAST = (
    ("Alan", "Beth", "Carl", "Dina", "Evan", "Faye", "Glen", "Hana"),
    ("Abbot", "Birch", "Crane", "Dacre", "Elder"),
)


def read_cases() -> list[dict[str, str]]:
    """The rows of the file, `=` filled in from the first record."""
    with CASES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for field in FIELDS:
            if row[f"{field}_b"] == "=":
                row[f"{field}_b"] = row[f"{field}_a"]
    return rows


def registry() -> tuple[pd.DataFrame, list[tuple[str, str, dict[str, str]]]]:
    """The table `firms`, and of each case the ids of its two records; equal records are one."""
    records: dict[tuple[str, ...], str] = {}
    pairs = []
    for case in read_cases():
        ids = []
        for side in ("a", "b"):
            key = (*(case[f"{field}_{side}"] for field in FIELDS), case["more_b"] if side == "b" else "")
            if case["trap"].endswith("double"):
                key = (*key, case["case_id"] + side)
            ids.append(records.setdefault(key[:9], f"R{len(records):05d}"))
        pairs.append((ids[0], ids[1], case))
    rows = [_row(name, dict(zip((*FIELDS, "more", "twin"), key, strict=False))) for key, name in records.items()]
    rows += [_row(f"X{number:05d}", record) for number, record in enumerate(_crowd())]
    return pd.DataFrame(rows), pairs


def establishments() -> tuple[pa.Table, pd.DataFrame, list[tuple[str, str, dict[str, str]]]]:
    """The cleaned registry in record order, its places, and the pairs."""
    firms, pairs = registry()
    places = _places()
    parts = []
    for country, places_of in (("CN", CHINESE), ("GB", ENGLISH)):
        rules = cleaning_rules(places, b"1" * 32, EstablishmentsParameters(country=country))
        part = firms[firms["place_id"].isin(places_of)]
        parts += clean_batches(pa.Table.from_pandas(part, preserve_index=False).to_batches(), rules)
    return pa.Table.from_batches(parts).sort_by("record_id"), places, pairs


def _row(record_id: str, record: dict[str, str]) -> dict[str, object]:
    english = record["place"] in ENGLISH
    work = "contract sewing on customers' materials" if english else "来料加工"
    more = record.get("more", "")
    address = record["place"] if english else CHINESE[record["place"]][0]
    return {
        "record_id": record_id, "name": record["name"], "place_id": record["place"],
        "registry": "companies_house" if english else "cn", "legal_representative": _said(record["person"]),
        "shareholders": _said(record["holders"]), "phone": _phone(record["phone"]), "from": record["from"],
        "to": _said(record["to"]), "address": address, "kind": "branch" if more == "sub" else None,
        "scope": work if more == "for" else ("clothing" if english else "服装制造"),
    }  # fmt: skip


def _said(text: str) -> str | None:
    return text if text not in ("", "-") else None


def _phone(text: str) -> str | None:
    return f"1390000{text[1:]}00{ord(text[0]) % 100:02d}" if text in AGENCIES else _said(text)


def _places() -> pd.DataFrame:
    rows = [(name, name, "county", lon, lat) for name, (_, lon, lat) in CHINESE.items()]
    rows += [(name, name, "county", lon, lat) for name, (lon, lat) in ENGLISH.items()]
    frame = pd.DataFrame(rows, columns=["place_id", "name", "kind", "lon", "lat"])
    return frame.assign(name_zh=frame["name"], parent_id=None, adcode=None)


def _crowd(size: int = 6000) -> list[dict[str, str]]:
    """Firms with common names, persons and phones in common shares, and otherwise with nothing in common by intent."""
    rng = np.random.default_rng(11)
    places, english = list(CHINESE), list(ENGLISH)
    out = []
    for number in range(size):
        latin = number % 6 == 0
        word = "".join(rng.choice(list(LETTERS), 3 if rng.random() < 0.6 else 2))
        person = rng.choice(list(SURNAMES)) + "".join(rng.choice(list(GIVEN), 2))
        place = str(rng.choice(english if latin else places))
        phone = f"13{rng.integers(10**8, 10**9)}" if rng.random() < 0.7 else ""
        if not latin and rng.random() < 0.06:
            word = str(rng.choice(COMMON_WORDS))
        if not latin and rng.random() < 0.07:
            person = str(rng.choice(COMMON_PERSONS))
        if rng.random() < 0.06:
            phone = str(rng.choice([name for name in AGENCIES if (name[0] == "E") == latin]))
            place = AGENCIES[phone]
        if not latin and rng.random() < 0.01:
            person = str(rng.choice([name for name in NOMINEES if name != "Nominee One"]))
            place, phone = NOMINEES[person]
        if latin:
            stem = "".join(rng.choice(list("bcdfglmnprst"), 3)).title() + "".join(rng.choice(list("aeiou"), 2))
            words = ("Premier", "Elite", "Royal") if rng.random() < 0.1 else (stem + "ford",)
            person = f"{rng.choice(FIRST)} {rng.choice(LAST)}{rng.choice(list('abcdefgh'))}son"
            if rng.random() < 0.08:
                person = str(rng.choice(["John Smith", "Mohammed Khan", "David Jones", "Sarah Williams"]))
            name = f"{place} {rng.choice(words)} {rng.choice(['Textiles', 'Fashions', 'Clothing', 'Knitwear'])} Ltd"
        else:
            name = f"{place}{word}{rng.choice(['服饰', '童装', '制衣', '服装', '针织', '纺织'])}有限公司"
        year = int(rng.integers(1998, 2020))
        closed = year + int(rng.integers(1, 15))
        out.append(
            {
                "name": name, "person": person, "holders": person, "phone": phone, "place": place,
                "from": f"{year}-{rng.integers(1, 13):02d}", "to": f"{closed}-03" if closed < 2022 else "",
            }
        )  # fmt: skip
    return out
