"""Who says so: canonical addresses, and how many independent sources stand behind a claim."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from tablemend.intel.union import Union
from tablemend.records import Evidence
from tablemend.review.policy import normalised

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_TRACKING = re.compile(r"(?i)utm_.*|mc_[ce]id|_hs(enc|mi)|(fb|g|ms|tw|y|dc)clid|gclsrc|igshid|wt\.mc_id|cmpid|ref_src")
"""Query parameters by which mailings, advertisements and social networks tell where a reader came from."""

_PORTS = {"http": 80, "https": 443}
_WORD = re.compile(r"\w+")


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@cache
def registrable(host: str) -> str:
    """The part of a host name that somebody registered: `news.bbc.co.uk` belongs to `bbc.co.uk`.

    By the Public Suffix List (publicsuffix.org). An IP address, a bare suffix and a name without dots stand for
    themselves.
    """
    name = host.casefold().rstrip(".")
    if not name or _is_address(name):
        return name
    return _suffixes().privatesuffix(name) or name


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def canonical(url: str) -> str:
    """One spelling for all addresses of a page: no scheme, `www.`, fragment, tracking or trailing slash.

    Query parameters are sorted. Text that is no address of the web stays as it is, without white space around it.
    """
    parts = _split(url)
    if parts is None:
        return url.strip()
    host, port, path, query = parts
    kept = sorted(each for each in parse_qsl(query, keep_blank_values=True) if not _TRACKING.fullmatch(each[0]))
    return host + (f":{port}" if port else "") + path.rstrip("/") + (f"?{urlencode(kept)}" if kept else "")


def is_address(url: str) -> bool:
    """Whether a text is an address of the web with a host."""
    return _split(url) is not None


def _split(url: str) -> tuple[str, int | None, str, str] | None:
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or re.search(r"\s", url.strip()):
        return None
    host = host if host.isascii() else normalised(host) or host  # as the network spells it
    return host.removeprefix("www."), None if port == _PORTS[scheme] else port, parts.path, parts.query


def independent(evidence: Iterable[Evidence], kind: str) -> int:
    """How many independent sources support or contradict: texts that were copied count once, and so does a domain.

    Two pieces of evidence are of one source where they share the registrable domain or, letter for letter but for
    case and punctuation, the quote. What names no domain is no source that anybody could look up, and counts nothing.
    """
    joined: Union[str] = Union()
    for each in evidence:
        if each.kind == kind and each.domain:
            domain = f"domain {registrable(each.domain)}"
            text = " ".join(_WORD.findall(each.text.casefold()))
            joined.join(domain, f"text {text}" if text else domain)
    return len(joined.groups())
