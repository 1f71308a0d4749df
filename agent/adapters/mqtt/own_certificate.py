"""Where our own certificate stands, and how a new one takes its place: when the broker has accepted it.

Key and certificate are one PEM file, so that one rename changes both. A new one stands beside it until a connection
with it was accepted; every other attempt to connect is made with the old one.
"""

from dataclasses import replace
from pathlib import Path

from agent.adapters.mqtt.mqtt_settings import MqttSettings


def candidate_of(identity: Path) -> Path:
    """The file of a new key and certificate that no broker has accepted yet."""
    return identity.with_name(f"{identity.name}.new")


class OwnCertificate:
    """Chooses what each attempt to connect is made with. It belongs to the network thread."""

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._tries_new = False

    def next(self) -> MqttSettings:
        """For the attempt that begins now."""
        own = self._settings.cert_file
        if own is None or self._settings.key_file is not None:
            return self._settings  # the files are somebody else's, who renews them
        new = candidate_of(own)
        self._tries_new = not self._tries_new and new.is_file()
        return replace(self._settings, cert_file=new) if self._tries_new else self._settings

    def accepted(self) -> None:
        """The broker has accepted the attempt: the new certificate becomes ours. Raises OSError."""
        own = self._settings.cert_file
        if self._tries_new and own is not None:
            self._tries_new = False
            candidate_of(own).replace(own)
