"""The protection around the server: who is let in, from where, with how much."""

import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from api_helpers import problem
from security_helpers import GOOD, ORIGIN, OWN, Site
from tablemend.errors import NotSignedIn
from tablemend.web.identity import current
from tablemend.web.security.attempts import PER_ACCOUNT, Attempts
from tablemend.web.security.links import LASTS, MOST, OneTimeLinks
from tablemend.web.security.pages import safe_next
from tablemend.web.security.signing import network
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

DOCUMENT = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "ws", user="owner") as opened:
        opened.accounts.add("root", "admin", password=GOOD)
        opened.accounts.add("ann", "viewer", password=GOOD)
        yield opened


@pytest.fixture
def site(ws: Workspace) -> Site:
    return Site(ws)


def test_nobody_is_led_to_the_form_and_programs_are_told(site: Site) -> None:
    answer = site.browser.get("/review?run=r-1&page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Freview%3Frun%3Dr-1%26page%3D2")
    for path in ("/api/me", "/_dash-layout", "/_dash-component-suites/x.js"):
        refused = site.browser.get(path)
        told = problem(refused, 401)
        assert (told["type"], told["title"]) == ("urn:tablemend:not-signed-in", "Nobody is signed in")
        assert told["hint"]
    assert site.browser.post("/_dash-update-component", headers=OWN).status_code == 401
    assert site.browser.get("/static/sign-in.css").status_code == 200
    with pytest.raises(NotSignedIn):
        current()


def test_signing_in_and_out(site: Site, ws: Workspace) -> None:
    answer = site.sign_in("ann", next="/review?run=r-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review?run=r-1")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("tablemend="))
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Secure" not in cookie
    assert site.browser.get("/api/me").json() == {"name": "ann", "role": "viewer", "via": "password"}
    assert site.browser.get("/login?next=/runs").headers["location"] == "/runs"
    secret = site.browser.cookies["tablemend"]
    assert site.browser.post("/logout", headers=OWN).headers["location"] == "/login?out=1"
    assert "signed out" in site.browser.get("/login?out=1").text
    assert site.browser.get("/api/me").status_code == 401
    assert ws.accounts.session(secret) is None


def test_the_user_is_known_in_threads_of_a_wsgi_app(site: Site) -> None:
    site.sign_in("ann")
    assert site.browser.get("/anything").json() == {"name": "ann", "sent": 0}
    assert site.browser.post("/anything", content=b"x" * 1000, headers=OWN).json() == {"name": "ann", "sent": 1000}


def test_a_sign_in_ends_the_session_before(site: Site, ws: Workspace) -> None:
    site.sign_in("ann")
    first = site.browser.cookies["tablemend"]
    site.browser.cookies.delete("tablemend")
    fresh = site.browser.get("/login").text
    site.browser.cookies.set("tablemend", first)
    mark = re.search(r'name="mark" value="([^"]+)"', fresh)
    assert mark
    site.browser.post("/login", data={"name": "root", "password": GOOD, "mark": mark[1]}, headers=OWN)
    assert ws.accounts.session(first) is None


def test_a_wrong_password_is_said_in_the_form(site: Site) -> None:
    answer = site.sign_in('a"><script>', "wrong password", next="/runs")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "name or the password is wrong" in answer.text
    assert "<script>" not in answer.text
    assert 'value="/runs"' in answer.text


def test_a_form_of_another_browser_is_not_taken(site: Site) -> None:
    assert site.sign_in("ann", mark="made up").status_code == 403
    assert site.browser.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "/login", "x"]
)
def test_signing_in_leads_to_no_other_site(site: Site, target: str) -> None:
    assert safe_next(target) == "/"
    assert site.sign_in("ann", next=target).headers["location"] == "/"


def test_too_many_failures_make_wait(site: Site) -> None:
    for _ in range(PER_ACCOUNT):
        assert site.sign_in("ann", "wrong password").status_code == 401
    answer = site.sign_in("ANN ")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "Wait 15 minutes" in answer.text
    assert site.sign_in("root", browser=site.new("10.0.0.2")).status_code == 303


