"""What the platform asks of all sites at once."""

from dataclasses import dataclass
from enum import Enum

LONGEST_WAIT_S = 600


class NoticeAction(Enum):
    """RECONNECT: leave the broker and come again. RESYNC: send again what is not acknowledged.

    REPORT_INFO: say again what this site runs.
    """

    RECONNECT = "reconnect"
    RESYNC = "resync"
    REPORT_INFO = "report_info"


@dataclass(frozen=True, slots=True)
class Notice:
    """Done after a random time of up to ``within_s`` seconds, so that not all sites do it at once."""

    action: NoticeAction
    within_s: int = LONGEST_WAIT_S
