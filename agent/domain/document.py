"""What the store keeps by name, as JSON text. ``agent.domain.documents`` lists all of them."""

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from agent.domain.wire import WireError, from_json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """``written_by`` is a module of the agent. ``shape`` None is plain JSON, which its readers check by themselves.

    ``formerly`` is the shape that earlier versions gave it; what is not of the one may be of the other.

    One that a later release has written may say more than this one knows, which is left out. Of an order (``is_order``)
    nothing is: one that is half understood is not obeyed.

    The self-test of a start reads a document that is ``needed_at_start`` as its shape, any other one as JSON.
    """

    name: str
    written_by: str
    shape: type[T] | None = None
    needed_at_start: bool = False
    formerly: type[T] | None = None
    is_order: bool = False

    def read(self, text: str) -> T:
        """What the kept ``text`` says. Raises WireError, or ValueError and RecursionError for plain JSON."""
        if self.shape is None:
            plain: T = json.loads(text)
            return plain
        try:
            return from_json(self.shape, text, newer=not self.is_order)
        except WireError as error:
            if self.formerly is None:
                raise
            try:
                return from_json(self.formerly, text)
            except WireError:
                raise error from None


PlainDocument = Document[Any]
