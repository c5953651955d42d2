"""Every setting of the application, read from the environment (`ENGAGEMENT_...`) or a `.env` file, in one class."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
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