def test_attempts_slide_and_are_bounded() -> None:
    attempts = Attempts(2, window=10, most=3)
    assert [attempts.take("a", at=at) for at in (0, 4)] == [0, 0]
    assert attempts.take("a", at=5) == 5
    assert attempts.take("a", at=10) == 0
    attempts.give_back("a")
    assert attempts.take("a", at=11) == 0
    attempts.forget("a")
    for number in range(50):
        attempts.take(str(number), at=12)
    assert len(attempts._taken) == 3


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:2")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1") == "10.0.0.1"
    assert network("testclient") == "testclient"


def test_a_link_lets_in_once(site: Site) -> None:
    key = site.links.issue("owner", "admin")
    answer = site.browser.get(f"/enter?key={key}", headers=DOCUMENT)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert site.browser.get("/api/me").json() == {"name": "owner", "role": "admin", "via": "link"}
    assert site.browser.get(f"/enter?key={key}", headers=DOCUMENT).headers["location"] == "/"
    again = site.new().get(f"/enter?key={key}", headers=DOCUMENT)
    assert again.status_code == 401
    assert "used already" in again.text


@pytest.mark.parametrize("headers", [{}, DOCUMENT | {"Sec-Purpose": "prefetch"}])
def test_a_preview_does_not_use_a_link_up(site: Site, headers: dict[str, str]) -> None:
    key = site.links.issue("owner", "admin")
    shown = site.browser.get(f"/enter?key={key}", headers=headers)
    assert shown.status_code == 200
    mark = re.search(r'name="mark" value="([^"]+)"', shown.text)
    assert mark
    assert site.browser.post("/enter", data={"key": key, "mark": "x"}, headers=OWN).status_code == 403
    shown = site.browser.get(f"/enter?key={key}", headers=headers)
    mark = re.search(r'name="mark" value="([^"]+)"', shown.text)
    assert mark
    assert site.browser.post("/enter", data={"key": key, "mark": mark[1]}, headers=OWN).status_code == 303
    assert site.browser.get("/api/me").json()["via"] == "link"


def test_links_expire_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    links = OneTimeLinks()
    first = links.issue("a", "viewer")
    for _ in range(MOST):
        last = links.issue("b", "viewer")
    assert links.redeem(first) is None
    import time

    later = time.monotonic() + LASTS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert links.redeem(last) is None


def test_without_users_the_form_tells_of_the_link(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "ws", user="owner") as ws:
        shown = Site(ws).browser.get("/login")
        assert shown.status_code == 200
        assert "tablemend serve" in shown.text
        assert "<form" not in shown.text


def test_tokens(site: Site, ws: Workspace) -> None:
    ws.accounts.set_role("ann", "approver")
    text, token = ws.accounts.issue_token("ci", user="ann", role="approver")
    headers = {"Authorization": f"Bearer {text}"}
    assert site.browser.get("/api/me", headers=headers).json() == {"name": "ann", "role": "approver", "via": "token"}
    assert site.browser.post("/api/apply", headers=headers).json()["by"] == "ann"
    assert ws.accounts.tokens()[0].used is not None
    ws.accounts.revoke_token(token.id)
    site.sign_in("root")
    assert site.browser.get("/api/me", headers=headers).status_code == 401
    assert site.browser.get("/runs", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Sec-Fetch-Site": "same-site", **OWN}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        (OWN, 200),
    ],
)
def test_writes_come_from_pages_of_the_server(site: Site, headers: dict[str, str], status: int) -> None:
    site.sign_in("root")
    answer = site.browser.post("/api/apply", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["title"] == "Not from this page"


def test_another_site_cannot_sign_anybody_in_or_out(site: Site) -> None:
    site.sign_in("ann")
    for path in ("/login", "/logout", "/enter"):
        assert site.browser.post(path, headers={"Origin": "https://evil.example"}).status_code == 403
    assert site.browser.get("/api/me").status_code == 200


def test_a_websocket_needs_a_session_and_the_own_origin(site: Site) -> None:
    assert site.browser.socket("/api/live", ORIGIN) == [{"type": "websocket.close", "code": 4401, "reason": ""}]
    site.sign_in("ann")
    assert site.browser.socket("/api/live", ORIGIN)[1]["text"] == "ann"
    for origin in ("http://evil.example", "http://127.0.0.1:9", "null", ""):
        sent = site.browser.socket("/api/live", origin)
        assert sent == [{"type": "websocket.close", "code": 4403, "reason": ""}]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("evil.example:8000", 421),
        ("127.0.0.1.evil.example", 421),
        ("[", 421),
        ("", 421),
        ("localhost:8000", 303),
        ("LOCALHOST", 303),
        ("192.168.0.7:8000", 303),
        ("[::1]:8000", 303),
        ("data.example.org", 303),
    ],
)
def test_it_answers_only_to_its_own_names(ws: Workspace, host: str, status: int) -> None:
    site = Site(ws, hosts=("data.example.org",))
    assert site.browser.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("path", ["/api/apply", "/anything"])
