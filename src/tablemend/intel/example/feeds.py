"""Stories of the example as RSS and Atom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

Entry = Mapping[str, Any]


def rss(told: Sequence[Entry]) -> str:
    """An RSS 2.0 feed."""
    items = "".join(
        f'  <item>\n    <guid isPermaLink="false">tag:desk.example,2026:{each["id"]}</guid>\n'
        f"    <title>{escape(each['title'])}</title>\n"
        f"    <link>{escape(each['url'])}</link>\n    <description>{escape(each['summary'])}</description>\n"
        f"    <pubDate>{format_datetime(datetime.fromisoformat(each['published']))}</pubDate>\n  </item>\n"
        for each in told
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>\n  <title>Coffee desk</title>\n'
        "  <link>https://desk.example/</link>\n  <description>The newest stories</description>\n"
        f"{items}</channel></rss>\n"
    )


def atom(told: Sequence[Entry], updated: datetime) -> str:
    """An Atom feed."""
    entries = "".join(
        f"  <entry>\n    <id>tag:desk.example,2026:{each['id']}</id>\n    <title>{escape(each['title'])}</title>\n"
        f'    <link href="{escape(each["url"])}"/>\n    <summary>{escape(each["summary"])}</summary>\n'
        f"    <updated>{each['published']}</updated>\n  </entry>\n"
        for each in told
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        "  <id>tag:desk.example,2026:feed</id>\n  <title>Coffee desk</title>\n"
        f"  <updated>{updated.isoformat()}</updated>\n"
        f"{entries}</feed>\n"
    )
