"""From where a key may come."""

import pytest

from gateway.addresses import is_within


@pytest.mark.parametrize(
    ("address", "allowed", "expected"),
    [
        ("192.0.2.7", (), True),
        ("", (), True),
        ("192.0.2.7", ("192.0.2.7",), True),
        ("192.0.2.8", ("192.0.2.7",), False),
        ("192.0.2.200", ("198.51.100.0/24", "192.0.2.128/25"), True),
        ("192.0.2.100", ("198.51.100.0/24", "192.0.2.128/25"), False),
        ("::ffff:192.0.2.7", ("192.0.2.0/24",), True),
        ("2001:db8::1", ("2001:db8::/32",), True),
        ("2001:db9::1", ("2001:db8::/32",), False),
        ("2001:db8::1", ("192.0.2.0/24",), False),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("192.0.2.7", ("192.0.2.9/24",), True),
        ("somewhere", ("0.0.0.0/0", "::/0"), False),
        ("", ("0.0.0.0/0",), False),
    ],
)
def test_a_key_comes_from_its_addresses_alone(
    address: str, allowed: tuple[str, ...], expected: bool
) -> None:
    assert is_within(address, allowed) is expected
