"""Five participants with cash and allowances, and days of random trades among them."""

from random import Random

from tests.clearing.desk import Registry
from tests.clearing.house import CEA24, DATE, House

LETTERS = "ABCDE"


async def found(house: House, registry: Registry) -> None:
    """Admit five participants, each with 1,000 t and a million yuan at the registry."""
    house.found(LETTERS)
    for letter in LETTERS:
        await registry.endow(letter, 100_000_000, CEA24=1_000)


def trade_a_day(house: House, random: Random, date: str = DATE, count: int = 12) -> int:
    """Trade at random among the five; return the tonnes traded."""
    house.open(date, CEA24=9_500)
    total = 0
    for _ in range(count):
        seller, buyer = random.sample(LETTERS, 2)
        quantity_t = random.randint(1, 40)
        house.trade(seller, buyer, quantity_t, random.randint(9_000, 9_999), CEA24)
        total += quantity_t
    house.close(date)
    return total
