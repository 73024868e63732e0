"""Which module may import which: every room imports only from rooms above it."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bopstats

PACKAGE = Path(bopstats.__file__).parent
ROOMS = [
    *("_version", "exceptions", "_typing", "_validation", "_progress", "_sums", "_notebook"),
    *("theory", "sampling", "groups", "costs", "design"),
    *("syntax", "allowlist", "columns", "conditions", "outcome", "formula", "attributes"),
    *("assembly", "recoding", "splitting"),
    *("planning", "fitting", "explanations", "crossfit", "sources", "evaluation", "inference"),
    *("resampling", "tables", "plotting", "reporting", "saving", "streaming", "results"),
    *("pooling", "loading", "model", "external"),
    *("datasets", "cli", "__main__"),
]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def room_of(name):
    return name.split(".")[1]


def imports(path):
    """The modules that a file imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield below if below in NAMES or node.module == "bopstats" else node.module


def names_used(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_rooms_above_it(path):
    room = room_of(name_of(path))
    assert room in ROOMS, f"{room} has no place among the rooms yet"
    for name in imports(path):
        if name.split(".")[0] == "bopstats":
            assert name != "bopstats", "import from the room, not from the package"
            assert room_of(name) in ROOMS[: ROOMS.index(room) + 1], f"{name} is in a lower room"


@pytest.mark.parametrize("room", sorted({room_of(name) for name in NAMES}))
def test_within_a_room_imports_run_one_way(room):
    graph = {
        name_of(path): {name for name in imports(path) if name in NAMES and room_of(name) == room}
        for path in MODULES
        if room_of(name_of(path)) == room
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(("library", "room"), [("patsy", "formula"), ("matplotlib", "plotting")])
def test_a_library_has_one_room(library, room):
    users = {
        room_of(name_of(path))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users <= {room}


def test_only_fitting_uses_the_models_of_statsmodels():
    for path in MODULES:
        if room_of(name_of(path)) != "fitting":
            found = [name for name in imports(path) if name.startswith("statsmodels")]
            assert not any("api" in name or "formula" in name for name in found), path.name
            assert not any("generalized_linear_model" in name for name in found), path.name
            assert not {"GLM", "smf", "sm"} & set(names_used(path)), path.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_are_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_public_names_are_there():
    for name in bopstats.__all__:
        assert getattr(bopstats, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        bopstats.nonsense  # noqa: B018


def test_importing_the_package_loads_no_heavy_library():
    code = "import bopstats, sys; print(*{n.split('.')[0] for n in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not {"numpy", "pandas", "statsmodels", "patsy", "matplotlib"} & set(
        loaded.stdout.split()
    )