@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused(ws: Workspace, path: str, told: bool) -> None:
    site = Site(ws, upload_bytes=100_000)
    site.sign_in("root")
    pieces = [b"x" * 20_000] * 6
    content = b"".join(pieces) if told else pieces
    answer = site.browser.post(path, content=content, headers=OWN)
    assert answer.status_code == 413
    assert answer.json()["title"] == "Too large"
    assert "100,000 bytes" in answer.json()["detail"]
    assert site.browser.post(path, content=pieces[:5], headers=OWN).json()["sent"] == 100_000


def test_who_is_not_signed_in_cannot_send_much(site: Site) -> None:
    assert site.browser.post("/login", content=b"x" * 70_000, headers=OWN).status_code == 413
    assert site.browser.post("/api/apply", content=b"x" * 70_000, headers=OWN).status_code == 401


def test_rights_are_checked_in_the_app(site: Site) -> None:
    from tablemend.errors import Forbidden

    site.sign_in("ann")
    with pytest.raises(Forbidden, match="ann is viewer and may not apply"):
        site.browser.post("/api/apply", headers=OWN)


def test_headers(site: Site) -> None:
    page = site.browser.get("/login").headers
    assert page["cache-control"] == "no-store"
    assert page["x-content-type-options"] == "nosniff"
    assert page["referrer-policy"] == "same-origin"
    policy = page["content-security-policy"]
    assert "script-src 'self' 'sha256-abc=';" in policy
    for part in ("frame-ancestors 'none'", "object-src 'none'", "base-uri 'self'", "form-action 'self'"):
        assert part in policy
    site.scripts = "'sha256-def='"
    assert "'sha256-def='" in site.browser.get("/api/me").headers["content-security-policy"]
    assert site.browser.get("/static/sign-in.css?v=1").headers["cache-control"].endswith("immutable")
    assert site.browser.get("/static/sign-in.css").headers["cache-control"] == "no-cache"
    assert site.browser.get("/static/none.css?v=1").headers["cache-control"] == "no-store"


def test_over_https_cookies_are_secure(ws: Workspace) -> None:
    site = Site(ws, port=8000, secure_cookies=True)
    answer = site.sign_in("ann")
    assert answer.status_code == 403  # the browser keeps a secure cookie to itself without https
    assert all("Secure" in each for each in answer.headers.get_list("set-cookie"))
    assert answer.headers.get_list("set-cookie")[0].startswith("tablemend_8000_form=")


def test_requests_at_once_keep_their_users_apart(site: Site, ws: Workspace) -> None:
    import httpx

    texts = {name: ws.accounts.issue_token("x", user=name, role="viewer")[0] for name in ("root", "ann")}
    seen: list[tuple[str, str]] = []

    async def ask(client: httpx.AsyncClient, name: str) -> None:
        path = "/anything" if len(seen) % 2 else "/api/me"
        answer = await client.get(path, headers={"Authorization": f"Bearer {texts[name]}"})
        seen.append((name, answer.json()["name"]))

    async def everybody() -> None:
        transport = httpx.ASGITransport(app=site.app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
            anyio.create_task_group() as group,
        ):
            for number in range(40):
                group.start_soon(ask, client, ("root", "ann")[number % 2])

    anyio.run(everybody)
    assert len(seen) == 40
    assert all(asked == answered for asked, answered in seen)
