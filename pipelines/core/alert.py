"""A message to people, posted to a webhook or mailed: runs, steps and kinds of errors, never words.

Webhooks get `{"text": …}` as JSON, which Slack, Mattermost, Teams and others take.
"""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

SECONDS = 10
SCHEMES = ("https", "http", "mailto")


def problem(address: str) -> str | None:
    """Say why a message can't be sent to an address; None where it can."""
    parts = urlsplit(address)
    is_complete = "@" in parts.path if parts.scheme == "mailto" else bool(parts.hostname)
    return None if parts.scheme in SCHEMES and is_complete else "must be https://…, http://… or mailto:name@host"


def send(subject: str, text: str, address: str, mail_server: str) -> None:
    """Send a message; raises `requests.RequestException`, `smtplib.SMTPException` or OSError where it did not go.

    `mail_server` is `host` or `host:port`, and takes mail from this machine without a login.
    """
    if urlsplit(address).scheme == "mailto":
        _mail(subject, text, unquote(urlsplit(address).path), mail_server)
    else:
        _post(f"{subject}\n{text}", address)


def _post(text: str, address: str) -> None:
    import requests

    answer = requests.post(address, json={"text": text}, timeout=SECONDS)
    if not answer.ok:  # the address may hold a token: it is not quoted
        raise requests.RequestException(f"the webhook answered {answer.status_code}")


def _mail(subject: str, text: str, to: str, mail_server: str) -> None:
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = subject, to, to
    message.set_content(text)
    host, _, port = mail_server.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=SECONDS) as server:
        server.send_message(message)
