"""What became of an edit of the site file, and what it leaves behind.

``cause`` is what is wrong with it, in the words of the check.
"""

from agent.domain.sentence import Template


@Template
def settings_taken(*, keys: str) -> str:
    """``keys`` with their values before and after."""
    return f"the site file was edited, and holds from now on: {keys}"


@Template
def settings_wait(*, waits: str) -> str:
    return f"the site file was edited; the next start takes up {waits}"


@Template
def settings_taken_and_wait(*, keys: str, waits: str) -> str:
    return f"the site file was edited, and holds from now on: {keys}; the next start takes up {waits}"


@Template
def site_file_bad(*, path: str, line: int, cause: str) -> str:
    return f"{path}:{line}: {cause} (what was good before goes on)"


@Template
def site_file_unusable(*, path: str, cause: str) -> str:
    return f"{path}: {cause} (what was good before goes on)"


@Template
def site_file_not_taken(*, cause: str) -> str:
    return f"the edited site file cannot be gone by yet: {cause} (what was good before goes on)"


@Template
def site_file_in_part(*, cause: str) -> str:
    return f"the edited site file is gone by in part only, a defect: {cause} (tried again; a start goes by all of it)"


@Template
def gone_by_in_part(*, cause: str) -> str:
    return f"it is gone by in part only, a defect: {cause} (tried again)"


@Template
def owed_elsewhere(*, addresses: str) -> str:
    return (
        f"steered and not given back, and the site file has no battery or relay there any more: {addresses}; put it "
        "back into the site file, or say with `enalysis-edge release --gone` that nothing is to be given back there"
    )


@Template
def owed_to_exchanged(*, addresses: str) -> str:
    return (
        f"steered and not given back, and another device answers there now: {addresses}; what was set on the first one "
        "is not written to the other; give it back by hand, and say with `enalysis-edge release --gone` that it is done"
    )


@Template
def owed_in_both_ways(*, elsewhere: str, exchanged: str) -> str:
    return f"{elsewhere}; {exchanged}"


@Template
def config_in_force(*, version: int, keys: str) -> str:
    return f"the platform's configuration {version} is in force: {keys}"


@Template
def config_rejected(*, version: int, cause: str) -> str:
    return f"the platform's configuration {version} is rejected: {cause}"


@Template
def config_undone(*, version: int, cause: str) -> str:
    return f"the platform's configuration {version} is undone: {cause}"


@Template
def version_not_newer(*, version: int, newest: int) -> str:
    return f"version {version} is not newer than {newest}, which was answered"


@Template
def restarted_while_tried() -> str:
    return "the agent was started anew while it was tried"


@Template
def nothing_to_plan_with() -> str:
    return "it is not tried yet: the state of charge or the prices are not known"


@Template
def device_edited() -> str:
    return "its section of the site file was edited"


# --- what the platform wants of it ------------------------------------------------------------------------------------


@Template
def key_unknown() -> str:
    return "a key is none of the site file"


@Template
def key_not_for_platform(*, key: str) -> str:
    return f"{key} is not for the platform to change"


@Template
def key_twice(*, key: str) -> str:
    return f"{key} is there twice"


@Template
def keys_too_many(*, most: int) -> str:
    return f"it has more than {most} keys"


@Template
def key_wider(*, key: str) -> str:
    return f"{key} would be wider than the site file's"
