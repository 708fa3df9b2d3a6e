"""Users, passwords, sessions and tokens."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from tablemend.errors import Conflict, Forbidden, NotFound, SignInRefused, StateError
from tablemend.records import now
from tablemend.store import schema
from tablemend.store.codec import stamp
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace
from tablemend.workspace.accounts import Accounts

Call = Callable[..., tuple[int, str, str]]

GOOD = "correct horse battery"


@pytest.fixture
def ws(tmp_path: Path, where: str | Path) -> Iterator[Workspace]:
    given = {"store_url": where} if isinstance(where, str) else {}
    with open_workspace(tmp_path / "ws", user="owner", **given) as opened:
        yield opened


@pytest.fixture
def accounts(ws: Workspace) -> Accounts:
    ws.accounts.add("root", "admin", password=GOOD)
    return ws.accounts


def set_session(ws: Workspace, **values: object) -> None:
    with ws.store.transaction() as connection:
        connection.execute(schema.sessions.update().values(**values))


def audited(ws: Workspace) -> list[tuple[str, str, str]]:
    return [(each.by, each.action, each.subject) for each in ws.store.audit.recent()]


def test_a_workspace_has_no_users_at_first(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "ws") as opened:
        assert not opened.accounts.any
        assert opened.accounts.users() == opened.accounts.tokens() == []
        assert opened.accounts.session("s") is None
        assert opened.accounts.token("tm_s") is None
        assert not (tmp_path / "ws").exists()


def test_the_first_user_must_be_an_admin_with_a_password(ws: Workspace) -> None:
    for role, password in (("viewer", GOOD), ("admin", None)):
        with pytest.raises(StateError, match="first user"):
            ws.accounts.add("ann", role, password=password)
    assert not ws.accounts.any
    user = ws.accounts.add("ann", "admin", password=GOOD)
    assert (user.name, user.role, user.password, user.disabled) == ("ann", "admin", True, False)
    assert ("owner", "add user", "ann") in audited(ws)


def test_names_passwords_and_roles_are_checked(accounts: Accounts) -> None:
    for name in ("", "  ", "gate:x", "a\nb", "x" * 101):
        with pytest.raises(StateError, match="cannot be the name"):
            accounts.add(name, "viewer")
    with pytest.raises(StateError, match="at least 10"):
        accounts.add("ann", "viewer", password="short")
    with pytest.raises(StateError, match="more than"):
        accounts.add("ann", "viewer", password="x" * 1001)
    with pytest.raises(StateError, match="no role"):
        accounts.add("ann", "boss")
    with pytest.raises(Conflict, match="already"):
        accounts.add(" ROOT ", "viewer")
    with pytest.raises(NotFound, match="no user"):
        accounts.set_role("nobody", "viewer")
    assert [each.name for each in accounts.users()] == ["root"]


def test_a_password_lets_in_and_only_its_hash_is_kept(ws: Workspace, accounts: Accounts) -> None:
    secret = accounts.sign_in("root", GOOD, address="10.0.0.1", agent="Browser\n1")
    session = accounts.session(secret)
    assert session is not None
    assert (session.user, session.role, session.link, session.agent) == ("root", "admin", False, "Browser1")
    with ws.store.database.reading() as connection:
        kept = str([connection.execute(sa.select(each)).all() for each in (schema.sessions, schema.users)])
    assert secret not in kept
    assert GOOD not in kept
    assert "$argon2id$" in kept


def test_a_password_may_be_typed_in_either_composition(accounts: Accounts) -> None:
    accounts.add("ann", "viewer", password="Größenwahn-2")
    assert accounts.sign_in("ann", "Gro\u0308ßenwahn-2")


@pytest.mark.parametrize(("name", "password"), [("root", "wrong password"), ("nobody", GOOD), ("none", GOOD), ("", "")])
def test_refusals_are_alike(ws: Workspace, accounts: Accounts, name: str, password: str) -> None:
    accounts.add("none", "viewer")
    with pytest.raises(SignInRefused, match="the name or the password is wrong"):
        accounts.sign_in(name, password)
    by = name if name in {"root", "none"} else "unknown"
    assert (by, "sign-in refused", "") in audited(ws)


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(ws: Workspace, accounts: Accounts) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    ws.store.users.change("root", password=old)
    accounts.sign_in("root", GOOD)
    renewed = ws.store.users.hashed("root")
    assert renewed != old
    assert not PasswordHasher().check_needs_rehash(renewed)


@pytest.mark.parametrize("field", ["seen", "expires"])
def test_a_session_ends_when_idle_and_when_old(ws: Workspace, accounts: Accounts, field: str) -> None:
    secret = accounts.sign_in("root", GOOD)
    before = now() - timedelta(seconds=ws.settings.session_idle + 1)
    set_session(ws, **{field: stamp(before)})
    assert accounts.session(secret) is None


def test_a_use_is_noted_once_a_minute_and_moves_no_counter(ws: Workspace, accounts: Accounts) -> None:
    secret = accounts.sign_in("root", GOOD)
    before = accounts.session(secret)
    assert before is not None
    accounts.touch(secret, before)
    assert accounts.session(secret) == before
    set_session(ws, seen=stamp(now() - timedelta(minutes=2)))
    old = accounts.session(secret)
    assert old is not None
    counter = sa.select(schema.counters.c.value)
    with ws.store.database.reading() as connection:
        count = connection.execute(counter).scalar_one()
    accounts.touch(secret, old)
    with ws.store.database.reading() as connection:
        assert connection.execute(counter).scalar_one() == count
    after = accounts.session(secret)
    assert after is not None
    assert after.seen > old.seen


def test_sessions_end_with_what_they_rest_on(ws: Workspace, accounts: Accounts) -> None:
    accounts.add("ann", "viewer", password=GOOD)
    changes = (
        lambda: accounts.set_role("ann", "reviewer"),
        lambda: accounts.set_password("ann", "another password"),
        lambda: accounts.disable("ann"),
    )
    word = GOOD
    for change in changes:
        secret = accounts.sign_in("ann", word)
        change()
        assert accounts.session(secret) is None
        word = "another password" if change is changes[1] else word
    with pytest.raises(SignInRefused):
        accounts.sign_in("ann", word)
    accounts.enable("ann")
    secret = accounts.sign_in("ann", word)
    accounts.sign_out(secret)
    assert accounts.session(secret) is None
    kept = accounts.sign_in("ann", word)
    other = accounts.sign_in("ann", word)
    accounts.set_password("ann", GOOD, but=kept)
    assert accounts.session(kept)
    assert accounts.session(other) is None
    assert accounts.end_sessions("ann") == 1
    with pytest.raises(NotFound):
        accounts.end_sessions("ann")


def test_the_last_admin_stays(accounts: Accounts) -> None:
    accounts.add("ann", "admin")  # without a password nobody could sign in as ann
    for act in (accounts.remove, accounts.disable, lambda name: accounts.set_role(name, "viewer")):
        with pytest.raises(StateError, match="last admin"):
            act("root")
    accounts.set_password("ann", GOOD)
    accounts.disable("root")
    with pytest.raises(StateError, match="last admin"):
        accounts.remove("ann")
    accounts.enable("root")
    accounts.remove("ann")


def test_what_changes_nothing_says_so(accounts: Accounts) -> None:
    with pytest.raises(StateError, match="already"):
        accounts.set_role("root", "admin")
    with pytest.raises(StateError, match="not disabled"):
        accounts.enable("root")


def test_a_link_lets_in_without_an_account(ws: Workspace) -> None:
    secret = ws.accounts.enter("owner", "admin")
    found = ws.accounts.session(secret)
    assert found is not None
    assert (found.user, found.role, found.link) == ("owner", "admin", True)
    ws.accounts.add("root", "admin", password=GOOD)
    assert ws.accounts.session(secret)
    ws.accounts.add("owner", "viewer", password=GOOD)
    found = ws.accounts.session(secret)
    assert found is not None
    assert found.role == "viewer"
    ws.accounts.disable("owner")
    assert ws.accounts.session(secret) is None


def test_tokens(ws: Workspace, accounts: Accounts) -> None:
    accounts.add("ann", "approver", password=GOOD)
    text, token = accounts.issue_token("nightly", user="ann", role="reviewer", days=1)
    assert text.startswith("tm_")
    found = accounts.token(text)
    assert found is not None
    assert (found.user, found.role, found.used) == ("ann", "reviewer", None)
    accounts.used(found)
    assert accounts.tokens("ann")[0].used is not None
    assert accounts.token(text[:-1]) is None
    accounts.set_role("ann", "viewer")
    weaker = accounts.token(text)
    assert weaker is not None
    assert weaker.role == "viewer"
    with pytest.raises(Forbidden, match="cannot be reviewer"):
        accounts.issue_token("x", user="ann", role="reviewer")
    with pytest.raises(StateError, match="cannot last"):
        accounts.issue_token("x", user="ann", role="viewer", days=0)
    accounts.disable("ann")
    assert accounts.token(text) is None
    accounts.enable("ann")
    with pytest.raises(NotFound):
        accounts.revoke_token(token.id, user="root")
    accounts.revoke_token(token.id)
    assert accounts.token(text) is None
    assert ("owner", "revoke token", token.id) in audited(ws)


def test_a_token_expires_and_goes_with_its_user(ws: Workspace, accounts: Accounts) -> None:
    accounts.add("ann", "viewer")
    text, _ = accounts.issue_token("x", user="ann", role="viewer", days=None)
    assert accounts.token(text)
    with ws.store.transaction() as connection:
        connection.execute(schema.tokens.update().values(expires=stamp(now())))
    assert accounts.token(text) is None
    accounts.remove("ann")
    assert accounts.tokens() == []
    accounts.add("ann", "viewer")
    assert accounts.token(text) is None


def test_users_and_tokens_on_the_command_line(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    assert "no users" in call("users", "list")[2]
    assert not (tmp_path / ".tablemend").exists()
    typed("")
    assert "no password" in call("users", "add", "root", "admin")[2]
    typed(f"{GOOD}\n")
    assert call("users", "add", "root", "admin")[0] == 0
    assert call("users", "add", "robot", "reviewer", "--no-password")[0] == 0
    code, out, err = call("tokens", "issue", "nightly", "--user", "robot")
    assert code == 0
    assert out.startswith("tm_")
    assert "reviewer" in err
    listed = json.loads(call("tokens", "list", "--json")[1])
    assert [(each["name"], each["user"], each["role"]) for each in listed] == [("nightly", "robot", "reviewer")]
    assert out.strip() not in call("tokens", "list")[1]
    assert call("tokens", "revoke", listed[0]["id"])[0] == 0
    assert "there is no token" in call("tokens", "revoke", listed[0]["id"])[2]
    assert call("users", "role", "robot", "viewer")[0] == 0
    typed("another password\n")
    assert call("users", "password", "robot")[0] == 0
    for verb in ("disable", "enable", "remove"):
        assert call("users", verb, "robot")[0] == 0
    assert "last admin" in call("users", "remove", "root")[2]
    shown = call("users", "list")[1]
    assert "root" in shown
    assert "robot" not in shown


def test_an_unknown_token_in_an_empty_folder(call: Call) -> None:
    assert "there is no token t-1" in call("tokens", "revoke", "t-1")[2]
    assert "there are no tokens" in call("tokens", "list")[2]
