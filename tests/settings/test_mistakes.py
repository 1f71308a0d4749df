"""Every mistake has its line, its reason and what would be right."""

from pathlib import Path

import pytest

from tests.site_files import TEXT, changed, problems

# What is replaced, by what, a text on the line that is to be named, the key, part of the reason, part of the remedy.
Mistake = tuple[str, str, str, str, str, str]


def reserved(pct: str, more: str = "") -> str:
    """A reserve of its own from 16:00 on, before the section that it stands in for."""
    return f'[[reserve]]\npct = {pct}\nfrom = "16:00"\nto = "21:00"\n{more}\n[cloud]'


FEE_IN_PENCE = 'kind = "dynamic"\n[[tariff.export.window]]\nfee_per_kwh = 12\nfrom = "17:00"\nto = "21:00"'
HALF_HOURS = "[demand_charge]\nper_kw = 9\ninterval_minutes = 30\n"
ALSO = "[[demand_charge.also]]\n"

KEYS: dict[str, Mistake] = {
    "unknown key": (
        'name = "Riverside"', 'nmae = "Riverside"', "nmae", "[site] nmae", "not a key", "did you mean name?",
    ),
    "key of no likeness": ("[site]", "[site]\nzzz = 1", "zzz", "[site] zzz", "not a key", "known here: id, name"),
    "key of another section": (
        "[solar]", "[solar]\nusable_wh = 1", "\nusable_wh = 1\n", "[solar] usable_wh", "not a key", "[battery]",
    ),
    "unknown section": ("[solar]", "[soler]", "[soler]", "[soler]", "not a section", "did you mean solar?"),
    "key above all sections": (
        "[site]", "interval_s = 900\n[site]", "interval_s", "interval_s", "not a section", "[planning]",
    ),
    "unknown key of a section that may be left out": (
        "[cloud]", '[cloud]\nuser_name = "x"', "user_name", "[cloud] user_name", "not a key", "did you mean username?",
    ),
    "secret": ("[cloud]", '[cloud]\npassword = "hunter2"', "hunter2", "[cloud] password", "secret", "password_file"),
    "missing key": ("charge_w = 5000\ndis", "dis", "[battery]", "[battery] charge_w", "missing", "charge_w = 5000"),
    "missing limit": ('export_limit_w = "none"', "", "[connection]", "[connection] export_limit_w", "missing", "none"),
    "missing key of a device": (
        'name = "meter"\n', "", "[[device]]\nfamily", "[[device]] 2: name", "missing", 'name = "inverter"',
    ),
    "missing key of a window": (
        'from = "00:30"\n', "", "[[tariff.import.window]]", "[[tariff.import.window]] 1: from", "missing", '"00:30"',
    ),
    "missing kind": ('kind = "flat"\n', "", "[tariff.export]", "[tariff.export] kind", "missing", '"flat"'),
    "wrong kind": ('kind = "flat"', 'kind = "magic"', "magic", "[tariff.export] kind", '"magic"', '"list"'),
    "key of another kind": (
        "price_per_kwh = 0.15", 'price_per_kwh = 0.15\nfile = "x"', "file", "[tariff.export] file", "not a key", "kind",
    ),
}  # fmt: skip

