"""Public holidays of the sites the models are trained and scored on, in the years measured there."""

from datetime import date

# Bank holidays in England and Wales (gov.uk).
_ENGLAND = """
2019-01-01 2019-04-19 2019-04-22 2019-05-06 2019-05-27 2019-08-26 2019-12-25 2019-12-26
2020-01-01 2020-04-10 2020-04-13 2020-05-08 2020-05-25 2020-08-31 2020-12-25 2020-12-28
"""
# United States federal holidays as observed (opm.gov), without Columbus Day, which few employers keep.
_UNITED_STATES = """
2016-05-30 2016-07-04 2016-09-05 2016-11-11 2016-11-24 2016-12-26
2017-01-02 2017-01-16 2017-02-20 2017-05-29 2017-07-04 2017-09-04 2017-11-10 2017-11-23 2017-12-25
2018-01-01 2018-01-15 2018-02-19 2018-05-28 2018-07-04 2018-09-03 2018-11-12 2018-11-22 2018-12-25
"""
_BY_ZONE = {"Europe/London": _ENGLAND, "America/Los_Angeles": _UNITED_STATES}


def holidays(timezone: str) -> tuple[date, ...]:
    """The holidays kept in a time zone; none where the list has none."""
    return tuple(date.fromisoformat(day) for day in _BY_ZONE.get(timezone, "").split())
