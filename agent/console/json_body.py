"""The body of a request as a frozen noun, which checks itself."""

from typing import TypeVar

from starlette.requests import Request

from agent.console.problem import Problem
from agent.domain.sentence import Sentence
from agent.domain.wire import WireError, from_json

Noun = TypeVar("Noun")


async def body_as(request: Request, kind: type[Noun]) -> Noun:
    """Strict: an unknown or missing key, or a value of another type, raises Problem with its place."""
    text = await request.body()
    try:
        return from_json(kind, text)
    except UnicodeDecodeError as error:
        raise Problem("not_json", "the body is not UTF-8 text") from error
    except WireError as error:
        sentence = str(error).removeprefix(kind.__name__).lstrip(".: ")
        place = sentence.partition(":")[0] if ":" in sentence else None
        if sentence.startswith("not JSON"):
            raise Problem("not_json", "the body is not JSON") from error
        raise Problem("bad_value", _reason(error) or sentence, place) from error


def _reason(error: BaseException | None) -> Sentence | None:
    """What a noun has refused itself with: the place of it is said by the field."""
    while error is not None:
        if error.args and isinstance(error.args[0], Sentence):
            return error.args[0]
        error = error.__cause__
    return None
