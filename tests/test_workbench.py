from detect_helpers import bench

TABLE = {"a": ["x", None, " ", "x", "y"], "b": [str(n) for n in range(5)]}


def test_blank_text_is_missing_in_codes_but_not_in_raw_codes():
    with bench(TABLE) as (_, workbench):
        encoded = workbench.encoded("a")
        assert [encoded.values[code] if code >= 0 else None for code in encoded.raw.tolist()] == TABLE["a"]
        assert (encoded.codes >= 0).tolist() == [True, False, False, True, True]


def test_distinct_values_come_most_frequent_first():
    with bench(TABLE) as (_, workbench):
        distinct = workbench.distinct("a")
        assert (distinct.values[0], distinct.counts[0], distinct.cells) == ("x", 2, 4)


def test_rows_are_in_order_whatever_the_order_of_the_relation():
    with bench(TABLE) as (session, workbench):
        session.execute("CREATE TABLE mixed AS SELECT * FROM data ORDER BY hash(_row)")
        again = workbench.after("mixed", ["a", "b"]).encoded("b")
        assert [again.values[code] for code in again.codes.tolist()] == TABLE["b"]


def test_only_changed_columns_are_read_again():
    with bench(TABLE) as (session, workbench):
        before = {each: workbench.encoded(each) for each in TABLE}
        session.execute("CREATE TABLE next AS SELECT _row, upper(a) AS a, b FROM data")
        following = workbench.after("next", ["a"])
        assert following.encoded("b") is before["b"]
        assert following.encoded("a").values[0] == "X"
