"""Model tables and the walk along odd chains."""

import json
from importlib import resources
from itertools import pairwise

import pytest

from drivers.device import Span
from drivers.errors import DriverError, LinkDown, NoAnswer, NotSupported, Refused
from drivers.register import WIRE_TYPES
from drivers.sunspec import Block, Model, block_size, has_table, model_rows, registers_of
from drivers.sunspec_walk import MAX_MODELS, discover
from tests.drivers.memory import COMMON, SunSpecMap

MODELS = (1, 101, 111, 120, 121, 122, 123, 124, 160, 201, 211, 701, 702, 703, 704, 713, 714, 715, 802)


def ids(chain_models: tuple[Model, ...]) -> list[int]:
    return [model.model_id for model in chain_models]


def plain_map(base: int = 40000) -> SunSpecMap:
    layout = SunSpecMap(base)
    layout.add(1, COMMON)
    layout.add(103)
    return layout


@pytest.mark.parametrize("model_id", MODELS)
def test_tables_have_no_holes(model_id: int) -> None:
    rows = model_rows(model_id)
    assert rows[0].name == "ID"
    assert rows[1].name == "L"
    for row, following in pairwise(rows):
        assert row.offset + row.registers == following.offset, following.name
    for row in rows:
        assert row.wire == "string" or WIRE_TYPES[row.wire].registers == row.registers
        assert not row.scale or row.scale in {other.name for other in rows if other.wire == "sunssf"}


@pytest.mark.parametrize("model_id", MODELS)
def test_tables_agree_with_the_alliance_as_pysunspec2_ships_it(model_id: int) -> None:
    three_phase = {101: 103, 111: 113, 201: 203, 211: 213}  # the names of the table are those of three phases
    name = f"models/json/model_{three_phase.get(model_id, model_id)}.json"
    published = resources.files("sunspec2").joinpath(name)
    group = json.loads(published.read_text(encoding="utf-8"))["group"]
    points = [*group["points"], *(point for inner in group.get("groups", []) for point in inner["points"])]
    expected = [(p["name"], p["type"], p["size"], str(p.get("sf", "")), p.get("access", "R")) for p in points]
    found = [
        (row.name.rpartition(".")[2], row.wire, row.registers, row.scale, "RW" if row.writable else "R")
        for row in model_rows(model_id)
    ]
    assert found == expected


@pytest.mark.parametrize(("alias", "model_id"), [(102, 101), (103, 101), (113, 111), (204, 201), (214, 211)])
def test_models_of_one_layout_share_a_table(alias: int, model_id: int) -> None:
    assert model_rows(alias) == model_rows(model_id)


def test_a_model_without_a_table_is_named() -> None:
    assert not has_table(64110)
    with pytest.raises(ValueError, match="64110"):
        model_rows(64110)


def test_rows_are_at_absolute_addresses_with_their_scale_factors() -> None:
    rows = registers_of(Model(103, 40069, 50))
    assert (rows["W"].address, rows["W"].scale_address) == (40083, 40084)
    assert (rows["WH"].address, rows["WH"].count) == (40093, 2)
    assert not rows["W"].writable
    assert registers_of(Model(123, 40227, 24))["WMaxLimPct"].writable


def test_groups_are_repeated_as_often_as_there_are_blocks() -> None:
    rows = registers_of(Model(160, 40253, 88, (Block(),) * 4))
    assert block_size(160) == 20
    assert [rows[f"module.{i}.DCW"].address for i in (1, 2, 3, 4)] == [40253 + 21 + 20 * i for i in range(4)]
    assert rows["module.4.DCW"].scale_address == 40257
    assert "module.5.DCW" not in rows
    assert block_size(704) == 0
    assert "PFWInj.PF" in registers_of(Model(704, 0, 65))


def test_points_beyond_the_declared_length_are_left_out() -> None:
    rows = registers_of(Model(103, 0, 14))
    assert "W" in rows
    assert "Hz" not in rows
    assert "PhVphC" in rows
    assert "W" not in registers_of(Model(103, 0, 13)), "its scale factor is beyond the end"


@pytest.mark.parametrize("base", [40000, 50000, 0])
async def test_bases(base: int) -> None:
    chain = await discover(plain_map(base).end().transport())
    assert chain.base == base
    assert chain.models[0].address == base + 2
    assert (chain.maker, chain.product, chain.version, chain.serial) == ("Maker", "Product", "1.2", "0815")


async def test_a_base_given_is_the_only_one_tried() -> None:
    transport = plain_map(1000).end().transport()
    assert (await discover(transport, base=1000)).base == 1000
    with pytest.raises(NotSupported, match="40000 or 50000 or 0"):
        await discover(transport)


