"""Which family a device is of, by reads alone: makers before standards, absent units, devices that are silent."""

from dataclasses import replace

import pytest

from drivers.device import Table
from drivers.errors import LinkDown, NoAnswer, Refused
from drivers.family import LinkFacts
from drivers.identity import Found
from drivers.recognise import NOTHING, Recognised, recognise, which_one
from drivers.register import WIRE_TYPES, Register, encode_string
from drivers.registry import FAMILIES
from tests.drivers.memory import MemoryTransport, SunSpecMap

ALL = tuple(FAMILIES.values())
COMMON = {"Mn": "Acme", "Md": "Box 5", "Vr": "1.2", "SN": "A-77"}


def kostal() -> MemoryTransport:
    words = {4: 71, 5: 0}
    for address, text in ((6, "10336416"), (14, "90812ABC0001"), (38, "01.62.05")):
        words |= dict(enumerate(encode_string(text, 8), start=address))
    return MemoryTransport(words)


def sunspec(model_id: int, base: int = 40000, maker: str = "Acme", serial: str = "A-77") -> MemoryTransport:
    device = SunSpecMap(base)
    device.add(1, {**COMMON, "Mn": maker, "SN": serial}, length=65)
    device.add(model_id)
    return device.end().transport()


def sdm630() -> MemoryTransport:
    hertz, volts = Register("hz", 0x46, WIRE_TYPES["float32"]), Register("v", 0x00, WIRE_TYPES["float32"])
    words = {
        row.address + i: word
        for row, value in ((hertz, 50.0), (volts, 231.0))
        for i, word in enumerate(row.encode(value))
    }
    return MemoryTransport(inputs=words)


async def test_a_maker_s_own_map_is_named() -> None:
    found = await recognise(kostal(), ALL)
    assert found == Recognised("kostal_plenticore", Found(None, "10336416", "90812ABC0001", "01.62.05"))


async def test_a_meter_that_does_not_name_itself_is_known_by_its_mains() -> None:
    assert await recognise(sdm630(), ALL) == Recognised("sdm630", NOTHING)


@pytest.mark.parametrize(
    ("model_id", "family"), [(103, "sunspec_hybrid"), (203, "sunspec_meter"), (701, "sunspec_hybrid")]
)
@pytest.mark.parametrize("base", [40000, 50000, 0])
async def test_a_sunspec_device_is_what_its_chain_says(model_id: int, family: str, base: int) -> None:
    found = await recognise(sunspec(model_id, base), ALL)
    assert found == Recognised(family, Found("Acme", "Box 5", "A-77", "1.2"), (1, model_id))


async def test_a_maker_comes_before_the_standard_it_speaks() -> None:
    found = await recognise(sunspec(103, maker="Fronius"), ALL)
    assert found == Recognised("fronius_gen24", Found("Fronius", "Box 5", "A-77", "1.2"), (1, 103))


async def test_a_sunspec_device_of_another_kind_is_told_with_its_name() -> None:
    found = await recognise(sunspec(802), [FAMILIES["sunspec_meter"]])
    assert found == Recognised(None, Found("Acme", "Box 5", "A-77", "1.2"), (1, 802))


async def test_a_stranger_answers_and_is_not_known() -> None:
    assert await recognise(MemoryTransport({7000: 1}), ALL) == Recognised(None, NOTHING)


@pytest.mark.parametrize("code", [10, 11])
async def test_a_gateway_says_that_nobody_is_there(code: int) -> None:
    gateway = MemoryTransport()
    gateway.failure = lambda span: Refused(code, "reading")
    assert await recognise(gateway, ALL) is None
    assert len(gateway.reads) == 1


@pytest.mark.parametrize("silences", [1, 2])
async def test_a_silent_unit_is_asked_no_more_than_it_may_be(silences: int) -> None:
    nobody = MemoryTransport()
    nobody.failure = lambda span: NoAnswer("reading")
    assert await recognise(nobody, ALL, silences) is None
    assert len(nobody.reads) == silences


async def test_a_device_that_says_nothing_where_it_has_no_registers_is_found_all_the_same() -> None:
    device = kostal()
    device.failure = lambda span: NoAnswer("reading") if span.address >= 40000 else None
    found = await recognise(device, [FAMILIES["fronius_gen24"], FAMILIES["kostal_plenticore"]], silences=2)
    assert found is not None
    assert found.family == "kostal_plenticore"


