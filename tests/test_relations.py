"""DuckDB relations as sources of rows."""

import pandas as pd
import pytest

from bopstats.exceptions import DataError
from bopstats.sources import batches
from bopstats.sources.kinds import as_source

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")


@pytest.fixture
def connection():
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        opened.execute("SET enable_progress_bar = false")
        opened.execute("SELECT setseed(0.5)")
        opened.execute(
            """
            CREATE TABLE people AS SELECT
                i AS id, random() AS x, (i % 3)::TINYINT AS small,
                CASE WHEN i % 5 = 0 THEN NULL ELSE i END AS gaps,
                i % 2 = 0 AS flag, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 2 = 0 END AS maybe,
                'level ' || (i % 4) AS "the text", (i % 4 / 8)::DECIMAL(6, 3) AS price,
                (CASE WHEN i % 3 = 0 THEN 'low' ELSE 'high' END)::ENUM('low', 'high') AS level,
                DATE '2020-01-01' + (i % 100)::INTEGER AS day, i::HUGEINT AS huge
            FROM range(10000) t(i)
            """
        )
        yield opened


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(batches, "rows_at_once", lambda _n: 700)


def whole(source, columns):
    frames, position = [], 0
    for piece in source.pieces(columns):
        assert piece.position == position
        position += len(piece.frame)
        frames.append(piece.frame)
    assert len({str(frame.dtypes.to_dict()) for frame in frames}) == 1
    return pd.concat(frames, ignore_index=True)


def test_values_and_types(connection, small):
    source = as_source(connection.sql("FROM people"))
    assert source.n_rows == 10000
    assert source.columns[:3] == ("id", "x", "small")
    found = whole(source, source.columns)
    wanted = connection.sql("FROM people").df()
    kinds = found.dtypes.astype(str).to_dict()
    assert kinds == {
        "id": "int64", "x": "float64", "small": "int8", "gaps": "float64", "flag": "bool",
        "maybe": "boolean", "the text": "category", "price": "float64", "level": "category",
        "day": "datetime64[s]", "huge": "float64",
    }  # fmt: skip
    wanted = wanted.astype(found.dtypes.to_dict())
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    assert found["level"].cat.categories.tolist() == ["low", "high"]


def test_each_pass_runs_the_query_again(connection, small):
    source = as_source(connection.sql('SELECT x, "the text", id FROM people WHERE id < 5000'))
    next(source.pieces(["x"]))  # a pass given up
    first, second = (whole(source, ["the text", "x"]) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert whole(source, ["id"])["id"].tolist() == list(range(5000))
    assert next(source.pieces(["id"])).where == "the DuckDB relation, rows 0 to 699"


def test_rows_in_another_order_are_refused(connection, small):
    source = as_source(connection.sql("SELECT id, random() AS r FROM people ORDER BY r"))
    whole(source, ["id"])
    with pytest.raises(DataError, match=r"the values of 'id' come in another order.*ORDER BY"):
        whole(source, ["id"])


def test_other_rows_are_refused(connection):
    source = as_source(connection.sql("FROM people"))
    connection.execute("DELETE FROM people WHERE id = 77")
    with pytest.raises(DataError, match="9,999 rows in this pass, 10,000 in an earlier one"):
        whole(source, ["x"])


def test_a_query_that_fails_midway_says_so(connection, small):
    texts = connection.sql(
        "SELECT id, CASE WHEN id = 9000 THEN 'no number' ELSE '5' END AS s FROM people"
    )
    with pytest.raises(DataError, match=r"the DuckDB relation cannot be read: .*no number"):
        as_source(texts.project("s::INTEGER AS n"))  # these are counted
    floats = as_source(texts.project("id, s::DOUBLE AS n"))
    assert len(whole(floats, ["id"])) == 10000
    with pytest.raises(DataError, match=r"cannot .*read.*no number"):
        whole(floats, ["n"])


def test_no_rows_and_repeated_names(connection):
    with pytest.raises(DataError, match="data: no rows"):
        as_source(connection.sql("FROM people WHERE id < 0"))
    odd = as_source(connection.sql("""SELECT 1 AS "a""b", 2 AS "a.b" """))
    assert whole(odd, ['a"b', "a.b"]).to_dict("list") == {'a"b': [1], "a.b": [2]}
