"""What a device does not do in time, and a defect of its family. What it answers the drivers say."""

from agent.domain.sentence import Template


@Template
def setpoint_not_taken(*, device: str, within_s: float) -> str:
    return f"{device} did not take the setpoint within {within_s:g} s"


@Template
def not_steered_by_defect(*, device: str, cause: str) -> str:
    return f"{device} could not be steered, a defect: {cause}"


@Template
def not_read_by_defect(*, device: str, cause: str) -> str:
    return f"{device} could not be read, a defect: {cause}"


@Template
def relay_did_not_answer(*, within_s: float) -> str:
    return f"the relay did not answer within {within_s:g} s"


@Template
def found_not_kept(*, cause: str) -> str:
    return f"what was found at the steered devices is not kept: {cause}"
