"""What a kWh costs at the connection now: prices, limits, demand charges, and what storing it must be worth."""

from dataclasses import dataclass

from agent.dispatch.moment import Moment
from agent.domain.plan import ValueTable
from agent.domain.site import Connection

# Breaking a limit of the connection point costs this many times the price, so that it happens only when nothing helps;
# the planner's value table prices it the same way.
BROKEN_LIMIT_MULTIPLE = 100.0
# Of the price: how much more a kWh from the grid must be worth to be stored. What is bought cannot be given back, and
# of many looks at a worth that is never quite right the highest would fill the battery. What it earned is in
# docs/decisions/steady_of_what_costs_the_same.md.
DOUBT = 0.02


@dataclass(frozen=True, slots=True)
class GridPrices:
    """Money per kWh at the connection now. Above each (W, money per kWh) of ``.._above`` energy costs so much more.

    ``doubt`` is how much more than its price a kWh from the grid must be worth to be stored. ``held_w`` is the import
    that a demand charge allows for the rest of its interval, None without one.
    """

    import_price: float
    export_price: float
    doubt: float
    import_above: list[tuple[float, float]]
    export_above: list[tuple[float, float]]
    held_w: float | None = None

    @property
    def stored_price(self) -> float:
        """What a kWh from the grid must be worth to be stored."""
        return self.import_price + self.doubt

    def of_grid(self, grid_w: float) -> float:
        """Money per hour at ``grid_w``, > 0 imports, times 1000."""
        if grid_w > 0.0:
            cost = grid_w * self.import_price
            for limit_w, more in self.import_above:
                if grid_w > limit_w:
                    cost += (grid_w - limit_w) * more
        else:
            cost = grid_w * self.export_price
            for limit_w, more in self.export_above:
                if -grid_w > limit_w:
                    cost += (-grid_w - limit_w) * more
        return cost

    def marginal(self) -> list[tuple[float, float]]:
        """Every price that one more kWh can have, to be stored and to be given, where several limits are passed too."""
        bought = [self.import_price, *(self.import_price + more for _, more in self.import_above)]
        if len(self.import_above) > 1:
            bought.append(self.import_price + sum(more for _, more in self.import_above))
        sold = [self.export_price, *(self.export_price - more for _, more in self.export_above)]
        return [(price + self.doubt, price) for price in bought] + [(price, price) for price in sold]


def prices_now(table: ValueTable, step: int, moment: Moment, connection: Connection, peak_in_value: bool) -> GridPrices:
    """Prices and limits of ``step``, without the dearest demand charge where the value of stored energy counts it.

    There (``peak_in_value``) is no doubt either: what is bought is there for an hour's load that nobody foresaw.
    """
    broken = table.broken_limit_per_kwh
    if broken is None:
        broken = BROKEN_LIMIT_MULTIPLE * max(0.01, abs(moment.import_price), abs(moment.export_price))
    import_above: list[tuple[float, float]] = []
    export_above: list[tuple[float, float]] = []
    held_w = None
    if table.peak is not None and table.peak.per_kw[step] > 0.0:
        held_w = table.peak.held_w(step, moment.at, moment.interval_wh)
        if not peak_in_value:
            import_above.append((held_w, table.peak.over_per_kwh(step)))
    import_above += [
        (other.held_w(step, moment.at, moment.interval_wh), other.over_per_kwh(step))
        for other in table.other_peaks
        if other.per_kw[step] > 0.0
    ]
    if connection.import_limit_w is not None:
        import_above.append((connection.import_limit_w, broken))
    if connection.export_limit_w is not None:
        export_above.append((connection.export_limit_w, broken))
    bought = moment.import_price + moment.carbon_price
    doubt = 0.0 if peak_in_value else DOUBT * abs(bought)
    return GridPrices(bought, moment.export_price, doubt, import_above, export_above, held_w)
