"""A SunSpec hybrid inverter of the 7xx generation: models 1, 701, 702, 703, 704, 713, 714, 802, and 715 if asked for.

Behaviour of model 704 as in the SunSpec DER Information Model Specification, chapter 3.2: a function's reversion timer
runs while the function is enabled and its time is not 0, it is restarted by every write to a setting of the function,
and at its end the reversion value and the reversion enable state take the place of the values. WSet is the power of the
battery at the AC terminals here, W, > 0 discharges, and WSetPct the same in percent of WMax; WMaxLimPct caps what sun
and battery deliver together, in percent of WMax. One that watches its controller takes no setpoint without the
heartbeat of model 715 or 802, and ends the one that it has when that stops.
"""

import math
from collections.abc import Collection, Mapping

from simulator.chain_unit import ChainOptions
from simulator.controller_watch import ControllerWatch
from simulator.mains import EVEN_SHARES, mains_at, on_phases
from simulator.orders import Band, Cap
from simulator.plant import Plant
from simulator.plant_state import Counters, PlantState
from simulator.registers import ChainModel, Image, build_chain, fitting_exponent, named
from simulator.units import Setting, Values

_TEXTS = {"1.Mn": "Enalysis", "1.Md": "Simulated hybrid 7xx", "1.Vr": "1.0", "1.SN": "SIM-7XX-0001"}
_STATE_RUNNING, _STATE_THROTTLED, _STATE_OFF = 3, 4, 0
_PV_V, _BATTERY_V = 620.0, 400.0
_HEALTH_PCT = 100.0
_FIRST_COUNT_WH = 1_250_000.0  # a device in service has counted before
_OF_ALL_BANKS = ("W", "A", "AHRtg", "WHRtg", "WChaRteMax", "WDisChaRteMax", "AChaMax", "ADisChaMax")
_ON_OFF = Setting(0, 1)
_SECONDS = Setting(0, 1_000_000)


def build_image(plant: Plant, chain: ChainOptions) -> Image:
    """The chain of this inverter, with its ratings filled in."""
    most_w = max(plant.inverter_w, plant.battery.charge_w, plant.battery.discharge_w)
    watts, amps = fitting_exponent(most_w), fitting_exponent(most_w / 200.0, finest=-2)
    energy = fitting_exponent(plant.battery.usable_wh)
    scales = {
        **named("701", W_SF=watts, VA_SF=watts, Var_SF=watts, A_SF=amps, V_SF=-1),
        **named("701", Hz_SF=-3, PF_SF=-3, TotWh_SF=0, Tmp_SF=-1),
        **named("702", W_SF=watts, VA_SF=watts, V_SF=-1, A_SF=amps, PF_SF=-3),
        **named("703", V_SF=-2, Hz_SF=-3),
        **named("704", WMaxLimPct_SF=-2, WSetPct_SF=-2),
        **({"704.WSet_SF": 0} if chain.setpoint == "watts" else {}),
        **named("713", WH_SF=energy, Pct_SF=-2),
        **named("714", DCA_SF=amps, DCV_SF=-1, DCW_SF=watts, DCWH_SF=0, Tmp_SF=-1),
        **named("802", AHRtg_SF=0, WHRtg_SF=energy, WChaDisChaMax_SF=watts, SoC_SF=-2),
        **named("802", SoH_SF=-2, V_SF=-1, A_SF=amps, AMax_SF=amps, W_SF=watts),
    }
    models = [ChainModel(number) for number in (1, 701, 702, 703, 704, 713)]
    models += [ChainModel(714, ("PV", "Battery")), ChainModel(802)]
    models += [ChainModel(802)] if chain.split else []
    models += [ChainModel(715)] if chain.heartbeat == "715" else []
    image = build_chain(models, scales, _TEXTS, chain.base)
    image.put_all(_as_laid_out(_ratings(plant), chain))
    image.put_all(_first_settings(chain))
    image.put_all({"715.LocRemCtl": 0} if chain.heartbeat == "715" else {})
    image.put_all({ControllerWatch(chain.heartbeat).point: 0} if chain.heartbeat else {})
    return image


