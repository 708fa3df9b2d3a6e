"""The pages to sign in, as plain HTML that needs no script."""

from __future__ import annotations

from html import escape

from tablemend.records import Record


class Form(Record, frozen=True, kw_only=True):
    """What a page to sign in shows."""

    title: str
    fields: str = ""  # HTML of the fields; without, there is nothing to send
    action: str = ""
    button: str = ""
    hidden: dict[str, str] = {}  # sent along with the fields
    problem: str = ""  # why the last attempt did not succeed
    note: str = ""  # what else is to be known


CREDENTIALS = """<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" maxlength="100" required autofocus{described} value="{name}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000"
 required{described}>
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} · tablemend</title>
<link rel="stylesheet" href="/static/sign-in.css?v=1">
</head>
<body>
<main>
<p class="brand">tablemend</p>
<h1>{title}</h1>
{problem}{note}{form}</main>
</body>
</html>
"""


def credentials(name: str = "", *, problem: bool = False) -> str:
    """The fields of name and password."""
    return CREDENTIALS.format(
        name=escape(name), described=' aria-invalid="true" aria-describedby="problem"' if problem else ""
    )


def page(form: Form) -> str:
    """The whole page."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n' for name, value in form.hidden.items()
    )
    sent = (
        f'<form method="post" action="{escape(form.action)}">\n{hidden}{form.fields}'
        f'<button type="submit">{escape(form.button)}</button>\n</form>\n'
    )
    return _PAGE.format(
        title=escape(form.title),
        problem=f'<p id="problem" class="problem" role="alert">{escape(form.problem)}</p>\n' if form.problem else "",
        note=f'<p class="note">{escape(form.note)}</p>\n' if form.note else "",
        form=sent if form.action else "",
    )
