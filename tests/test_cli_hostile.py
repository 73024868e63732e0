"""Nothing that is pasted into a command runs: see also test_syntax.py and test_conditions.py."""

import numpy as np
import pandas as pd
import pytest

from bopstats.cli import main

ATTACKS = [
    "__import__('os').system('touch owned')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "x.to_csv('owned')",
    "(lambda: open('owned', 'w'))()",
    "[open('owned', 'w') for _ in x]",
    "(y := open('owned', 'w'))",
    'f\'{open("owned", "w")}\'',
    "Q('x').to_csv('owned')",
    "Q(open('owned', 'w').name)",
    "Q('__import__')('os')",
    "`x`",
    "@x",
    "@pd.io.common.os.system('touch owned')",
    "ｏｐｅｎ('owned', 'w')",
    "ｘ",
    "np.save('owned', x)",
    "np.lib.format.open_memmap('owned', 'w+', shape=1)",
    "exec(x)",
    "open(x)",
    "9**9**9",
    "I(9**9**9)",
    "I(" * 3000 + "x" + ")" * 3000,
    "-" * 30_000 + "x",
    "x + " * 30_000 + "x",
    "x" * 200_000,
]


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """Columns that are named like functions, too."""
    rng = np.random.default_rng(1)
    names = ["x", "open", "exec", "np", "Q", "log"]
    frame = pd.DataFrame(rng.normal(size=(60, 6)), columns=names)
    frame["sex"] = ["f", "m"] * 30
    frame["y"] = rng.integers(0, 2, 60)
    frame["secret"] = [f"Person{i}" for i in range(60)]
    path = tmp_path_factory.mktemp("data") / "people.csv"
    frame.to_csv(path, index=False)
    return str(path)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda text: repr(text[:25]))
@pytest.mark.parametrize("place", ["generic", "personal", "outcome", "subset", "file"])
def test_no_formula_and_no_condition_runs(csv, capsys, within, empty_folder, attack, place):
    formula = {
        "generic": f"y ~ x + {attack} | sex",
        "personal": f"y ~ x | sex + {attack}",
        "outcome": f"{attack} ~ x | sex",
        "file": f"@{csv}.txt",
        "subset": "y ~ x | sex",
    }[place]
    if place == "file":
        with open(f"{csv}.txt", "w", encoding="utf-8") as stream:
            stream.write(f"y ~ x + {attack} | sex")
    options = [f"--subset={attack} > 0"] if place == "subset" else []
    with within(10):
        code = main(["fit", csv, formula, "--cv", "none", *options])
    captured = capsys.readouterr()
    assert code == 1, captured.out
    assert captured.err.startswith("bopstats: error: ")
    assert list(empty_folder.iterdir()) == []


@pytest.mark.parametrize(
    "option", ["weights", "cluster", "strata", "id", "offset", "exposure", "groups", "costs"]
)
@pytest.mark.parametrize("attack", ["x.values", "__import__('os')", "@x", "`x`", "Q('x')"])
def test_names_are_names(csv, capsys, option, attack):
    options = [f"--{option}", attack, *(["--weight-type", "freq"] if option == "weights" else [])]
    assert main(["fit", csv, "y ~ x | sex", "--cv", "none", *options]) == 1
    assert repr(attack) in capsys.readouterr().err or '"' in attack


@pytest.mark.parametrize(
    "attack", ["__import__('os').system('touch owned')", "m' or '1", "9**9**9"]
)
@pytest.mark.parametrize("option", ["--event={}", "--ref=sex={}"])
def test_levels_are_data(csv, capsys, empty_folder, option, attack):
    call = ["fit", csv, "y ~ x | sex", "--cv", "none", option.format(attack)]
    assert main(call) == 1
    assert "got" in capsys.readouterr().err
    assert list(empty_folder.iterdir()) == []


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ log(secret) | sex",
        "y ~ bs(secret, df=4) | sex",
        "y ~ scale(secret) | sex",
        "y ~ I(secret * 2) | sex",
        'y ~ C(secret, levels=["q"]) | sex',
        'y ~ C(secret, Treatment("q")) | sex',
    ],
)
def test_messages_name_no_one(csv, capsys, formula):
    assert main(["fit", csv, formula, "--cv", "none"]) == 1
    assert "Person" not in capsys.readouterr().err


def test_a_broken_file_is_not_quoted(tmp_path, capsys):
    (tmp_path / "broken.csv").write_text('a,b\nPerson1,2,3\n"Person2', encoding="utf-8")
    assert main(["fit", "broken.csv", "a ~ 1 | b"]) == 1
    assert "Person" not in capsys.readouterr().err