UNITS: dict[str, Mistake] = {
    "kWh": ("usable_wh = 10000", "usable_kwh = 10", "usable_kwh", "[battery] usable_kwh", "not a key",
            "did you mean usable_wh? 10 kWh is written 10000"),
    "kW": ("\ncharge_w = 5000", "\ncharge_kw = 5", "charge_kw", "[battery] charge_kw", "not a key",
           "did you mean charge_w? 5 kW is written 5000"),
    "MW": ("rated_w = 8000", "rated_mw = 8", "rated_mw", "[solar] rated_mw", "not a key",
           "8 MW is written 8000000"),
    "no unit": ("\ncharge_w = 5000", "\ncharge = 5000", "charge =", "[battery] charge", "not a key", "charge_w"),
    "price per MWh": ("price_per_kwh = 0.15", "price_per_mwh = 150", "mwh", "[tariff.export] price_per_mwh",
                      "not a key", "150 per MWh is written 0.15"),
    "minutes": ("[cloud]", "[control]\nhold_min = 1\n[cloud]", "hold_min", "[control] hold_min", "not a key",
                "did you mean hold_s? 1 min is written 60"),
    "kW under the name of watts": ("\ncharge_w = 5000", "\ncharge_w = 5", "charge_w = 5", "[battery] charge_w",
                                   "must be at least 100", "did you mean 5000?"),
    "kW as a limit": ("17000", "17.25", "17.25", "[connection] import_limit_w", "17.25 W", "did you mean 17250?"),
    "fraction for percent": ("= 95", "= 0.95", "0.95", "[battery] soc_max_pct", "is 0.95", "did you mean 95?"),
    "one for 100 percent": ("= 95", "= 1", "soc_max_pct", "[battery] soc_max_pct", "is 1", "did you mean 100?"),
    "percent for a fraction": ("[solar]", "charge_efficiency = 95\n[solar]", "= 95\n[", "[battery] charge_efficiency",
                               "at most 1", "did you mean 0.95?"),
    "grams": ("[cloud]", "[carbon]\nkg_per_kwh = 230\n[cloud]", "230", "[carbon] kg_per_kwh", "at most 5",
              "did you mean 0.23?"),
    "a number with its unit": ("\ncharge_w = 5000", '\ncharge_w = "5 kW"', "5 kW", "[battery] charge_w",
                               "must be a number", "write 5000, without quotation marks"),
}  # fmt: skip

VALUES: dict[str, Mistake] = {
    "number in quotation marks": ("0.28", '"0,28"', "0,28", "[tariff.import] default_per_kwh", "must be a number",
                                  "write 0.28,"),
    "text without quotation marks": ('name = "Riverside"', "name = 12", "12", "[site] name", "must be text",
                                     'write "12"'),
    "one in place of a list": ('["grid"]', '"grid"', '"grid"', "[[device]] 2: roles", "must be a list",
                               'write roles = ["grid"]'),
    "empty list": ('["grid"]', "[]", "[]", "[[device]] 2: roles", "empty", "measures"),
    "unknown word": ('["grid"]', '["grud"]', "grud", "[[device]] 2: roles 1", '"grud"', 'did you mean "grid"?'),
    "whole number with a point": ("unit_id = 2", "unit_id = 2.0", "2.0", "[[device]] 2: unit_id", "whole number",
                                  "write 2"),
    "number for a switch": ("[cloud]", "[cloud]\ntls = 1", "tls = 1", "[cloud] tls", "true or false", "broker"),
    "switch for a number": ("17000", "true", "true", "[connection] import_limit_w", "must be a number", "watts"),
    "number too large": ("= 0.12", "= 190", "190", "[site] longitude", "must be at most 180", "degrees"),
    "number too long": ("17000", "9" * 400, "999", "[connection] import_limit_w", "more than 64 bits", "smaller"),
    "long number in an option": ("unit_id = 2", f"unit_id = 2\noptions = {{ rated_w = 0x{'f' * 9000} }}", "0xff",
                                 "[[device]] 2: options rated_w", "more than 64 bits", "smaller"),
    "negative limit": ("17000", "-1", "-1", "[connection] import_limit_w", "must be at least 0", "watts"),
    "not a number": ("0.28", "nan", "nan", "[tariff.import] default_per_kwh", "finite", "money"),
    "infinite": ("\ncharge_w = 5000", "\ncharge_w = inf", "inf", "[battery] charge_w", "finite", "charging power"),
    "id with blanks": ('"riverside"', '"River Side"', "River Side", "[site] id", "cannot be", "small letters"),
    "id too long": ('"riverside"', f'"{"r" * 65}"', "rrr", "[site] id", "cannot be", "1 to 64"),
    "currency": ("GBP", "pounds", "pounds", "[site] currency", "cannot be", "ISO 4217"),
    "time zone": ("Europe/London", "Europe/Londn", "Londn", "[site] timezone", "not a time zone",
                  'did you mean "Europe/London"?'),
    "time zone that climbs": ("Europe/London", "../../etc/passwd", "..", "[site] timezone", "not a time zone", "IANA"),
    "time zone that is a folder": ("Europe/London", "Europe", '"Europe"', "[site] timezone", "not a time zone",
                                   "did you mean"),
    "holiday in quotation marks": ("[connection]", 'holidays = ["2026-12-25"]\n[connection]', "holidays",
                                   "[site] holidays 1", "must be a date", "quotation marks: 2026-12-25"),
    "time of day": ('"05:30"', '"5:30"', "5:30", "[[tariff.import.window]] 1: to", "cannot be", '"HH:MM"'),
    "hour 24": ('"05:30"', '"24:00"', "24:00", "[[tariff.import.window]] 1: to", "cannot be", '"00:00" is midnight'),
    "month 13": ('to = "05:30"', 'to = "05:30"\nmonths = [12, 13]', "13", "[[tariff.import.window]] 1: months 2",
                 "at most 12", "months in which it begins"),
    "section that is a list": ("[solar]", "[[solar]]", "[[solar]]", "solar", "must be a section", "[solar] in single"),
    "list that is a section": ("[[tariff.import.window]]", "[tariff.import.window]", "[tariff.import.window]",
                               "[[tariff.import.window]]", "must be a list", "[[tariff.import.window]] in double"),
    "holiday with a time": ("[connection]", "holidays = [2026-12-25T00:00:00]\n[connection]", "holidays",
                            "[site] holidays 1", "must be a date", "such as [2026-12-25]"),
    "section that is a value": ("[site]", "carbon = 0.2\n[site]", "carbon = 0.2", "carbon", "must be a section", ""),
}  # fmt: skip

