"""Which of the alarms that stand the platform has been told by the status."""

from agent.domain.alarms import StandingAlarm

REASONS_EVERY_S = 60.0  # of alarms that are told already: that of a silent device counts the seconds


class AlarmsTold:
    """Other alarms are told at once, other reasons of the same ones now and then. Times are monotonic, s."""

    def __init__(self) -> None:
        self._told: tuple[StandingAlarm, ...] = ()
        self._told_at_s = -REASONS_EVERY_S

    def are_due(self, standing: tuple[StandingAlarm, ...], now_s: float) -> bool:
        if [alarm.key for alarm in standing] != [alarm.key for alarm in self._told]:
            return True
        return standing != self._told and now_s - self._told_at_s >= REASONS_EVERY_S

    def note(self, standing: tuple[StandingAlarm, ...], now_s: float) -> None:
        self._told, self._told_at_s = standing, now_s
