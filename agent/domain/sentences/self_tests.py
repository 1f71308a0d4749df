"""What the self-test at a start has found, beside what the planner and the store say themselves."""

from agent.domain.sentence import Template


@Template
def self_test_not_ended(*, within_s: float) -> str:
    return f"it did not end within {within_s:g} s"


@Template
def no_made_up_plan(*, cause: str) -> str:
    return f"no plan could be made on made-up data: {cause}"


@Template
def made_up_plan_refused(*, cause: str) -> str:
    return f"the plan on made-up data was refused: {cause}"


@Template
def kept_unreadable(*, kept: str, cause: str) -> str:
    """``kept`` is the name of a document of the store."""
    return f"the kept {kept} cannot be read: {cause}"


@Template
def store_not_seen(*, path: str, cause: str) -> str:
    return f"the store {path} cannot be looked at: {cause}"