MACHINE = '[[flexible_load]]\nname = "w"\npower_w = 2000\nduration_min = 60\nearliest = "08:00"\nlatest = "20:00"\n'
RELAY = '[[device]]\nname = "relay"\nfamily = "modbus_relay"\nroles = ["switch"]\nhost = "192.168.1.30"\n'
SWITCHED = 'switched_by = "relay"\nat_rest = "on"\n'

TOGETHER: dict[str, Mistake] = {
    "a machine longer than its window": (
        "[cloud]", ('[[flexible_load]]\nname = "w"\npower_w = 2000\nduration_min = 180\nearliest = "22:00"\n'
        'latest = "00:30"\n[cloud]'), "duration_min", "[[flexible_load]] 1: duration_min", "longer than", "150 or less",
    ),
    "a usual time outside the window": (
        "[cloud]", ('[[flexible_load]]\nname = "w"\npower_w = 2000\nduration_min = 60\nearliest = "08:00"\n'
        'latest = "20:00"\nusual = "19:30"\n[cloud]'), "usual", "[[flexible_load]] 1: usual", "wholly", "earlier",
    ),
    "a machine whose relay is no device": (
        "[cloud]", MACHINE + 'switched_by = "meter"\nat_rest = "on"\n[cloud]', "switched_by",
        "[[flexible_load]] 1: switched_by", "no relay", "none yet",
    ),
    "a state of rest without a relay": (
        "[cloud]", MACHINE + 'at_rest = "on"\n[cloud]', "at_rest", "[[flexible_load]] 1: at_rest",
        "without switched_by", "leave it out",
    ),
    "a relay that shall measure": (
        "[cloud]", RELAY.replace('"switch"', '"load"') + "[cloud]", 'roles = ["load"]', "[[device]] 1: roles",
        "is load of the family modbus_relay", "alone",
    ),
    "a machine without a state of rest": (
        "[cloud]", RELAY + MACHINE + 'switched_by = "relay"\n[cloud]', "[[flexible_load]]",
        "[[flexible_load]] 1: at_rest", "missing beside switched_by", "a car",
    ),
    "two machines with one relay": (
        "[cloud]", RELAY + MACHINE + SWITCHED + MACHINE.replace('"w"', '"v"') + SWITCHED + "[cloud]",
        SWITCHED + "[cloud]", "[[flexible_load]] 2: switched_by", "switches w already", "one machine",
    ),
    "an outage that ends before it begins": (
        "[cloud]", "[[advice.outage]]\nfrom = 2026-01-01T10:00:00Z\nto = 2026-01-01T09:00:00Z\n[cloud]", "to = 2026",
        "[[advice.outage]] 1: to", "not after from", "ends after",
    ),
    "window of the battery": ("soc_min_pct = 10", "soc_min_pct = 95", "soc_max_pct", "[battery] soc_max_pct",
                              "not above soc_min_pct (95)", "room"),
    "reserve above the window": ("reserve_pct = 20", "reserve_pct = 96", "reserve_pct", "[battery] reserve_pct",
                                 "not below soc_max_pct (95)", "lower"),
    "battery without device": ('device = "inverter"', 'device = "invertor"', "invertor", "[battery] device",
                               "no device", 'did you mean "inverter"?'),
    "battery that cannot be steered": ('device = "inverter"', 'device = "meter"', "\ndevice", "[battery] device",
                                       "sdm630 cannot be steered", "sunspec_hybrid"),
    "further battery without device": ("[solar]", ('[[battery.further]]\ndevice = "invertr"\nusable_wh = 9000\n'
                                       "charge_w = 4000\ndischarge_w = 4000\n[solar]"), "invertr",
                                       "[[battery.further]] 1: device", "no device", 'did you mean "inverter"?'),
    "one device for two batteries": ("[solar]", ('[[battery.further]]\ndevice = "inverter"\nusable_wh = 9000\n'
                                     "charge_w = 4000\ndischarge_w = 4000\n[solar]"),
                                     'device = "inverter"\nusable_wh = 9000',
                                     "[[battery.further]] 1: device", "another battery already", "once"),
    "battery without role": ('["battery", "solar"]', '["solar"]', '["solar"]', "[[device]] 1: roles",
                             "[battery] is steered by inverter", 'add "battery"'),
    "two batteries": ('["grid"]', '["grid", "battery"]', '["grid", "b', "[[device]] 2: roles", "another device",
                      "leave"),
    "two grid meters": ('["battery", "solar"]', '["battery", "solar", "grid"]', '["grid"]', "[[device]] 2: roles",
                        "their powers would be added", "one device"),
    "no grid meter": ('["grid"]', '["load"]', "[[device]]", "[[device]]", 'no device with the role "grid"',
                      'roles = ["grid"]'),
    "solar without device": ('["battery", "solar"]', '["battery"]', "[solar]", "[solar]", "no device has the role",
                             'add "solar"'),
    "solar device without section": ("[solar]\nrated_w = 8000", "", "unit_id = 2", "[solar]", "missing", "rated_w"),
    "role twice": ('["grid"]', '["grid", "grid"]', '"grid"', "[[device]] 2: roles", "twice", "once"),
    "two of a name": ('name = "meter"', 'name = "inverter"', 'name = "inverter"\nfamily = "sdm',
                      "[[device]] 2: name", "like that of device 1", "its own"),
    "unknown family": ('"sdm630"', '"sdm63"', "sdm63", "[[device]] 2: family", "not a family",
                       'did you mean "sdm630"?'),
    "unknown option": ("unit_id = 2", "unit_id = 2\noptions = { rated = 1 }", "rated = 1",
                       "[[device]] 2: options rated",
                       "not an option of sdm630", "rated_w"),
    "option of another type": ("unit_id = 2", 'unit_id = 2\noptions = { rated_w = "x" }', 'rated_w = "x"',
                               "[[device]] 2: options rated_w", "must be", "rated power"),
    "no link": ('host = "192.168.1.20"', "", '[[device]]\nname = "inv', "[[device]] 1",
                "neither host nor serial_port", "host ="),
    "two links": ('host = "192.168.1.20"', 'host = "192.168.1.20"\nserial_port = "/dev/ttyS0"', "ttyS0",
                  "[[device]] 1: serial_port", "beside host", "leave one"),
    "key of the other link": ("unit_id = 2", "unit_id = 2\nport = 502", "port = 502", "[[device]] 2: port",
                              "does not go with serial_port", "leave it out"),
    "host with scheme": ('"192.168.1.20"', '"http://192.168.1.20"', "http", "[[device]] 1: host", "not an address",
                         "alone"),
    "host with port": ('"192.168.1.20"', '"192.168.1.20:502"', ":502", "[[device]] 1: host", "not an address", "port"),
    "address of no network": ('"192.168.1.20"', '"192.168.1.300"', ".300", "[[device]] 1: host", "not an address", ""),
    "echo on a network": ('host = "192.168.1.20"', 'host = "192.168.1.20"\necho = true', "echo", "[[device]] 1: echo",
                          'without framing = "rtu"', "only a serial line"),
    "no transaction ids to ignore": ('host = "192.168.1.20"',
                                     'host = "192.168.1.20"\nframing = "rtu"\ntransaction_ids = "ignored"',
                                     "transaction_ids", "[[device]] 1: transaction_ids",
                                     'does not go with framing = "rtu"', "leave it out"),
    "a place that is not the only one": ('host = "192.168.1.20"',
                                         'host = "192.168.1.20"\nsingle_client = false\ngive_back_s = 5',
                                         "give_back_s", "[[device]] 1: give_back_s",
                                         "does not go with single_client = false", "leave one of them out"),
    "transaction ids of a serial line": ("unit_id = 2", 'unit_id = 2\ntransaction_ids = "ignored"', "transaction_ids",
                                         "[[device]] 2: transaction_ids", "does not go with serial_port",
                                         "leave it out"),
    "unit id on a line": ("unit_id = 2", "unit_id = 0", "unit_id = 0", "[[device]] 2: unit_id", "1 to 247", "manual"),
    "list without source": ('kind = "flat"\nprice_per_kwh = 0.15\n\n[cloud]\nhost = "mqtt.example.org"',
                            'kind = "list"', "[tariff.export]", "[tariff.export]", "without a file", "[cloud]"),
    "dynamic without source": ('kind = "flat"\nprice_per_kwh = 0.15\n\n[cloud]\nhost = "mqtt.example.org"',
                               'kind = "dynamic"', "[tariff.export]", "[tariff.export]", "without a file", "[cloud]"),
    "market factor in percent": ('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "dynamic"\nmarket_factor = 125',
                                 "125", "[tariff.export] market_factor", "at most 10", "multiplied"),
    "fee of a window in pence": ('kind = "flat"\nprice_per_kwh = 0.15',
                                 FEE_IN_PENCE, "= 12", "[[tariff.export.window]] 1: fee_per_kwh", "more than",
                                 "did you mean 0.12?"),
    "taxes in pence": ('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "dynamic"\ntaxes_per_kwh = 15', "= 15",
                       "[tariff.export] taxes_per_kwh", "more than", "did you mean 0.15?"),
    "list whose file is missing": ('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "list"\nfile = "no.csv"', "no.csv",
                                   "[tariff.export] file", "No such file", "correct"),
    "holiday window without its tariff": ('to = "05:30"', 'to = "05:30"\nweekdays = ["holiday"]', '"holiday"',
                                          "[[tariff.import.window]] 1: weekdays", "ordinary",
                                          'holidays_as = "holiday"'),
    "weekday twice": ('to = "05:30"', 'to = "05:30"\nweekdays = ["monday", "monday"]', '"monday"',
                      "[[tariff.import.window]] 1: weekdays", "monday twice", "once"),
    "failsafe without its time": ('export_limit_w = "none"', 'export_limit_w = "none"\nfailsafe_export_w = 0',
                                  "failsafe_export_w", "[connection] failsafe_export_w", "without failsafe_after_s",
                                  "add failsafe_after_s"),
    "failsafe without a limit": ('export_limit_w = "none"', 'export_limit_w = "none"\nfailsafe_after_s = 120',
                                 "failsafe_after_s", "[connection] failsafe_after_s", "without a failsafe limit",
                                 "failsafe_export_w"),
    "failsafe in a hurry": ('export_limit_w = "none"', 'export_limit_w = "none"\nfailsafe_after_s = 1',
                            "failsafe_after_s", "[connection] failsafe_after_s", "at least 30", ""),
    "reserve of an hour above the window": ("[cloud]", reserved("95.5"), "pct = 95.5", "[[reserve]] 1: pct",
                                            "not below soc_max_pct (95)", "nothing would be left"),
    "reserve of an hour as a fraction": ("[cloud]", reserved("0.6"), "pct = 0.6", "[[reserve]] 1: pct", "is 0.6",
                                         "did you mean 60?"),
    "month twice in a reserve": ("[cloud]", reserved("60", "months = [1, 1]"), "months", "[[reserve]] 1: months",
                                 "names 1 twice", "once"),
    "a flat price beside windows": ("default_per_kwh = 0.28", "default_per_kwh = 0.28\nprice_per_kwh = 0.3",
                                    "price_per_kwh = 0.3", "[tariff.import] price_per_kwh", "not a key",
                                    "default_per_kwh"),
    "short hold": ("[cloud]", "[control]\nstep_s = 5\nhold_s = 14\n[cloud]", "hold_s", "[control] hold_s",
                   "less than three control steps of 5 s", "write 15 or more"),
    "readings always stale": ("[cloud]", "[control]\nstep_s = 10\n[cloud]", "[control]", "[control] stale_s",
                              "less than two control steps", "write 20 or more"),
    "asked too seldom": ('family = "sdm630"', 'family = "sdm630"\npoll_s = 10', "poll_s",
                         "[[device]] 2: poll_s", "is 10 s, but what was read is used for 15 s",
                         "5 or less, or stale_s = 30"),
    "deadline": ("[cloud]", "[planning]\ninterval_s = 60\ndeadline_s = 60\n[cloud]", "deadline_s",
                 "[planning] deadline_s", "not below interval_s", "before the next"),
    "plan too short": ("[cloud]", "[planning]\ninterval_s = 7200\nvalid_h = 1\n[cloud]", "valid_h",
                       "[planning] valid_h", "shorter than interval_s", "until the next"),
    "plan too long": ("[cloud]", "[planning]\nhorizon_h = 5\n[cloud]", "[planning]", "[planning] valid_h",
                      "longer than horizon_h (5)", "write 5"),
    "demand charge for nothing": ("[cloud]", "[demand_charge]\nper_kw = 0\ninterval_minutes = 15\n[cloud]",
                                  "per_kw = 0", "[demand_charge] per_kw", "more than 0", "kW"),
    "demand charge of ten minutes": ("[cloud]", "[demand_charge]\nper_kw = 9\ninterval_minutes = 10\n[cloud]",
                                     "interval_minutes", "[demand_charge] interval_minutes", "10", "60"),
    "demand charge without its minutes": ("[cloud]", "[demand_charge]\nper_kw = 9\n[cloud]", "[demand_charge]",
                                          "[demand_charge] interval_minutes", "missing", "15"),
    "demand charge of a month twice": (
        "[cloud]", "[demand_charge]\nper_kw = 9\ninterval_minutes = 15\nmonths = [1, 1]\n[cloud]", "months",
        "[demand_charge] months", "1 twice", "once"),
    "demand hours within an interval": (
        "[cloud]",
        HALF_HOURS + '[[demand_charge.window]]\nfrom = "16:15"\nto = "21:00"\n[cloud]',
        "16:15", "[[demand_charge.window]] 1: from", "within an interval of 30 minutes", "begins"),
    "demand charge called twice": (
        "[cloud]",
        HALF_HOURS + ALSO + 'name = "a"\nper_kw = 1\n' + ALSO + "name = 'a'\nper_kw = 2\n[cloud]",
        "name = 'a'", "[[demand_charge.also]] 2: name", "twice", "another name"),
    "ratchet above all": ("[cloud]", "[demand_charge]\nper_kw = 9\ninterval_minutes = 15\nratchet_pct = 120\n[cloud]",
                          "ratchet_pct", "[demand_charge] ratchet_pct", "at most 100", "eleven months"),
    "demand charge within a plan step": (
        "[cloud]", "[planning]\nstep_s = 1800\n[demand_charge]\nper_kw = 9\ninterval_minutes = 15\n[cloud]",
        "interval_minutes", "[demand_charge] interval_minutes", "no whole number of plan steps of 1800 s", "900"),
    "certificate without key": ("[cloud]", '[cloud]\ncert_file = "c"', "cert_file", "[cloud] cert_file",
                                "without key_file", "add key_file"),
    "enrolment beside a certificate": (
        "[cloud]", '[cloud]\ncert_file = "c"\nkey_file = "k"\nenrol_url = "https://a.example"', "enrol_url",
        "[cloud] enrol_url", "is given beside cert_file", "leave cert_file and key_file out"),
    "enrolment in clear": ("[cloud]", '[cloud]\nenrol_url = "http://a.example/enrol"', "enrol_url",
                           "[cloud] enrol_url", "http://a.example/enrol", "https://"),
    "enrolment without tls": ("[cloud]", '[cloud]\ntls = false\nenrol_url = "https://a.example"', "enrol_url",
                              "[cloud] enrol_url", "tls is false", "tls = true"),
    "password without name": ("[cloud]", '[cloud]\npassword_file = "p"', "password_file", "[cloud] password_file",
                              "without username", "add username"),
    "certificate without tls": ("[cloud]", '[cloud]\ntls = false\nca_file = "c"', "ca_file", "[cloud] ca_file",
                                "tls is false", "tls = true"),
    "password in clear": ("[cloud]", '[cloud]\ntls = false\nusername = "u"\npassword_file = "p"', "password_file",
                          "[cloud] password_file", "in clear", "tls = true"),
    "broker with scheme": ("mqtt.example.org", "mqtts://mqtt.example.org", "mqtts", "[cloud] host", "mqtts://",
                           "without mqtt://"),
}  # fmt: skip