async def test_a_device_that_is_busy_is_asked_again() -> None:
    device, busy = kostal(), [Refused(6, "reading")]
    device.failure = lambda span: busy.pop() if busy else None
    found = await recognise(device, [FAMILIES["kostal_plenticore"]])
    assert found is not None
    assert found.family == "kostal_plenticore"
    assert device.pauses == [0.5]


async def test_a_family_that_needs_longer_pauses_is_asked_last_and_gets_them() -> None:
    slow = replace(FAMILIES["victron_gx"], link=LinkFacts(gap_s=0.85))
    device = MemoryTransport({7000: 1})
    await recognise(device, [slow, FAMILIES["kostal_plenticore"]], gap_s=0.05)
    assert [span.address for span in device.reads] == [5, 800]
    assert device.pauses == [pytest.approx(0.8)]


async def test_an_answer_that_is_lost_is_asked_for_again() -> None:
    device, lost = kostal(), [NoAnswer("reading")]
    device.failure = lambda span: lost.pop() if lost and device.reads[1:] else None
    found = await recognise(device, [FAMILIES["kostal_plenticore"]])
    assert found is not None
    assert found.family == "kostal_plenticore"
    assert lost == []


async def test_a_link_that_is_not_there_is_told() -> None:
    nobody = MemoryTransport()
    nobody.failure = lambda span: LinkDown("no connection")
    with pytest.raises(LinkDown):
        await recognise(nobody, ALL)


async def test_no_register_is_read_twice_and_none_is_written() -> None:
    device = sunspec(103)
    await recognise(device, ALL)
    assert len(device.reads) == len(set(device.reads))
    assert device.writes == []


async def test_one_of_a_kind_is_known_by_its_serial_number_and_that_is_not_told() -> None:
    family = FAMILIES["fronius_gen24"]
    one = await which_one(sunspec(103, maker="Fronius"), family)
    assert one is not None
    assert "A-77" not in one
    assert await which_one(sunspec(103, maker="Fronius"), family) == one
    assert await which_one(sunspec(103, maker="Fronius", serial="A-78"), family) not in (one, None)
    assert await which_one(sunspec(103, maker="Fronius"), FAMILIES["sunspec_hybrid"]) not in (one, None)


@pytest.mark.parametrize(("serial", "maker"), [("", "Fronius"), ("00000000", "Fronius"), ("A-77", "Acme")])
async def test_one_without_a_number_or_of_another_family_is_not_known(serial: str, maker: str) -> None:
    assert await which_one(sunspec(103, maker=maker, serial=serial), FAMILIES["fronius_gen24"]) is None


async def test_one_whose_family_tells_no_number_is_not_asked() -> None:
    device = MemoryTransport({7000: 1})
    assert await which_one(device, FAMILIES["sdm630"]) is None
    assert device.reads == []


async def test_a_number_that_is_no_text_and_a_chain_elsewhere_are_serial_numbers_too() -> None:
    generic = FAMILIES["sunspec_hybrid"]
    elsewhere = await which_one(sunspec(103, base=50000), generic)
    assert elsewhere == await which_one(sunspec(103), generic)
    assert await which_one(sunspec(103, base=50000, serial="A-78"), generic) not in (elsewhere, None)
    assert await which_one(sunspec(103, base=50000, serial=""), generic) is None
    one, other = [await which_one(sma(number), FAMILIES["sma_hybrid"]) for number in (3_001_234_567, 3_001_234_568)]
    assert None not in (one, other)
    assert one != other
    assert await which_one(sma(0), FAMILIES["sma_hybrid"]) is None


def sma(number: int) -> MemoryTransport:
    """By its own map: well, of this number, half full."""
    identity = FAMILIES["sma_hybrid"].identity
    assert identity is not None
    words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
    for sign, value in zip(identity.signs, (307.0, float(number), 50.0), strict=True):
        words[sign.row.table].update(zip(sign.row.addresses, sign.row.encode(value), strict=True))
    return MemoryTransport(words["holding"], inputs=words["input"])


async def test_one_that_does_not_answer_is_asked_again_another_time() -> None:
    nobody = MemoryTransport()
    nobody.failure = lambda span: NoAnswer("reading")
    with pytest.raises(NoAnswer):
        await which_one(nobody, FAMILIES["fronius_gen24"])
