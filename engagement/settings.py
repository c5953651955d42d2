"""Every setting of the application, read from the environment (`ENGAGEMENT_...`) or a `.env` file, in one class."""

from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from alerting.addresses import networks
from alerting.channels.smtp import MailServerError, SmtpServer
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from learning.errors import EngagementError
from registry.codes import fault_of_email
from stream_processors.settings import WorkerSettings


class SettingsError(EngagementError):
    """A setting has a value that it cannot have; the message names the variable."""


class Settings(WorkerSettings):
    """What the command line can be told from outside, the worker's settings included."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines look on standard error: `console` for people, `json` for tools."
    )
    public_url: str = Field(
        default="http://127.0.0.1:8480",
        description="Where people find the dashboard, as they write it in the browser; sign-in links begin with it.",
    )
    names: bool = Field(
        default=True, description="Whether the dashboard shows names from the registry; each person can hide them, too."
    )
    trusted_proxies: str = Field(
        default="",
        description="Web servers before the dashboard that are believed where a request came from "
        "(`X-Forwarded-For`), as `10.0.0.5,10.1.0.0/16`. Set it with every https address, for failed sign-ins are "
        "counted by it.",
    )

    alerts: Literal["dry-run", "on"] = Field(
        default="dry-run",
        description="Whether alerts are sent. `dry-run`: they are composed and shown, and nothing leaves; what was "
        "composed then is not sent later either.",
    )
    alert_every: float = Field(
        default=10, ge=1, le=3_600, description="Seconds from one turn of the dispatcher to the next."
    )
    alert_reminder_days: int = Field(
        default=DEFAULT_POLICY.reminder_days,
        ge=1,
        le=30,
        description="Working days until a contact is reminded of what nobody has answered.",
    )
    alert_escalation_days: int = Field(
        default=DEFAULT_POLICY.escalation_days,
        ge=1,
        le=30,
        description="Working days after that until the next contact is told.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="The mail server: `smtp://user:password@host:587` (encrypted by STARTTLS), "
        "`smtps://user:password@host:465` (by TLS), or `smtp-plain://host:25` (not encrypted, for one on this machine "
        "or its own network). A password is written with percent signs for special characters.",
    )
    mail_from: str = Field(
        default="Engagement alerts <alerts@localhost>", description="From whom email comes, as it stands in it."
    )
    mailbox_dir: Path | None = Field(
        default=None,
        description="A folder (Maildir) into which email is put instead of sending it, to see what would be sent.",
    )
    webhook_private_networks: str = Field(
        default="",
        description="Networks that are not public and that webhooks may be sent to all the same, over http, too, as "
        "`10.1.0.0/16,127.0.0.1`.",
    )
    dispatcher_probe_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port of the dispatcher's `/healthz` and `/metrics`, at the address `ENGAGEMENT_PROBE_HOST`; 0 "
        "takes a free one. Empty: none are served.",
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                SmtpServer.parse(value.get_secret_value())
            except MailServerError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        _, address = parseaddr(value)
        if not value.isprintable() or fault_of_email(address):
            raise ValueError("write an address, as alerts@example.org or Alerts <alerts@example.org>")
        return value

    @field_validator("webhook_private_networks")
    @classmethod
    def _are_private_networks(cls, value: str) -> str:
        try:
            networks(value)
        except ValueError:
            raise ValueError("write addresses or networks with commas between, as 10.1.0.0/16,127.0.0.1") from None
        return value

    @property
    def alert_policy(self) -> AlertPolicy:
        """How long alerting waits, and for what."""
        return AlertPolicy(reminder_days=self.alert_reminder_days, escalation_days=self.alert_escalation_days)

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        found = urlsplit(value)
        if found.scheme not in {"http", "https"} or not found.hostname or found.query or found.fragment:
            raise ValueError("write it as https://host or https://host/path")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        found = [each.strip() for each in value.split(",") if each.strip()]
        for each in found:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError("write addresses or networks with commas between, as 10.0.0.5,10.1.0.0/16") from None
        return ",".join(found)


def load_settings(data_dir: Path | None = None) -> Settings:
    """Read the settings; a `data_dir` given here wins over the environment.

    Raises:
        SettingsError: Naming the variable that is wrong and what it may be.
    """
    given: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
    try:
        return Settings(**given)
    except ValidationError as error:
        [first, *_] = error.errors()
        name = "_".join(["ENGAGEMENT", *(str(part).upper() for part in first["loc"])])
        given_value, why = str(first["input"]), first["msg"].removeprefix("Value error, ")
        shown = "not what it must be" if "@" in given_value else repr(first["input"])  # it may hold a password
        raise SettingsError(f"{name} is {shown}: {why}; change or unset it") from error
