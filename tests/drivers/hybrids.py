"""Two hybrids in memory: one of the 700 series, one like a Fronius GEN24. They behave as the standard says."""

from collections.abc import Callable, Mapping

from drivers.errors import Refused
from drivers.families.sunspec_hybrid import SunSpecHybrid
from drivers.registry import build
from tests.drivers.memory import COMMON, MemoryTransport, SunSpecMap

Tamper = Callable[[dict[int, int]], None]


class Hybrid(MemoryTransport):
    """``names`` are the points written, in order. ``tamper`` changes the registers after each write.

    ``refuses`` are exceptions by the point whose write is answered with them; ``now_s`` is the clock of its driver.
    """

    def __init__(self, layout: SunSpecMap, controls: tuple[int, ...]) -> None:
        super().__init__(layout.words)
        self.layout = layout
        self.ignores: set[str] = set()
        self.refuses: dict[str, int] = {}
        self.now_s = 50.0
        self.tamper: Tamper = lambda words: None
        self.names: list[str] = []
        self._absent = {at for at, word in layout.words.items() if word in (0x8000, 0xFFFF)}
        self._points = {
            layout.address(model_id, name) + i: (name, i)
            for model_id in controls
            for name in POINTS[model_id]
            for i in range(2 if name in WIDE else 1)
        }

    def take(self, address: int, words: list[int]) -> None:
        for at, word in enumerate(words, start=address):
            name, part = self._points.get(at, (f"register {at}", 0))
            if part == 0:
                self.names.append(name)
            if name in self.refuses:
                raise Refused(self.refuses[name], f"writing {name}")
            if name not in self.ignores and at not in self._absent:
                self.words[at] = word
        self.tamper(self.words)

    def put(self, model_id: int, name: str, value: float) -> None:
        self.layout.put(self.words, model_id, name, value)

    def raw(self, model_id: int, name: str) -> int:
        return self.words[self.layout.address(model_id, name)]

    def hybrid(self, **options: object) -> SunSpecHybrid:
        device = build("sunspec_hybrid", "hybrid", self, options, lambda: self.now_s)
        assert isinstance(device, SunSpecHybrid)
        return device


POINTS = {
    704: (
        *("WSetEna", "WSetMod", "WSet", "WSetRvrt", "WSetEnaRvrt", "WSetRvrtTms", "WSetRvrtRem"),
        *("WSetPct", "WSetPctRvrt"),
        *("WMaxLimPctEna", "WMaxLimPct", "WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms", "AntiIslEna"),
    ),
    123: ("Conn", "WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena"),
    715: ("ControllerHb",),
    802: ("CtrlHb",),
    124: ("StorCtl_Mod", "OutWRte", "InWRte", "InOutWRte_RvrtTms", "ChaGriSet"),
}
WIDE = {"WSet", "WSetRvrt", "WSetRvrtTms", "WSetRvrtRem", "WMaxLimPctRvrtTms", "ControllerHb"}

MEASURED_701 = {"W": 2900, "W_SF": 0, "Hz": 50.01, "Hz_SF": -2, "VL1": 230.4, "V_SF": -1, "AL1": 4.2, "A_SF": -1}
STATE_701 = {"InvSt": 3, "TmpCab": 41, "Tmp_SF": 0, "TotWhInj": 123000, "TotWh_SF": 0}
RATED_702 = {"WMaxRtg": 10000, "WMax": 10000, "WChaRteMax": 5000, "WDisChaRteMax": 6000, "W_SF": 0}
SETPOINT_704 = {
    "WSetEna": 0,
    "WSetMod": 0,
    "WSet": 0,
    "WSetRvrt": 500,
    "WSetEnaRvrt": 1,
    "WSetRvrtTms": 0,
    "WSetRvrtRem": 0,
}
CAP_704 = {"WMaxLimPctEna": 0, "WMaxLimPct": 100, "WMaxLimPctEnaRvrt": 1, "WMaxLimPctRvrtTms": 0, "WMaxLimPct_SF": -2}
SETTINGS_704 = {**SETPOINT_704, **CAP_704, "WSet_SF": 0, "AntiIslEna": 1}


