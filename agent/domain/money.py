"""What a kilowatt-hour may cost in which currency, so that cents are not taken for euros.

The typical prices are what households paid in 2024 and 2025, rounded: Eurostat nrg_pc_204 for the currencies of Europe,
Ofgem's price cap, EIA's table 5.3 for the United States, AER's default market offer, and for the others what their
regulators or largest utilities publish. Only the order of magnitude counts. A currency that is not in the table is not
judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

TIMES_TYPICAL = 8.0  # critical-peak prices are up to six times the ordinary ones
SPIKE_TIMES_TYPICAL = 40.0
SHORT_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Money:
    """Prices per kWh in one currency. ``typical`` is a household's; ``hundredth`` is what people call a hundredth.

    ``spike`` is the most that one interval may cost: the cap of the wholesale market and what lies on it.
    ``long_spikes`` is true where the market's cap is passed on to households and was in force for hours.
    """

    typical: float
    hundredth: str | None = None
    spike: float | None = None
    long_spikes: bool = False

    @property
    def likely_most(self) -> float:
        """More than this nobody pays as an ordinary price."""
        return TIMES_TYPICAL * self.typical

    @property
    def spike_most(self) -> float:
        return SPIKE_TIMES_TYPICAL * self.typical if self.spike is None else self.spike


# The European single day-ahead market is capped at 5 per kWh and the intraday one at 9.999; Australia's at 20.3
# (AEMC, 2025-26), before losses and tax.
_MONEY: dict[str, Money] = {
    "EUR": Money(0.29, "cents", 10.0),
    "GBP": Money(0.27, "pence", 10.0),
    "USD": Money(0.17, "cents", 10.0),
    "CHF": Money(0.29, "Rappen", 10.0),
    "CAD": Money(0.18, "cents", 10.0),
    "AUD": Money(0.35, "cents", 25.0, long_spikes=True),
    "NZD": Money(0.35, "cents", 25.0, long_spikes=True),
    "SGD": Money(0.30, "cents", 10.0),
    "HKD": Money(1.4, "cents"),
    "SEK": Money(2.0, "öre"),
    "NOK": Money(1.5, "øre"),
    "DKK": Money(2.7, "øre"),
    "ISK": Money(20.0),
    "CZK": Money(7.0),
    "HUF": Money(45.0),
    "PLN": Money(1.1, "grosze"),
    "RON": Money(1.2, "bani"),
    "BGN": Money(0.30, "stotinki"),
    "RSD": Money(12.0),
    "UAH": Money(4.5, "kopiyky"),
    "TRY": Money(4.0, "kuruş"),
    "ILS": Money(0.62, "agorot"),
    "ZAR": Money(3.5, "cents"),
    "KES": Money(30.0),
    "INR": Money(8.0, "paise"),
    "JPY": Money(31.0),
    "KRW": Money(160.0),
    "CNY": Money(0.55, "fen"),
    "TWD": Money(3.0),
    "THB": Money(4.2),
    "PHP": Money(11.0),
    "MYR": Money(0.40, "sen"),
    "IDR": Money(1450.0),
    "VND": Money(2200.0),
    "BRL": Money(0.90, "centavos"),
    "MXN": Money(1.8, "centavos"),
    "CLP": Money(180.0),
    "COP": Money(850.0),
    "AED": Money(0.30, "fils"),
    "SAR": Money(0.20, "halalas"),
}


def unlikely(price: float, currency: str) -> tuple[str, str] | None:
    """What is wrong with an ordinary price per kWh, and the likely value; None for one that may be."""
    money = _MONEY.get(currency)
    if money is None or abs(price) <= money.likely_most:
        return None
    wrong = f"{price:.10g}, which is more than anybody pays for a kWh in {currency}"
    return wrong, _likely(price, currency, money)


def unlikely_list(prices: Sequence[float | None], step_s: int, currency: str) -> str | None:
    """One sentence for a list of prices that cannot be meant; None for one that may be.

    A single interval may be dear: what is judged is the middle price, and each against the highest spike.
    """
    money, known = _MONEY.get(currency), sorted(abs(price) for price in prices if price is not None)
    if money is None or not known:
        return None
    if money.long_spikes and step_s * len(prices) < SHORT_S:
        return None
    middle = known[(len(known) - 1) // 2]
    found = unlikely(middle, currency)
    return None if found is None else f"the middle of the prices is {found[0]}; {found[1]}"


def beyond_spikes(price: float, currency: str) -> str | None:
    """What a price per kWh should be that no market has let happen; None for one that may be."""
    money = _MONEY.get(currency)
    if money is None:
        return None
    most, least = money.spike_most, -money.spike_most / 2.0
    if least <= price <= most:
        return None
    bound = f"less than or equal to {most:.10g}" if price > most else f"greater than or equal to {least:.10g}"
    return f"Input should be {bound} {currency} per kWh, not {price:.10g}"


def _likely(price: float, currency: str, money: Money) -> str:
    """``did you mean 0.28? prices are in GBP and not in pence``."""
    most, least = 3.0 * money.typical, money.typical / 5.0
    guesses = []
    if money.hundredth is not None and abs(price) / 100.0 <= most:
        guesses.append((price / 100.0, f"prices are in {currency} and not in {money.hundredth}"))
    if least <= abs(price) / 1000.0 <= most:
        guesses.append((price / 1000.0, "prices are per kWh and not per MWh"))
    if not guesses:
        return f"an ordinary price is about {money.typical:.10g} {currency} per kWh"
    values = " or ".join(f"{value:.6g}" for value, _ in guesses)
    return f"did you mean {values}? {' and '.join(why for _, why in guesses)}"