def _ratings(plant: Plant) -> Values:
    battery, rated_w = plant.battery, plant.inverter_w
    return {
        "1.DA": 1,
        **named("701", ACType=2, DERMode=1, Alrm=0),
        **named("702", WMaxRtg=rated_w, WMax=rated_w, VAMaxRtg=rated_w, VAMax=rated_w),
        **named("702", WChaRteMaxRtg=battery.charge_w, WChaRteMax=battery.charge_w),
        **named("702", WDisChaRteMaxRtg=battery.discharge_w, WDisChaRteMax=battery.discharge_w),
        **named("702", VNomRtg=230.0, VNom=230.0, AMaxRtg=rated_w / 230.0, AMax=rated_w / 230.0),
        "702.CtrlModes": 0b11,  # MAX_W and FIXED_W
        **named("713", WHRtg=battery.usable_wh, SoH=_HEALTH_PCT, Sta=0),
        **named("714", NPrt=2, PrtAlrms=0),
        **named("714.Prt.1", PrtTyp=0, ID=1),
        **named("714.Prt.2", PrtTyp=1, ID=2),
        **named("802", AHRtg=battery.usable_wh / _BATTERY_V, WHRtg=battery.usable_wh, SoH=_HEALTH_PCT),
        **named("802", WChaRteMax=battery.charge_w, WDisChaRteMax=battery.discharge_w),
        **named("802", SoCMax=100.0, SoCMin=0.0, LocRemCtl=0, AlmRst=0, Typ=4),
        **named("802", Evt1=0, Evt2=0, EvtVnd1=0, EvtVnd2=0, SetOp=1, SetInvState=3),
    }


_FIRST_SETTINGS: Values = {
    **named("703", ES=1, ESDlyTms=60, ESDlyRemTms=0),
    **named("704", WMaxLimPctEna=0, WMaxLimPct=100.0, WMaxLimPctRvrt=100.0, WMaxLimPctEnaRvrt=0),
    **named("704", WMaxLimPctRvrtTms=0, WMaxLimPctRvrtRem=0),
    **named("704", WSetEna=0, WSetMod=1, WSet=0.0, WSetRvrt=0.0, WSetPct=0.0),
    **named("704", WSetPctRvrt=0.0, WSetEnaRvrt=0, WSetRvrtTms=0, WSetRvrtRem=0),
}
_IN_WATTS = ("704.WSet", "704.WSetRvrt")


def _first_settings(chain: ChainOptions) -> Values:
    if chain.setpoint == "watts":
        return _FIRST_SETTINGS
    return {name: value for name, value in _FIRST_SETTINGS.items() if name not in _IN_WATTS} | {"704.WSetMod": 0}


def _as_laid_out(values: Values, chain: ChainOptions) -> Values:
    """``values`` with those of model 802 on two like banks where the chain has two."""
    if not chain.split:
        return values
    banks: dict[str, float | None] = dict(values)
    for name, value in values.items():
        if name.startswith("802."):
            shared = value is not None and name.removeprefix("802.") in _OF_ALL_BANKS
            banks[name] = banks[f"802/2.{name[4:]}"] = value / 2 if value is not None and shared else value
    return banks


