"""A file or a folder that cannot be used: ``path`` is where it is, ``cause`` mostly in the words of the system."""

from agent.domain.sentence import Template


@Template
def file_unreadable(*, path: str, cause: str) -> str:
    return f"{path} cannot be read: {cause}"


@Template
def file_not_written(*, path: str, cause: str) -> str:
    return f"{path} cannot be written: {cause}"


@Template
def file_not_used(*, path: str, cause: str) -> str:
    return f"{path} cannot be used: {cause}"
