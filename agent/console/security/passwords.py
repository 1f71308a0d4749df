"""The password of the console: scrypt, one check at a time, and a lock after too many failures.

N = 2^15 and r = 8 take 32 MiB and a quarter of a second on a small gateway (RFC 7914 leaves both to the machine).
"""

import asyncio
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.console.problem import Problem
from agent.domain.sentences import console as say

COST, BLOCK, PARALLEL = 2**15, 8, 1
MEMORY = 64 * 1024 * 1024
LEAST_LENGTH, MOST_LENGTH = 12, 200
FAILURES, FAILURES_OF_ALL = 5, 25  # from one address, from all together
WITHIN_S = 300.0
MOST_WAITING = 4


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """Hexadecimal. ``cost`` is scrypt's N."""

    salt: str
    digest: str
    cost: int = COST

    @property
    def mark(self) -> str:
        """Another one for another password: sessions of an older one have ended."""
        return self.salt


def why_refused(password: str) -> str | None:
    """Why it cannot be a password, in one sentence; None for one that can."""
    if len(password) < LEAST_LENGTH:
        return say.password_too_short(fewest=LEAST_LENGTH)
    if len(password) > MOST_LENGTH:
        return say.password_too_long(most=MOST_LENGTH)
    return say.password_of_one_letter() if len(set(password)) == 1 else None


def hashed(password: str) -> PasswordHash:
    salt = secrets.token_bytes(16)
    return PasswordHash(salt.hex(), scrypt_of(password, salt, COST).hex())


def matches(password: str, known: PasswordHash) -> bool:
    """Takes as long for a wrong one."""
    found = scrypt_of(password[:MOST_LENGTH], bytes.fromhex(known.salt), known.cost)
    return hmac.compare_digest(found.hex(), known.digest)


def scrypt_of(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=cost, r=BLOCK, p=PARALLEL, maxmem=MEMORY, dklen=32
    )


@dataclass(slots=True)
class Doorkeeper:
    """Checks passwords one at a time, and none from an address that has failed five times within five minutes."""

    monotonic: Callable[[], float]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _waiting: int = 0
    _failures: deque[tuple[float, str]] = field(default_factory=deque)

    async def check(self, password: str, known: PasswordHash, address: str) -> bool:
        """Whether it is the password. Raises Problem where it is not even looked at."""
        if self._waiting >= MOST_WAITING:
            raise Problem("busy", "too many log in at once", after_s=2)
        self._waiting += 1
        try:
            async with self._turn:
                self._refuse_locked(address)
                good = await asyncio.to_thread(matches, password, known)
                if good:
                    self._failures = deque(one for one in self._failures if one[1] != address)
                else:
                    self._failures.append((self.monotonic(), address))
                return good
        finally:
            self._waiting -= 1

    def _refuse_locked(self, address: str) -> None:
        now = self.monotonic()
        while self._failures and now - self._failures[0][0] >= WITHIN_S:
            self._failures.popleft()
        own = [at for at, one in self._failures if one == address]
        for found, most in ((own, FAILURES), ([at for at, _ in self._failures], FAILURES_OF_ALL)):
            if len(found) >= most:
                after_s = int(found[-most] + WITHIN_S - now) + 1
                raise Problem("locked", "too many wrong passwords: wait, then try again", after_s=after_s)
