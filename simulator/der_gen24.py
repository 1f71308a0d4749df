"""A SunSpec hybrid inverter of the older generation, laid out and behaving like a Fronius GEN24 (integer + SF).

Models 1 (L 65), 103, 120, 121, 122, 123, 160 with four modules, 124; addresses and the use of model 124 as in Fronius'
register map for the GEN24: modules 1 and 2 are the strings, 3 is charging, 4 is discharging;
both rates are percent of WChaMax with scale factor -2, and a negative rate forces the other direction.
A setting takes effect when its activation point (StorCtl_Mod, WMaxLim_Ena) is written, even with the value it has; the
reversion times are 0 (never) from the factory and survive a restart. SunSpec Information Models 12041, 1.9.
"""

import math
from collections.abc import Collection, Mapping

from simulator.chain_unit import ChainOptions, renamed
from simulator.der_7xx import battery_volts
from simulator.mains import EVEN_SHARES, mains_at, on_phases
from simulator.orders import Band, Cap
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import ChainModel, Image, build_chain, fitting_exponent, named
from simulator.units import Setting, Values

_TEXTS = {"1.Mn": "Fronius", "1.Md": "Simulated GEN24", "1.Vr": "1.30.7-1", "1.SN": "SIM-GEN24-0001"}
_LABELS = ("MPPT 1", "MPPT 2", "StCha 3", "StDisCha 4")
_STRING_SHARES = (0.55, 0.45)
_PV_V = 540.0
_FIRST_COUNT_WH = 2_350_000.0
_RECHARGE_W = 500.0  # what it takes from the grid by itself when it is well below MinRsvPct
_MPPT, _THROTTLED, _STANDBY = 4, 5, 8
_CHARGE_LIMIT, _DISCHARGE_LIMIT = 1, 2  # bits of StorCtl_Mod
_ON_OFF = Setting(0, 1)
_RATE = Setting(-100, 100)


def build_image(plant: Plant, chain: ChainOptions) -> Image:
    """The chain of this inverter, with its ratings and factory settings filled in."""
    most_w = max(plant.inverter_w, plant.battery.charge_w, plant.battery.discharge_w)
    watts, amps = fitting_exponent(most_w), fitting_exponent(most_w / 200.0, finest=-2)
    energy, tens = fitting_exponent(plant.battery.usable_wh), max(0, fitting_exponent(most_w))
    scales = {
        **named("103", A_SF=amps, V_SF=-1, W_SF=watts, Hz_SF=-2, VA_SF=watts, VAr_SF=watts, PF_SF=-2),
        **named("103", WH_SF=0, DCW_SF=watts, Tmp_SF=-1),
        **named("120", WRtg_SF=tens, VARtg_SF=tens, VArRtg_SF=tens, ARtg_SF=amps, PFRtg_SF=-2),
        **named("120", WHRtg_SF=energy, MaxChaRte_SF=tens, MaxDisChaRte_SF=tens),
        **named("121", WMax_SF=tens, VRef_SF=-1, VRefOfs_SF=-1),
        **named("123", WMaxLimPct_SF=-2, OutPFSet_SF=-3),
        **named("160", DCA_SF=amps, DCV_SF=-1, DCW_SF=watts, DCWH_SF=0),
        **named("124", WChaMax_SF=tens, WChaDisChaGra_SF=-2, MinRsvPct_SF=-2, ChaState_SF=-2, InBatV_SF=-1),
        "124.InOutWRte_SF": -2,
    }
    inverter = 113 if chain.numbers == "float" else 103
    inputs = (_LABELS[:2], _LABELS[2:]) if chain.split else (_LABELS,)
    models = [ChainModel(1, length=65), *(ChainModel(number) for number in (inverter, 120, 121, 122, 123))]
    models += [*(ChainModel(160, labels) for labels in inputs), ChainModel(124)]
    image = build_chain(models, scales, _TEXTS, chain.base)
    image.put_all(_as_laid_out(_ratings(plant), chain))
    image.put_all(_FIRST_SETTINGS)
    image.put("124.MinRsvPct", plant.reserve_pct)
    image.put_all({f"160/{i}.N" if i > 1 else "160.N": len(labels) for i, labels in enumerate(inputs, start=1)})
    return image


