"""What can go wrong between a controller and a device. Nothing else leaves a driver."""

from types import MappingProxyType

from drivers import refusal_sentences as say


class DriverError(Exception):
    """The common ancestor. ``str()`` is one sentence for a person, ``sentence_of`` what can be translated of it."""


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
            1: say.illegal_function(),
            2: say.illegal_address(),
            3: say.illegal_value(),
            4: say.device_failure(),
            5: say.still_working(),
            6: say.device_busy(),
            10: say.no_path_to_unit(),
            11: say.silent_behind_gateway(),
        }
    )

    def __init__(self, code: int, asked: str) -> None:
        meaning = self.MEANINGS.get(code) or say.private_exception()
        super().__init__(say.refused_with(asked=asked, number=code, meaning=meaning))
        self.code = code


class NotSupported(DriverError):
    """The device cannot do what was asked of it, whatever the state it is in."""


class NotApplied(DriverError):
    """A write was answered, but the registers do not read back what was written."""
