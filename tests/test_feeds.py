"""Feeds from a file and from a server: what is one, and what is none."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core_helpers import write
from intel_helpers import entry
from tablemend.errors import SourceError, SourceNotFound, UnreadableSource
from tablemend.intel.reading import collect
from tablemend.tables.limits import Limits

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Desk</title>
<item><title>A &lt;b&gt;bold&lt;/b&gt; &amp;amp; fine day</title><link>https://a.example/1</link>
<description>&lt;p&gt;Sun.&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</description>
<pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate><guid isPermaLink="false">g1</guid></item>
<item><title>3 &lt; 5 and 7 &gt; 6</title></item>
<item><description>No title</description></item>
<item><title>Odd date</title><pubDate>some day</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Desk</title>
<entry><id>urn:1</id><title>Rain</title><link href="https://a.example/2"/><updated>2026-11-03T10:00:00+01:00</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">It <b>rains</b></div></content></entry></feed>"""
PAGE = """<!-- x --><!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>
<body>News</body></html>"""
JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Desk",
    "items": [
        {"id": "1", "title": "Snow", "url": "https://a.example/3", "content_html": "<p>It snows</p>", "tags": ["x"]},
        {"id": "2", "content_text": "No title"},
        7,
    ],
}
LINKS = """<rss version="2.0"><channel><title>D</title>%s
<item><title>1</title><link>/1</link><guid>tag:a.example,2026:1</guid></item>
<item><title>2</title><guid>tag:a.example,2026:2</guid></item>
<item><title>3</title><guid>https://a.example/3</guid></item>
<item><title>4</title><guid>four</guid><link>sub/4?x=1</link></item></channel></rss>"""
ATOM_LINKS = """<feed xmlns="http://www.w3.org/2005/Atom"><title>D</title>%s
<entry><id>urn:uuid:1</id><title>1</title></entry>
<entry><id>urn:uuid:2</id><title>2</title><link href="/2"/></entry>
<entry xml:base="https://b.example/z/"><id>urn:uuid:3</id><title>3</title><link href="x"/></entry></feed>"""
ANSWERS = {
    "/feed.rss": ("application/rss+xml", RSS),
    "/feed.atom": ("application/atom+xml", ATOM),
    "/feed.json": ("application/feed+json", json.dumps(JSON_FEED)),
    "/lines": ("application/x-ndjson", json.dumps(entry("a")) + "\n{oops\n"),
    "/page": ("text/html", PAGE),
    "/broken": ("application/rss+xml", RSS[:-60]),
    "/links": ("application/rss+xml", LINKS % ""),
    "/empty": ("application/rss+xml", ""),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = ANSWERS.get(self.path, ("text/plain", ""))
        self.send_response(503 if self.path == "/down" else 200 if self.path in ANSWERS else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_rss_is_read_as_text(server: str) -> None:
    found = collect(f"{server}/feed.rss")
    assert found.kind == "rss"
    first, second = found.stories
    assert (first.id, first.title, first.summary) == ("g1", "A bold & fine day", "Sun.")
    assert second.title == "3 < 5 and 7 > 6"
    assert [each.place for each in found.rejected] == ["entry 3", "entry 4"]


def test_atom_is_read_as_text(server: str) -> None:
    found = collect(f"{server}/feed.atom")
    assert (found.kind, found.stories[0].summary) == ("atom", "It rains")
    assert found.stories[0].published is not None
    assert found.stories[0].published.hour == 9


def test_json_feed_may_have_more_fields(server: str) -> None:
    found = collect(f"{server}/feed.json")
    assert (found.kind, found.stories[0].summary) == ("json feed", "It snows")
    assert [each.place for each in found.rejected] == ["entry 2", "entry 3"]


def test_a_server_may_send_json_lines(server: str) -> None:
    found = collect(f"{server}/lines")
    assert (len(found.stories), len(found.rejected)) == (1, 1)


def links(path: Path, text: str) -> list[tuple[str, str]]:
    return [(each.id, each.url) for each in collect(write(path, text)).stories]


def test_ids_that_are_no_addresses_are_ids_and_relative_links_belong_to_the_feed(tmp_path: Path) -> None:
    assert links(tmp_path / "a.rss", LINKS % "<link>https://a.example/blog/</link>") == [
        ("tag:a.example,2026:1", "https://a.example/1"),
        ("tag:a.example,2026:2", ""),
        ("https://a.example/3", "https://a.example/3"),
        ("four", "https://a.example/blog/sub/4?x=1"),
    ]
    own = '<link href="/"/><link rel="self" href="https://a.example/feed"/>'
    assert links(tmp_path / "a.atom", ATOM_LINKS % own) == [
        ("urn:uuid:1", ""),
        ("urn:uuid:2", "https://a.example/2"),
        ("urn:uuid:3", "https://b.example/z/x"),
    ]


def test_relative_links_belong_to_where_a_feed_was_fetched_from(server: str) -> None:
    assert [each.url for each in collect(f"{server}/links").stories] == [
        f"{server}/1", "", "https://a.example/3", f"{server}/sub/4?x=1",
    ]  # fmt: skip


def test_a_relative_link_of_a_feed_without_an_address_is_rejected(tmp_path: Path) -> None:
    found = collect(write(tmp_path / "a.rss", LINKS % ""))
    assert [each.place for each in found.rejected] == ["entry 1", "entry 4"]
    assert "'/1' is no address of the web" in found.rejected[0].reason


def test_links_of_a_json_feed_may_be_relative(tmp_path: Path) -> None:
    items = [{"id": "1", "title": "a", "url": "/1"}, {"id": "2", "title": "b", "url": "mailto:x@a.example"}]
    feed = JSON_FEED | {"home_page_url": "https://a.example/blog/", "items": items}
    found = collect(write(tmp_path / "a.json", json.dumps(feed)))
    assert [each.url for each in found.stories] == ["https://a.example/1"]
    assert [each.place for each in found.rejected] == ["entry 2"]


@pytest.mark.parametrize(
    ("path", "said", "hint"),
    [
        ("/down", "503", "later"),
        ("/page", "HTML page, where a feed was expected", "The page names its feed: /feed.xml"),
        ("/broken", "not well-formed XML: line", "publisher"),
        ("/empty", "is empty", "feed"),
    ],
)
def test_what_is_no_feed_is_an_error(server: str, path: str, said: str, hint: str) -> None:
    with pytest.raises(UnreadableSource, match=said) as caught:
        collect(server + path)
    assert hint in str(caught.value.hint)


def test_a_feed_that_is_not_there_is_an_error(server: str) -> None:
    with pytest.raises(SourceNotFound, match="404"):
        collect(f"{server}/nowhere")


def test_a_server_that_is_off_is_an_error() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(SourceError, match="cannot be fetched"):
        collect(f"http://127.0.0.1:{port}/feed.rss", limits=Limits(http_timeout=2))


@pytest.mark.parametrize("text", ["<urlset><url/></urlset>", "<?xml version='1.0'?><a/>", "<p>x</p>"])
def test_xml_that_is_no_feed_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableSource, match="neither RSS nor Atom"):
        collect(write(tmp_path / "x.xml", text))


def test_a_page_saved_as_json_lines_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="HTML page"):
        collect(write(tmp_path / "x.jsonl", PAGE))


def test_a_feed_may_begin_with_blank_lines_and_be_of_two_bytes(tmp_path: Path) -> None:
    assert len(collect(write(tmp_path / "a.rss", f"\n \n{RSS}")).stories) == 2
    path = tmp_path / "b.rss"
    path.write_bytes(RSS.replace('version="1.0"', 'version="1.0" encoding="utf-16"', 1).encode("utf-16"))
    assert len(collect(path).stories) == 2


def test_an_external_entity_is_never_read(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "hidden")
    text = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + RSS.partition("?>")[2].replace("Sun.", "&x;")
    try:
        found = collect(write(tmp_path / "x.rss", text))
    except UnreadableSource:
        return
    assert "hidden" not in repr(found)