def _as_laid_out(values: Values, chain: ChainOptions) -> Values:
    """``values`` by the names that their points have in this chain."""
    if chain.numbers == "float":
        values = renamed(values, "103", "113")
    if chain.split:
        for i in (1, 2):
            values = renamed(values, f"160.module.{i + 2}", f"160/2.module.{i}")
    return values


def _ratings(plant: Plant) -> Values:
    battery, rated_w = plant.battery, plant.inverter_w
    return {
        "1.DA": 1,
        **named("103", Evt1=0, Evt2=0),
        **named("120", DERTyp=82, WRtg=rated_w, VARtg=rated_w, ARtg=rated_w / 230.0, WHRtg=battery.usable_wh),
        **named("120", MaxChaRte=battery.charge_w, MaxDisChaRte=battery.discharge_w),
        **named("121", WMax=rated_w, VRef=230.0, VRefOfs=0.0),
        **named("122", PVConn=7, StorConn=7, ECPConn=1),
        "160.Evt": 0,
        **named("160.module.1", ID=1),
        **named("160.module.2", ID=2),
        **named("160.module.3", ID=3),
        **named("160.module.4", ID=4),
        **named("124", WChaMax=max(battery.charge_w, battery.discharge_w), WChaGra=100.0, WDisChaGra=100.0),
    }


_VOLATILE: Values = {
    **named("123", Conn=1, WMaxLimPct=100.0, WMaxLim_Ena=0, OutPFSet_Ena=0, VArPct_Ena=0),
    **named("124", StorCtl_Mod=0, OutWRte=100.0, InWRte=100.0),
}
_FIRST_SETTINGS: Values = {
    **_VOLATILE,
    **named("123", WMaxLimPct_WinTms=0, WMaxLimPct_RvrtTms=0, WMaxLimPct_RmpTms=0),
    **named("124", InOutWRte_WinTms=0, InOutWRte_RvrtTms=0, InOutWRte_RmpTms=0, ChaGriSet=0),
}


class DerGen24:
    """What the inverter shows of the plant, and how its models 123 and 124 steer it."""

    settings: Mapping[str, Setting] = {
        "123.Conn": _ON_OFF,
        "123.WMaxLimPct": Setting(0, 100),
        "123.WMaxLimPct_WinTms": Setting(0, 300),
        "123.WMaxLimPct_RvrtTms": Setting(0, 28800),
        "123.WMaxLimPct_RmpTms": Setting(0, 65534),
        "123.WMaxLim_Ena": _ON_OFF,
        "124.StorCtl_Mod": Setting(0, _CHARGE_LIMIT | _DISCHARGE_LIMIT),
        "124.MinRsvPct": Setting(0, 100),
        "124.OutWRte": _RATE,
        "124.InWRte": _RATE,
        "124.InOutWRte_WinTms": Setting(0, 65534),
        "124.InOutWRte_RvrtTms": Setting(0, 65534),
        "124.InOutWRte_RmpTms": Setting(0, 65534),
        "124.ChaGriSet": _ON_OFF,
    }

    def __init__(self, plant: Plant, image: Image, chain: ChainOptions) -> None:
        self._plant = plant
        self._chain = chain
        self._image = image
        self._band: Band | None = None
        self._cap: Cap | None = None
        plant.recharge_w = _RECHARGE_W
        plant.grid_charging = False

    def measured(self, state: PlantState, counters: Counters) -> Values:
        values = {**_ac(state, counters), **_modules(state, counters), **self._battery(state)}
        return _as_laid_out(values, self._chain)

    def controls(self) -> Values:
        """What a lapsed control leaves in its registers; this family does not show the time that is left."""
        if self._band is not None and self._plant.band is not self._band:
            self._band = None
            self._image.put_all(named("124", StorCtl_Mod=0, OutWRte=100.0, InWRte=100.0))
        if self._cap is not None and self._plant.cap is not self._cap:
            self._cap = None
            self._image.put_all(named("123", WMaxLim_Ena=0, WMaxLimPct=100.0))
        return {}

    def changed(self, names: Collection[str]) -> None:
        image = self._image
        if "124.ChaGriSet" in names:
            self._plant.grid_charging = image.value("124.ChaGriSet") == 1
        if "124.MinRsvPct" in names:
            self._plant.reserve_pct = image.value("124.MinRsvPct")
        if "124.StorCtl_Mod" in names:
            self._set_battery()
        if "123.WMaxLim_Ena" in names:
            self._set_cap()
        if "123.Conn" in names:
            self._plant.connected = image.value("123.Conn", 1) == 1

    def forget(self) -> None:
        """A restart ends the controls; reversion times, ChaGriSet and MinRsvPct are kept."""
        self._band = self._cap = None
        self._image.put_all(_VOLATILE)

    def _set_battery(self) -> None:
        """The rates become limits: a negative charge rate is the least discharge, and the other way round."""
        image, plant = self._image, self._plant
        mode = int(image.value("124.StorCtl_Mod"))
        if mode == 0:
            if self._band is not None:
                plant.release()
            self._band = None
            return
        full_w = image.value("124.WChaMax")
        charge_w = image.value("124.InWRte") / 100.0 * full_w if mode & _CHARGE_LIMIT else full_w
        discharge_w = image.value("124.OutWRte") / 100.0 * full_w if mode & _DISCHARGE_LIMIT else full_w
        hold_s = image.value("124.InOutWRte_RvrtTms") or None
        self._band = plant.order(min(-charge_w, discharge_w), max(-charge_w, discharge_w), hold_s)

    def _set_cap(self) -> None:
        image, plant = self._image, self._plant
        if image.value("123.WMaxLim_Ena") != 1:
            plant.lift_cap()
            self._cap = None
            return
        cap_w = image.value("123.WMaxLimPct") / 100.0 * image.value("121.WMax")
        self._cap = plant.cap_output(cap_w, image.value("123.WMaxLimPct_RvrtTms") or None)

    def _battery(self, state: PlantState) -> Values:
        volts = battery_volts(state.soc_pct)
        charging = 4 if state.battery_w < -10.0 else 3 if state.battery_w > 10.0 else 6
        if abs(state.battery_w) <= 10.0:
            charging = 5 if state.soc_pct > 99.5 else 2 if state.soc_pct <= self._plant.reserve_pct else 6
        return named("124", ChaState=state.soc_pct, InBatV=volts, ChaSt=charging)


