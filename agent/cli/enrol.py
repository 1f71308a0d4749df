"""`enalysis-edge enrol`: the site's own certificate from the platform, by a one-time token or by the one it has."""

import re
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from agent.cli.ending import BAD_SETTINGS, FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, by_site_file
from agent.settings.schema import Settings

LARGEST_TOKEN = 4096
TOKEN = re.compile(r"[!-~]+")  # what the header of a request can carry


def add_arguments(parser: ArgumentParser) -> None:
    """Where the token is; without one the certificate is renewed."""
    words = "file with the platform's one-time token on its first line; without it the certificate is renewed"
    parser.add_argument("--token-file", type=Path, metavar="FILE", help=words)
    add_config(parser)


def run(asked: Namespace) -> int:
    """0, 1 where there is no new certificate, or 2 where the site file names no address to ask."""
    return by_site_file(asked, _run)


def _run(settings: Settings, asked: Namespace) -> int:
    from agent.adapters.host.enrolment import EnrolmentFailure, certify
    from agent.platform import identity_request

    request = identity_request(settings)
    if request is None:
        say(f"{asked.config} has no enrol_url in [cloud]: there is nobody to ask", sys.stderr)
        return BAD_SETTINGS
    try:
        token = _token(asked.token_file)
        if token is not None and not TOKEN.fullmatch(token):
            say(f"the first line of {asked.token_file} is no token: it holds {_instead(token)}", sys.stderr)
            return FAILED
        certified = certify(request, token, datetime.now(UTC))
    except EnrolmentFailure as failure:
        say(str(failure), sys.stderr)
        return FAILED
    except OSError as error:
        say(f"{asked.token_file} cannot be read: {error.strerror}", sys.stderr)
        return FAILED
    except UnicodeDecodeError:
        say(f"{asked.token_file} cannot be read: it is no text", sys.stderr)
        return FAILED
    say(f"certificate of {settings.site.id} until {certified.ends_at:%Y-%m-%d}, in {request.identity}")
    return GOOD


def _token(file: Path | None) -> str | None:
    """The first line of the file. Raises OSError and UnicodeDecodeError."""
    if file is None:
        return None
    with file.open(encoding="utf-8") as text:
        return text.readline(LARGEST_TOKEN).strip()


def _instead(line: str) -> str:
    """What stands in place of a token; the line itself may be a secret."""
    return "nothing" if not line else "several words or letters that no token has"
