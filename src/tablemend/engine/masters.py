"""Where Spark is: which URLs there are, what of them may be shown, and whether anything listens there."""

from __future__ import annotations

import re
import socket
from urllib.parse import unquote

from tablemend.errors import SettingsError

_CONNECT_PORT = 15_002  # where a URL names none
_ANSWER_SECONDS = 20  # for the network and the server; a connection is made in milliseconds

_HOST = r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])"
_URLS = tuple(
    re.compile(each)
    for each in (
        r"local(?:\[(?:\*|[1-9]\d*)(?:,\s*[1-9]\d*)?\])?",
        r"local-cluster\[\d+,\s*\d+,\s*\d+\]",
        rf"sc://{_HOST}(?::\d+)?(?:/(?:;[^;=]+=[^;]*)*;?)?",
        rf"spark://{_HOST}:\d+(?:,{_HOST}:\d+)*",
        rf"k8s://(?:https?://)?{_HOST}(?::\d+)?/?",
        r"yarn",
    )
)
_PLACE = re.compile(rf"({_HOST})(?::(\d+))?")
_PLAIN = re.compile(r"[\w.:/\[\]*, -]{1,100}")  # what cannot hold a user, a password or a token

KINDS = "local[*] or local[N], a Spark Connect URL sc://host:15002, spark://host:7077, k8s://… or yarn"


def require(url: str) -> None:
    """Raise SettingsError for what is no URL of Spark."""
    if not any(each.fullmatch(url) for each in _URLS):
        found = repr(url) if _PLAIN.fullmatch(url) else "one that may hold a secret and is therefore not shown"
        raise SettingsError(f"setting spark_url is no URL of Spark: {found}", hint=f"It may be {KINDS}.")


def shown(url: str) -> str:
    """A URL without its parameters, of which the token is one: the host and the port stay."""
    return url.partition("/;")[0]


def redacted(text: str, url: str) -> str:
    """A text without the parameters of a URL."""
    parameters = url.partition("/;")[2]
    values = [each.partition("=")[2] for each in parameters.split(";")]
    secrets = {parameters, *values, *map(unquote, values)} - {"", "true", "false"}
    for each in sorted(secrets, key=len, reverse=True):
        text = text.replace(each, "***")
    return text


def require_listener(url: str) -> None:
    """Raise OSError where nothing listens at a URL: the clients of Spark alone would try for minutes."""
    scheme, _, rest = shown(url).partition("://")
    if scheme not in {"sc", "spark"}:
        return
    failed: OSError | None = None
    for host, port in _PLACE.findall(rest.rstrip("/")):
        try:
            address = (host.strip("[]"), int(port or _CONNECT_PORT))
            socket.create_connection(address, timeout=_ANSWER_SECONDS).close()
        except (OSError, OverflowError) as problem:
            failed = problem if isinstance(problem, OSError) else OSError(f"there is no port {port}")
        else:
            return
    if failed is not None:
        raise failed