def _state(state: PlantState) -> int:
    if not state.online:
        return _STANDBY
    return _THROTTLED if state.pv_w < state.pv_available_w - 1.0 else _MPPT


def _ac(state: PlantState, counters: Counters) -> Values:
    mains = mains_at(state.at.timestamp())
    currents = [
        abs(watts) / volts
        for watts, volts in zip(on_phases(state.inverter_w, EVEN_SHARES), mains.voltages_v, strict=True)
    ]
    ab, bc, ca = mains.line_voltages_v
    a, b, c = mains.voltages_v
    return {
        **named("103", A=sum(currents), AphA=currents[0], AphB=currents[1], AphC=currents[2]),
        **named("103", PPVphAB=ab, PPVphBC=bc, PPVphCA=ca, PhVphA=a, PhVphB=b, PhVphC=c),
        **named(
            "103", W=state.inverter_w, VA=abs(state.inverter_w), VAr=0.0, PF=math.copysign(100.0, state.inverter_w)
        ),
        **named("103", Hz=mains.frequency_hz, WH=_FIRST_COUNT_WH + counters.inverter_out_wh, DCW=state.inverter_w),
        **named("103", TmpCab=28.0 + 14.0 * min(1.0, abs(state.inverter_w) / 10000.0), St=_state(state)),
        "122.ActWh": _FIRST_COUNT_WH + counters.inverter_out_wh,
    }


def _modules(state: PlantState, counters: Counters) -> Values:
    """Two strings, then charging and discharging, each with its own power that is never negative."""
    volts = battery_volts(state.soc_pct)
    channels = (
        (state.pv_w * _STRING_SHARES[0], _PV_V, counters.pv_wh * _STRING_SHARES[0]),
        (state.pv_w * _STRING_SHARES[1], _PV_V - 25.0, counters.pv_wh * _STRING_SHARES[1]),
        (max(0.0, -state.battery_w), volts, counters.charge_wh),
        (max(0.0, state.battery_w), volts, counters.discharge_wh),
    )
    values: dict[str, float | None] = {}
    for number, (watts, module_v, energy_wh) in enumerate(channels, start=1):
        counted_wh = _FIRST_COUNT_WH / 4.0 + energy_wh
        prefix = f"160.module.{number}"
        values |= named(prefix, DCW=watts, DCV=module_v, DCA=watts / module_v, DCWH=counted_wh, DCSt=_state(state))
    return values
