"""Why a short-lived process of the agent gave no answer. ``worker`` is its word, as in ``adapters.processes``."""

from agent.domain.sentence import Template


@Template
def worker_late(*, worker: str, within_s: float) -> str:
    return f"the {worker} did not answer within {within_s:g} s and was ended"


@Template
def worker_answer_too_large(*, worker: str, most: int) -> str:
    return f"the {worker}'s answer is larger than {most} bytes"


@Template
def worker_printed_too_much(*, worker: str, most: int) -> str:
    return f"the {worker} printed more than {most} bytes and was ended"


@Template
def worker_ended(*, worker: str, ending: int) -> str:
    """``ending`` is the code that the process ended with."""
    return f"the {worker} ended with code {ending}"


@Template
def worker_without_answer(*, worker: str) -> str:
    return f"the {worker} ended without an answer"


@Template
def worker_not_started(*, worker: str, cause: str) -> str:
    return f"the {worker} could not be started: {cause}"


@Template
def worker_needs_memory(*, most: int) -> str:
    """``most`` is what it may have, MB. It says so itself: the text crosses the pipe alone."""
    return f"it needs more memory than the {most} MB that it may have"
