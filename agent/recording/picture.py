"""The newest picture of the site as the documents that people read: state, setpoint, override, link, alarms, why
nothing is written, switched loads, the last edit of the site file. Pure."""

import json

from agent.domain.documents import ALARMS, LINK, OBSERVING, OVERRIDE, SETPOINT, SITE_FILE, STATE, SWITCHED_LOADS
from agent.domain.sentence import named
from agent.domain.setpoint import Outcome, Setpoint
from agent.domain.wire import to_json
from agent.site_view import SiteView


def picture(view: SiteView) -> dict[str, str]:
    """JSON texts by the names of the documents; what is not known yet is left out."""
    documents = {
        LINK.name: json.dumps({"connected": view.connected, **named("trouble", view.link_trouble)}),
        ALARMS.name: to_json(view.alarms),
        OBSERVING.name: json.dumps(named("locked", view.observing)),
    }
    documents[OVERRIDE.name] = "null" if view.override is None else to_json(view.override)
    if view.site_file is not None:
        documents[SITE_FILE.name] = to_json(view.site_file)
    if view.switched:
        documents[SWITCHED_LOADS.name] = to_json(view.switched)
    if view.state is not None:
        documents[STATE.name] = to_json(view.state)
    if view.setpoint is not None:
        documents[SETPOINT.name] = _setpoint_document(view.setpoint, view.outcome)
    return documents


def _setpoint_document(setpoint: Setpoint, outcome: Outcome | None) -> str:
    document = json.loads(to_json(setpoint)) | named("reason", setpoint.reason)
    document["outcome"] = None if outcome is None else type(outcome).__name__.lower()
    return json.dumps(document)
