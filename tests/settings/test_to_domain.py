"""What the other rooms get from a site file."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from agent.domain.advisory import FlexibleLoad, Outage
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.demand_charge import DemandCharge
from agent.domain.ledger import SettlementRequest
from agent.domain.request import Objective, Place
from agent.domain.reserve import Reserve
from agent.domain.site import Connection, Failsafe
from agent.domain.tariff import EVERY_DAY, EVERY_MONTH, HOLIDAY, Flat, PriceList, TimeOfUse, Window, price_at
from agent.domain.wire import from_json, to_json
from agent.settings.check import report
from agent.settings.load import load
from agent.settings.price_file import PriceFileError, read_prices
from agent.settings.schema import Settings
from drivers.endpoint import SerialEndpoint, TcpEndpoint
from tests.site_files import TEXT, changed, written


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(written(tmp_path, TEXT))


def test_the_nouns(settings: Settings) -> None:
    assert settings.battery_spec() == Battery(10000, 5000, 5000, 0.95, 0.95, 10, 95, 20, 0)
    assert settings.connection_spec() == Connection(17000, None)
    assert settings.place() == Place(52.2, 0.12, "Europe/London", ())
    assert settings.objective_spec() == Objective()
    assert settings.solar_rated_w == 8000
    assert settings.roles == {"inverter": frozenset({"battery", "solar"}), "meter": frozenset({"grid"})}
    assert (settings.models_folder / "__init__.py").is_file()


def test_defaults_are_those_of_the_nouns(settings: Settings) -> None:
    assert settings.objective_spec() == Objective()
    assert settings.battery_spec().charge_efficiency == Battery(1, 1, 1).charge_efficiency


def test_every_key_of_the_battery_arrives(tmp_path: Path) -> None:
    text = changed("[solar]", "charge_efficiency = 0.9\ndischarge_efficiency = 0.8\nwear_per_kwh = 0.02\n[solar]")
    found = load(written(tmp_path, text)).battery_spec()
    assert (found.charge_efficiency, found.discharge_efficiency, found.wear_per_kwh) == (0.9, 0.8, 0.02)


FURTHER = """[[battery.further]]
device = "inverter_2"
usable_wh = 4000
charge_w = 2000
discharge_w = 3000
[solar]"""
SECOND = """
[[device]]
name = "inverter_2"
family = "sunspec_hybrid"
roles = ["battery"]
host = "192.168.1.52"
"""


def test_several_batteries_are_one_and_each_has_the_window_of_the_first(tmp_path: Path) -> None:
    path = written(tmp_path, changed("[solar]", FURTHER) + SECOND)
    settings = load(path)
    assert settings.battery_spec() == Battery(14000, 7000, 8000, 0.95, 0.95, 10, 95, 20, 0)
    assert settings.battery_units() == (
        BatteryUnit("inverter", Battery(10000, 5000, 5000, 0.95, 0.95, 10, 95, 20, 0)),
        BatteryUnit("inverter_2", Battery(4000, 2000, 3000, 0.95, 0.95, 10, 95, 20, 0)),
    )
    text, _ = report(path)
    assert "14 kWh at inverter and inverter_2, charges with 7 kW, discharges with 8 kW" in text


def test_a_demand_charge(settings: Settings, tmp_path: Path) -> None:
    assert settings.demand_charge_spec() is None
    text = changed("[solar]", "[demand_charge]\nper_kw = 6.5\ninterval_minutes = 30\nmonths = [12, 1]\n[solar]")
    assert load(written(tmp_path, text)).demand_charge_spec() == DemandCharge(6.5, 1800, (1, 12))
    text = changed("[solar]", "[demand_charge]\nper_kw = 15.0\ninterval_minutes = 15\n[solar]")
    assert load(written(tmp_path, text)).demand_charge_spec() == DemandCharge(15.0, 900)


def test_several_demand_charges_with_hours_and_a_ratchet(tmp_path: Path) -> None:
    text = """[demand_charge]
