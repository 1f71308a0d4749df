"""What commissioning finds while it gives its orders, and how it ends."""

from agent.domain.sentence import Template

# --- orders, and what the battery does --------------------------------------------------------------------------------


@Template
def told_to_rest() -> str:
    return "rest"


@Template
def told_to_rest_at_zero() -> str:
    return "rest at 0 W"


@Template
def told_to_charge() -> str:
    return "charge"


@Template
def told_to_charge_with(*, power_w: float) -> str:
    return f"charge with {power_w:z.0f} W"


@Template
def told_to_hold_with(*, power_w: float) -> str:
    return f"hold with {power_w:z.0f} W"


@Template
def told_to_discharge_with(*, power_w: float) -> str:
    return f"discharge with {power_w:z.0f} W"


@Template
def does_charge(*, power_w: float) -> str:
    return f"charges with {power_w:.0f} W"


@Template
def does_discharge(*, power_w: float) -> str:
    return f"discharges with {power_w:.0f} W"


@Template
def power_not_measured(*, device: str, order: str) -> str:
    return f"{device} was told to {order}, and its power was not measured"


@Template
def does_as_before(*, device: str, order: str, does: str) -> str:
    return f"{device} was told to {order} and {does}, as before: it does not follow"


@Template
def does_not_follow(*, device: str, order: str, does: str) -> str:
    return f"{device} was told to {order} and {does}: it does not follow"


@Template
def does_the_opposite(*, device: str, order: str, does: str) -> str:
    return f"{device} was told to {order} and {does}: the sign of its power or of its orders is turned"


@Template
def does_too_much(*, device: str, order: str, does: str, factor: int) -> str:
    told = f"{device} was told to {order} and {does}"
    return f"{told}: the scale of its power or of its orders may be wrong by {factor}"


@Template
def does_nearly(*, device: str, order: str, does: str, off_w: float) -> str:
    return f"{device} was told to {order} and {does}: {off_w:.0f} W off"


# --- what the grid's meter shows of it --------------------------------------------------------------------------------


@Template
def meter_unseen() -> str:
    return "the battery has hardly moved, so the grid's meter says nothing of it"


@Template
def meter_answers(*, answer_w: float) -> str:
    return f"for each watt that the battery gives more, the grid's meter shows {answer_w:.2f} W less"


@Template
def meter_turned() -> str:
    return "its sign is turned"


@Template
def meter_blind() -> str:
    return "it does not see this battery, its scale is far too small, or another device brings the grid to zero"


@Template
def meter_scaled() -> str:
    return "its scale is wrong"


@Template
def meter_doubtful() -> str:
    return "one of its phases is missing or turned, or the load has moved: run it again while nothing is switched"


# --- why it ends early ------------------------------------------------------------------------------------------------


@Template
def grid_over_connection() -> str:
    return "the grid is over the limit of the connection"


@Template
def soc_lost(*, device: str) -> str:
    return f"the state of charge of {device} is not known any more"


@Template
def soc_outside(*, device: str, soc_pct: float) -> str:
    return f"{device} is {soc_pct:.0f} % full, outside the window of the site file"


@Template
def shows_far_more(*, device: str, asked_w: float, shown_w: float) -> str:
    told = f"{device} was told {asked_w:+.0f} W and its battery shows {shown_w:+.0f} W"
    return f"{told}: that is far more, a scale or a sign is wrong"


@Template
def shows_wrong_direction(*, device: str, asked_w: float, shown_w: float) -> str:
    told = f"{device} was told {asked_w:+.0f} W and its battery shows {shown_w:+.0f} W"
    return f"{told}: the direction is wrong, a sign is turned"


@Template
def order_not_granted(*, device: str, order: str, why: str) -> str:
    return f"{device} may not {order}: {why}"


@Template
def order_taken_in_part(*, device: str, taken_w: float, asked_w: float, why: str) -> str:
    return f"{device} takes {taken_w:z.0f} of {asked_w:z.0f} W: {why}"


@Template
def order_not_taken(*, device: str, order: str, cause: str) -> str:
    return f"{device} did not take the order to {order}: {cause}"


@Template
def order_allowed_in_part(*, device: str, order: str, allowed_w: float) -> str:
    return f"{device} was to {order} and is allowed {allowed_w:z.0f} W"


@Template
def last_order_not_taken(*, device: str) -> str:
    return f"{device} did not take the order that is not refreshed"


# --- orders that are not refreshed ------------------------------------------------------------------------------------


@Template
def order_never_ends(*, device: str) -> str:
    return f"an order to {device} never ends by itself: it stays in force when this computer dies in the middle"


@Template
def order_not_timed(*, device: str, promised_s: float) -> str:
    return f"not timed: an order to {device} ends by itself after {promised_s / 60.0:z.0f} min; --yes-long waits"


@Template
def order_outlives(*, device: str, promised_s: float) -> str:
    return f"{device} was not free {promised_s:z.0f} s after the last order, as its datasheet promises"


@Template
def power_cut_untested(*, device: str) -> str:
    return f"whether {device} keeps an order over a power cut is not tested, that needs one"


@Template
def power_cut_untested_flash(*, device: str, times: int) -> str:
    told = f"whether {device} keeps an order over a power cut is not tested, that needs one"
    return f"{told}; {times} writes of registers that are kept in flash were made"


# --- how the battery was given back, and how all ended ----------------------------------------------------------------


@Template
def and_also(*, said: str, then: str) -> str:
    return f"{said}, {then}"


@Template
def not_given_back(*, device: str, why: str) -> str:
    return f"{device} could NOT be released ({why}): run `enalysis-edge release`, or switch the inverter off and on"


@Template
def registers_unread(*, cause: str) -> str:
    return f"its registers cannot be read: {cause}"


@Template
def still_reads(*, point: str, value: str) -> str:
    return f"{point} still reads {value}"


@Template
def was_and_is(*, point: str, value: str, now: str) -> str:
    return f"{point} was {value} and is {now}"


@Template
def value_unknown() -> str:
    return "unknown"


@Template
def given_back(*, device: str) -> str:
    return f"{device} is released; what was set there before is not known"


@Template
def given_back_otherwise(*, device: str, told: str) -> str:
    return f"{device} is released, and not as it was found: {told}"


@Template
def given_back_untouched(*, device: str) -> str:
    return f"{device} is released; none of its owner's settings was written"


@Template
def given_back_as_found(*, device: str, settings: int) -> str:
    return f"{device} is released, its {settings} settings are as they were found"


@Template
def ended_well() -> str:
    return "every battery did what it was told and is as it was found"


@Template
def ended_in_contradiction() -> str:
    return "it ended before anything was written: what was found speaks against it"


@Template
def ended_without_consent() -> str:
    return "nobody has agreed to the test, so nothing was written"


@Template
def ended_before_writing() -> str:
    return "it was stopped before anything was written"


@Template
def ended_by_hand() -> str:
    return "it was stopped by hand"


@Template
def ended_aborted(*, cause: str) -> str:
    return f"it was aborted: {cause}"


@Template
def not_passed() -> str:
    return "it was not passed"
