"""The file of limits: it changes what it names, and every mistake in it is named with its place."""

from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.limits import LIMITS, Settings
from gateway.settings import load_settings, read_settings


def test_a_file_changes_only_what_it_names() -> None:
    text = b"connections_per_address = 2000\n[limits.trader]\norders_per_second = 500\n"
    found = load_settings(text, "limits.toml")
    assert found.connections_per_address == 2_000
    assert found.connections == Settings().connections
    assert found.of("trader").orders_per_second == 500
    assert found.of("trader").cancels_per_second == LIMITS["trader"].cancels_per_second
    assert found.of("operator") == LIMITS["operator"]
    assert load_settings(b"", "limits.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("connections = ", "limits.toml: Invalid value"),
        ("connectoins = 1", "limits.toml: there is no field 'connectoins'; choose of: connections"),
        ("connections = 'many'", "limits.toml: connections = 'many': write a whole number"),
        ("hosts = 'a'", "limits.toml: hosts = 'a': write a list of texts, such as"),
        ("open_s = true", "limits.toml: open_s = True: write a number"),
        ("connections = 0", "limits.toml: connections = 0: write a figure above 0"),
        ("limits = 3", "limits.toml: Expected `object`, got `int`"),
        ("[limits.king]\nframe_bytes = 1", "limits.toml: there is no role 'king'; choose of:"),
        ("[limits.trader]\norders = 1", "limits.toml, limits.trader: there is no field 'orders'"),
        (
            "[limits.trader]\nbytes_per_second = -1",
            "limits.toml, limits.trader: bytes_per_second = -1: write a figure above 0",
        ),
        (
            "[limits.trader]\nidle_seconds = 1.5",
            "limits.toml, limits.trader: idle_seconds = 1.5: write a whole number",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        load_settings(text.encode(), "limits.toml")
    assert str(caught.value).startswith(told)


def test_a_file_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("connections = 7\n", encoding="utf-8")
    assert read_settings(path).connections == 7
    assert read_settings(None) == Settings()
    with pytest.raises(UserError, match=r"cannot read .*none\.toml: No such file"):
        read_settings(tmp_path / "none.toml")


def test_the_readme_names_every_setting() -> None:
    text = (Path(__file__).parents[2] / "gateway" / "SETTINGS.md").read_text(encoding="utf-8")
    names = (*Settings.__struct_fields__, *LIMITS["trader"].__struct_fields__)
    assert [name for name in names if f"`{name}`" not in text and name != "limits"] == []