HEARTBEATS = {715: "ControllerHb", 802: "CtrlHb"}
PERCENT_704 = {"WSetPct": 0, "WSetPctRvrt": 5}
IN_PERCENT = ("WSet", "WSetRvrt", "WSet_SF")  # what a device does not have that takes a setpoint in percent alone


def hybrid_7xx(
    without: tuple[str, ...] = (),
    *,
    local: bool | None = None,
    percent_step: int | None = None,
    counts: Mapping[int, int | None] | None = None,
) -> Hybrid:
    """701, 702, 704, 713 and 714 with a PV port at 3000 W and a battery that charges with 100 W.

    ``percent_step`` is the scale factor of WSetPct, where the device has that. ``counts`` are where the controller's
    heartbeat stands, by the model that has it; None: the model is there without.
    """
    layout = SunSpecMap()
    layout.add(1, COMMON)
    layout.add(701, {**MEASURED_701, **STATE_701})
    layout.add(702, RATED_702)
    percent = {} if percent_step is None else {**PERCENT_704, "WSetPct_SF": percent_step}
    layout.add(704, {name: value for name, value in {**SETTINGS_704, **percent}.items() if name not in without})
    layout.add(713, {"SoC": 55.5, "SoH": 99, "Pct_SF": -1, "WHRtg": 10000, "WH_SF": 0})
    ports = {"Prt.1.PrtTyp": 0, "Prt.1.DCW": 3000, "Prt.2.PrtTyp": 1, "Prt.2.DCW": -100}
    layout.add(714, {"NPrt": 2, "DCW_SF": 0, **ports}, blocks=2)
    if local is not None:
        layout.add(715, {"LocRemCtl": 1 if local else 0})
    for model_id, count in (counts or {}).items():
        layout.add(model_id, {} if count is None else {HEARTBEATS[model_id]: count})
    device = Hybrid(layout.end(), (704, *(counts or {})))

    def run_timer(words: dict[int, int]) -> None:
        if device.raw(704, "WSetEna") == 1 and "WSetRvrtTms" not in without:
            at, left = layout.address(704, "WSetRvrtTms"), layout.address(704, "WSetRvrtRem")
            words[left], words[left + 1] = words[at], words[at + 1]

    device.tamper = run_timer
    return device


def gen24(without: tuple[str, ...] = ()) -> Hybrid:
    """103, 120, 121, 123, 160 with four inputs and 124: PV 1200 and 800 W, discharging 300 W."""
    layout = SunSpecMap()
    layout.add(1, COMMON, length=65)
    layout.add(103, {"W": 2250, "W_SF": 0, "Hz": 50.0, "Hz_SF": -2, "WH": 4500, "WH_SF": 0, "St": 4})
    layout.add(120, {"WRtg": 10000, "WRtg_SF": 0})
    layout.add(121, {"WMax": 10000, "WMax_SF": 0})
    layout.add(123, {"Conn": 1, "WMaxLimPct": 100, "WMaxLimPct_RvrtTms": 0, "WMaxLim_Ena": 0, "WMaxLimPct_SF": -2})
    powers = {f"module.{i}.DCW": watts for i, watts in enumerate((1200, 800, 0, 300), start=1)}
    layout.add(160, {"N": 4, "DCW_SF": 0, **powers}, blocks=4)
    storage = {"OutWRte": 100, "InWRte": 100, "InOutWRte_RvrtTms": 0, "ChaGriSet": 0, "StorCtl_Mod": 0}
    rest = {"WChaMax": 5000, "WChaMax_SF": 0, "ChaState": 41.5, "ChaState_SF": -2, "InOutWRte_SF": -2}
    layout.add(124, {name: value for name, value in {**storage, **rest}.items() if name not in without})
    return Hybrid(layout.end(), (123, 124))
