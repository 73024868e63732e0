"""README's example is run, and what it shows is what comes out."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def _blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.S)


def test_the_example_prints_what_readme_shows(capsys):
    exec(compile(_blocks("python")[0], "README.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    shown = _blocks("text")[0].split("…\n")
    assert len(shown) > 1
    position = 0
    for part in shown:
        position = printed.find(part, position)
        assert position >= 0, part


def test_readme_speaks_of_the_demo_formula():
    from bopstats.cli.demo import DEMO_FORMULA

    assert DEMO_FORMULA in _blocks("python")[0]
