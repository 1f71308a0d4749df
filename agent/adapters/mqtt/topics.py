"""Every topic that is spoken with the platform, below ``ee/1/{id}/``: one row a topic. All have QoS 1.

``python -m agent.adapters.mqtt.schemas --write`` makes docs/mqtt/ and docs/asyncapi.json of it. What runs on a site
does not load it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.adapters.mqtt import up_schemas as up
from agent.adapters.mqtt.down_schemas import command, desired, down
from agent.adapters.mqtt.incoming_messages import COMMAND_TOPICS, NOTICE_TOPIC

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """``path`` may hold parameters in braces. ``schema`` makes the JSON Schema of its payload, ``says`` describes it.

    ``for_all``: it is not below the site's own root but below ``ee/1/``, the same for every site.
    """

    path: str
    retain: bool
    says: str
    schema: Callable[[str], Schema]
    for_all: bool = False

    @property
    def is_up(self) -> bool:
        return self.path.startswith("up/")

    @property
    def address(self) -> str:
        return f"ee/1/{self.path}" if self.for_all else f"ee/1/{{id}}/{self.path}"

    @property
    def name(self) -> str:
        """For files and references: the path with dots, without its parameters."""
        return ".".join(part for part in self.path.split("/") if not part.startswith("{"))


TOPICS: tuple[Topic, ...] = (
    Topic("up/status", True, "Whether the site is online; as lost it is the will of the connection.", up.status),
    Topic("up/info", True, "What the site runs, once a connection.", up.info),
    Topic("up/live", False, "What is measured and done now; the next one replaces it.", up.live),
    Topic("up/plan", True, "The plan in force, with the forecasts it was made from.", up.plan),
    Topic("up/advice", True, "The recommendations that are open, the largest saving first.", up.advice),
    Topic("up/data/minute", False, "Rows of the stream minute: means of each minute.", up.rows),
    Topic("up/data/decision", False, "Rows of the stream decision: each setpoint that was another.", up.rows),
    Topic("up/event", False, "Rows of the stream event: alarms raised and cleared, and what happened.", up.rows),
    Topic("up/cmd/{cmd_id}", False, "What became of a command; its correlation data is the command's id.", up.cmd),
    Topic("up/reported", True, "What is in force of the desired configuration, and why not all of it.", up.reported),
    Topic("down/ack", True, "The seq up to which each stream is received; from where to send again.", down),
    Topic("down/input/tariff", True, "Prices per kWh in the site's currency, one a step.", down),
    Topic("down/input/carbon", True, "Carbon intensity of imported energy, one a step.", down),
    Topic("down/input/weather", True, "A weather forecast, one value a step.", down),
    Topic("down/input/gridlimit", True, "A limit at the grid connection; it only narrows the site file's.", down),
    Topic("down/model", True, "The manifest of a model; its file comes by HTTPS.", down),
    Topic("down/desired", True, "The configuration that is wanted; it never widens the site file's limits.", desired),
    Topic(NOTICE_TOPIC, False, "What all sites are asked, each after a random time.", down, for_all=True),
    *(
        Topic(path, False, f"The command {path.rpartition('/')[2]}; never retained.", command)
        for path in COMMAND_TOPICS
    ),
)
