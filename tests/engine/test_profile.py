"""A profile is read strictly: an unknown key, a wrong type or a contradiction names its path."""

import json
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from engine.profile import Fees, Position, Profile, ProfileError, load_profile, profile_digest
from tests.markets import national

TEXT = files("engine").joinpath("profiles/national.toml").read_text(encoding="utf-8")
Path = tuple[str | int, ...]


def changed(path: Path, value: Any) -> bytes:
    """Return the national profile with one value set, or with a key taken out where value is None."""
    tree: Any = tomllib.loads(TEXT)
    place = tree
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return "".join(f"{key} = {written(row)}\n" for key, row in tree.items()).encode()


def written(value: Any) -> str:
    """Return a value as TOML writes it inline; strings and numbers are those of JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written(row)}" for key, row in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(row) for row in value) + "]"
    return json.dumps(value)


def test_the_national_profile_says_what_the_rulebook_says() -> None:
    profile = national()
    assert (profile.tick_size_fen, profile.lot_size_t) == (1, 1)  # R22
    assert (profile.listed.quantity_t_min, profile.listed.quantity_t_max) == (1, 99_999)  # R23
    assert profile.block.quantity_t_min == 100_000  # R24
    assert profile.listed.sessions == (("09:30", "11:30"), ("13:00", "15:00"))  # R26
    assert profile.block.sessions == (("13:00", "15:00"),)  # R27
    assert (profile.listed.band_bp, profile.block.band_bp) == (1_000, 3_000)  # R31, R32
    assert profile.listed.levels_shown == 5  # R44
    assert [product.listed_from for product in profile.products][:3] == [
        "2021-07-16",
        "2023-08-28",
        "2023-08-28",
    ]  # R9
    assert profile.products[0].first_reference_fen == 4_800  # R37
    assert profile.auction is not None
    assert profile.auction.quantity_t_min == 100_000  # R25
    assert (profile.auction.floor_bp, profile.auction.cap_bp) == (1_000, 1_000)  # R33
    assert len(profile.auction.price_modes) == 2  # R69
    assert profile.fees == Fees()  # R60: not published
    assert profile.position == Position()  # R73: not published
    assert profile.composite[-1].members == ("CEA25",)  # R52
    assert profile.product_index("CEA25") == 5
    assert profile.product_index("NONE-1") == -1


def test_the_digest_is_of_the_bytes() -> None:
    assert profile_digest(TEXT.encode()) != profile_digest(TEXT.encode() + b"\n")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("tick",), 1, "`tick`"),
        (("listed", "quantity_max"), 5, "$.listed"),
        (("products", 2, "vintages"), "2022", "$.products[2]"),
        (("capacity", "order"), 5, "$.capacity"),
        (("tick_size_fen",), None, "tick_size_fen"),
        (("tick_size_fen",), "1", "$.tick_size_fen"),
        (("tick_size_fen",), 0, "$.tick_size_fen"),
        (("tick_size_fen",), 1.0, "$.tick_size_fen"),
        (("same_day_resale",), True, "$.same_day_resale"),
        (("listed", "level_choice"), "any_level", "$.listed.level_choice"),
        (("listed", "crossing_listings"), "swap", "$.listed.crossing_listings"),
        (("listed", "same_price_choice"), "size", "$.listed.same_price_choice"),
        (("listed", "open_rule"), "last_trade", "$.listed.open_rule"),
        (("listed", "picks"), "yes", "$.listed.picks"),
        (("block", "free_from_t"), -1, "$.block.free_from_t"),
        (("auction", "floors"), ["cheapest"], "$.auction.floors[0]"),
        (("auction", "ties"), "size", "$.auction.ties"),
        (("auction", "bidder_share_bp"), 10_001, "$.auction.bidder_share_bp"),
        (("fees",), {"trading": {"listed_bp": 5}}, "$.fees.trading"),
        (("fees",), {"clearing": {}}, "$.fees"),
        (("fees",), {"trading": {"block_buyer_bp": 10_000}}, "$.fees.trading.block_buyer_bp"),
        (("position",), {"limit_t": -1}, "$.position.limit_t"),
        (("listed", "band_bp"), 10_000, "$.listed.band_bp"),
        (("block", "sessions"), [], "$.block.sessions"),
        (("block", "sessions"), [["1:00", "15:00"]], "$.block.sessions"),
        (("products",), [], "$.products"),
        (("products", 0, "code"), "cea", "$.products[0].code"),
        (("composite", 0, "weights"), [0], "$.composite[0].weights[0]"),
        (("capacity", "levels"), 0, "$.capacity.levels"),
        (("name",), "National", "$.name"),
    ],
)
def test_a_bad_key_is_named_with_its_path(path: Path, value: Any, told: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(changed(path, value), "national.toml")
    assert str(caught.value).startswith("national.toml: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("products", 1, "code"), "CEA22", "$.products"),
        (("products", 1, "listed_from"), "2023-02-30", "$.products[1].listed_from"),
        (("listed", "quantity_t_min"), 100_000, "$.listed.quantity_t_min"),
        (("listed", "sessions"), [["09:30", "09:30"]], "$.listed.sessions[0]"),
        (("listed", "sessions"), [["13:00", "15:00"], ["09:30", "11:30"]], "$.listed.sessions[1]"),
        (("day_opens_at",), "10:00", "$.listed.sessions[0]"),
        (("composite", 1, "effective_from"), "2021-07-16", "$.composite"),
        (("composite", 1, "weights"), [1, 1], "$.composite[1].weights"),
        (("composite", 1, "members"), ["CEA19-20", "CEA21", "CEA99"], "$.composite[1].members"),
        (("composite", 1, "effective_from"), "2022-02-30", "$.composite[1].effective_from"),
        (("listed", "picks"), False, "$.listed.picks"),
        (("products", 1, "listed_until"), "2023-08-27", "$.products[1].listed_until"),
        (("products", 1, "listed_until"), "2025-02-29", "$.products[1].listed_until"),
        (("auction", "sessions"), [["08:00", "09:00"]], "$.auction.sessions[0]"),
        (("auction", "quantity_t_max"), 99_999, "$.auction.quantity_t_min"),
        (("published_open", 0, "product"), "CEA99", "$.published_open[0].product"),
        (("published_open", 0, "date"), "2021-13-01", "$.published_open[0].date"),
    ],
)
def test_a_contradiction_is_named_with_its_path(path: Path, value: Any, told: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(changed(path, value), "national.toml")
    assert f"`{told}`" in str(caught.value)


def test_a_broken_file_is_named() -> None:
    with pytest.raises(ProfileError, match=r"^mine\.toml: "):
        load_profile(b"name = ", "mine.toml")


def test_every_number_of_the_profile_is_an_integer() -> None:
    def numbers(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [number for part in value.values() for number in numbers(part)]
        if isinstance(value, list):
            return [number for part in value for number in numbers(part)]
        return [value] if isinstance(value, int | float) else []

    assert all(isinstance(number, int) for number in numbers(tomllib.loads(TEXT)))
    assert isinstance(national(), Profile)
