"""/advisories and /override: what people are told, and what they say to it. A request goes to the agent's inbox."""

from datetime import timedelta
from functools import partial

from agent.adapters.host.inbox import drop, inbox_of
from agent.advice.book import NotPossible, act, find
from agent.console.api.endpoint import FROM_TO, PAGE, Asked, Endpoint
from agent.console.api.parameters import Kind, Parameter, instant
from agent.console.problem import Problem
from agent.console.reading.advisories import SORTINGS, STATES, Wanted, advisories, advisory, read_book
from agent.console.reading.ranges import LAST_DAY
from agent.console.reading.shapes import Document
from agent.console.reading.site import override, override_document, site_of
from agent.domain.advisory import AdvisoryType, Verb
from agent.domain.commands import AnswerAdvice, Command, OverrideBattery, Request
from agent.domain.override import AUTO, LEAST_W, LONGEST, MOST_W, OBEYED_WITHIN, USUAL, Override, OverrideAction
from agent.domain.sentences import console as say

TAKEN_UP_WITHIN_S = 60


def _list(asked: Asked) -> Document:
    first, last = asked.from_to(str(LAST_DAY))
    wanted = Wanted(
        limit=asked.get("limit"),
        cursor=asked.get("cursor"),
        kind=asked.get("type"),
        state=asked.get("status"),
        text=asked.get("q"),
        start=first,
        end=last,
        least_confidence=asked.get("minConfidence"),
        sorting=asked.get("sort"),
    )
    return advisories(asked.source.store, wanted, asked.now, asked.source.zone)


def _one(asked: Asked) -> Document:
    book = read_book(asked.source.store)
    try:
        return advisory(find(book, asked.key), asked.now, asked.source.zone)
    except NotPossible as error:
        raise Problem("not_found", str(error), "key") from error


def _answer(verb: Verb, asked: Asked) -> Document:
    _one(asked)  # an unknown key is not found
    when = instant(asked.values, "scheduledFor") if verb is Verb.SCHEDULE else None
    try:
        answer = AnswerAdvice(asked.key, verb, when)
    except ValueError as error:
        raise Problem("bad_value", str(error), "key") from error
    act(read_book(asked.source.store), answer, asked.now)  # the agent judges again; what cannot be is told at once
    return _left(asked, "advice", answer) | {"key": asked.key, "verb": verb.value}


def _override(asked: Asked) -> Document:
    return {"override": override(site_of(asked.source))}


def _override_battery(asked: Asked) -> Document:
    wanted = None if asked.get("action") == AUTO else _wanted(asked)
    if not site_of(asked.source).runs:
        raise Problem("not_possible", say.nobody_would_obey())
    told = _left(asked, "override", OverrideBattery(wanted), OBEYED_WITHIN)
    shown = None if wanted is None else override_document(wanted, asked.source.zone)
    return told | {"override": shown}


def _wanted(asked: Asked) -> Override:
    now, until, minutes = asked.now, instant(asked.values, "until"), asked.get("minutes")
    if until is not None and minutes is not None:
        raise Problem("bad_value", "either until or minutes is said, not both", "minutes")
    end = until or now + (USUAL if minutes is None else timedelta(minutes=minutes))
    if not timedelta(0) < end - now <= LONGEST:
        most_h = LONGEST.total_seconds() / 3600
        raise Problem("bad_value", say.override_too_long(longest_h=most_h), "until")
    try:
        return Override(OverrideAction(asked.get("action")), end, now, asked.get("power_w"))
    except ValueError as error:
        raise Problem("bad_value", str(error), "power_w") from error


def _left(asked: Asked, name: str, command: Command, lasts: timedelta | None = None) -> Document:
    """Leave it for the agent. Raises InboxFailure."""
    now = asked.now
    drop(inbox_of(asked.source.store), Request(command, now, None if lasts is None else now + lasts))
    return {
        "accepted": True,
        "command": name,
        "taken_up_within_s": TAKEN_UP_WITHIN_S,
        "message": "the agent takes it up with its next commit, within a minute",
    }


FILTERS = (
    Parameter("type", Kind.TEXT, "kind of recommendation", tuple(one.value for one in AdvisoryType)),
    Parameter("status", Kind.TEXT, "what became of it", STATES),
    Parameter("q", Kind.TEXT, "words that it holds"),
    *FROM_TO,
    Parameter("minConfidence", Kind.NUMBER, "least confidence", low=0, high=1),
    Parameter("sort", Kind.TEXT, "order; - is falling", tuple(SORTINGS), default="-created"),
)
SCHEDULED_FOR = Parameter("scheduledFor", Kind.TIME, "when it will be done; its own start when left out")
OVERRIDE = (
    Parameter("action", Kind.TEXT, "what the battery does; auto: the agent decides again",
              (*(one.value for one in OverrideAction), AUTO), required=True),
    Parameter("power_w", Kind.NUMBER, "with how much, W; all that the limits allow when left out",
              low=int(LEAST_W), high=int(MOST_W)),
    Parameter("until", Kind.TIME, "when it ends"),
    Parameter("minutes", Kind.NUMBER, "or how long it lasts; two hours when nothing is said", low=1, high=1440),
)  # fmt: skip

ENDPOINTS = (
    Endpoint("GET", "advisories", "recommendations", _list, (*FILTERS, *PAGE), "advisories", tables=True),
    *(
        Endpoint("POST", f"advisories/{{key:path}}/{verb.value}", f"{verb.value} the recommendation",
                 partial(_answer, verb), (SCHEDULED_FOR,) if verb is Verb.SCHEDULE else (),
                 f"advisories_{verb.value}", status=202)
        for verb in Verb
    ),
    Endpoint("GET", "advisories/{key:path}", "one recommendation", _one, example="advisory"),
    Endpoint("GET", "override", "what a person has told the battery", _override, example="override"),
    Endpoint("POST", "override", "tell the battery what to do for a while, or to decide again", _override_battery,
             OVERRIDE, "override_set", status=202),
)  # fmt: skip
