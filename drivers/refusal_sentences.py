"""Why a device refuses what is asked, or does not keep to what was written to it."""

from drivers.sentence import Sentence, Template

# --- a Modbus exception -----------------------------------------------------------------------------------------------


@Template
def refused_with(*, asked: str, number: int, meaning: str) -> str:
    """``meaning`` is one of the sentences below."""
    return f"{asked} was refused with exception {number} ({meaning})"


@Template
def illegal_function() -> str:
    return "illegal function"


@Template
def illegal_address() -> str:
    return "illegal address"


@Template
def illegal_value() -> str:
    return "illegal value"


@Template
def device_failure() -> str:
    return "device failure"


@Template
def still_working() -> str:
    return "acknowledged, still working"


@Template
def device_busy() -> str:
    return "device busy"


@Template
def no_path_to_unit() -> str:
    return "gateway has no path to this unit id"


@Template
def silent_behind_gateway() -> str:
    return "device behind the gateway does not answer"


@Template
def private_exception() -> str:
    return "private or unknown code"


# --- what was written is not what is read -----------------------------------------------------------------------------


@Template
def reads_other(*, point: str, wanted: str, found: str) -> str:
    return f"{point} was set to {wanted} and reads {found}"


@Template
def relay_not_on(*, device: str) -> str:
    return f"{device}: the relay does not read back on after it was written"


@Template
def relay_not_off(*, device: str) -> str:
    return f"{device}: the relay does not read back off after it was written"


@Template
def grid_is_lost(*, device: str) -> str:
    return f"{device}: the grid is lost, so the battery is left to carry the house"


@Template
def under_local_control(*, device: str) -> str:
    return f"{device} is under local control (LocRemCtl is 1), so it ignores setpoints"


def reads(point: str, wanted: float, found: float | None) -> Sentence:
    """``point`` was set to ``wanted``, and does not read so."""
    return reads_other(point=point, wanted=f"{wanted:g}", found=str(found))
