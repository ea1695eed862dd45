"""Who a text names, in Chinese and English, and what it must not take for a person."""

import pytest

from townshift.evidence.disclosure.masking import find_identifiers, mask


def found(text, language, **names):
    return [(one.kind, text[one.start : one.end]) for one in find_identifiers(text, language, **names)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我叫王建国，今年五十岁。", [("name", "王建国")]),
        ("李秀英是我爱人，和刘芳一起干。", [("name", "李秀英"), ("name", "刘芳")]),
        ("温州的陈总和黄主任都来了，欧阳娜也来了。", [("name", "陈"), ("name", "黄"), ("name", "欧阳娜")]),
        ("小赵、阿强都走了。", [("name", "赵"), ("name", "阿强")]),
        ("电话是１３８12345678，厂里是0572-3123456。", [("phone", "１３８12345678"), ("phone", "0572-3123456")]),
        ("车牌浙E·12345，微信号：wang_88。", [("plate", "浙E·12345"), ("account", "wang_88")]),
        ("身份证11010519491231002X。", [("id_number", "11010519491231002X")]),
        ("住在利济路12号3幢201室。", [("address", "住在利济路12号3幢201室")]),
    ],
)
def test_chinese_identifiers_are_found(text, expected):
    assert found(text, "zh") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Mary Smith.", [("name", "Mary Smith")]),
        ("Mr. Jones and Robert B. Brown run it.", [("name", "Jones"), ("name", "Robert B. Brown")]),
        ("At 12 King Street, LS1 4AB.", [("address", "12 King Street"), ("address", "LS1 4AB")]),
        ("Call 07700 900123 or +44 113 496 0000.", [("phone", "07700 900123"), ("phone", "+44 113 496 0000")]),
        ("Write to a.b@c.co.uk, plate AB12 CDE.", [("email", "a.b@c.co.uk"), ("plate", "AB12 CDE")]),
        ("Card 4111 1111 1111 1111.", [("account", "4111 1111 1111 1111")]),
    ],
)
def test_english_identifiers_are_found(text, expected):
    assert found(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("高新技术、周转率、金融、马路和方向都在变，工厂的工资与周边的总量也在变。", "zh"),
        ("村书记和镇长说，2019年的产值是13.8亿元，共14000家。", "zh"),
        ("外来工和熟练工都走了，不加钱就没人来，工期也紧。", "zh"),
        ("In 2019 about 14,000 firms in Leeds and the China market grew by 4111 percent.", "en"),
    ],
)
def test_ordinary_words_and_numbers_stay(text, language):
    assert found(text, language) == []


def test_names_of_participants_are_found_wherever_they_stand():
    assert found("建国说他要走，Wang agreed。", "zh", known_names=["王建国", "Mei Wang"]) == [
        ("name", "建国"),
        ("name", "Wang"),
    ]


def test_names_of_places_and_firms_stay():
    text = "华芳集团在常熟。"
    assert found(text, "zh", public_names=["华芳集团"]) == []


def test_a_masked_text_holds_no_part_of_what_was_found():
    text = "我叫王建国，电话13812345678，住利济路12号。"
    hidden = mask(text, find_identifiers(text, "zh"), {"name": "姓名", "phone": "电话", "address": "地址"})
    assert hidden == "我叫[姓名]，电话[电话]，[地址]。"
    assert not any(part in hidden for part in ("建国", "1381", "利济"))


def test_numbers_with_a_wrong_check_sign_are_still_masked_but_not_called_an_id():
    assert found("号码110105194912310021。", "zh") == [("account", "110105194912310021")]


def test_a_whole_name_behind_a_verb_of_asking_is_found_and_other_words_there_are_not():
    for text, name in (("这事你要联系钱美芳，她管账。", "钱美芳"), ("我不认识黄永康。", "黄永康")):
        assert name in [text[one.start : one.end] for one in find_identifiers(text, "zh") if one.kind == "name"]
    for text in (
        "你去问钱的事，别问我。",
        "都想找黄金地段，租金贵。",
        "要找工作的，先登记。",
        "我去问价格的，没人理。",
    ):
        assert [one for one in find_identifiers(text, "zh") if one.kind == "name"] == []
