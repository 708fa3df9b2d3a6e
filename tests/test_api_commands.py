"""Every command stands beside its endpoints, or beside the reason why a server does not do it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
import interface
import reference

COMMANDS: dict[str, tuple[str, ...]] = {
    "apply": ("POST /apply", "POST /writes"),
    "approve": ("POST /decisions",),
    "cache clear": ("DELETE /cache",),
    "cache stats": ("GET /cache",),
    "conflicts decide": ("POST /conflicts/{job}/decisions",),
    "conflicts explain": ("GET /conflicts/{job}/items/{conflict}",),
    "conflicts history": ("GET /conflicts/{job}/items/{conflict}",),
    "conflicts list": ("GET /conflicts/{job}/items", "GET /conflicts", "GET /conflicts/{job}"),
    "conflicts rules": ("GET /rulesets", "GET /rulesets/{ruleset}"),
    "conflicts run": (
        "POST /conflicts/{job}/runs",
        "GET /conflicts/{job}/runs",
        "GET /conflicts/{job}/runs/{run}",
    ),
    "conflicts trends": ("GET /conflicts/{job}/trends",),
    "conflicts undo": ("POST /conflicts/{job}/undo",),
    "conflicts what-if": ("POST /conflicts/{job}/what-if",),
    "diff": ("GET /datasets/{dataset}/diff",),
    "edit": ("POST /items/{item}/edit",),
    "export": ("GET /datasets/{dataset}/download", "GET /datasets/{dataset}/script"),
    "explore against": ("GET /matrices/{matrix}/against",),
    "explore compare": ("GET /matrices/{matrix}/compare",),
    "explore entity": ("GET /matrices/{matrix}/entity",),
    "explore feature": ("GET /matrices/{matrix}/feature",),
    "explore list": ("GET /matrices",),
    "explore load": ("POST /matrices",),
    "explore remove": ("DELETE /matrices/{matrix}",),
    "explore replicates": ("GET /matrices/{matrix}/replicates",),
    "explore regions": ("GET /matrices/{matrix}/regions",),
    "explore show": ("GET /matrices/{matrix}",),
    "explore strongest": ("GET /matrices/{matrix}/strongest",),
    "explore top": ("GET /matrices/{matrix}/top",),
    "explore trend": ("GET /matrices/{matrix}/trend",),
    "explore why": ("GET /matrices/{matrix}/why",),
    "gates check": ("POST /gates/check",),
    "gates list": ("GET /gates",),
    "gates show": ("GET /gates/{gate}", "GET /gate"),
    "gates test": ("POST /gates/replay",),
    "heal": ("POST /heals",),
    "history": ("GET /datasets", "GET /datasets/{dataset}/versions", "GET /datasets/{dataset}/history"),
    "intel brief": ("GET /intel/brief",),
    "intel compare": ("GET /intel/compare",),
    "intel score": ("POST /intel/scores", "GET /intel/runs/{run}"),
    "items": ("GET /items", "GET /items/{item}", "GET /items/{item}/cells", "POST /previews"),
    "learning reset": ("POST /learning/reset",),
    "learning show": ("GET /learning",),
    "propose": ("POST /items",),
    "recipe check": ("POST /recipes/check",),
    "recipe replay": ("POST /recipes/replay",),
    "recipe save": ("GET /datasets/{dataset}/recipe",),
    "reject": ("POST /decisions",),
    "reopen": ("POST /decisions",),
    "runs list": ("GET /runs",),
    "runs metrics": ("GET /metrics",),
    "runs show": ("GET /runs/{run}", "GET /runs/{run}/findings"),
    "scan": ("POST /scans", "POST /uploads"),
    "schedules add": ("POST /schedules",),
    "schedules change": ("PUT /schedules/{schedule}",),
    "schedules list": ("GET /schedules", "GET /alerts"),
    "schedules pause": ("POST /schedules/{schedule}/pause",),
    "schedules remove": ("DELETE /schedules/{schedule}",),
    "schedules resume": ("POST /schedules/{schedule}/resume",),
    "schedules run": ("POST /schedules/{schedule}/run",),
    "scorecards check": ("POST /scorecards/check",),
    "scorecards list": ("GET /scorecards",),
    "scorecards show": ("GET /scorecards/{scorecard}",),
    "store check": ("GET /state/check",),
    "store info": ("GET /state",),
    "store retain": ("POST /state/retain",),
    "store tidy": ("POST /state/tidy",),
    "tokens issue": ("POST /tokens",),
    "tokens list": ("GET /tokens",),
    "tokens revoke": ("DELETE /tokens/{token}",),
    "undo": ("POST /undo",),
    "users add": ("POST /users",),
    "users disable": ("POST /users/{user}/disable",),
    "users enable": ("POST /users/{user}/enable",),
    "users list": ("GET /users",),
    "users password": ("POST /users/{user}/password",),
    "users remove": ("DELETE /users/{user}",),
    "users role": ("POST /users/{user}/role",),
}

ABSENT = {
    "bench": "measures the machine that it runs on",
    "conflicts example": "writes a table to try the commands on",
    "conflicts reconcile": "names the table of an older procedure, which no job of the settings tells",
    "databases check": "a scan says the same of a database, to whoever may name it",
    "databases jobs": "belongs to loading",
    "databases load": "writes any table of any database, which no role of a server is meant to",
    "databases quarantine": "belongs to loading",
    "databases query": "a program asks its databases itself; a server would ask with what only it can reach",
    "explore example": "writes files to try the commands on",
    "explore materialize": "writes a view into any database, which no role of a server is meant to",
    "intel example": "writes files to try the commands on",
    "serve": "is the server",
    "store backup": "holds the digests of all passwords and tokens: for whoever looks after the machine",
    "store restore": "fills an empty workspace, which no server serves yet",
}
"""Commands without an endpoint, and why."""


def commands() -> list[str]:
    return [path.removeprefix("tablemend ") for path, _ in reference.commands()]


@pytest.fixture(scope="module")
def endpoints() -> set[str]:
    described = interface._document()
    return {f"{method} {path.removeprefix('/api/v1')}" for method, path, _ in interface._operations(described)}


def test_every_command_has_endpoints_or_a_reason() -> None:
    assert set(commands()) == COMMANDS.keys() | ABSENT.keys()
    assert not COMMANDS.keys() & ABSENT.keys()


def test_every_endpoint_that_is_named_exists(endpoints: set[str]) -> None:
    assert {each for named in COMMANDS.values() for each in named} <= endpoints


def test_the_page_tells_what_only_the_command_line_does() -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "api.md").read_text(encoding="utf-8")
    for command, reason in ABSENT.items():
        assert f"| `{command}` | {reason} |" in page
