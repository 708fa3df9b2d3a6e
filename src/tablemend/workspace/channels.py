"""The ways on which alerts are told: the log, a webhook with a signature, mail."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from tablemend.records import now
from tablemend.store.alerts import Alert, Delivery

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tablemend.settings import Settings

logger = logging.getLogger(__name__)

TIMESTAMP = "X-Tablemend-Timestamp"
SIGNATURE = "X-Tablemend-Signature"
PAUSE = 0.5
"""Seconds before the second attempt; each later one waits twice as long, with chance, so that no crowd forms."""
LONGEST = 60.0
"""Most seconds between two attempts."""
TIMEOUT = 10.0
"""Seconds in which a webhook or a mail host has to answer."""


class Undelivered(Exception):
    """An attempt that failed; `again` says whether another can succeed."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


def ways(settings: Settings) -> list[Delivery]:
    """How alerts are told by these settings; the log always, and at once."""
    found = [Delivery(channel="log", status="delivered", attempts=1, when=now())]
    url = settings.alert_webhook_url.get_secret_value()
    if url:
        found.append(Delivery(channel="webhook", to=urlsplit(url).hostname or ""))
    if settings.alert_smtp_host and settings.alert_mail_to:
        found.append(Delivery(channel="mail", to=settings.alert_mail_to))
    return found


def send(settings: Settings, alert: Alert, delivery: Delivery) -> Delivery:
    """Tell an alert on one way, again and again where that can help; how it went."""
    import tenacity

    once: Callable[[Settings, Alert], None] = {"webhook": _post, "mail": _mail}[delivery.channel]
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(settings.alert_retries + 1),
        wait=tenacity.wait_random_exponential(multiplier=PAUSE, max=LONGEST),
        retry=tenacity.retry_if_exception(lambda problem: isinstance(problem, Undelivered) and problem.again),
        reraise=True,
    )
    status, detail = "delivered", ""
    try:
        retrying(once, settings, alert)
    except Undelivered as problem:
        status, detail = "failed", str(problem)
        logger.warning("alert %s was not delivered by %s: %s", alert.id, delivery.channel, detail)
    attempts = int(retrying.statistics.get("attempt_number", 1))
    return msgspec.structs.replace(delivery, status=status, detail=detail, attempts=attempts)


def body_of(alert: Alert) -> bytes:
    """An alert as a webhook gets it."""
    names = ("id", "kind", "schedule", "dataset", "run", "message", "created")
    return msgspec.json.encode({name: getattr(alert, name) for name in names})


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What proves that a post comes from here and is not old: HMAC-SHA256 over time and body."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _post(settings: Settings, alert: Alert) -> None:
    import httpx

    body, timestamp = body_of(alert), str(int(time.time()))
    headers = {"Content-Type": "application/json", TIMESTAMP: timestamp}
    secret = settings.alert_webhook_secret.get_secret_value()
    if secret:
        headers[SIGNATURE] = signature(secret, timestamp, body)
    url = settings.alert_webhook_url.get_secret_value()
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:  # whose text may hold the URL, which is secret
        again = isinstance(problem, httpx.TransportError) and not isinstance(problem, httpx.UnsupportedProtocol)
        raise Undelivered(f"the webhook cannot be reached: {type(problem).__name__}", again=again) from None
    if not answer.is_success:
        again = answer.status_code >= 500 or answer.status_code in (408, 429)
        raise Undelivered(f"the webhook answered {answer.status_code}", again=again)


def _mail(settings: Settings, alert: Alert) -> None:
    import smtplib
    import ssl

    secure = ssl.create_default_context()
    host, port = settings.alert_smtp_host, settings.alert_smtp_port
    try:
        opened = (
            smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=secure)
            if settings.alert_smtp_tls == "tls"
            else smtplib.SMTP(host, port, timeout=TIMEOUT)
        )
        with opened as smtp:
            if settings.alert_smtp_tls == "starttls":
                smtp.starttls(context=secure)
            if settings.alert_smtp_user:
                smtp.login(settings.alert_smtp_user, settings.alert_smtp_password.get_secret_value())
            smtp.send_message(_message(settings, alert))
    except smtplib.SMTPResponseException as problem:
        again = 400 <= problem.smtp_code < 500
        raise Undelivered(f"{host} answered {problem.smtp_code}", again=again) from None
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError, ssl.SSLError) as problem:
        raise Undelivered(f"{host} refuses the mail: {type(problem).__name__}", again=False) from None
    except (smtplib.SMTPException, OSError) as problem:
        raise Undelivered(f"{host} cannot be reached: {type(problem).__name__}", again=True) from None


def _message(settings: Settings, alert: Alert) -> EmailMessage:
    from email.message import EmailMessage
    from email.utils import format_datetime, make_msgid

    made = EmailMessage()
    first = settings.alert_mail_to.partition(",")[0].strip()
    made["From"] = settings.alert_mail_from or first
    made["To"] = settings.alert_mail_to
    made["Subject"] = " ".join(f"tablemend: {alert.message}".split())[:200]
    made["Date"] = format_datetime(alert.created)
    made["Message-ID"] = make_msgid(alert.id, domain="tablemend.invalid")
    about = [f"{name}: {getattr(alert, name)}" for name in ("kind", "dataset", "run", "id") if getattr(alert, name)]
    made.set_content("\n".join([alert.message, "", *about, f"time: {alert.created:%Y-%m-%d %H:%M:%S} UTC", ""]))
    return made
