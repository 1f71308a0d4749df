"""The cap on the sun: export that costs money, or that is forbidden, is not made. Pure."""

from agent.domain.site import SiteState


def pv_cap(state: SiteState, battery_w: float, export_price: float, export_limit_w: float | None) -> float | None:
    """The PV power to cap at beside ``battery_w``, W, or None."""
    load_w = state.load_to_cover_w
    if load_w is None or state.grid_w.known is None:
        return None
    allowed_w = 0.0 if export_price < 0.0 else export_limit_w
    if allowed_w is None:
        return None
    room_w = max(0.0, load_w - battery_w + allowed_w)
    pv_w = state.pv_w.known
    return room_w if pv_w is not None and pv_w > 0.9 * room_w else None
