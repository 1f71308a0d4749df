"""What dpkg is told: the fields of the package, and the one file of /etc that it may ask about."""

from systemd.package.target import Target

CONFFILES = ("/etc/enalysis-edge/site.example.toml",)
DESCRIPTION = """\
edge agent for on-site battery controllers
 Polls meters and inverters over Modbus, forecasts with ONNX models, plans and
 steers the battery, and syncs to a central platform over MQTT. It comes with
 a Python environment of its own below /opt/enalysis-edge.
 .
 Nothing is steered before there is a site file and the devices were tested;
 nothing listens unless the site file has a section [console]."""


def control(target: Target, version: str, installed_bytes: int) -> str:
    """The control file. Libraries are those that the wheels expect (manylinux, PEP 600)."""
    fields = {
        "Package": "enalysis-edge",
        "Version": version,
        "Architecture": target.architecture,
        "Maintainer": "The Enalysis Edge project <security@example.org>",
        "Installed-Size": str(-(-installed_bytes // 1024)),
        "Depends": ", ".join(depends(target)),
        "Recommends": "ca-certificates, bash-completion",
        "Section": "misc",
        "Priority": "optional",
        "Description": DESCRIPTION,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def depends(target: Target) -> list[str]:
    """The exact Python: its bytecode and the compiled modules fit no other."""
    return [f"python{target.python}", f"libc6 (>= 2.{target.glibc})", "libgcc-s1", "libstdc++6", "systemd (>= 252)"]


def conffiles() -> str:
    """The site file is none: it belongs to the site, and no upgrade asks about it."""
    return "".join(f"{path}\n" for path in CONFFILES)
