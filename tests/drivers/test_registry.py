"""The families by name: options, defaults and what is built."""

import subprocess
import sys

import pytest

from drivers.device import Readable, Steerable
from drivers.endpoint import SerialEndpoint
from drivers.family import SerialLine
from drivers.reading import Quantity
from drivers.registry import FAMILIES, build, check_options
from tests.drivers.memory import MemoryTransport


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_built_from_its_defaults(name: str) -> None:
    family = FAMILIES[name]
    device = build(name, "meter", MemoryTransport(), {})
    assert family.name == name
    assert family.document
    assert isinstance(device, Readable)
    assert device.name == "meter"
    assert isinstance(device, Steerable) is family.steerable


@pytest.mark.parametrize("name", FAMILIES)
def test_the_lines_of_a_family_are_settings_that_a_port_takes_each_once(name: str) -> None:
    lines = FAMILIES[name].link.serial
    assert len(set(lines)) == len(lines)
    for line in lines:
        assert SerialEndpoint("/dev/ttyUSB0", line.baud, line.parity, line.stop_bits).silence_s > 0.0


@pytest.mark.parametrize(
    ("family", "line"),
    [
        ("sdm630", SerialLine(9600)),
        ("sdm72d_m_2", SerialLine(9600)),
        ("sdm120", SerialLine(2400)),
        ("carlo_gavazzi_em340", SerialLine(9600)),
        ("schneider_iem3000", SerialLine(19200, "E")),
        ("abb_b2x", SerialLine(9600, "E")),
        ("solax_hybrid", SerialLine(19200)),
        ("goodwe_et", SerialLine(9600)),
        ("solaredge_storedge", SerialLine(115200)),
        ("growatt_sph", SerialLine(9600)),
    ],
)
def test_the_likeliest_line_is_that_of_the_makers_document(family: str, line: SerialLine) -> None:
    assert FAMILIES[family].link.serial[0] == line


@pytest.mark.parametrize("family", ["growatt_sph", "growatt_tl_xh"])
def test_some_growatts_are_set_to_the_faster_line(family: str) -> None:
    assert SerialLine(38400) in FAMILIES[family].link.serial


@pytest.mark.parametrize("family", ["victron_gx", "kostal_plenticore", "fenecon_openems", "sma_hybrid"])
def test_a_family_without_rs485_has_no_line(family: str) -> None:
    assert FAMILIES[family].link.serial == ()


@pytest.mark.parametrize(
    ("family", "options", "sentence"),
    [
        ("sdm360", {}, "no family 'sdm360'; did you mean 'sdm630'\\?"),
        ("abacus", {}, f"no family 'abacus': allowed are {', '.join(sorted(FAMILIES))}"),
        ("growatt_sph", {"charge_w": 3.0}, "charge_w .* is 3.0: it must be at least 100"),
        ("sdm630", {"rated_w": 17}, "at least 100"),
        ("growatt_tl_xh", {"battery_w": float("inf")}, "battery_w .* is inf: it must be a number"),
        ("sdm630", {"rating": 1}, "no option 'rating': allowed are rated_w, sign"),
        ("sunspec_meter", {"sign": 2}, "must be one of 1, -1"),
        ("sunspec_meter", {"sign": True}, "must be int"),
        ("sunspec_meter", {"number": 0}, "at least 1"),
        ("sunspec_hybrid", {"base": 70000}, "at most 65533"),
        ("sunspec_hybrid", {"setpoint_of": "grid"}, "'battery', 'inverter'"),
        ("sunspec_hybrid", {"rated_w": "10"}, "must be float"),
        ("sunspec_hybrid", {"rated_w": float("nan")}, "must be a number"),
        ("sunspec_hybrid", {"max_registers": 60.0}, "must be int"),
    ],
)
def test_what_is_not_allowed_is_named(family: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_options(family, options)


def test_options_are_completed() -> None:
    assert check_options("sunspec_meter", {"sign": -1, "rated_w": 20000}) == {
        "base": None,
        "max_registers": 125,
        "rated_w": 20000,
        "sign": -1,
        "number": 1,
    }


async def test_sdm630_reads_blocks_of_even_addresses_and_distortion_seldom() -> None:
    transport = MemoryTransport(inputs=dict.fromkeys(range(0x100), 0))
    transport.tables["input"].update({0x34: 0xC4BB, 0x35: 0x8000, 0x46: 0x4248, 0x47: 0, 0x4A: 0x3FC0, 0x4B: 0})
    readings = {r.quantity: r.value for r in await build("sdm630", "m", transport, {}).read()}
    assert [(span.table, span.address, span.count) for span in transport.reads] == [
        ("input", 0, 18),
        ("input", 52, 24),
        ("input", 0xF8, 4),
    ]
    assert readings[Quantity.GRID_W] == -1500.0
    assert readings[Quantity.FREQUENCY_HZ] == 50.0
    assert readings[Quantity.EXPORT_WH] == 1500.0


def test_only_the_families_that_are_asked_for_are_loaded() -> None:
    code = (
        "import sys; from drivers.registry import FAMILIES; 'sma_hybrid' in FAMILIES; FAMILIES['sdm630']; "
        "print(sorted(name for name in sys.modules if name.startswith('drivers.families.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['drivers.families.sdm630']"
