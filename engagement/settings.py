"""Every setting of the application, read from the environment (`ENGAGEMENT_...`) or a `.env` file, in one class."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from learning.errors import EngagementError
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