def line_of(text: str, part: str) -> int:
    return text[: text.index(part) + len(part) - len(part.lstrip("\n"))].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "at", "key", "reason", "remedy"),
    [pytest.param(*case, id=name) for table in (KEYS, UNITS, VALUES, TOGETHER) for name, case in table.items()],
)
def test_a_mistake_is_one_sentence_at_its_line(
    tmp_path: Path, old: str, new: str, at: str, key: str, reason: str, remedy: str
) -> None:
    text = changed(old, new)
    (problem,) = problems(tmp_path, text)
    assert key in (problem.key or problem.reason)
    assert reason in problem.reason
    assert remedy in problem.remedy
    assert problem.line == line_of(text, at)


SYNTAX = {
    "unclosed quotation mark": ('name = "Riverside"', 'name = "Riverside', "name", ""),
    "typographic quotation marks": ('name = "Riverside"', "name = \u201cRiverside\u201d", "name", "straight"),
    "decimal comma": ("0.28", "0,28", "0,28", "write decimal numbers with a point"),
    "thousands with a space": ("17000", "17 000", "17 000", "in one piece"),
    "thousands with a sign between": ("17000", "17'000", "17'000", "in one piece"),
    "German thousands": ("usable_wh = 10000", "usable_wh = 1.010.000", "1.010", "in one piece"),
    "zeros before a number": ("usable_wh = 10000", "usable_wh = 010000", "010000", "without zeros"),
    "no zero before the point": ("0.28", ".28", "= .28", "a zero before the point"),
    "a remark without its sign": ("usable_wh = 10000", "usable_wh = 10000 ; ten", "; ten", "a comment after #"),
    "number with unit": ("17000", "17 kW", "17 kW", "without its unit"),
    "text without quotation marks": ('"Riverside"', "Riverside", "= Riverside", "quotation marks"),
    "time without quotation marks": ('"05:30"', "5:30", "5:30", "write times in quotation marks"),
    "key twice": ("usable_wh = 10000", "usable_wh = 10000\nusable_wh = 9000", "9000", "only once"),
    "section twice": ("[cloud]", "[site]\n[cloud]", "[site]\n[cloud]", "only once"),
    "no equals sign": ("usable_wh = 10000", "usable_wh 10000", "usable_wh", "key = value"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "at", "remedy"), [pytest.param(*case, id=name) for name, case in SYNTAX.items()]
)
def test_bad_toml_has_its_line_too(tmp_path: Path, old: str, new: str, at: str, remedy: str) -> None:
    text = changed(old, new)
    (problem,) = problems(tmp_path, text)
    assert problem.line == line_of(text, at)
    assert problem.reason.startswith("this is not TOML")
    assert remedy in problem.remedy
    assert "Riverside" not in str(problem)  # the line itself may hold a secret


