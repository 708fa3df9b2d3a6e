"""What an import loads: the heavy parts come in only when they are used."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "duckdb",
    "numpy",
    "opentelemetry",
    "pandas",
    "prometheus_client",
    "psutil",
    "pyarrow",
    "pydantic",
    "rapidfuzz",
    "scipy",
    "sqlalchemy",
    "sqlglot",
}


def _loaded_by(code: str) -> set[str]:
    code += "\nimport json, sys; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr))


@pytest.mark.parametrize(
    "code",
    [
        "import tablemend",
        "import tablemend; tablemend.records, tablemend.errors, tablemend.__version__",
        "import tablemend.cli.main",
        "import tablemend; tablemend.open",
    ],
)
def test_an_import_loads_nothing_heavy(code: str) -> None:
    assert _loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["heal", "--help"], ["items", "--help"], ["runs", "--help"], ["intel", "-h"]]
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = f"import sys; sys.argv = {['tablemend', *words]!r}\n"
    code += "from tablemend.cli.main import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert not end.code"
    assert _loaded_by(code) & HEAVY - {"pydantic"} == set()  # which Typer uses itself


def test_every_public_name_can_be_imported() -> None:
    import tablemend

    assert all(getattr(tablemend, name) for name in tablemend.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tablemend.nothing  # noqa: B018
