"""Chains that are not as the standard says: what is made of them, and what is said."""

import pytest

from drivers.device import Remarked
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer
from drivers.formula import Mean, evaluate
from drivers.reading import Quality, Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.registry import build
from drivers.sunspec import Block, Model, fits, registers_of
from drivers.sunspec_walk import discover
from tests.drivers.hybrids import gen24
from tests.drivers.memory import COMMON, MemoryTransport, SunSpecMap

Q = Quantity


def chain_of(*models: int) -> SunSpecMap:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    for model_id in models:
        layout.add(model_id)
    return layout


async def values(transport: MemoryTransport) -> dict[Quantity, float | None]:
    return {r.quantity: r.value for r in await build("sunspec_hybrid", "h", transport, {}).read()}


@pytest.mark.parametrize(
    ("model_id", "length", "fitting"),
    [
        (1, 66, True), (1, 65, True), (1, 64, False), (103, 50, True), (103, 49, False), (160, 8, True),
        (160, 28, True), (160, 88, True), (160, 89, False), (714, 18, True), (714, 68, True), (64110, 20, False),
    ],
)  # fmt: skip
def test_lengths_that_a_table_allows(model_id: int, length: int, fitting: bool) -> None:
    assert fits(model_id, length) is fitting


@pytest.mark.parametrize("off", [-3, -2, -1, 1, 2, 3])
@pytest.mark.parametrize("model_id", [1, 103, 120])
async def test_any_model_may_say_a_wrong_length(model_id: int, off: int) -> None:
    layout = chain_of(103, 120, 802)
    model = next(model for model in layout.models if model.model_id == model_id)
    layout.words[model.address + 1] = model.length + off
    chain = await discover(layout.end().transport())
    assert [(m.model_id, m.address) for m in chain.models] == [(m.model_id, m.address) for m in layout.models]
    wrong, right = model.length + off, model.length
    (remark,) = chain.remarks
    assert remark.startswith(
        f"model {model_id} at {model.address} says that {wrong} registers follow its length, and {right} do"
    )


async def test_a_length_that_is_right_is_left_alone_whatever_is_near() -> None:
    layout = chain_of(103)
    layout.add_foreign(64110, 8)
    layout.add(802)
    layout.words |= {layout.models[1].end - 2: 103, layout.models[1].end - 1: 0}  # no length of 103
    chain = await discover(layout.end().transport())
    assert [model.model_id for model in chain.models] == [1, 103, 64110, 802]
    assert chain.remarks == ()


async def test_blocks_that_are_counted_and_not_there_are_said() -> None:
    layout = chain_of(103)
    model = layout.add(160, {"N": 9}, blocks=4)
    chain = await discover(layout.end().transport())
    assert chain.remarks == (f"model 160 at {model.address} counts 9 blocks, and 4 can be read",)


async def test_the_fullest_of_several_chains_is_taken_and_the_others_are_said() -> None:
    poor, full = chain_of(103), SunSpecMap(0)
    full.add(1, COMMON)
    full.add(802, {"W": 100, "W_SF": 0, "SoC": 30, "SoC_SF": 0})
    full.add(103, {"W": 500, "W_SF": 0})
    transport = MemoryTransport(poor.end().words | full.end().words)
    device = build("sunspec_hybrid", "h", transport, {})
    assert {r.quantity: r.value for r in await device.read()}[Q.AC_W] == 500
    assert isinstance(device, Remarked)
    assert [(r.code, r.text) for r in device.remarks] == [
        ("chain_irregular", "h: there is another chain at 40000 with models 1, 103, which holds less of what is needed")
    ]


@pytest.mark.parametrize("error", [NoAnswer("silent"), LinkDown("hung up"), BadFrame("torn")], ids=str)
async def test_a_device_of_use_is_kept_when_other_bases_are_not_answered(error: DriverError) -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(113, {"W": 1234.5})
    transport = layout.end().transport()
    transport.failure = lambda span: error if span.address in (50000, 0) else None
    assert (await values(transport))[Q.AC_W] == 1234.5
    transport.failure = lambda span: error if span.address == 40000 else None
    with pytest.raises(type(error)):
        await values(transport)


@pytest.mark.parametrize(
    ("parts", "weights", "mean"),
    [
        ((20, 80), (1, 1), 50.0),
        ((20, 80), (3, 1), 35.0),
        ((20, 80), (3, None), 50.0),
        ((20, 80), (0, 0), 50.0),
        ((20, None), (1, 1), None),
        ((None, None), (1, 1), None),
    ],
)
def test_means(parts: tuple[float | None, ...], weights: tuple[float | None, ...], mean: float | None) -> None:
    uint16 = WIRE_TYPES["uint16"]
    rows = [Register(f"r{i}", i, uint16) for i in range(4)]
    known = dict(zip(rows, (*parts, *weights), strict=True))
    expected = (mean, Quality.MISSING if mean is None else Quality.GOOD)
    assert evaluate(Mean(tuple(rows[:2]), tuple(rows[2:])), known.__getitem__) == expected


