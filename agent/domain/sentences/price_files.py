"""Why a file is no list of prices. ``path`` is the file, ``line`` the one that is wrong, ``cell`` what stands there."""

from agent.domain.sentence import Template


@Template
def price_file_too_large(*, path: str, most: int) -> str:
    """``most`` is in MiB."""
    return f"{path} is larger than {most} MiB"


@Template
def price_file_unreadable(*, path: str, cause: str) -> str:
    return f"{path} cannot be read: {cause}"


@Template
def price_file_no_utf8(*, path: str) -> str:
    return f"{path} is not UTF-8 text"


@Template
def price_file_no_csv(*, path: str, cause: str) -> str:
    return f"{path} is not CSV: {cause}"


@Template
def price_header_wrong(*, path: str) -> str:
    return f"{path}:1: the first line must be start,price_per_kwh or start,price_per_mwh"


@Template
def too_few_prices(*, path: str) -> str:
    return f"{path}: at least two prices are needed, so that the step is known"


@Template
def price_cells_wrong(*, path: str, line: int, cells: int, columns: int) -> str:
    return f"{path}:{line}: {columns} cells were expected, not {cells}"


@Template
def price_step_wrong(*, path: str, line: int, step: str) -> str:
    return f"{path}:{line}: steps are whole minutes and go forward, this one is {step}"


@Template
def price_steps_unequal(*, path: str, line: int, expected: str) -> str:
    """``expected`` is a time as the file has it."""
    return f"{path}:{line}: the steps are not equal, {expected} was expected"


@Template
def price_time_wrong(*, path: str, line: int, cell: str) -> str:
    return f"{path}:{line}: {cell!r} is not a time such as 2026-01-31T00:00:00+00:00"


@Template
def price_time_without_offset(*, path: str, line: int, cell: str) -> str:
    return f"{path}:{line}: {cell!r} does not say its offset from UTC; add Z or +01:00"


@Template
def price_no_number(*, path: str, line: int, cell: str) -> str:
    return f"{path}:{line}: {cell!r} is not a price; numbers are written with a point"


@Template
def price_impossible(*, path: str, line: int, cell: str) -> str:
    return f"{path}:{line}: {cell!r} is not a possible price per kWh"
