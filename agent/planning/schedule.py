"""The answer to a Problem."""

from dataclasses import dataclass

from agent.planning.planning_terms import Floats


@dataclass(frozen=True, slots=True)
class Schedule:
    """The answer, shape (steps,) each, W; ``soc_wh`` at the end of each step.

    ``energy_value_per_kwh`` is what one more stored kWh in that step would save. ``objective`` counts import, export,
    wear, slacks and the energy left at the end. ``run_s`` is the solver's own time over all its runs; ``proven`` False
    says that it ran out before the best choice between opposite flows was sure.
    """

    charge_w: Floats
    discharge_w: Floats
    import_w: Floats
    export_w: Floats
    curtail_w: Floats
    soc_wh: Floats
    energy_value_per_kwh: Floats
    objective: float
    run_s: float
    notes: tuple[str, ...]
    proven: bool = True