def test_two_devices_on_one_line_must_agree(tmp_path: Path) -> None:
    load_meter = '\n[[device]]\nname = "heat"\nfamily = "sdm630"\nroles = ["load"]\nserial_port = "/dev/ttyUSB0"\n'
    assert problems(tmp_path, f"{TEXT}{load_meter}unit_id = 3\n") == ()
    (problem,) = problems(tmp_path, f"{TEXT}{load_meter}unit_id = 3\nbaud = 19200\n")
    assert (problem.key, problem.line) == ("[[device]] 3: baud", len(TEXT.splitlines()) + 8)
    assert "19200, but meter on the same line (/dev/ttyUSB0) has 9600" in problem.reason
    (problem,) = problems(tmp_path, f"{TEXT}{load_meter}unit_id = 2\n")
    assert problem.key == "[[device]] 3: unit_id"
    assert "like that of meter" in problem.reason


def test_two_meters_of_one_unit_differ_by_their_options(tmp_path: Path) -> None:
    meters = "".join(
        f'\n[[device]]\nname = "m{i}"\nfamily = "sunspec_meter"\nroles = ["load"]\nhost = "192.168.1.20"\n'
        f"options = {{ number = {i} }}\n"
        for i in (1, 2)
    )
    assert problems(tmp_path, TEXT + meters) == ()
    (problem,) = problems(tmp_path, TEXT + meters.replace("number = 2", "number = 1"))
    assert problem.key == "[[device]] 4: unit_id"


