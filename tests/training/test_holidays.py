"""Holidays by rule, against the lists that the two governments publish."""

import pytest

from training.sites.holidays import holidays

ENGLAND = """
2019-01-01 2019-04-19 2019-04-22 2019-05-06 2019-05-27 2019-08-26 2019-12-25 2019-12-26
2020-01-01 2020-04-10 2020-04-13 2020-05-08 2020-05-25 2020-08-31 2020-12-25 2020-12-28
2021-01-01 2021-04-02 2021-04-05 2021-05-03 2021-05-31 2021-08-30 2021-12-27 2021-12-28
2022-01-03 2022-04-15 2022-04-18 2022-05-02 2022-06-02 2022-06-03 2022-08-29 2022-09-19 2022-12-26 2022-12-27
2023-01-02 2023-04-07 2023-04-10 2023-05-01 2023-05-08 2023-05-29 2023-08-28 2023-12-25 2023-12-26
"""
UNITED_STATES = """
2017-01-02 2017-01-16 2017-02-20 2017-05-29 2017-07-04 2017-09-04 2017-11-10 2017-11-23 2017-12-25
2018-01-01 2018-01-15 2018-02-19 2018-05-28 2018-07-04 2018-09-03 2018-11-12 2018-11-22 2018-12-25
2021-01-01 2021-01-18 2021-02-15 2021-05-31 2021-06-18 2021-07-05 2021-09-06 2021-11-11 2021-11-25 2021-12-24
2021-12-31
"""


@pytest.mark.parametrize(("zone", "listed"), [("Europe/London", ENGLAND), ("America/Los_Angeles", UNITED_STATES)])
def test_the_days_are_those_that_were_kept(zone: str, listed: str) -> None:
    years = {day[:4] for day in listed.split()}
    assert [day.isoformat() for day in holidays(zone) if day.isoformat()[:4] in years] == sorted(set(listed.split()))


def test_a_zone_without_a_list_has_none() -> None:
    assert holidays("Antarctica/Troll") == ()
