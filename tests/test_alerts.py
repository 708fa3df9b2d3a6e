"""Alerts: told once until something changes, on every way, and a delivery that fails is seen."""

import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

import core_helpers
from job_helpers import table, until
from store_helpers import begin
from tablemend.records import now
from tablemend.store.alerts import Alert, Delivery
from tablemend.store.codec import stamp
from tablemend.store.schema import runs
from tablemend.store.state import Store
from tablemend.web.jobs.scheduler import Scheduler
from tablemend.web.jobs.watch import Watch
from tablemend.web.jobs.workers import Workers
from tablemend.workspace import Workspace, channels

Open = Callable[..., Workspace]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Workspaces with settings of their own."""
    made: list[Workspace] = []

    def open_one(**settings: Any) -> Workspace:
        made.append(core_helpers.workspace(tmp_path, **settings))
        return made[-1]

    yield open_one
    for each in made:
        each.close()


class Hook:
    """A webhook that keeps what it gets, and answers as it is told to."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((dict(self.headers.items()), body))
                self.send_response(hook.answers.pop(0) if hook.answers else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hush"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(channels, "PAUSE", 0.01)
    made = Hook()
    yield made
    made.close()


class Mailbox:
    """Keeps the mails that it gets."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


def _tell(store: Store, state: str = "below", **more: Any) -> Alert | None:
    ways = more.pop("deliveries", [Delivery(channel="log", status="delivered")])
    return store.alerts.tell("score", state=state, message="m", deliveries=ways, schedule="s1", dataset="d1", **more)


def test_an_alert_is_told_once_until_it_changes(store: Store) -> None:
    assert _tell(store)
    assert _tell(store) is None
    assert _tell(store, "none")
    assert [bool(each.resolved) for each in store.alerts.recent()] == [False, True]
    assert store.alerts.resolve("score", schedule="s1", dataset="d1")
    assert not store.alerts.resolve("score", schedule="s1", dataset="d1")
    assert _tell(store, "none")
    assert len(store.alerts.recent(kind="score", dataset="d1")) == 3


def test_an_alert_that_still_holds_is_told_again_where_that_is_set(store: Store) -> None:
    assert _tell(store, repeat=3600.0)
    assert _tell(store, repeat=3600.0) is None
    assert _tell(store, repeat=1e-6)


def test_a_delivery_is_made_by_one(store: Store) -> None:
    _tell(store, deliveries=[Delivery(channel="webhook", to="h"), Delivery(channel="mail", to="a@b")])
    first, second = store.alerts.claim(), store.alerts.claim()
    assert first is not None
    assert second is not None
    assert (first[1], second[1]) == (0, 1)
    assert store.alerts.claim() is None
    store.alerts.ended(first[0].id, 0, Delivery(channel="webhook", to="h", status="failed", detail="d"))
    assert [each.status for each in store.alerts.get(first[0].id).deliveries] == ["failed", "sending"]


def test_a_delivery_whose_sender_died_is_made_by_another(store: Store) -> None:
    from tablemend.store.processes import Process, current

    gone = Process(host=current().host, pid=current().pid, started=1.0)
    _tell(store, deliveries=[Delivery(channel="webhook", status="sending", sender=gone)])
    made = store.alerts.recent()[0]
    store.alerts.ended(made.id, 0, made.deliveries[0])
    assert store.alerts.claim() is not None


def _schedule(ws: Workspace, folder: Path, threshold: float | None = 99.9) -> Any:
    return ws.schedules.add(str(table(folder)), interval="1h", name="prices", threshold=threshold)


def test_a_score_below_the_threshold_is_told_once(opened: Open, tmp_path: Path) -> None:
    ws = opened()
    _schedule(ws, tmp_path)
    (alert,) = ws.schedules.refresh_and_tell("prices")[1]
    assert (alert.kind, "below 99.9" in alert.message) == ("score", True)
    assert ws.schedules.refresh_and_tell("prices")[1] == []
    core_helpers.write(tmp_path / "t.csv", "a,b\n" + "".join(f"y{n},{n}\n" for n in range(60)))
    assert [each.kind for each in ws.schedules.refresh_and_tell("prices")[1]] in ([], ["drift"])
    assert ws.alerts.recent(kind="score")[0].resolved


def test_a_score_of_0_is_told_and_no_score_is_told_apart(opened: Open, tmp_path: Path) -> None:
    ws = opened(alert_threshold=50.0)
    made = _schedule(ws, tmp_path, None)
    run = ws.schedules.refresh(made.id)["run"]
    (zero,) = ws.alerts.after_scan(made, run, 0.0)
    assert "a score of 0.0, below 50" in zero.message
    (none,) = ws.alerts.after_scan(made, run, None)
    assert "no score" in none.message
    assert ws.alerts.after_scan(made, run, None) == []
    assert ws.alerts.after_scan(made, run, 50.0) == []
    assert len(ws.alerts.after_scan(made, run, 0.0)) == 1


def test_without_a_threshold_no_score_is_told(opened: Open, tmp_path: Path) -> None:
    ws = opened()
    made = _schedule(ws, tmp_path, None)
    assert ws.alerts.after_scan(made, ws.schedules.refresh(made.id)["run"], 0.0) == []


def test_drift_is_told_once_until_it_is_another(opened: Open, tmp_path: Path) -> None:
    ws = opened()
    _schedule(ws, tmp_path, None)
    assert ws.schedules.refresh_and_tell("prices")[1] == []
    table(tmp_path, rows=600)
    (alert,) = ws.schedules.refresh_and_tell("prices")[1]
    assert (alert.kind, "600 rows, 60 before" in alert.message) == ("drift", True)
    assert ws.schedules.refresh_and_tell("prices")[1] == []


def test_a_refresh_that_fails_is_told_once_and_when_it_fails_otherwise(opened: Open, tmp_path: Path) -> None:
    ws = opened()
    made = _schedule(ws, tmp_path)
    (tmp_path / "t.csv").unlink()
    for _ in range(2):
        with pytest.raises(Exception, match="does not exist"):
            ws.schedules.refresh_and_tell(made.id)
    (alert,) = ws.alerts.recent()
    assert (alert.kind, "could not be refreshed" in alert.message) == ("failed", True)
    assert ws.schedules.get(made.id).failures == 2
    table(tmp_path)
    ws.schedules.refresh_and_tell(made.id)
    assert ws.alerts.recent(kind="failed")[0].resolved


def test_a_run_that_says_nothing_is_told_once(opened: Open) -> None:
    ws = opened()
    run = begin(ws.ready())
    assert ws.alerts.stalled() == []
    with ws.store.transaction() as connection:
        connection.execute(runs.update().values(heartbeat=stamp(now().replace(year=2020))))
    (alert,) = ws.alerts.stalled()
    assert (alert.kind, alert.run) == ("stalled", run)
    assert ws.alerts.stalled() == []
    ws.store.runs.finish(run, "completed")
    assert ws.alerts.stalled() == []
    assert ws.alerts.get(alert.id).resolved


def test_a_webhook_gets_the_alert_with_a_signature(opened: Open, hook: Hook) -> None:
    ws = opened(alert_webhook_url=hook.url, alert_webhook_secret="key")
    made = ws.alerts.test()
    (told,) = ws.alerts.deliver()
    assert [(each.channel, each.status, each.attempts) for each in told.deliveries] == [
        ("log", "delivered", 1),
        ("webhook", "delivered", 1),
    ]
    ((headers, body),) = hook.got
    assert json.loads(body)["id"] == made.id
    signed = headers["X-Tablemend-Timestamp"].encode() + b"." + body
    assert headers["X-Tablemend-Signature"] == "sha256=" + hmac.new(b"key", signed, "sha256").hexdigest()
    assert "hush" not in json.dumps(told.to_dict()) + str(ws.settings.public())
    assert ws.alerts.deliver() == []


def test_a_webhook_that_fails_for_now_is_tried_again(opened: Open, hook: Hook) -> None:
    ws = opened(alert_webhook_url=hook.url)
    hook.answers = [503, 429]
    ws.alerts.test()
    delivery = ws.alerts.deliver()[0].deliveries[1]
    assert (delivery.status, delivery.attempts, len(hook.got)) == ("delivered", 3, 3)


@pytest.mark.parametrize(("answers", "attempts"), [([400], 1), ([500] * 3, 3)])
def test_a_delivery_that_fails_is_seen(opened: Open, hook: Hook, answers: list[int], attempts: int) -> None:
    ws = opened(alert_webhook_url=hook.url, alert_retries=2)
    hook.answers = list(answers)
    ws.alerts.test()
    delivery = ws.alerts.deliver()[0].deliveries[1]
    assert (delivery.status, delivery.attempts) == ("failed", attempts)
    assert delivery.detail == f"the webhook answered {answers[0]}"
    assert ws.alerts.deliver() == []


def test_a_webhook_that_cannot_be_reached_is_told_without_its_address(opened: Open, hook: Hook) -> None:
    ws = opened(alert_webhook_url="http://127.0.0.1:9/hush", alert_retries=1)
    ws.alerts.test()
    delivery = ws.alerts.deliver()[0].deliveries[1]
    assert (delivery.status, delivery.attempts) == ("failed", 2)
    assert delivery.detail == "the webhook cannot be reached: ConnectError"


def test_a_mail_says_what_there_is_to_say(opened: Open, mail: tuple[Mailbox, int]) -> None:
    box, port = mail
    settings = {"alert_smtp_host": "127.0.0.1", "alert_smtp_port": port, "alert_smtp_tls": "none"}
    ws = opened(alert_mail_to="a@example.org, b@example.org", alert_mail_from="t@example.org", **settings)
    made = ws.alerts.test()
    (told,) = ws.alerts.deliver()
    assert told.deliveries[1].status == "delivered", told.deliveries
    ((recipients, message),) = box.mails
    assert recipients == ["a@example.org", "b@example.org"]
    assert message["Subject"] == f"tablemend: {made.message}"
    assert made.id in message.get_content()


def test_a_mail_host_without_encryption_gets_nothing_unless_that_is_set(
    opened: Open, mail: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, port = mail
    ws = opened(alert_mail_to="a@example.org", alert_smtp_host="127.0.0.1", alert_smtp_port=port)
    ws.alerts.test()
    delivery = ws.alerts.deliver()[0].deliveries[1]
    assert (delivery.status, delivery.attempts, box.mails) == ("failed", 1, [])


def test_a_server_tells_what_its_jobs_find(opened: Open, hook: Hook, tmp_path: Path) -> None:
    ws = opened(alert_webhook_url=hook.url)
    with Watch(ws) as watch, Workers(ws.settings, 1, workspace=ws, news=watch.wake), Scheduler(ws, watch):
        _schedule(ws, tmp_path)
        until(lambda: hook.got)
        until(lambda: ws.alerts.recent()[0].deliveries[1].status == "delivered")
        body = json.loads(hook.got[0][1])
        assert (body["kind"], body["message"].endswith("below 99.9")) == ("score", True)
        (tmp_path / "t.csv").unlink()
        ws.schedules.run_now("prices")
        until(lambda: len(hook.got) == 2)
        assert json.loads(hook.got[1][1])["kind"] == "failed"
