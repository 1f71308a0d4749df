"""``make deb``, ``make audit`` and ``make release-sign`` as commands: ``python -m systemd.package``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from systemd.package.audit import NotAudited, audit
from systemd.package.bytecode import NoInterpreter
from systemd.package.deb import DIST, LARGE, Built, NotPacked, build, project_version
from systemd.package.signature import NotGenuine, make_key, sign, verify
from systemd.package.target import ARCHITECTURES, SUITES, NoTarget, of_this_machine
from systemd.package.wheels import NotFetched

REST_MB = 120.0
TROUBLES = (NoTarget, NoInterpreter, NotFetched, NotPacked, NotAudited, NotGenuine, ValueError)


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 with one sentence on standard error."""
    asked = _parser().parse_args(arguments)
    try:
        return _obeyed(asked)
    except TROUBLES as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return 1


def _obeyed(asked: argparse.Namespace) -> int:
    match asked.command:
        case "deb":
            own = of_this_machine(asked.suite)
            targets = [of_this_machine(asked.suite, one) for one in asked.arch or sorted({own.architecture, "arm64"})]
            fits = [_told(build(one, asked.version, asked.out, asked.python, asked.packing)) for one in targets]
            return 0 if all(fits) else 1
        case "audit":
            target = of_this_machine(asked.suite)
            known = audit(target, asked.version, asked.out)
            print(*known or ["no known vulnerability in what is shipped"], sep="\n")
            return 1 if known else 0
        case "key":
            print(f"{make_key(asked.key)} is for everybody, {asked.key} for nobody else")
        case "sign":
            print(*(f"signed: {path}" for path in sign(asked.out, asked.key)), sep="\n")
        case _:
            print(*(f"genuine: {path}" for path in verify(asked.out, asked.key)), sep="\n")
    return 0


def _told(built: Built) -> bool:
    """Whether the package is as small as it must be; its sizes are printed."""
    sizes = {name: size / 1e6 for name, size in built.installed.items()}
    told = ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())
    packed, installed = built.package.stat().st_size / 1e6, sum(sizes.values())
    print(f"{built.package}: {packed:.1f} MB; installed {installed:.1f} MB: {told}")
    if sizes["rest"] > REST_MB:
        print(f"beyond {', '.join(LARGE)} it has {sizes['rest']:.1f} MB, more than {REST_MB:g}", file=sys.stderr)
    return sizes["rest"] <= REST_MB


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m systemd.package", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("deb", "make a package"),
        ("audit", "write the bill of materials, and look for known vulnerabilities"),
        ("key", "make a key to sign releases"),
        ("sign", "sign what is in the folder of packages"),
        ("verify", "check a folder of packages against a public key"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--out", type=Path, default=DIST, metavar="FOLDER", help="where packages are")
        if name in ("deb", "audit"):
            command.add_argument("--suite", choices=SUITES, help="Debian release (this machine's)")
            command.add_argument("--version", default=project_version(), help="of the package (the project's)")
        else:
            command.add_argument("--key", type=Path, required=True, metavar="FILE", help="the key, as PEM")
    deb = commands.choices["deb"]
    deb.add_argument("--arch", action="append", choices=ARCHITECTURES, help="again for each (ours, and arm64)")
    deb.add_argument("--python", metavar="PROGRAM", help="the release's Python, where it is not found")
    deb.add_argument("--packing", choices=("xz", "zstd", "none"), default="zstd", help="xz is smallest, none fastest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
