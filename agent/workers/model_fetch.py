"""The download of a model: fetches the file that a manifest names, compares its hash, and is gone.

Reads a Fetch as JSON from standard input and answers with a Fetched. Its arguments are those of
``agent.adapters.processes.answering``. It may be killed at any instant: the next one goes on where it has ended.
Nothing of the file is parsed here.
"""

import errno
import shutil
import sys
import time
from pathlib import Path

from agent.adapters.models.download import DownloadFailure, Terms, download
from agent.adapters.models.part_file import PartFile
from agent.adapters.processes.answering import answer_once
from agent.domain.model_delivery import Fetch, Fetched, FetchState
from agent.domain.sentence import sentence_of
from agent.domain.sentences.downloads import download_under_way
from agent.domain.sentences.files import file_not_written
from agent.domain.wire import WireError, from_json, to_json

_SHARE_OF_DEADLINE = 0.9
_COPIES = 3  # the file, its parts, and the copy that a trial keeps


def main() -> int:
    return answer_once(_answered, WireError)


def _answered(question: bytes, deadline_s: float) -> str:
    until_s = time.monotonic() + _SHARE_OF_DEADLINE * deadline_s
    return to_json(fetched(from_json(Fetch, question), until_s))


def fetched(asked: Fetch, until_s: float) -> Fetched:
    """What has become of it by ``until_s`` of the monotonic clock. Does not raise."""
    part = PartFile(Path(asked.models), asked.manifest.sha256)
    try:
        with part.alone():
            return _fetched(asked, part, until_s)
    except BlockingIOError:
        return Fetched(FetchState.FAILED, download_under_way())
    except DownloadFailure as failure:
        return Fetched(FetchState.FAILED, sentence_of(failure))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _give_way(part)
        return Fetched(FetchState.FAILED, file_not_written(path=str(part.folder), cause=error.strerror or str(error)))


def _fetched(asked: Fetch, part: PartFile, until_s: float) -> Fetched:
    manifest = asked.manifest
    part.tidy(asked.awaited)
    lacking = _COPIES * manifest.size - part.size() + asked.spare_bytes - shutil.disk_usage(part.folder).free
    if lacking > 0:
        _give_way(part)
        return Fetched(FetchState.FAILED, f"the disk of {part.folder} has {lacking} bytes too little free for it")
    terms = Terms(manifest.size, until_s, None if asked.ca_file is None else Path(asked.ca_file), asked.plain_http)
    resumed = download(manifest.url, part, terms)
    if part.is_signed():
        part.give_to_owner()
        return Fetched(FetchState.DONE)
    part.drop()
    if resumed:  # of two versions of the server's file, perhaps
        return Fetched(FetchState.FAILED, "what was fetched in parts is not the file that was signed; it begins anew")
    return Fetched(FetchState.REFUSED, "its file is not the one that was signed: the SHA-256 is another")


def _give_way(part: PartFile) -> None:
    """The store needs the room more."""
    try:
        part.drop()
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
