"""A methods section in plain prose, written from what was run, with the works it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from bopstats.reporting import inference, study
from bopstats.reporting.references import REFERENCES, Sentence
from bopstats.tables.findings import Findings
from bopstats.tables.options import Options


@dataclass(frozen=True)
class Methods:
    """Paragraphs with numbered citations, and the works cited in that order."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]

    def as_text(self) -> str:
        """Return everything as plain text, to be pasted into a manuscript."""
        numbered = [f"{i}. {text}" for i, text in enumerate(self.references, 1)]
        return "\n\n".join([*self.paragraphs, "References\n" + "\n".join(numbered)])


def write_methods(findings: Findings, options: Options) -> Methods:
    """Return the methods section of an analysis.

    Parameters
    ----------
    findings : Findings
        The analysis.
    options : Options
        Labels, and whether the analysis was pre-specified.
    """
    numbers: dict[str, int] = {}
    paragraphs = [
        " ".join(_cited(sentence, numbers) for sentence in sentences)
        for sentences in (
            study.models(findings, options),
            study.evaluation(findings),
            study.costs(findings, options),
            inference.inference(findings, options),
            inference.software(findings),
        )
    ]
    return Methods(tuple(paragraphs), tuple(REFERENCES[key] for key in numbers))


def _cited(sentence: Sentence, numbers: dict[str, int]) -> str:
    """Put the numbers of the works before the full stop; new works get the next number."""
    text, keys = sentence
    if not keys:
        return text
    found = sorted(numbers.setdefault(key, len(numbers) + 1) for key in keys)
    return f"{text.removesuffix('.')} [{', '.join(map(str, found))}]."
