"""What a worker can be told from outside, by environment variables that begin with `ENGAGEMENT_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Settings of the pipeline, each with its default."""

    model_config = SettingsConfigDict(env_prefix="ENGAGEMENT_", env_file=".env", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Folder of the log, projections and programmes.")
    partitions: int = Field(
        default=12,
        ge=1,
        le=1_000,
        description="Partitions of the topic `learning-events` when it is made; later changes have no effect.",
    )
    chunk_records: int = Field(
        default=50_000, ge=1, description="Records of one partition that are folded in one transaction, at most."
    )
    day_clock: bool = Field(default=True, description="Whether the worker notes on the log that a day has started.")

    @property
    def log_path(self) -> Path:
        """The embedded log."""
        return self.data_dir / "log.db"

    @property
    def projections_dir(self) -> Path:
        """The folder of the projections."""
        return self.data_dir / "projections"

    @property
    def programmes_dir(self) -> Path:
        """The folder of your own catalogue files."""
        return self.data_dir / "programmes"

    @property
    def policies_dir(self) -> Path:
        """The folder of your own risk policies."""
        return self.data_dir / "policies"
