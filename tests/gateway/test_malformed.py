"""What a decoder found, in words: every sentence that it says has its Chinese and its English."""

import re
from collections import Counter
from typing import Any

import msgspec
import pytest

from engine.commands import Side
from gateway import wire
from gateway.client import SubmitFailed
from gateway.codes import text_of
from gateway.malformed import SHOWN_MAX, enumerated_fields, in_words, known_values
from gateway.mirror import HttpFault, find_route, read_parameters
from gateway.wire import Format
from tests.gateway.gateway_world import serving
from tests.gateway.test_wire_bad import BINARY, TEXTS, VALUES, changed, written
from tests.markets import PRODUCT

OF_DECODERS = re.compile(r"Expected|Invalid|Object |malformed|out of range -|got `|regex")


def problem_of(data: bytes | str, form: Format = Format.JSON) -> str:
    with pytest.raises((msgspec.DecodeError, RecursionError)) as caught:
        wire.decode_inward(data, form)
    return str(caught.value)


def problems() -> set[str]:
    """Return what the decoder says of every bad frame of `test_wire_bad`."""
    found = {problem_of(written(frame, form), form) for frame, _ in VALUES for form in Format}
    found |= {problem_of(text) for text, _ in TEXTS}
    return found | {problem_of(data, Format.MESSAGEPACK) for data in BINARY}


def test_every_sentence_of_the_decoder_is_said_in_words() -> None:
    found = problems()
    assert len(found) > 40
    for problem in found:
        chinese, english = in_words(problem, "zh"), in_words(problem, "en")
        place = re.search(r" - at (?:`key` in )?`([^`]*)`", problem)
        for text in (chinese, english):
            assert not OF_DECODERS.search(text), (problem, text)
            assert place is None or text.startswith(place[1])
        assert re.search(r"[\u4e00-\u9fff]", chinese), (problem, chinese)
        assert english.isascii(), (problem, english)


@pytest.mark.parametrize(
    ("frame", "zh", "en"),
    [
        (
            changed(side=3),
            "$.command.side 须为下列之一:1 BUY, 2 SELL",
            "$.command.side: must be one of 1 BUY, 2 SELL",
        ),
        (
            changed(side="BUY"),
            "$.command.side 须为下列之一:1 BUY, 2 SELL",
            "$.command.side: must be one of 1 BUY, 2 SELL",
        ),
        (
            changed(quantity_t=0),
            "$.command.quantity_t 不得小于 1",
            "$.command.quantity_t: must be 1 or more",
        ),
        (
            changed(quantity_t=5.5),
            "$.command.quantity_t 须为整数,而不是小数",
            "$.command.quantity_t: must be a whole number, not a number with a fraction",
        ),
        (
            changed(price_yuan="48"),
            '$.command.price_yuan 须为恰有两位小数的元金额文本,如 "98.50"',
            '$.command.price_yuan: must be a text of yuan with exactly two decimals, such as "98.50"',
        ),
        (
            changed(product="cea"),
            "$.command.product 须符合格式 ^[A-Z0-9][A-Z0-9-]{0,15}$",
            "$.command.product: must match ^[A-Z0-9][A-Z0-9-]{0,15}$",
        ),
        (changed(int=4), "$.command 没有字段 int", "$.command: there is no field int"),
        (
            changed(type="Mint"),
            "$.command.type 此处没有名为 'Mint' 的类型",
            "$.command.type: there is no type 'Mint' here",
        ),
        ({"id": 7}, "缺少字段 type", "the field type is missing"),
    ],
)
def test_a_problem_says_what_is_allowed_and_where(frame: dict[str, Any], zh: str, en: str) -> None:
    problem = problem_of(written(frame, Format.JSON))
    assert (in_words(problem, "zh"), in_words(problem, "en")) == (zh, en)


def test_a_name_stands_for_one_list_of_values() -> None:
    counted = Counter(name for name, _ in enumerated_fields())
    assert counted["side"] == counted["role"] == counted["language"] == 1
    assert set(counted.values()) == {1}, "tell them apart in `known_values`"
    assert known_values("$.command.actions[0].permissions[2]") == "listed, block, auction, cancel"
    assert known_values("$.language") == "zh, en"
    assert known_values("$.command.price_yuan") == ""


def test_what_a_client_sent_is_told_back_cut_and_what_is_not_known_as_it_is() -> None:
    problem = problem_of(written(changed(**{"x" * 5_000: 1}), Format.JSON))
    assert in_words(problem, "en") == "$.command: there is no field " + "x" * SHOWN_MAX
    assert in_words("a sentence of a later decoder", "zh") == "a sentence of a later decoder"
    assert text_of("FRAME_TOO_LARGE", "en", 7) == "the frame has 7 bytes, more than the limit"


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "须为下列之一:"), ("en", "must be one of ")]
)
async def test_a_trader_reads_it_in_the_language_of_the_login(language: str, words: str) -> None:
    listed = ", ".join(f"{side.value} {side.name}" for side in Side)
    async with serving(traders=1) as world, await world.trader(1, language=language) as client:
        with pytest.raises(SubmitFailed) as caught:
            await client.place_listing(PRODUCT, 3, 4_800, 1)  # type: ignore[arg-type]
        assert caught.value.text.endswith(words + listed)
        assert (caught.value.code, caught.value.path) == ("MALFORMED", "$.command.side")


@pytest.mark.parametrize(
    ("target", "zh", "en"),
    [
        (
            "/v1/candles/CEA24?interval=2m",
            "须为下列之一:1m, 5m, 15m, 1h, 1d",
            "must be one of 1m, 5m, 15m, 1h, 1d",
        ),
        ("/v1/trades?product=CEA24&limit=x", "须为整数", "must be a whole number"),
        ("/v1/trades?product=CEA24&limit=0", "不得小于 1", "must be 1 or more"),
        ("/v1/trades", "缺少该参数", "is missing"),
        ("/v1/trades?product=A&product=B", "该参数重复", "is given twice"),
        ("/v1/markets?x=1", "没有该参数", "there is no such parameter"),
        ("/v1/markets?%FF=1", "文本不是 UTF-8", "a text of it is no UTF-8"),
        ("/v1/markets?a&b", "须写作 名=值", "must read name=value"),
        ("/v1/markets?" + "&".join(f"a{n}=1" for n in range(9)), "参数过多", "too many parameters"),
    ],
)
def test_a_bad_parameter_of_the_mirror_is_told_in_words(target: str, zh: str, en: str) -> None:
    path, _, query = target.partition("?")
    found = find_route(path)
    assert found is not None
    with pytest.raises(HttpFault) as caught:
        read_parameters(*found, query)
    assert in_words(str(caught.value.detail), "zh") == zh
    assert in_words(str(caught.value.detail), "en") == en
