"""What keeps the store from being written, and what has befallen its file. ``path`` is where it should be."""

from datetime import datetime

from agent.domain.sentence import Template

# --- where it cannot be -----------------------------------------------------------------------------------------------


@Template
def store_misplaced(*, reason: str, remedy: str) -> str:
    """``reason`` and ``remedy`` are of the sentences that follow."""
    return f"the store {reason}: {remedy}"


@Template
def store_not_looked_at(*, path: str, cause: str) -> str:
    return f"is in {path}, which cannot be looked at: {cause}"


@Template
def store_is_folder(*, path: str) -> str:
    return f"is {path}, which is a folder"


@Template
def store_is_no_file(*, path: str) -> str:
    return f"is {path}, which is no plain file"


@Template
def store_of_another_user(*, path: str) -> str:
    return f"is {path}, which this user may not write"


@Template
def store_folder_missing(*, path: str) -> str:
    return f"is in {path}, which is not there"


@Template
def store_folder_is_file(*, path: str) -> str:
    return f"is in {path}, which is no folder"


@Template
def store_folder_read_only(*, path: str) -> str:
    return f"is in {path}, which is on a read-only file system"


@Template
def store_folder_of_another_user(*, path: str) -> str:
    return f"is in {path}, which this user may not write to"


@Template
def correct_rights() -> str:
    return "correct its rights"


@Template
def name_file_in_it() -> str:
    return "name a file in it, such as site.sqlite3"


@Template
def name_another_file() -> str:
    return "name another file"


@Template
def name_file_in_folder() -> str:
    return "name a file in a folder"


@Template
def give_to_agent() -> str:
    return "give it to the user of the agent"


@Template
def make_folder() -> str:
    return "make the folder, for the user of the agent"


@Template
def mount_for_writing() -> str:
    return "mount it for writing"


# --- what it does not do ----------------------------------------------------------------------------------------------


@Template
def store_unusable(*, path: str, cause: str) -> str:
    return f"the store {path} cannot be used: {cause}"


@Template
def store_not_opened(*, path: str, cause: str) -> str:
    return f"the store {path} cannot be opened: {cause}"


@Template
def store_of_another_program(*, path: str) -> str:
    return f"{path} is no store of the agent: it has tables of another program, and is left as it is"


@Template
def store_not_written(*, path: str, cause: str) -> str:
    return f"the store {path} failed: {cause}: nothing was written"


@Template
def store_takes_no_write(*, path: str, cause: str) -> str:
    return f"the store {path} takes no write: {cause}"


@Template
def nothing_written_beside(*, path: str, cause: str) -> str:
    return f"nothing can be written beside the store {path}: {cause}"


@Template
def store_did_not_answer(*, path: str, within_s: float) -> str:
    return f"the store {path} did not answer within {within_s:g} s"


@Template
def store_broke_off(*, path: str, cause: str) -> str:
    return f"the store {path} failed: {cause}"


@Template
def disk_of_store_full(*, path: str) -> str:
    return f"the disk of {path} is full: nothing was written"


@Template
def disk_of_store_nearly_full(*, path: str) -> str:
    return f"the disk of {path} is nearly full: make room on it"


@Template
def disk_reserve_used(*, path: str) -> str:
    return f"the disk of {path} is full: the reserve beside it was given up; make room on it"


@Template
def log_not_saved(*, path: str) -> str:
    return f"the log of the store {path} was moved or removed, and what it held cannot be saved yet"


@Template
def store_not_put_back(*, path: str, cause: str) -> str:
    return f"the store {path} was moved or removed, and no copy can be made there: {cause}"


# --- what has befallen it ---------------------------------------------------------------------------------------------


@Template
def log_taken_in(*, path: str) -> str:
    return f"The log of the store {path} was moved or removed while the agent ran; all it held is in the store now."


@Template
def store_exchanged(*, path: str) -> str:
    return f"The store {path} was replaced by another file while the agent ran; it goes on with that one."


@Template
def store_put_back(*, path: str) -> str:
    return f"The store {path} was moved or removed while the agent ran; a copy of all it held was put there."


@Template
def store_set_aside(*, path: str, why: str, aside: str) -> str:
    """``why`` is one of the two that follow, ``aside`` the name it has now."""
    return f"The store {path} {why}; it was moved to {aside} and a new one was started."


@Template
def was_damaged(*, cause: str) -> str:
    return f"was damaged ({cause})"


@Template
def failed_in_a_row(*, times: int, cause: str) -> str:
    return f"failed {times} times in a row ({cause})"


@Template
def rows_taken_over(*, rows: int) -> str:
    return f"{rows} rows of it could still be read and were taken over."


@Template
def newer_store_set_aside(*, path: str, number: int, newest: int, aside: str) -> str:
    """``number`` is its schema, ``newest`` the one that this version knows."""
    newer = f"The store {path} was made by a newer version (schema {number}, this program knows {newest})"
    return f"{newer}; it was moved to {aside} as it was, and a new one was started."


@Template
def copy_from_before_taken(*, path: str, number: int, newest: int, aside: str) -> str:
    newer = f"The store {path} was made by a newer version (schema {number}, this program knows {newest})"
    return f"{newer}; it was moved to {aside} as it was, and the copy from before was taken up."


@Template
def no_room_for_copy(*, path: str, newest: int) -> str:
    return f"The disk of {path} has no room for a copy of it as it was before schema {newest}; none was made."


@Template
def rows_dropped(*, rows: int, stream: str, from_at: datetime, to_at: datetime, why: str) -> str:
    """Times in UTC; ``why`` is one of the sentences that follow."""
    between = f"from {from_at:%Y-%m-%d %H:%M} UTC to {to_at:%Y-%m-%d %H:%M} UTC"
    return f"{rows} unacknowledged rows of the stream {stream} {between} were dropped because they were {why}."


@Template
def too_old() -> str:
    return "too old"


@Template
def beyond_size() -> str:
    return "beyond the size the store may have"


@Template
def elsewhere_already() -> str:
    return "acknowledged"
