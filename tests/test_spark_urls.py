"""URLs of Spark: what they may be, what of them is shown, and whether anything listens there. No session is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tablemend.engine import masters, spark
from tablemend.errors import SettingsError
from tablemend.settings import load

pytest.importorskip("pyspark")


@pytest.fixture
def dead_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    "url",
    [
        *("local", "local[*]", "local[4]", "local[2,3]", "local[*, 3]", "local-cluster[2,1,1024]", "yarn"),
        *("sc://host", "sc://host:15002", "sc://[::1]:15002/", "sc://host/;use_ssl=true;token=a=b", "sc://host:1/;"),
        *("spark://host:7077", "spark://one:7077,two:7077", "k8s://https://host:6443", "k8s://host:6443"),
    ],
)
def test_what_spark_takes_is_a_url_of_spark(url: str) -> None:
    masters.require(url)


@pytest.mark.parametrize(
    "url",
    ["foo://x", "local[abc]", "local[0]", "local[]", " local", "spark://host", "sc://", "sc://host:x", "http://h:1"],
)
def test_what_is_no_url_of_spark_is_refused_with_what_it_may_be(url: str) -> None:
    with pytest.raises(SettingsError, match="spark_url") as raised:
        spark.connect(url)
    assert url in raised.value.message
    assert "sc://host:15002" in (raised.value.hint or "")


@pytest.mark.parametrize("url", ["sc://me:TOPSECRET@host", "sc://host;token=TOPSECRET", "foo://host/?token=TOPSECRET"])
def test_a_refused_url_that_may_hold_a_secret_is_not_shown(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        spark.connect(url)
    assert "TOPSECRET" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize("scheme", ["sc", "spark"])
def test_where_nothing_listens_that_is_said_before_spark_is_started(
    scheme: str, dead_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "_require_java", lambda: None)
    monkeypatch.setattr("pyspark.java_gateway.launch_gateway", lambda **_: pytest.fail("Java was started"))
    with pytest.raises(SettingsError, match=f"does not answer at {scheme}://127.0.0.1:{dead_port}: .*refused"):
        spark.connect(f"{scheme}://127.0.0.1:{dead_port}")


def test_one_of_several_masters_that_listens_is_enough(dead_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        masters.require_listener(f"spark://127.0.0.1:{dead_port},127.0.0.1:{listening.getsockname()[1]}")


def test_a_url_is_shown_without_its_token() -> None:
    url = "sc://host:15002/;use_ssl=true;token=TOP%20SECRET"
    assert masters.shown(url) == "sc://host:15002"
    assert masters.redacted("no TOP SECRET, no TOP%20SECRET", url) == "no ***, no ***"


def test_the_url_is_in_no_picture_of_the_settings() -> None:
    found = load(spark_url="sc://host/;token=TOPSECRET")
    assert "TOPSECRET" not in repr(found) + str(found.public()) + found.model_dump_json()
    assert found.spark_url.get_secret_value() == "sc://host/;token=TOPSECRET"


def test_a_scan_leaves_the_token_nowhere(tmp_path: Path, dead_port: int) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    variables = {**os.environ, "TABLEMEND_SPARK_URL": f"sc://127.0.0.1:{dead_port}/;token=TOPSECRET"}
    said = [
        subprocess.run(
            [sys.executable, "-m", "tablemend", *words], cwd=tmp_path, env=variables, capture_output=True, text=True
        )
        for words in (["scan", "t.csv", "--engine", "spark"], ["runs", "list", "--json"])
    ]
    assert [each.returncode for each in said] == [2, 0]
    assert f"sc://127.0.0.1:{dead_port}" in said[0].stderr
    told = "".join(each.stdout + each.stderr for each in said)
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert files
    assert "TOPSECRET" not in told
    assert not [each for each in files if b"TOPSECRET" in each.read_bytes()]
