"""The check of a delivered model in a process of its own, which puts a good one among the candidates and is gone.

Reads a Fetch as JSON from standard input and answers with a Fetched. Its arguments are those of
``agent.adapters.processes.answering``. A runtime opens the model in a further process, which has a limit of its own.
"""

import sys
from pathlib import Path

from agent.adapters.models.admission import FileGone, admit
from agent.adapters.processes.answering import answer_once
from agent.domain.model_delivery import Fetch, Fetched, FetchState
from agent.domain.sentence import sentence_of
from agent.domain.sentences.files import file_not_written
from agent.domain.wire import WireError, from_json, to_json
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import StoreFailure

_SHARE_OF_DEADLINE = 0.5


def main() -> int:
    return answer_once(_answered, WireError)


def _answered(question: bytes, deadline_s: float) -> str:
    return to_json(admitted(from_json(Fetch, question), _SHARE_OF_DEADLINE * deadline_s))


def admitted(asked: Fetch, check_s: float) -> Fetched:
    """What has become of it; a runtime has ``check_s`` seconds to open it. Does not raise."""
    try:
        admit(asked.manifest, Path(asked.models), check_s)
    except ModelUnusable as refusal:
        return Fetched(FetchState.REFUSED, refusal.reason)
    except (FileGone, StoreFailure) as failure:
        return Fetched(FetchState.FAILED, sentence_of(failure))
    except OSError as error:
        return Fetched(FetchState.FAILED, file_not_written(path=asked.models, cause=error.strerror or str(error)))
    return Fetched(FetchState.DONE)


if __name__ == "__main__":
    sys.exit(main())
