"""Prices of a site file that cannot be meant in its currency: cents for euros, a price per MWh."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agent.domain.money import unlikely, unlikely_list
from agent.settings import sections
from agent.settings.price_file import PriceFileError, read_prices
from agent.settings.problems import Finding, Key
from agent.settings.schema import Settings


def price_findings(settings: Settings) -> Iterator[Finding]:
    """One for each price that is more than anybody pays in the site's currency."""
    currency = settings.site.currency
    for key, tariff in (("import", settings.tariff.bought), ("export", settings.tariff.sold)):
        yield from _tariff(("tariff", key), tariff, currency)
    for key in ("wear_per_kwh", "wear_above_half_per_kwh", "deep_wear_per_kwh"):
        yield from _price(("battery", key), getattr(settings.battery, key), currency)


def _tariff(place: Key, tariff: sections.Tariff, currency: str) -> Iterator[Finding]:
    match tariff:
        case sections.FlatTariff():
            yield from _price((*place, "price_per_kwh"), tariff.price_per_kwh, currency)
        case sections.TimeOfUseTariff():
            yield from _price((*place, "default_per_kwh"), tariff.default_per_kwh, currency)
            for index, window in enumerate(tariff.windows):
                yield from _price((*place, "window", index, "price_per_kwh"), window.price_per_kwh, currency)
        case sections.DynamicTariff():
            for key in ("taxes_per_kwh", "fee_per_kwh"):
                yield from _price((*place, key), getattr(tariff, key), currency)
            for index, fee in enumerate(tariff.windows):
                yield from _price((*place, "window", index, "fee_per_kwh"), fee.fee_per_kwh, currency)
            yield from _file(place, tariff.file, currency)
        case sections.ListTariff():
            yield from _file(place, tariff.file, currency)


def _file(place: Key, file: str | None, currency: str) -> Iterator[Finding]:
    if file is None:
        return
    with suppress(PriceFileError):  # that is a finding of its own
        found = read_prices(Path(file))
        doubt = unlikely_list(found.prices, found.step_s, currency)
        if doubt is not None:
            yield Finding((*place, "file"), f"cannot be meant: {doubt}", "correct that file")


def _price(place: Key, price: float, currency: str) -> Iterator[Finding]:
    found = unlikely(price, currency)
    if found is not None:
        yield Finding(place, f"is {found[0]}", found[1])