class Der7xx:
    """What the inverter shows of the plant, and how its model 704 steers it."""

    def __init__(self, plant: Plant, image: Image, chain: ChainOptions) -> None:
        self._plant = plant
        self._chain = chain
        self._image = image
        self._band: Band | None = None
        self._reverts_s = math.inf  # the end of the timer of WSet, seconds since 1970
        self._cap: Cap | None = None
        self._watch = ControllerWatch(chain.heartbeat)
        self.settings: Mapping[str, Setting] = {
            "703.ES": _ON_OFF,
            **{f"704.WMaxLimPct{end}": _ON_OFF for end in ("Ena", "EnaRvrt")},
            **{f"704.WMaxLimPct{end}": Setting(0, 100) for end in ("", "Rvrt")},
            "704.WMaxLimPctRvrtTms": _SECONDS,
            **{f"704.WSet{end}": _ON_OFF for end in ("Ena", "EnaRvrt")},
            "704.WSetMod": Setting(0, 1 if chain.setpoint == "watts" else 0),
            **{f"704.WSet{end}": Setting(-1e8, 1e8) for end in ("", "Rvrt")},
            **{f"704.WSet{end}": Setting(-100, 100) for end in ("Pct", "PctRvrt")},
            "704.WSetRvrtTms": _SECONDS,
            **({self._watch.point: Setting(0, 2**32)} if chain.heartbeat else {}),
        }

    def measured(self, state: PlantState, counters: Counters) -> Values:
        values = {**_ac(state, counters), **_dc(state, counters), **self._battery(state)}
        if self._chain.heartbeat == "715":
            values["715.DERHb"] = int(state.at.timestamp()) % 2**31
        return _as_laid_out(values, self._chain)

    def controls(self) -> Values:
        """Timers, and what a lapsed function has put into its registers."""
        image, plant = self._image, self._plant
        if self._band is not None and plant.band is not self._band:
            self._band = self._band.after
            image.put("704.WSetEna", 0 if self._band is None else 1)
            if self._band is not None:
                image.put("704.WSetPct", image.value("704.WSetPctRvrt"))
            if self._band is not None and self._chain.setpoint == "watts":
                image.put("704.WSet", image.value("704.WSetRvrt"))
            self._reverts_s = math.inf
        if self._cap is not None and plant.cap is not self._cap:
            self._cap = self._cap.after
            image.put("704.WMaxLimPctEna", 0 if self._cap is None else 1)
            if self._cap is not None:
                image.put("704.WMaxLimPct", image.value("704.WMaxLimPctRvrt"))
        return {
            "704.WSetRvrtRem": math.ceil(self._timer_left_s()),
            "704.WMaxLimPctRvrtRem": math.ceil(plant.seconds_left(None if self._cap is None else self._cap.lapses_at)),
        }

    def changed(self, names: Collection[str]) -> None:
        if self._watch.point in names:
            self._watch.counted(int(self._image.value(self._watch.point)), self._plant.now().timestamp())
            if self._band is not None:
                self._order()
        if any(name.startswith("704.WSet") for name in names):
            self._set_battery()
        if any(name.startswith("704.WMaxLim") for name in names):
            self._set_cap()
        if "703.ES" in names:
            self._plant.connected = self._image.value("703.ES", 1) == 1

    def forget(self) -> None:
        """A restart ends both functions and forgets their values."""
        self._band = self._cap = None
        first = _first_settings(self._chain)
        self._image.put_all({name: value for name, value in first.items() if name.startswith("704.")})

    def _set_battery(self) -> None:
        image, now_s = self._image, self._plant.now().timestamp()
        if image.value("704.WSetEna") == 1 and self._watch.until_s <= now_s:
            image.put("704.WSetEna", 0)
        if image.value("704.WSetEna") != 1:
            if self._band is not None:
                self._plant.release()
            self._band = None
            return
        self._reverts_s = now_s + (image.value("704.WSetRvrtTms") or math.inf)
        self._order()

    def _order(self) -> None:
        """For as long as its timer runs and its controller lives; what comes after is what the timer leaves."""
        image, ends_s = self._image, min(self._reverts_s, self._watch.until_s)
        after = None
        if image.value("704.WSetEnaRvrt") == 1 and ends_s == self._reverts_s:
            after_w = self._watts("704.WSetRvrt", "704.WSetPctRvrt")
            after = Band(after_w, after_w)
        power_w = self._watts("704.WSet", "704.WSetPct")
        hold_s = ends_s - self._plant.now().timestamp()
        self._band = self._plant.order(power_w, power_w, hold_s if math.isfinite(hold_s) else None, after)

    def _timer_left_s(self) -> float:
        """What is left of the timer of WSet, s; 0 where none runs."""
        if self._band is None or not math.isfinite(self._reverts_s):
            return 0.0
        return max(0.0, self._reverts_s - self._plant.now().timestamp())

    def _watts(self, in_watts: str, in_percent: str) -> float:
        if self._image.value("704.WSetMod") == 1:
            return self._image.value(in_watts)
        return self._image.value(in_percent) / 100.0 * self._plant.inverter_w

    def _set_cap(self) -> None:
        image, rated_w = self._image, self._plant.inverter_w
        if image.value("704.WMaxLimPctEna") != 1:
            self._plant.lift_cap()
            self._cap = None
            return
        after = None
        if image.value("704.WMaxLimPctEnaRvrt") == 1:
            after = Cap(image.value("704.WMaxLimPctRvrt") / 100.0 * rated_w)
        hold_s = image.value("704.WMaxLimPctRvrtTms") or None
        self._cap = self._plant.cap_output(image.value("704.WMaxLimPct") / 100.0 * rated_w, hold_s, after)

    def _battery(self, state: PlantState) -> Values:
        spec = self._plant.battery
        volts = battery_volts(state.soc_pct)
        charging = 4 if state.battery_w < -10.0 else 3 if state.battery_w > 10.0 else 6
        return {
            "713.WHAvail": state.stored_wh,
            "713.SoC": state.soc_pct,
            **named("802", SoC=state.soc_pct, ChaSt=charging, State=3 if state.online else 1),
            **named("802", Hb=int(state.at.timestamp()) % 65535, V=volts, A=state.battery_w / volts),
            **named("802", W=state.battery_w, AChaMax=spec.charge_limit_w(state.soc_pct) / volts),
            "802.ADisChaMax": spec.discharge_limit_w(state.soc_pct) / volts,
        }