@pytest.mark.parametrize("marker", [(0xFFFF, 0), (0xFFFF,), (0xFFFF, 0xFFFF), (0,), (0, 0), ()], ids=str)
async def test_every_end_of_a_chain(marker: tuple[int, ...]) -> None:
    layout = plain_map()
    if marker:
        layout.end(*marker)
    assert ids((await discover(layout.transport())).models) == [1, 103]


@pytest.mark.parametrize("code", [1, 2, 3, 4])
async def test_an_exception_past_the_last_model_is_the_end(code: int) -> None:
    layout = plain_map()
    last = layout.models[-1].end
    transport = layout.transport()
    transport.failure = lambda span: Refused(code, "reading") if span.address >= last else None
    assert ids((await discover(transport)).models) == [1, 103]


@pytest.mark.parametrize(
    "error", [Refused(6, "reading"), Refused(11, "reading"), NoAnswer("x"), LinkDown("x")], ids=str
)
async def test_trouble_on_the_way_is_not_the_end(error: DriverError) -> None:
    layout = plain_map().end()
    transport = layout.transport()
    transport.failure = lambda span: error if span.address == layout.models[1].address else None
    with pytest.raises(type(error)):
        await discover(transport)


@pytest.mark.parametrize("length", [66, 65])
async def test_common_model_with_and_without_pad(length: int) -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON, length=length)
    layout.add(103)
    chain = await discover(layout.end().transport())
    assert ids(chain.models) == [1, 103]
    assert chain.models[1].address == 40002 + 2 + length
    assert chain.serial == "0815"


@pytest.mark.parametrize("real", [66, 65])
@pytest.mark.parametrize("declared", [15, 0, 64])
async def test_common_model_that_declares_a_wrong_length(real: int, declared: int) -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON, length=real)
    layout.add(103)
    layout.words[40003] = declared
    chain = await discover(layout.end().transport())
    assert ids(chain.models) == [1, 103]
    assert chain.serial == "0815"


async def test_a_short_common_model_that_really_moves_everything() -> None:
    layout = SunSpecMap()
    layout.add(1, length=15)
    layout.add(103)
    assert ids((await discover(layout.end().transport())).models) == [1, 103]


async def test_vendor_models_and_repeated_models_are_walked_over() -> None:
    layout = plain_map()
    layout.add_foreign(64110, 282)
    layout.add_foreign(11, 13)
    layout.add(203)
    layout.add(203)
    chain = await discover(layout.end().transport())
    assert ids(chain.models) == [1, 103, 64110, 11, 203, 203]
    assert chain.first(64111, 203) == chain.models[4]
    assert chain.first(701) is None


async def test_a_chain_without_end_is_cut_off() -> None:
    layout = plain_map()
    for _ in range(80):
        layout.add_foreign(64001, 1)
    assert len((await discover(layout.transport())).models) == MAX_MODELS


async def test_a_length_beyond_the_last_address_ends_the_chain() -> None:
    layout = plain_map()
    layout.add_foreign(64001, 4)
    layout.words[layout.models[-1].end + 1] = 0xFFF0
    assert ids((await discover(layout.end().transport())).models) == [1, 103]


async def test_no_device_at_all() -> None:
    with pytest.raises(NotSupported, match="no SunSpec device"):
        await discover(SunSpecMap(77).transport())


@pytest.mark.parametrize(("counted", "blocks"), [(4, 4), (2, 2), (9, 4), (0xFFFF, 4), (0, 0)])
async def test_blocks_are_those_that_both_count_and_length_allow(counted: int, blocks: int) -> None:
    layout = plain_map()
    model = layout.add(160, blocks=4)
    layout.words[model.address + 8] = counted
    layout.add_foreign(64110, 200)
    chain = await discover(layout.end().transport())
    assert len(chain.models[2].blocks) == blocks


async def test_labels_and_port_types() -> None:
    layout = plain_map()
    layout.add(160, {"N": 2, "module.1.IDStr": "MPPT1", "module.2.IDStr": "StCha 3"}, blocks=2)
    layout.add(714, {"NPrt": 2, "Prt.1.PrtTyp": 0, "Prt.2.PrtTyp": 1, "Prt.2.IDStr": "Battery"}, blocks=2)
    chain = await discover(layout.end().transport())
    assert chain.models[2].blocks == (Block("MPPT1"), Block("StCha 3"))
    assert chain.models[3].blocks == (Block("", 0), Block("Battery", 1))


async def test_a_714_that_is_shorter_than_it_says() -> None:
    layout = plain_map()
    model = layout.add(714, {"NPrt": 2, "Prt.1.PrtTyp": 1}, blocks=2)
    layout.end()
    transport = layout.transport()
    for address in range(model.address + 45, model.end):
        del transport.words[address]
    assert (await discover(transport)).models[2].blocks == (Block("", 1),)


async def test_no_request_is_over_125_registers() -> None:
    transport = plain_map().end().transport()
    await discover(transport)
    assert transport.reads[0] == Span("holding", 40000, 2)
    assert all(span.count <= 125 for span in transport.reads)
