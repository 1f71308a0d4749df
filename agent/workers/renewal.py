"""The renewal process: a new key and certificate by the certificate that the site has, then gone.

Reads an IdentityRequest as JSON from standard input and answers with what it was Certified. The new file stands beside
the old one, which is in force until the broker has accepted the new. Its arguments are those of
``agent.adapters.processes.answering``.
"""

import sys
from datetime import UTC, datetime

from agent.adapters.host.enrolment import EnrolmentFailure, certify
from agent.adapters.processes.answering import answer_once
from agent.domain.identity import IdentityRequest
from agent.domain.wire import WireError, from_json, to_json


def main() -> int:
    return answer_once(_renewed, WireError, EnrolmentFailure)


def _renewed(question: bytes, _: float) -> str:
    return to_json(certify(from_json(IdentityRequest, question), None, datetime.now(UTC)))


if __name__ == "__main__":
    sys.exit(main())