def battery_volts(soc_pct: float) -> float:
    """Voltage of the simulated battery, V: a straight line around its nominal value."""
    return _BATTERY_V * (0.94 + 0.0012 * soc_pct)


def _ac(state: PlantState, counters: Counters) -> Values:
    mains = mains_at(state.at.timestamp())
    phases_w = on_phases(state.inverter_w, EVEN_SHARES)
    throttled = state.pv_w < state.pv_available_w - 1.0
    running = _STATE_THROTTLED if throttled else _STATE_RUNNING
    values: dict[str, float | None] = {
        **named("701", St=1 if state.online else 0, ConnSt=1 if state.online else 0),
        **named("701", InvSt=running if state.online else _STATE_OFF, W=state.inverter_w),
        **named("701", VA=abs(state.inverter_w), Var=0.0, PF=1.0 if state.inverter_w >= 0.0 else -1.0),
        **named("701", A=sum(abs(w) / v for w, v in zip(phases_w, mains.voltages_v, strict=True))),
        **named("701", LNV=mains.mean_v, LLV=sum(mains.line_voltages_v) / 3.0, Hz=mains.frequency_hz),
        "701.TotWhInj": _FIRST_COUNT_WH + counters.inverter_out_wh,
        "701.TotWhAbs": _FIRST_COUNT_WH / 10.0 + counters.inverter_in_wh,
        "701.TmpCab": 28.0 + 14.0 * min(1.0, abs(state.inverter_w) / 10000.0),
    }
    for phase, (watts, volts) in enumerate(zip(phases_w, mains.voltages_v, strict=True), start=1):
        values[f"701.WL{phase}"] = watts
        values[f"701.VAL{phase}"] = abs(watts)
        values[f"701.AL{phase}"] = abs(watts) / volts
        values[f"701.VL{phase}"] = volts
    return values


def _dc(state: PlantState, counters: Counters) -> Values:
    volts = battery_volts(state.soc_pct)
    return {
        **named("714", DCW=state.inverter_w, DCA=state.pv_w / _PV_V + state.battery_w / volts),
        **named("714", DCWhInj=_FIRST_COUNT_WH + counters.pv_wh + counters.discharge_wh),
        **named("714", DCWhAbs=_FIRST_COUNT_WH / 10.0 + counters.charge_wh),
        **named("714.Prt.1", DCW=state.pv_w, DCV=_PV_V, DCA=state.pv_w / _PV_V),
        **named("714.Prt.1", DCWhInj=_FIRST_COUNT_WH + counters.pv_wh, DCWhAbs=0.0, DCSta=1),
        **named("714.Prt.2", DCW=state.battery_w, DCV=volts, DCA=state.battery_w / volts),
        **named("714.Prt.2", DCWhInj=_FIRST_COUNT_WH / 5.0 + counters.discharge_wh),
        **named("714.Prt.2", DCWhAbs=_FIRST_COUNT_WH / 4.0 + counters.charge_wh, DCSta=1),
    }
