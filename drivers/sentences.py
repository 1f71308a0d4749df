"""Why a device does not answer, or answers something else. Why it refuses: ``drivers.refusal_sentences``.

``asked`` is what was asked of which unit, ``place`` the endpoint; ``why`` is one of the sentences of a connection.
"""

from drivers.sentence import Template

HELD = "held by another program"

# --- what was asked ---------------------------------------------------------------------------------------------------


@Template
def reading_holding_registers(*, unit: int, count: int, address: int) -> str:
    return f"unit {unit}: reading {count} holding registers from {address}"


@Template
def reading_input_registers(*, unit: int, count: int, address: int) -> str:
    return f"unit {unit}: reading {count} input registers from {address}"


@Template
def writing_registers(*, unit: int, count: int, address: int) -> str:
    return f"unit {unit}: writing {count} registers from {address}"


@Template
def reading_coil(*, unit: int, address: int) -> str:
    return f"unit {unit}: reading coil {address}"


@Template
def writing_coil(*, unit: int, address: int) -> str:
    return f"unit {unit}: writing coil {address}"


# --- the connection ---------------------------------------------------------------------------------------------------


@Template
def no_connection(*, asked: str, place: str, why: str) -> str:
    return f"{asked}: no connection to {place}: {why}"


@Template
def no_connection_yet(*, asked: str, place: str, left_s: float, why: str) -> str:
    return f"{asked}: no connection to {place}, next attempt in {left_s:.1f} s: {why}"


@Template
def hung_up(*, asked: str, place: str) -> str:
    return f"{asked}: {place} closed the connection instead of answering"


@Template
def hung_up_because(*, asked: str, place: str, why: str) -> str:
    return f"{asked}: {place} closed the connection instead of answering: {why}"


@Template
def serves_one_client() -> str:
    return f"{HELD}, this device serves one client only: connections are closed before any answer"


@Template
def perhaps_serves_one_client() -> str:
    return f"{HELD}, if the device serves one client only: connections are closed before any answer"


@Template
def nothing_listens() -> str:
    return "the device is there, but nothing listens on this port"


@Template
def network_not_reached() -> str:
    return "this network cannot be reached from here"


@Template
def no_device_at_address() -> str:
    return "no device answers at this address"


@Template
def closed_at_once() -> str:
    return "the device closed the connection at once"


@Template
def no_serial_port() -> str:
    return "there is no such serial port"


@Template
def no_port_but_a_file() -> str:
    return "it is not a serial port"


@Template
def nothing_behind_port() -> str:
    return "there is no device behind this serial port"


@Template
def settings_not_taken() -> str:
    return "it does not take these settings"


@Template
def opening_not_permitted() -> str:
    return "opening it is not permitted"


@Template
def port_held() -> str:
    return "another program has it open"


@Template
def too_many_files() -> str:
    return "this process has too many files open"


@Template
def held_or_nothing_listens() -> str:
    return f"{HELD}, or nothing listens on this port"


@Template
def held_and_closed_at_once() -> str:
    return f"{HELD}: the device closed the connection at once"


@Template
def host_not_known() -> str:
    return "this name is not known"


@Template
def host_not_looked_up() -> str:
    return "no name server tells the address of this name"


@Template
def port_not_opened() -> str:
    return "the serial port could not be opened with these settings"


@Template
def nothing_came_back(*, within_s: float) -> str:
    return f"nothing came back within {within_s:g} s"


# --- no answer --------------------------------------------------------------------------------------------------------


@Template
def no_answer(*, asked: str, place: str, within_s: float) -> str:
    return f"{asked}: no answer from {place} within {within_s:g} s"


@Template
def late_answer(*, asked: str, place: str, within_s: float) -> str:
    missed = f"{asked}: no answer from {place} within {within_s:g} s"
    return f"{missed}, but a late one to an earlier question: timeout_s is too short"


@Template
def no_answer_since_connecting(*, asked: str, place: str, within_s: float) -> str:
    missed = f"{asked}: no answer from {place} within {within_s:g} s"
    return f"{missed}, and none since connecting: the device serves one client only and may be {HELD}"


@Template
def left_alone_after_silence(*, asked: str, left_s: float) -> str:
    return f"{asked}: silent or busy before, next attempt in {left_s:.1f} s"


# --- something else came back -----------------------------------------------------------------------------------------


@Template
def sends_back(*, asked: str, place: str) -> str:
    return f"{asked}: {place} sends back what is sent to it: it needs echo = true"


@Template
def other_transaction(*, asked: str, place: str, number: int) -> str:
    return (
        f"{asked}: {place} answered with transaction id {number}, which was not asked: "
        'a gateway that numbers its answers itself needs transaction_ids = "ignored"'
    )


@Template
def other_function(*, asked: str, number: int, wanted: str) -> str:
    """``wanted`` is the function that was asked for."""
    return f"{asked}: answered with function {number} instead of {wanted}"


@Template
def other_count_of_registers(*, asked: str, count: int) -> str:
    return f"{asked}: {count} registers came back"


@Template
def other_count_of_coils(*, asked: str, count: int) -> str:
    return f"{asked}: {count} coils came back"


@Template
def other_address(*, asked: str, address: int) -> str:
    return f"{asked}: the answer is to a write from {address}"


@Template
def another_device(*, device: str, expected: str) -> str:
    """``expected`` says what the registers should read."""
    return f"{device}: the registers are not those of this device: {expected}"


# --- what a person should know of it ----------------------------------------------------------------------------------


@Template
def model_repeated(*, device: str, number: int, times: int) -> str:
    """``number`` is that of a SunSpec model."""
    return f"{device}: model {number} is there {times} times; the first is used"


@Template
def heartbeat_would_wear(*, device: str, point: str) -> str:
    return f"{device}: {point} is not written each second, since the device keeps what is written in flash"


@Template
def heartbeat_refused(*, device: str, point: str, cause: str) -> str:
    return f"{device}: {point}, by which it could see that its controller lives, is not taken: {cause}"


@Template
def battery_power_nowhere(*, device: str, models: str) -> str:
    return f"{device}: it has a battery, and none of its models {models} has a point for the battery's power"


@Template
def battery_power_not_now(*, device: str, models: str) -> str:
    return f"{device}: it has a battery, and its models {models} give no power of it at the moment"