async def test_two_banks_are_one_battery() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(103, {"W": 900, "W_SF": 0})
    factors = {"W_SF": 0, "SoC_SF": 0, "WHRtg_SF": 0, "WChaDisChaMax_SF": 0}
    for watts, soc_pct, rated_wh in ((300, 20, 3000), (-100, 80, 9000)):
        layout.add(802, {**factors, "W": watts, "SoC": soc_pct, "WHRtg": rated_wh, "WChaRteMax": 2500})
    found = await values(layout.end().transport())
    assert (found[Q.BATTERY_W], found[Q.SOC_PCT], found[Q.RATED_WH]) == (200, 65, 12000)
    assert (found[Q.RATED_CHARGE_W], found[Q.PV_W]) == (5000, 700)


async def test_a_repeated_model_of_which_one_is_used_is_said() -> None:
    layout = chain_of()
    for watts in (100, 200):
        layout.add(103, {"W": watts, "W_SF": 0})
    device = build("sunspec_hybrid", "roof", layout.end().transport(), {})
    readings = {r.quantity: r.value for r in await device.read()}
    assert readings[Q.AC_W] == 100
    assert isinstance(device, Remarked)
    assert [(r.code, r.text) for r in device.remarks] == [
        ("model_repeated", "roof: model 103 is there 2 times; the first is used")
    ]


async def test_a_battery_without_a_point_for_its_power_is_missing_and_said() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(103, {"W": 900, "W_SF": 0})
    layout.add(124, {"ChaState": 40, "ChaState_SF": 0})
    device = build("sunspec_hybrid", "hybrid", layout.end().transport(), {})
    readings = {r.quantity: r.value for r in await device.read()}
    assert (readings[Q.BATTERY_W], readings[Q.SOC_PCT]) == (None, 40)
    assert isinstance(device, Remarked)
    assert [(r.code, r.text) for r in device.remarks] == [
        (
            "battery_power_missing",
            "hybrid: it has a battery, and none of its models 124 has a point for the battery's power",
        )
    ]


def test_dc_inputs_above_32767_are_unsigned() -> None:
    rows = registers_of(Model(160, 0, 28, (Block(),)))
    words = {rows["DCA_SF"].address: 0xFFFE, rows["DCV_SF"].address: 0xFFFE}
    for name in ("DCA", "DCV"):
        row = rows[f"module.1.{name}"]
        assert row.decode(words | {row.address: 0x9C40}) == 400.0


@pytest.mark.parametrize(
    ("raw", "value"), [(0, None), (1, 1), (0xFEFFFFFF, 0xFEFFFFFF), (0xFF000000, None), (0xFFFFFFFF, None)]
)
def test_a_32_bit_counter_near_its_end_is_a_negative_number(raw: int, value: float | None) -> None:
    row = registers_of(Model(203, 0, 105))["TotWhExp"]
    assert row.scale_address is not None
    words = {row.address: raw >> 16, row.address + 1: raw & 0xFFFF, row.scale_address: 0}
    assert row.decode(words) == value


async def test_a_model_that_moves_between_read_and_write_is_not_written() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.read()
    old = device.layout.address(124, "ID")
    seen = 0

    def moves(span: object) -> None:
        """The map is another one from the second read of the model on."""
        nonlocal seen
        seen += getattr(span, "address", None) == old
        if seen == 2:
            device.words[old] = 160

    device.failure = moves
    with pytest.raises(BadFrame, match=f"124 is not at {old} any more"):
        await hybrid.set_power(1000, 60)
    assert device.writes == []
    assert hybrid.persistent_writes == {}


async def test_a_refused_address_is_a_reason_to_walk_again_until_it_is_settled() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.read()
    marker = device.reads[0]
    for address in range(device.layout.address(124, "ChaState"), device.layout.models[-1].end):
        del device.words[address]
    walks = []
    for _ in range(12):
        found = {reading.quantity: reading.value for reading in await hybrid.read()}
        assert (found[Q.SOC_PCT], found[Q.BATTERY_W]) == (None, 300)
        walks.append(device.reads.count(marker))
    assert walks[0] == 1
    assert walks[1] == 2
    assert len(set(walks[6:])) == 1, "what the device does not have is asked for no more"


@pytest.mark.parametrize(
    ("charge_w", "discharge_w", "battery_w"),
    [
        (0, 300, 300), (700, 0, -700), (0, 0, 0),
        (None, 300, 300), (700, None, -700), (None, 0, None), (0, None, None), (None, None, None),
    ],
)  # fmt: skip
async def test_one_direction_of_model_160_alone_is_believed_while_it_has_power(
    charge_w: int | None, discharge_w: int | None, battery_w: float | None
) -> None:
    device = gen24()
    for i, watts in ((3, charge_w), (4, discharge_w)):
        device.words[device.layout.address(160, f"module.{i}.DCW")] = 0xFFFF if watts is None else watts
    assert (await values(device))[Q.BATTERY_W] == battery_w


async def test_a_count_that_changes_costs_no_reading() -> None:
    device = gen24()
    device.put(160, "N", 2)
    hybrid = device.hybrid()
    assert {r.quantity: r.value for r in await hybrid.read()}[Q.BATTERY_W] is None
    assert [remark.code for remark in hybrid.remarks] == ["battery_power_missing"]
    device.put(160, "N", 4)
    assert {r.quantity: r.value for r in await hybrid.read()}[Q.BATTERY_W] == 300
    assert hybrid.remarks == ()
