"""Puts something into the outlet, as the cycle would that is not on the stage."""

from dataclasses import replace
from typing import Any

from agent.site_view import Outlet


def show(outlet: Outlet, **fields: Any) -> None:
    """The newest snapshot with ``fields`` of it replaced."""
    outlet.show(replace(outlet.view, **fields))
