"""The section [cloud] of the site file: how the central platform is reached, and by what it is known."""

from typing import Annotated, Literal

from pydantic import Field

from agent.settings.sections import FilePath, Section, Text

EnrolUrl = Annotated[str, Field(min_length=9, max_length=500, pattern=r"^https://[^\x00-\x20]+$")]


class Cloud(Section):
    """The central platform. Without this section the site stands alone."""

    host: Text = Field(description="name of the MQTT broker", examples=["mqtt.example.org"])
    port: int = Field(default=8883, description="port of the MQTT broker", ge=1, le=65535)
    tls: bool = Field(default=True, description="false only for a broker on the site's own network")
    ca_file: FilePath | None = Field(
        default=None, description="authorities that the broker's certificate is checked against"
    )
    crl_file: FilePath | None = Field(
        default=None,
        description="revocation list (CRL, PEM) of the authority that has signed the broker's certificate; without a "
        "list that is in force the broker is not trusted then",
    )
    cert_file: FilePath | None = Field(default=None, description="the site's own certificate")
    key_file: FilePath | None = Field(default=None, description="key of the site's own certificate")
    enrol_url: EnrolUrl | None = Field(
        default=None,
        description="where the platform gives the site its certificate, and a new one at two thirds of its life; "
        "in place of cert_file and key_file",
        examples=["https://platform.example.org/enrol"],
    )
    username: Text | None = Field(default=None, description="name to log in with, where there is no certificate")
    password_file: FilePath | None = Field(default=None, description="file with the password on its first line")
    keys_file: FilePath | None = Field(
        default=None, description="keys by which the platform signs: what is not signed by one of them is not obeyed"
    )
    models_ca_file: FilePath | None = Field(
        default=None, description="authorities of the server that models are fetched from; ca_file when left out"
    )
    models_plain_http: bool = Field(
        default=False, description="true only for a server of models on the site's own network"
    )
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="version of MQTT")
    acknowledged_by: Literal["platform", "broker"] = Field(
        default="platform", description="whose word lets go of rows that were sent"
    )
