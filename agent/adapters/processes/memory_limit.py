"""The memory that a short-lived process may use, set by itself before it loads anything large."""

import resource
from contextlib import suppress


def limit_memory(megabytes: int) -> None:
    """Data, not address space: native libraries reserve far more addresses than they use.

    Where a sandbox forbids setting limits, the one of the service (MemoryMax) is left.
    """
    limit = megabytes * 1024 * 1024
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
