"""Every setting with its default and meaning: one table that code, docs and the command line read."""

from __future__ import annotations

import getpass
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from tablemend.errors import SettingsError

FILE = "tablemend.toml"
Origin = Literal["given", "environment", ".env", "file", "default"]
"""Where the value of a setting comes from, each before those that follow it."""


class ConflictsJob(BaseModel):
    """Where rows are read from, where their conflicts are kept, and by which ruleset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: SecretStr = Field(min_length=1)  # URL#table
    to: SecretStr = Field(min_length=1)  # URL#table
    rules: str = "visits"  # a file, or the name of a shipped ruleset


class Settings(BaseSettings):
    """From the environment (`TABLEMEND_…`), then `.env`, then `[settings]` of `tablemend.toml`, then the defaults."""

    model_config = SettingsConfigDict(env_prefix="TABLEMEND_", env_file=".env", extra="forbid", frozen=True)

    data: Path = Field(Path(".tablemend"), description="Folder of snapshots, change sets and the state.")
    store_url: str = Field("", description="State database; by default SQLite in the data folder.")
    user: str = Field("", description="Who decides; by default the name of the account.")
    max_rows: int = Field(20_000_000, gt=0, description="Most rows that a source may have.")
    max_bytes: int = Field(4 * 2**30, gt=0, description="Most bytes that a source may have.")
    max_columns: int = Field(5_000, gt=0, description="Most columns that a source may have.")
    memory_limit: str = Field("1GB", description="Memory of the embedded engine before it spills to disk.")
    threads: int = Field(0, ge=0, description="Threads of the embedded engine; 0 takes every core.")
    engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="Where profile, checks and repairs run: the embedded engine, or Spark."
    )
    spark_url: SecretStr = Field(
        SecretStr("local[*]"),
        min_length=1,
        description="Spark to run on: `local[N]`, a master, or a Spark Connect URL `sc://…`; never logged or stored.",
    )
    http_timeout: float = Field(30.0, gt=0, description="Seconds to wait for an HTTP source.")
    http_deadline: float = Field(3_600.0, gt=0, description="Most seconds that fetching an HTTP source takes in all.")
    http_headers: dict[str, SecretStr] = Field({}, description="Headers of HTTP sources; never logged or stored.")
    http_private: bool | None = Field(
        None,
        description="Whether HTTP sources may lie in this computer or a private network; by default only for the "
        "command line and Python, not for the browser.",
    )
    session_idle: float = Field(
        28_800.0,
        ge=60,
        le=31_536_000,
        description="Seconds without a request after which a session in the browser ends.",
    )
    session_lifetime: float = Field(
        604_800.0, ge=60, le=31_536_000, description="Most seconds that a session in the browser lasts."
    )
    serve_workers: int = Field(2, ge=1, le=64, description="Processes that do the work that the browser asks for.")
    serve_hosts: tuple[str, ...] = Field(
        (), description="Names under which the server may be reached, besides localhost and addresses."
    )
    upload_bytes: int = Field(
        200 * 2**20, gt=0, description="Most bytes of a request to the server, and so of an uploaded file."
    )
    keep_upload_days: float = Field(
        7.0, ge=0, le=36_500, description="Days after which an upload goes that nothing was scanned of."
    )
    keep_job_days: float = Field(
        90.0, ge=0, le=36_500, description="Days after which a job that is over goes from the list."
    )
    keep_alert_days: float = Field(
        90.0, ge=0, le=36_500, description="Days after which an alert that no longer holds goes."
    )
    telemetry_limit: int = Field(10_000, gt=0, description="Most figures of a run kept one by one; totals stay exact.")
    weight_completeness: float = Field(0.3, ge=0, description="Weight of completeness in the score.")
    weight_validity: float = Field(0.3, ge=0, description="Weight of validity in the score.")
    weight_consistency: float = Field(0.2, ge=0, description="Weight of consistency in the score.")
    weight_uniqueness: float = Field(0.2, ge=0, description="Weight of uniqueness in the score.")
    accept_all_from: float = Field(
        0.5, ge=0, le=1, description="Least confidence that `heal --policy all` applies: more likely right than wrong."
    )
    learning: bool = Field(default=True, description="Whether people's decisions move the confidence of later repairs.")
    learning_strength: float = Field(
        10.0, gt=0, description="How many decisions of people weigh as much as the own confidence of a repair."
    )
    repair_gate: str = Field("repair", min_length=1, description="Gate that repairs pass: a file, or a shipped gate.")
    push_down_rows: int = Field(
        5_000_000, gt=0, description="Estimated rows from which `scan --push-down auto` leaves a table in its database."
    )
    push_down_timeout: float = Field(
        600.0, gt=0, description="Most seconds for each statement of a scan in the database, or on a file of one."
    )
    workers: int = Field(2, ge=1, le=64, description="Tables that `scan` and `heal` take on at once.")
    max_workers: int = Field(4, ge=1, le=64, description="Partitions that `conflicts run` works on at once.")
    conflicts_secret: SecretStr = Field(
        SecretStr(""),
        description="What `conflicts` hashes the keys of people with: a long random text, never logged or stored.",
    )
    conflicts_items: int = Field(
        50_000, ge=0, description="Most items that `conflicts run` puts up for decision: those that score highest."
    )
    conflicts_scorecard: str = Field("conflicts", description="Scorecard of conflicts: a file, or a shipped one.")
    conflicts_gate: str = Field("conflicts", description="Gate of conflicts: a file, or a shipped one.")
    conflicts_jobs: dict[str, ConflictsJob] = Field(
        {}, description="Name → `source`, `to` and `rules` of a job over conflicts; never logged or stored."
    )
    pool_min: int = Field(1, ge=0, description="Connections to a database that are opened ahead where it is asked for.")
    pool_max: int = Field(10, gt=0, description="Most connections to one database at once.")
    pool_timeout: float = Field(30.0, gt=0, description="Seconds to wait for a free connection to a database.")
    batch_size: int = Field(1_000, ge=1, le=10_000_000, description="Rows of a batch of `databases load`.")
    batch_workers: int = Field(4, ge=1, le=256, description="Batches that are worked on at once.")
    batch_timeout: float = Field(30.0, ge=0.001, le=86_400, description="Most seconds for an attempt at a batch.")
    batch_retries: int = Field(
        3, ge=0, le=100, description="Attempts after a first one that failed for a reason that may pass."
    )
    pool_recycle: float = Field(1800.0, gt=0, description="Seconds after which a connection is replaced by a new one.")
    cache_entries: int = Field(
        10_000, ge=1, le=10_000_000, description="Most results of queries kept in a process, 1 to 10,000,000."
    )
    cache_bytes: int = Field(
        256 * 2**20, ge=1, le=2**40, description="Most bytes of results kept in a process, 1 to 1,099,511,627,776."
    )
    cache_ttl: float = Field(
        60.0, ge=0, le=86_400, description="Seconds for which a result is used again, 0 to 86,400; 0 keeps none."
    )
    cache_redis_url: SecretStr = Field(
        SecretStr(""), description="Redis in which processes share results, like redis://host:6379/0; by default none."
    )
    cache_redis_prefix: str = Field(
        "tablemend", min_length=1, max_length=100, description="Beginning of every key in Redis, 1 to 100 characters."
    )
    serve_paths: tuple[Path, ...] = Field(
        (), description="Folders of the server whose files its users may name as sources; by default none."
    )
    slow_query_seconds: float = Field(
        1.0, ge=0, le=86_400, description="Seconds from which a query is logged with its plan, 0 to 86,400."
    )
    alert_threshold: float | None = Field(
        None, ge=0, le=100, description="Score below which a refresh is told of, where its schedule names none."
    )
    alert_repeat: float = Field(
        0.0, ge=0, description="Seconds after which an alert that still holds is told again; 0: only when it changes."
    )
    alert_stalled: float = Field(600.0, gt=0, description="Seconds without a heartbeat after which a run is told of.")
    alert_retries: int = Field(5, ge=0, le=20, description="Attempts after a delivery that failed, 0 to 20.")
    alert_webhook_url: SecretStr = Field(SecretStr(""), description="Where alerts are posted to; by default nowhere.")
    alert_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Secret that signs what is posted: HMAC-SHA256 over time and body."
    )
    alert_mail_to: str = Field("", description="Addresses that alerts are mailed to, with commas; by default nobody.")
    alert_mail_from: str = Field("", description="Address that alerts are mailed from; by default the first of them.")
    alert_smtp_host: str = Field("", description="Host that mails are handed to; by default none is sent.")
    alert_smtp_port: int = Field(587, ge=1, le=65_535, description="Its port.")
    alert_smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to it is encrypted."
    )
    alert_smtp_user: str = Field("", description="Who signs in there; by default nobody.")
    alert_smtp_password: SecretStr = Field(SecretStr(""), description="Password for it; never logged or stored.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the file last."""
        del file_secret_settings
        dotenv = InitSettingsSource(settings_cls, _own(dotenv_settings))
        return init_settings, env_settings, dotenv, InitSettingsSource(settings_cls, _file_settings())

    _given: frozenset[str] = PrivateAttr(frozenset())

    def origin(self, name: str) -> Origin:
        """Where the value of a setting comes from, as the environment and the files stand now."""
        if name in self._given:
            return "given"
        if f"TABLEMEND_{name}".upper() in {each.upper() for each in os.environ}:
            return "environment"
        if name in _own(DotEnvSettingsSource(type(self))):
            return ".env"
        return "file" if name in _file_settings() else "default"

    def present(self, name: str) -> Any:
        """The value of a setting as it stands now, also where the file was changed since these settings were read."""
        origin = self.origin(name)
        if origin == "default":
            return type(self).model_fields[name].get_default(call_default_factory=True)
        return getattr(load() if origin == "file" else self, name)

    @property
    def given(self) -> frozenset[str]:
        """Names of the settings that were given to `load`, before the environment and the files."""
        return self._given

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each scored dimension."""
        return {
            "completeness": self.weight_completeness,
            "validity": self.weight_validity,
            "consistency": self.weight_consistency,
            "uniqueness": self.weight_uniqueness,
        }

    @property
    def person(self) -> str:
        """Who decides."""
        return self.user or getpass.getuser()

    def public(self) -> dict[str, Any]:
        """Every setting but the secret ones, as JSON can hold it."""
        return self.model_dump(mode="json", exclude=_SECRET)


_SECRET = {
    *("http_headers", "store_url", "spark_url", "cache_redis_url", "conflicts_secret", "conflicts_jobs"),
    *("alert_webhook_url", "alert_webhook_secret", "alert_smtp_password"),
}
"""Settings that are stored nowhere."""


def _own(dotenv: PydanticBaseSettingsSource) -> dict[str, Any]:
    """What `.env` says to tablemend; what it says to other programs is none of its business."""
    if not isinstance(dotenv, DotEnvSettingsSource):
        return dotenv()
    mistaken = {name: value for name, value in dotenv().items() if name.startswith("tablemend_")}
    return EnvSettingsSource.__call__(dotenv) | mistaken


def read_file(path: Path = Path(FILE)) -> dict[str, Any]:
    """The content of `tablemend.toml`; empty where there is none."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: {problem}", hint="Mend the file, or move it away.") from problem
    unknown = found.keys() - {"settings", "rules"}
    if unknown:
        raise SettingsError(
            f"{path}: there is no section {min(unknown)!r}", hint="Write [settings] and [[rules]], nothing else."
        )
    if not isinstance(found.get("rules", []), list):
        raise SettingsError(f"{path}: rules is not a list of tables", hint="Write each rule under [[rules]].")
    return found


def _file_settings() -> dict[str, Any]:
    found = read_file().get("settings", {})
    if not isinstance(found, dict):
        raise SettingsError(f"{FILE}: settings is not a table", hint="Write the settings under [settings].")
    return found


def load(**given: Any) -> Settings:
    """Settings of this process, with the given ones before all others."""
    try:
        made = Settings(**given)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"setting {name}: {first['msg']}", hint="The reference of settings lists names and ranges."
        ) from problem
    made._given = frozenset(given)
    return made


def restored(values: dict[str, Any], given: list[str]) -> Settings:
    """Settings of another process: all their values, and the names of those that had been given to it."""
    made = load(**values)
    made._given = frozenset(given)
    return made
