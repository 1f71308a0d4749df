"""Reading a hybrid: which point stands for which quantity, and what happens when its map moves."""

import pytest

from drivers.device import Steerable
from drivers.errors import BadFrame, LinkDown, NotSupported
from drivers.families.sunspec_hybrid_rows import choose, input_uses
from drivers.reading import Quality, Quantity
from drivers.registry import build
from drivers.sunspec import Block, Chain
from tests.drivers.hybrids import gen24, hybrid_7xx
from tests.drivers.memory import COMMON, MemoryTransport, SunSpecMap

Q = Quantity


async def values(transport: MemoryTransport, **options: object) -> dict[Quantity, float | None]:
    return {r.quantity: r.value for r in await build("sunspec_hybrid", "h", transport, options, lambda: 0.0).read()}


async def test_the_700_series() -> None:
    found = await values(hybrid_7xx())
    assert found[Q.AC_W] == 2900
    assert found[Q.PV_W] == 3000
    assert found[Q.BATTERY_W] == -100
    assert found[Q.SOC_PCT] == pytest.approx(55.5)
    assert found[Q.SOH_PCT] == 99
    assert found[Q.FREQUENCY_HZ] == pytest.approx(50.01)
    assert found[Q.VOLTAGE_L1_V] == pytest.approx(230.4)
    assert found[Q.CURRENT_L1_A] == pytest.approx(4.2)
    assert found[Q.VOLTAGE_L2_V] is None
    assert found[Q.STATE] == 4, "701 counts its states from 0"
    assert found[Q.AC_WH] == 123000
    assert found[Q.TEMPERATURE_C] == 41
    assert found[Q.RATED_W] == 10000
    assert (found[Q.RATED_CHARGE_W], found[Q.RATED_DISCHARGE_W], found[Q.RATED_WH]) == (5000, 6000, 10000)


async def test_a_gen24() -> None:
    found = await values(gen24())
    assert (found[Q.AC_W], found[Q.PV_W], found[Q.BATTERY_W]) == (2250, 2000, 300)
    assert found[Q.SOC_PCT] == pytest.approx(41.5)
    assert (found[Q.STATE], found[Q.RATED_W], found[Q.RATED_CHARGE_W]) == (4, 10000, 5000)


async def test_a_gen24_that_charges() -> None:
    device = gen24()
    device.put(160, "module.3.DCW", 700)
    device.put(160, "module.4.DCW", 0)
    assert (await values(device))[Q.BATTERY_W] == -700


async def test_value_and_scale_factor_come_in_one_request_and_models_in_their_own() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.read()
    device.reads.clear()
    await hybrid.read()
    models = device.layout.models
    assert [span.address for span in device.reads] == [m.address for m in models if m.model_id in (701, 713, 714)]


@pytest.mark.parametrize(
    ("labels", "storage", "uses"),
    [
        (["", "", "", ""], True, ["pv", "pv", "charge", "discharge"]),
        (["", "", "", ""], False, ["pv", "pv", "pv", "pv"]),
        (["MPPT1", "MPPT2", "StCha 3", "StDisCha 4"], True, ["pv", "pv", "charge", "discharge"]),
        (["MPPT1", "StDisCha", "StCha"], True, ["pv", "discharge", "charge"]),
        (["String 1", "String 2"], True, ["pv", "pv"]),
        ([], True, []),
    ],
)
def test_uses_of_dc_inputs(labels: list[str], storage: bool, uses: list[str]) -> None:
    assert list(input_uses([Block(label) for label in labels], storage).values()) == uses


async def test_pv_is_what_the_inverter_delivers_beyond_its_battery_where_no_input_is_measured() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(701, {"W": 2000, "W_SF": 0})
    layout.add(802, {"W": -500, "W_SF": 0, "SoC": 20, "SoC_SF": 0})
    transport = layout.end().transport()
    readings = {r.quantity: r for r in await build("sunspec_hybrid", "h", transport, {}).read()}
    assert (readings[Q.PV_W].value, readings[Q.PV_W].quality) == (2500, Quality.ESTIMATED)
    layout.put(transport.words, 802, "W", 2400)
    assert (await values(transport))[Q.PV_W] == 0, "losses do not make PV negative"


async def test_a_pv_inverter_has_no_battery() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(113, {"W": 1234.5})
    found = await values(layout.end().transport())
    assert (found[Q.AC_W], found[Q.PV_W]) == (1234.5, 1234.5)
    assert not {Q.BATTERY_W, Q.SOC_PCT} & set(found)


async def test_a_second_source_stands_in_for_a_point_that_is_not_implemented() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(103, {"W": 100, "W_SF": 0})
    layout.add(713)
    layout.add(802, {"SoC": 33, "SoC_SF": 0})
    assert (await values(layout.end().transport()))[Q.SOC_PCT] == 33


def test_nothing_is_chosen_from_a_chain_without_an_inverter() -> None:
    assert choose(Chain(40000, ())) == {}


async def test_a_chain_of_no_use_is_named() -> None:
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add_foreign(64110, 4)
    with pytest.raises(NotSupported, match="1, 64110"):
        await build("sunspec_hybrid", "h", layout.end().transport(), {}).read()


async def test_a_device_with_small_answers_is_named() -> None:
    with pytest.raises(NotSupported, match="over 60"):
        await values(hybrid_7xx(), max_registers=60)


async def test_a_moved_map_is_noticed_and_walked_again() -> None:
    device = gen24()
    hybrid = device.hybrid()
    await hybrid.read()
    moved = SunSpecMap()
    moved.add(1, COMMON)
    moved.add(113, {"W": 777.0})
    device.words.clear()
    device.words.update(moved.end().words)
    with pytest.raises(BadFrame, match="not those of this device"):
        await hybrid.read()
    readings = {r.quantity: r.value for r in await hybrid.read()}
    assert readings[Q.AC_W] == 777.0


async def test_a_broken_link_means_walking_again_and_nothing_else_does() -> None:
    device = hybrid_7xx()
    hybrid = device.hybrid()
    await hybrid.read()
    marker = device.reads[0]
    await hybrid.read()
    assert device.reads.count(marker) == 1
    device.failure = lambda span: LinkDown("gone")
    with pytest.raises(LinkDown):
        await hybrid.read()
    device.failure = lambda span: None
    await hybrid.read()
    assert device.reads.count(marker) == 2


async def test_it_is_steerable_and_says_whether_it_reverts() -> None:
    hybrid = hybrid_7xx().hybrid()
    assert isinstance(hybrid, Steerable)
    assert not hybrid.reverts, "not known yet"
    await hybrid.read()
    assert hybrid.reverts


@pytest.mark.parametrize(("sign", "battery_w", "pv_w"), [(1, 700, 1300), (-1, -700, 2700)])
async def test_a_battery_that_counts_charging_as_positive_is_turned(sign: int, battery_w: float, pv_w: float) -> None:
    """Which way model 802 counts is in no document."""
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(103, {"W": 2000, "W_SF": 0})
    layout.add(802, {"W": 700, "W_SF": 0, "SoC": 50, "SoC_SF": 0})
    found = await values(layout.end().transport(), battery_sign=sign)
    assert (found[Q.BATTERY_W], found[Q.PV_W], found[Q.AC_W]) == (battery_w, pv_w, 2000)


async def test_the_battery_port_of_model_714_is_turned_and_its_sun_is_not() -> None:
    found = await values(hybrid_7xx(), battery_sign=-1)
    assert (found[Q.BATTERY_W], found[Q.PV_W]) == (100, 3000)
