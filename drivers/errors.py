"""What can go wrong between a controller and a device. Nothing else leaves a driver."""

from types import MappingProxyType


class DriverError(Exception):
    """The common ancestor. ``str()`` is one sentence for a person."""


class LinkDown(DriverError):
    """There is no connection to the device or its gateway, and it could not be made."""


class NoAnswer(DriverError):
    """The request was sent and nothing came back in time."""


class BadFrame(DriverError):
    """Something came back that is not an answer to the question: wrong length, wrong function, torn frame."""


class Refused(DriverError):
    """The device answered with a Modbus exception. ``code`` is the exception code."""

    MEANINGS = MappingProxyType(
        {
            1: "illegal function",
            2: "illegal address",
            3: "illegal value",
            4: "device failure",
            5: "acknowledged, still working",
            6: "device busy",
            10: "gateway has no path to this unit id",
            11: "device behind the gateway does not answer",
        }
    )

    def __init__(self, code: int, asked: str) -> None:
        meaning = self.MEANINGS.get(code, "private or unknown code")
        super().__init__(f"{asked} was refused with exception {code} ({meaning})")
        self.code = code


class NotSupported(DriverError):
    """The device cannot do what was asked of it, whatever the state it is in."""


class NotApplied(DriverError):
    """A write was answered, but the registers do not read back what was written."""