def test_framing_belongs_to_the_line(tmp_path: Path) -> None:
    meter = '\n[[device]]\nname = "m"\nfamily = "sdm630"\nroles = ["load"]\nhost = "192.168.1.20"\nframing = "rtu"\n'
    (problem,) = problems(tmp_path, TEXT + meter)
    assert problem.key == "[[device]] 3: framing"


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    text = changed("[cloud]", '[cloud]\npassword = "hunter2"\npasword_file = "hunter3"\ntoken = "hunter4"')
    found = problems(tmp_path, text)
    assert len(found) == 3
    assert not any("hunter" in str(problem) for problem in found)


def test_all_mistakes_are_named_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = changed("unit_id = 2", "unit_id = 2000", changed('name = "Riverside"', 'nmae = "Riverside"'))
    assert [problem.key for problem in problems(tmp_path, text)] == ["[site] nmae", "[[device]] 2: unit_id"]


def test_a_device_that_forgets_must_be_written_in_time(tmp_path: Path) -> None:
    control = "\n[control]\nhold_s = 60\nstale_s = 60\nstep_s = "
    kostal = changed('"sunspec_hybrid"', '"kostal_plenticore"')
    assert problems(tmp_path, f"{kostal}{control}15\n") == ()
    (problem,) = problems(tmp_path, f"{kostal}{control}20\n")
    assert (problem.key, problem.reason) == (
        "[control] step_s",
        "is 20 s, but inverter must be written again every 15 s",
    )
    assert "15 or less" in problem.remedy
