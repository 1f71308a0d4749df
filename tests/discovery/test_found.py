"""What becomes of the units that answered: what they can do, and one entry a device."""

from dataclasses import replace

import pytest

from agent.discovery.found import Place, Scan, in_order, without_twins
from agent.domain.wire import from_json, to_json
from tests.discovery.devices import LAN, found


@pytest.mark.parametrize(
    ("family", "models", "can", "has_battery"),
    [
        ("sunspec_hybrid", (1, 103, 124), ("setpoint", "hold", "charge", "discharge", "curtail"), True),
        ("sunspec_hybrid", (1, 103, 123), (), False),
        ("sunspec_meter", (1, 203), (), False),
        ("kostal_plenticore", (), ("setpoint", "hold", "charge", "discharge"), True),
        ("sdm630", (), (), False),
    ],
)
def test_what_it_can_do(family: str, models: tuple[int, ...], can: tuple[str, ...], has_battery: bool) -> None:
    device = found(family, models=models)
    assert (device.can, device.has_battery) == (can, has_battery)


def test_a_stranger_is_told_with_what_it_said() -> None:
    assert found(None).remark == "answers Modbus, not known"
    assert found(None, models=(1, 64001), maker="Acme").remark == "speaks SunSpec, of no known kind"


def test_what_a_device_says_ends_no_line_and_moves_no_terminal() -> None:
    device = found("kostal_plenticore", serial="77\n[[device]]", maker="\x1b[2J")
    assert (device.said.serial, device.said.maker) == ("77?[[device]]", "?[2J")


def test_one_device_at_two_unit_ids_or_two_addresses_is_one() -> None:
    first = found("huawei_luna", serial="HV2150123456")
    again = replace(first, place=replace(LAN, unit_id=0))
    elsewhere = replace(first, place=Place(1, host="192.168.1.21", port=6607))
    (kept,) = without_twins([first, again, elsewhere])
    assert (kept.place, kept.remark) == (LAN, "also at unit 0, 192.168.1.21:6607 unit 1")


@pytest.mark.parametrize(("serial", "count"), [("1", 2), (None, 2), ("A-1234567", 1)])
def test_a_short_serial_number_or_none_is_no_proof(serial: str | None, count: int) -> None:
    one = found("sdm630", serial=serial)
    other = found("sdm630", Place(1, host="192.168.1.21", port=502), serial=serial)
    assert len(without_twins([one, other])) == count


def test_the_strangers_of_one_link_are_one_entry() -> None:
    units = [found(None, replace(LAN, unit_id=unit_id)) for unit_id in range(1, 8)]
    (kept,) = without_twins(units)
    assert kept.remark == "answers Modbus, not known; also at unit 2, unit 3, unit 4, unit 5 and 2 more"


def test_addresses_are_in_their_own_order() -> None:
    places = [
        Place(1, serial_port="/dev/ttyUSB0", baud=9600, parity="N", stop_bits=1),
        Place(1, host="fd00::2", port=502),
        Place(1, host="192.168.1.100", port=502),
        Place(2, host="192.168.1.9", port=502),
        Place(1, host="192.168.1.9", port=502),
    ]
    assert [one.place for one in in_order(found("sdm630", place) for place in places)] == places[::-1]


def test_a_scan_is_read_as_it_was_kept() -> None:
    scan = Scan(("192.168.1.0/24",), (found("sunspec_hybrid", models=(1, 103)), found(None)), ("a remark",), False)
    assert from_json(Scan, to_json(scan)) == scan
