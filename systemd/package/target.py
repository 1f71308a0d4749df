"""What a package is made for: a Debian release and an architecture, and how Python names both."""

import platform
from dataclasses import dataclass

# Each release: its number, its one Python, the minor release of its C library 2.
SUITES = {"bookworm": (12, "3.11", 36), "trixie": (13, "3.13", 41)}
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}  # as Debian and as the kernel says it
OLDEST_GLIBC = 17


class NoTarget(Exception):
    """There is no package for it. ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """``suite`` and ``architecture`` are keys of SUITES and ARCHITECTURES. Raises NoTarget for others."""

    suite: str
    architecture: str

    def __post_init__(self) -> None:
        for word, known in ((self.suite, SUITES), (self.architecture, ARCHITECTURES)):
            if word not in known:
                raise NoTarget(f"a package is made for {' or '.join(known)}, not for {word}")

    @property
    def python(self) -> str:
        """Major and minor release, as in ``python3.11``."""
        return SUITES[self.suite][1]

    @property
    def glibc(self) -> int:
        """The minor release of its C library 2."""
        return SUITES[self.suite][2]

    def version(self, project: str) -> str:
        """The package's version: that for a later Debian is newer, so that an upgrade of the system brings it."""
        return f"{project}+deb{SUITES[self.suite][0]}"

    @property
    def machine(self) -> str:
        return ARCHITECTURES[self.architecture]

    @property
    def platforms(self) -> list[str]:
        """The platform tags of wheels that run there."""
        return [f"manylinux_2_{minor}_{self.machine}" for minor in range(self.glibc, OLDEST_GLIBC - 1, -1)] + [
            f"manylinux2014_{self.machine}",
            "any",
        ]

    def markers(self) -> dict[str, str]:
        """The environment that the markers of requirements are judged by (PEP 508)."""
        return {
            "python_version": self.python,
            "python_full_version": f"{self.python}.2",
            "platform_machine": self.machine,
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "extra": "",
        }


def of_this_machine(suite: str | None = None, architecture: str | None = None) -> Target:
    """What is not named is this machine's. Raises NoTarget where that is no Debian release known here."""
    if suite is None:
        try:
            suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "an unknown release")
        except OSError as error:
            raise NoTarget("this machine does not say which Debian it is: name one by --suite") from error
    if architecture is None:
        named = {machine: word for word, machine in ARCHITECTURES.items()}
        architecture = named.get(platform.machine(), platform.machine())
    return Target(suite, architecture)
