"""One self-contained page: its parts put into the template, with a policy that forbids the rest."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from bopstats._validation import fail
from bopstats.exceptions import BopError
from bopstats.reporting.checklist import STROBE, TRIPOD, checklist
from bopstats.reporting.methods import write_methods
from bopstats.reporting.parts import Material, Part, parts
from bopstats.reporting.verdicts import verdicts
from bopstats.tables.grid import typeset
from bopstats.tables.summary import build_summary

_PACKAGES = (
    *("bopstats", "numpy", "scipy", "pandas", "statsmodels", "patsy", "mpmath", "matplotlib"),
    *("jinja2", "python-docx"),
)


@dataclass(frozen=True)
class Heading:
    """An entry of the table of contents."""

    name: str
    heading: str


def write_report(
    material: Material,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    versions: bool = False,
) -> None:
    """Write the page; see `BoPResults.report`."""
    if title is not None and (not isinstance(title, str) or not title.strip()):
        fail("title", title, "a text, or None")
    Path(path).write_text(build_page(material, title, versions=versions), encoding="utf-8")


def build_page(material: Material, title: str | None = None, *, versions: bool = False) -> str:
    """Return the page as text; the same material gives the same text.

    Raises
    ------
    BopError
        If jinja2 is not there.
    """
    template = _template()
    findings = material.findings
    settings = findings.evaluation.settings
    facts, *_, notes = build_summary(findings).sections
    body = list(parts(material))
    style, script = _resource("page.css"), _resource("page.js")
    methods = write_methods(findings, material.options)
    answered = [each.name for each in body] + ["analysis", "methods", "notes"]
    return str(
        template.render(
            title=title or f"Benefit of personalization for {settings.outcome}",
            style=_markup(style),
            script=_markup(script),
            policy=_policy(style, script),
            facts=facts.pairs,
            verdicts=verdicts(findings, material.options),
            parts=body,
            methods=methods,
            items=checklist(answered),
            guidelines=(STROBE, TRIPOD),
            notes=notes.lines,
            versions=_versions() if versions else (),
            contents=_contents(body, versions=versions),
            headings={each.name: each.heading for each in _contents(body, versions=versions)},
        )
    )


def _contents(body: list[Part], *, versions: bool) -> list[Heading]:
    last = [
        Heading("methods", "Methods"),
        Heading("references", "References"),
        Heading("checklist", "Reporting checklists"),
        Heading("notes", "Notes"),
    ]
    last += [Heading("versions", "Versions")] if versions else []
    first = [Heading("analysis", "Analysis"), Heading("verdicts", "Verdicts")]
    return [*first, *(Heading(part.name, part.heading) for part in body), *last]


def _template() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise BopError(
            "report: needs jinja2, which comes with: pip install 'bopstats[report]'"
        ) from error

    def clean(value: Any) -> Any:
        """Leave ready markup alone; every other text is typeset, then escaped."""
        return value if hasattr(value, "__html__") or not isinstance(value, str) else typeset(value)

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(_resource("page.html.j2"))


def _markup(text: str) -> Any:
    from markupsafe import Markup  # what jinja2 escapes with

    return Markup(text)  # noqa: S704 - our own files


def _resource(name: str) -> str:
    return files("bopstats.reporting").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Allow this style, this script and pictures in the page; nothing can be fetched or sent."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _versions() -> list[tuple[str, str]]:
    found = [("Python", ".".join(map(str, sys.version_info[:3])))]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not installed"))
    return found
