"""The documentation: every example runs, the reference is that of the code, and nothing is left out."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tablemend
from tablemend import records
from tablemend.quality.vocabulary import CHECKS
from tablemend.repair.operations import OPERATIONS
from tablemend.settings import Settings

ROOT = Path(__file__).parent.parent


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


examples, reference = _script("examples"), _script("reference")
PAGES = reference.pages()


@pytest.mark.parametrize("path", examples.PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_gives_the_output_that_is_shown(path: Path, tmp_path: Path) -> None:
    different = []

    def compare(example: examples.Example, output: str) -> None:
        if not examples.same(example.shown, output):
            different.append(f"line {example.line}: {example.given}\n--- shown\n{example.shown}--- given\n{output}")

    examples.run_page(path, tmp_path, compare)
    assert not different, "\n\n".join(different)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_that_of_the_code(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == PAGES[name], "run `make reference`"


def test_every_command_and_option_is_explained() -> None:
    for path, command in reference.commands():
        assert command.help, path
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("cli.md", [path for path, _ in reference.commands()]),
        ("settings.md", [f"`{name}`" for name in Settings.model_fields]),
        ("checks.md", [f"`{name}`" for name in CHECKS]),
        ("operations.md", [f"`{name}`" for name in OPERATIONS]),
        ("records.md", [f"## {name}" for name in reference.record_names(records)]),
    ],
)
def test_nothing_is_undocumented(page: str, names: list[str]) -> None:
    assert names
    assert [name for name in names if name not in PAGES[page]] == []


def test_the_public_names_are_sorted_and_documented() -> None:
    assert sorted(tablemend.__all__) == tablemend.__all__
    documented = re.findall(r"^## `tablemend\.(\w+)`", PAGES["python.md"], re.M)
    assert documented == tablemend.__all__


def test_links_between_pages_lead_somewhere() -> None:
    for page in examples.PAGES:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"
