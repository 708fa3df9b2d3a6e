"""The state: all or nothing, one writer at a time, nothing lost."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from core_helpers import ids, proposal, scan, workspace, write
from store_helpers import begin, item
from tablemend.errors import NotFound, StateError
from tablemend.store.filters import Filter
from tablemend.store.state import Store


def test_one_connection_and_one_commit_for_ten_decisions(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a\n" + "".join(f"v{n}\nv{n}\n" for n in range(10)))
    proposals = [proposal("map_values", "a", pairs=[[f"v{n}", "x"]], tier=str(n)) for n in range(10)]
    with workspace(tmp_path) as ws:
        found = scan(ws, tmp_path / "t.csv", proposals)
        counted = {"commit": 0, "checkout": 0}
        engine = ws.store.database._engine
        chosen = ids(found)

        def count(name: str) -> None:
            counted[name] += 1

        sa.event.listen(engine, "commit", lambda connection: count("commit"))
        from tablemend.review.decisions import decide

        wanted = Filter(run=found.run, ids=tuple(chosen))
        sa.event.listen(engine, "checkout", lambda *_: count("checkout"))
        verdict = decide(ws.store, wanted, "approve", by="ann", gate=ws.gate)
        assert len(verdict.decided) == 10
        assert counted == {"commit": 1, "checkout": 1}
        assert ws.store.items.count(Filter(run=found.run, decision="approved")) == 10


def put_twice(store: Store, run: str) -> None:
    store.items.put([item(1, run)])
    store.items.put([item(2, "r-none")])


def test_a_batch_is_all_or_nothing(store: Store) -> None:
    run = begin(store)
    with pytest.raises(StateError):
        store.items.put([item(1, run), item(2, run), item(1, run)])
    assert store.items.select(Filter(run=run)) == []
    with pytest.raises(StateError):
        store.items.put([item(1, "r-none")])
    with pytest.raises(StateError), store.transaction():
        put_twice(store, run)
    assert store.items.count(Filter()) == 0


def test_one_and_many_are_written_alike(store: Store) -> None:
    run = begin(store)
    store.items.put([item(1, run)])
    store.items.put([item(2, run), item(3, run)])
    rows = store.items.select(Filter(run=run))
    assert [each.id for each in rows] == ["i0001", "i0002", "i0003"]
    own = ("id", "created", "updated")
    plain = [{name: getattr(each, name) for name in each.__struct_fields__ if name not in own} for each in rows]
    assert plain[0] == plain[1] == plain[2]


def test_filters(store: Store) -> None:
    run = begin(store)
    store.items.put(
        [
            item(
                1,
                run,
                check="typo",
                columns=("city",),
                dimension="consistency",
                confidence=0.9,
                rows=5,
                flags=("many_rows",),
            ),
            item(2, run, check="null", columns=("city name", "b"), dimension="completeness", confidence=0.4, rows=50),
            item(3, run, check="typo", columns=("b",), confidence=1.0, rows=1, title="Größe 100%"),
        ]
    )

    def found(**conditions: object) -> list[int]:
        return [int(each.id[1:]) for each in store.items.select(Filter(run=run, **conditions))]  # type: ignore[arg-type]

    assert found(check="typo") == [1, 3]
    assert found(column="city") == [1]
    assert found(column="b") == [2, 3]
    assert found(dimension="completeness") == [2]
    assert found(min_confidence=0.9) == [1, 3]
    assert found(max_confidence=0.4) == [2]
    assert found(min_rows=5, max_rows=5) == [1]
    assert found(flag="many_rows") == [1]
    assert found(flag="many") == []
    assert found(decision="approved") == []
    assert found(text="größe 100%") == [3]
    assert found(ids=("i0002", "i0003")) == [2, 3]
    assert [each.id for each in store.items.select(Filter(run=run), limit=1, offset=1)] == ["i0002"]


def test_abbreviated_ids(store: Store) -> None:
    run = begin(store)
    store.items.put([item(10, run), item(11, run), item(20, run)])
    assert store.items.get("i002").id == "i0020"
    with pytest.raises(NotFound, match="several"):
        store.items.get("i001")
    for name in ("", "%", "x", "i_0"):
        with pytest.raises(NotFound):
            store.items.get(name)


def test_a_run_ends_once_and_in_a_known_way(store: Store) -> None:
    run = begin(store)
    with pytest.raises(StateError, match="cannot end as 'done'"):
        store.runs.finish(run, "done")
    with pytest.raises(StateError, match="cannot end as 'running'"):
        store.runs.finish(run, "running")
    store.runs.finish(run, "completed", counts={"rows": 3})
    with pytest.raises(StateError, match="is not running"):
        store.runs.finish(run, "failed")
    store.runs.abort(run, "failed")
    assert (store.runs.get(run).status, store.runs.get(run).counts) == ("completed", {"rows": 3})
    with pytest.raises(NotFound):
        store.runs.get("r-none")
    with pytest.raises(NotFound):
        store.runs.finish("r-none", "completed")


def test_settings_are_kept_without_secrets(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a\nx\n")
    headers = {"Authorization": "top secret"}
    with workspace(tmp_path, http_headers=headers) as ws:
        first = scan(ws, tmp_path / "t.csv", [])
        second = scan(ws, tmp_path / "t.csv", [])
        hashes = {ws.run(each.run).settings_hash for each in (first, second)}
        assert len(hashes) == 1
    assert b"top secret" not in b"".join(path.read_bytes() for path in (tmp_path / ".tablemend").glob("state.db*"))


def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        run = begin(store)
        store.items.put([item(1, run)])
        pages = "PRAGMA max_page_count = 60"
        sa.event.listen(store.database._engine, "checkout", lambda driver, *_: driver.execute(pages).close())
        with pytest.raises(StateError, match=r"cannot be written now: .*full"):
            store.items.put([item(n, run, title="t" * 4000) for n in range(2, 400)])
        assert store.items.count(Filter()) == 1
        store.items.put([item(2, run)])


def test_a_connection_to_the_state_that_the_server_ends_is_said(store: Store) -> None:
    if store.database.url.get_backend_name() != "postgresql":
        pytest.skip("a file has no server")
    run = begin(store)

    def ended() -> None:
        with store.transaction() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            engine = sa.create_engine(store.database.url)
            with engine.begin() as another:
                another.exec_driver_sql(f"SELECT pg_terminate_backend({number})")
            engine.dispose()
            store.items.put([item(1, run)])

    with pytest.raises(StateError, match="cannot be written now"):
        ended()
    assert store.items.count(Filter()) == 0
    store.items.put([item(1, run)])