per_kw = 6.5
interval_minutes = 15
ratchet_pct = 80
[[demand_charge.also]]
name = "on-peak"
per_kw = 20.0
months = [6, 7, 8, 9]
[[demand_charge.also.window]]
from = "16:00"
to = "21:00"
weekdays = ["monday", "friday"]
[solar]"""
    settings = load(written(tmp_path, changed("[solar]", text)))
    every, dear = settings.demand_charges()
    assert every == DemandCharge(6.5, 900, ratchet_share=0.8)
    hours = TimeOfUse(0.0, (Window(1.0, time(16), time(21), frozenset({0, 4})),), "Europe/London")
    assert dear == DemandCharge(20.0, 900, (6, 7, 8, 9), hours, 0.0, "on-peak")
    asked = settings.settlement_request(datetime(2026, 6, 3, tzinfo=UTC), None)
    assert from_json(SettlementRequest, to_json(asked)) == asked


def test_tariffs(settings: Settings) -> None:
    night = Window(0.09, time(0, 30), time(5, 30), EVERY_DAY, EVERY_MONTH)
    assert settings.import_tariff() == TimeOfUse(0.28, (night,), "Europe/London")
    assert settings.export_tariff() == Flat(0.15)


def test_windows_holidays_and_seasons(tmp_path: Path) -> None:
    text = changed(
        "0.28", '0.28\nholidays_as = "holiday"', changed("[connection]", "holidays = [2026-12-25]\n[connection]")
    )
    text = changed('to = "05:30"', 'to = "05:30"\nweekdays = ["sunday", "holiday"]\nmonths = [12, 1]', text)
    found = load(written(tmp_path, text)).import_tariff()
    assert isinstance(found, TimeOfUse)
    assert (found.holidays, found.holidays_as) == (frozenset({date(2026, 12, 25)}), HOLIDAY)
    assert (found.windows[0].days, found.windows[0].months) == (frozenset({6, HOLIDAY}), frozenset({12, 1}))


def test_a_holiday_may_count_as_a_weekday(tmp_path: Path) -> None:
    found = load(written(tmp_path, changed("0.28", '0.28\nholidays_as = "sunday"'))).import_tariff()
    assert isinstance(found, TimeOfUse)
    assert found.holidays_as == 6


def test_nothing_is_paid_for_export_when_the_section_is_left_out(tmp_path: Path) -> None:
    text = changed('[tariff.export]\nkind = "flat"\nprice_per_kwh = 0.15\n', "")
    assert load(written(tmp_path, text)).export_tariff() == Flat(0.0)


def test_a_list_from_the_platform_knows_nothing_yet(tmp_path: Path) -> None:
    text = changed('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "list"')
    found = load(written(tmp_path, text)).export_tariff()
    assert isinstance(found, PriceList)
    assert found.prices == ()


def test_a_list_from_a_file_beside_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(
        "start,price_per_kwh\n2026-01-01T00:00:00+01:00,0.1\n2026-01-01T00:30+01:00,-0.2\n"
    )
    text = changed('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "list"\nfile = "prices.csv"')
    found = load(written(tmp_path, text)).export_tariff()
    assert found == PriceList(datetime(2025, 12, 31, 23, tzinfo=UTC), 1800, (0.1, -0.2))


def test_prices_of_an_exchange_are_per_mwh(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(
        "start,price_per_mwh\n2026-01-01T00:00:00+01:00,84.5\n2026-01-01T00:15:00+01:00,-20\n"
    )
    text = changed('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "list"\nfile = "prices.csv"')
    found = load(written(tmp_path, text)).export_tariff()
    assert found == PriceList(datetime(2025, 12, 31, 23, tzinfo=UTC), 900, (0.0845, -0.02))


def test_a_dynamic_tariff_adds_fees_and_taxes(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("start,price_per_kwh\n2026-01-01T16:45:00Z,0.1\n2026-01-01T17:00:00Z,-0.2\n")
    dynamic = (
        'kind = "dynamic"\nfile = "prices.csv"\nmarket_factor = 1.2\ntaxes_per_kwh = 0.1\nfee_per_kwh = 0.02\n'
        '[[tariff.export.window]]\nfee_per_kwh = 0.05\nfrom = "17:00"\nto = "21:00"'
    )
    found = load(written(tmp_path, changed('kind = "flat"\nprice_per_kwh = 0.15', dynamic))).export_tariff()
    at = datetime(2026, 1, 1, 16, 45, tzinfo=UTC)
    assert price_at(found, at) == pytest.approx(1.2 * 0.1 + 0.02 + 0.1)
    assert price_at(found, at + timedelta(minutes=15)) == pytest.approx(1.2 * -0.2 + 0.05 + 0.1)
    assert price_at(found, at + timedelta(minutes=30)) is None


def test_endpoints(settings: Settings) -> None:
    inverter, meter = settings.devices
    assert inverter.endpoint == TcpEndpoint("192.168.1.20", 502, "tcp")
    assert meter.endpoint == SerialEndpoint("/dev/ttyUSB0", 9600, "N", 1)


def test_names_of_models(tmp_path: Path) -> None:
    text = changed("[cloud]", '[planning]\nload_model = "none"\nsolar_model = "solar-2"\nmodels = "mine"\n[cloud]')
    settings = load(written(tmp_path, text))
    assert (settings.planning.load_model, settings.planning.solar_model) == (None, "solar-2")
    assert settings.models_folder == tmp_path / "mine"


HEADER = "start,price_per_kwh\n"
MIDNIGHT = "2026-01-01T00:00Z,0.1\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ":1: the first line must be start,price_per_kwh"),
        ("time,price\n" + MIDNIGHT, ":1: the first line must be start,price_per_kwh"),
        (HEADER + MIDNIGHT, "at least two prices"),
        (HEADER + MIDNIGHT + "2026-01-01T01:00Z\n", ":3: 2 cells were expected, not 1"),
        (HEADER + MIDNIGHT + "soon,0.1\n", ":3: 'soon' is not a time"),
        (HEADER + MIDNIGHT + "2026-01-01T01:00,0.1\n", ":3: '2026-01-01T01:00' does not say its offset"),
        (HEADER + MIDNIGHT + '2026-01-01T01:00Z,"0,1"\n', ":3: '0,1' is not a price"),
        (HEADER + MIDNIGHT + "2026-01-01T01:00Z,\n", ":3: '' is not a price"),
        (HEADER + MIDNIGHT + "2026-01-01T01:00Z,nan\n", ":3: 'nan' is not a possible price"),
        (HEADER + MIDNIGHT + "2026-01-01T01:00Z,1001\n", ":3: '1001' is not a possible price"),
        (HEADER + MIDNIGHT + MIDNIGHT, ":3: steps are whole minutes and go forward"),
        (HEADER + MIDNIGHT + "2026-01-01T01:00Z,1\n\n2026-01-01T03:00Z,1\n", ":5: the steps are not equal"),
        (HEADER + '"', "is not CSV"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_a_bad_price_file_has_its_line(tmp_path: Path, text: str | bytes, reason: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(PriceFileError) as refused:
        read_prices(path)
    assert reason in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_price_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match="cannot be read: No such file"):
        read_prices(tmp_path / "prices.csv")
    with pytest.raises(PriceFileError, match="cannot be read: Is a directory"):
        read_prices(tmp_path)


def test_reserves_by_the_clock_lie_over_that_of_the_battery(settings: Settings, tmp_path: Path) -> None:
    assert settings.reserve_spec() is None
    window = '[[reserve]]\npct = 60\nfrom = "16:00"\nto = "21:00"\nweekdays = ["friday"]\nmonths = [1]\n[solar]'
    found = load(written(tmp_path, changed("[solar]", window))).reserve_spec()
    friday = Window(60, time(16), time(21), frozenset({4}), frozenset({1}))
    assert found == Reserve(TimeOfUse(20, (friday,), "Europe/London"))


def test_a_failsafe_has_its_limits_and_its_time(settings: Settings, tmp_path: Path) -> None:
    assert settings.failsafe_spec() is None
    both = 'export_limit_w = "none"\nfailsafe_after_s = 120\nfailsafe_export_w = 0'
    found = load(written(tmp_path, changed('export_limit_w = "none"', both))).failsafe_spec()
    assert found == Failsafe(Connection(None, 0), timedelta(seconds=120))


def test_what_recommendations_rest_on(tmp_path: Path) -> None:
    machine = '[[flexible_load]]\nname = "w"\npower_w = 2000\nduration_min = 90\nearliest = "22:00"\nlatest = "06:00"\n'
    outage = "[[advice.outage]]\nfrom = 2026-01-01T10:00:00+01:00\nto = 2026-01-01T11:00:00+01:00\n"
    found = load(written(tmp_path, changed("[cloud]", f"{machine}{outage}[cloud]"))).advice_spec()
    assert found.loads == (FlexibleLoad("w", 2000.0, 5400, time(22), time(6)),)
    assert found.outages == (Outage(datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 10, tzinfo=UTC)),)
