"""The text of a two-part formula: where its bar is, and whether pasted text may run.

Nothing here evaluates anything; `bopstats.formula` does that.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from bopstats._validation import nearest
from bopstats.exceptions import FormulaError

_OPEN = {"(": ")", "[": "]", "{": "}"}

TRANSFORMS = frozenset(
    {"C", "I", "Q", "Treatment", "Sum", "Poly", "Diff", "Helmert", "bs", "cr", "cc", "te"}
    | {"center", "scale", "standardize"}
)
FUNCTIONS = frozenset({"log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs"})
_NUMPY = FUNCTIONS | {"square", "power", "minimum", "maximum", "clip", "floor", "ceil", "round"}
_OPERATORS = frozenset({"+", "-", "*", "/", ":", "**", "%", "//", "&", "~", "|"})
_OPERATORS |= {"<", ">", "<=", ">=", "==", "!=", "=", ",", "(", ")", "[", "]"}
_MAX_POWER, _MAX_POWERS, _LONGEST_NUMBER = 10, 4, 40


@dataclass(frozen=True)
class TwoPart:
    """A formula ``outcome ~ generic | personal`` and where its parts begin in the text."""

    text: str
    outcome: str
    generic: str
    personal: str
    starts: tuple[int, int, int]

    def fail(self, message: str, position: int, end: int | None = None) -> NoReturn:
        """Raise a `FormulaError` with a caret under `position` of the whole formula."""
        marks = "^" * max(1, (end or position + 1) - position)
        raise FormulaError(f"{message}\n    {self.text}\n    {' ' * position}{marks}")

    def locate(self, name: str) -> tuple[int, int]:
        """Return where `name` first stands as a token in the formula, as (start, end)."""
        for token in _tokens(self):
            if token.string == name or token.string.strip("'\"") == name:
                return token.start[1], token.end[1]
        return 0, len(self.text)


def split_formula(text: str) -> TwoPart:
    """Split ``y ~ A | P`` at its top-level tilde and bar.

    Parameters
    ----------
    text : str
        The formula, on one or several lines.

    Returns
    -------
    TwoPart

    Raises
    ------
    FormulaError
        If the tilde or the bar is missing or doubled, a side is empty, or brackets do not match;
        a caret shows the place.

    Examples
    --------
    >>> split_formula("y ~ x + I(a | b) | sex").personal
    'sex'
    """
    if not isinstance(text, str):
        raise FormulaError(f"formula: got {text!r}; allowed: a string such as 'y ~ x | sex'")
    text = re.sub(r"\s*\n\s*", " ", text.strip())
    whole = TwoPart(text, "", "", "", (0, 0, 0))
    tildes, bars = _top_level(whole)
    if not tildes:
        whole.fail("formula: no '~' between the outcome and the generic model", len(text))
    if len(tildes) > 1:
        whole.fail("formula: a second '~'", tildes[1])
    if bars and bars[0] < tildes[0]:
        whole.fail("formula: a bar before the '~'", bars[0])
    if not bars:
        whole.fail(
            "formula: no bar; write 'outcome ~ generic terms | personal terms', "
            "e.g. 'y ~ x1 + x2 | sex * race'",
            len(text),
        )
    if len(bars) > 1:
        whole.fail("formula: a second bar; the formula has two parts", bars[1])
    cuts = (0, tildes[0] + 1, bars[0] + 1)
    ends = (tildes[0], bars[0], len(text))
    parts = [text[a:b] for a, b in zip(cuts, ends, strict=True)]
    for part, start, side in zip(
        parts, cuts, ("outcome", "generic side", "personal side"), strict=True
    ):
        if not part.strip():
            hint = "; write 1 for a model with an intercept only" if side == "generic side" else ""
            whole.fail(f"formula: the {side} is empty{hint}", min(start, len(text)))
    starts = tuple(a + len(part) - len(part.lstrip()) for a, part in zip(cuts, parts, strict=True))
    outcome, generic, personal = (part.strip() for part in parts)
    return TwoPart(text, outcome, generic, personal, (starts[0], starts[1], starts[2]))


def _top_level(formula: TwoPart) -> tuple[list[int], list[int]]:
    """Find the tildes and bars outside of brackets and quotes."""
    found: dict[str, list[int]] = {"~": [], "|": []}
    stack: list[tuple[str, int]] = []
    quote, quote_at = "", 0
    for i, char in enumerate(formula.text):
        if quote:
            quote = "" if char == quote and formula.text[i - 1] != "\\" else quote
        elif char in "'\"":
            quote, quote_at = char, i
        elif char in _OPEN:
            stack.append((char, i))
        elif char in _OPEN.values():
            if not stack or _OPEN[stack[-1][0]] != char:
                formula.fail(f"formula: {char!r} closes nothing", i)
            stack.pop()
        elif char in found and not stack:
            found[char].append(i)
    if quote:
        formula.fail("formula: a quote is not closed", quote_at)
    if stack:
        formula.fail(f"formula: {stack[-1][0]!r} is not closed", stack[-1][1])
    return found["~"], found["|"]


def _tokens(formula: TwoPart) -> list[tokenize.TokenInfo]:
    try:
        found = list(tokenize.generate_tokens(io.StringIO(formula.text).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return []
    layout = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
    return [t for t in found if t.type not in layout]


def check_safe(formula: TwoPart, columns: Collection[str]) -> None:
    """Refuse a formula that could run anything but an allow-list.

    For formulas that come from a command line or a file. Allowed are column names, the formula
    operators, numbers, plain strings, the transforms in `TRANSFORMS`, and a short list of
    functions, bare or as ``np.<name>``.

    Parameters
    ----------
    formula : TwoPart
        What `split_formula` returned.
    columns : collection of str
        Names of the data's columns.

    Raises
    ------
    FormulaError
        Naming the first thing that is not allowed, with a caret under it.
    """
    tokens = _tokens(formula)
    if not tokens:
        formula.fail("formula: cannot be read", 0)
    powers = 0
    for i, token in enumerate(tokens):
        before = tokens[i - 1].string if i else ""
        after = tokens[i + 1].string if i + 1 < len(tokens) else ""
        if token.string == "**":
            powers += 1
        if not _is_safe(token, before, after, columns) or powers > _MAX_POWERS:
            hint = nearest(token.string, columns) if token.type == tokenize.NAME else ""
            formula.fail(
                f"formula: {token.string!r} is not allowed in a formula from the command line "
                f"or a file{hint}; allowed: columns, + - * : ** comparisons, "
                f"{', '.join(sorted(TRANSFORMS))} and np.{', np.'.join(sorted(_NUMPY))}",
                token.start[1],
                token.end[1],
            )


def _is_safe(token: tokenize.TokenInfo, before: str, after: str, columns: Collection[str]) -> bool:
    text = token.string
    if token.type == tokenize.NAME:
        return _is_safe_name(text, before, after, columns)
    if token.type == tokenize.NUMBER:
        if before == "**":
            return text.isdigit() and int(text) <= _MAX_POWER
        return len(text) <= _LONGEST_NUMBER
    if token.type == tokenize.STRING:
        return text[0] in "'\"" and "__" not in text
    if text == ".":
        return before == "np"
    return token.type == tokenize.OP and text in _OPERATORS


def _is_safe_name(text: str, before: str, after: str, columns: Collection[str]) -> bool:
    if before == ".":
        return text in _NUMPY
    if text == "np":
        return after == "." or "np" in columns
    if after == "." or "__" in text:
        return False
    if keyword.iskeyword(text):
        return text in {"True", "False", "None"}
    called = after == "(" and text in TRANSFORMS | FUNCTIONS
    contrast = before in {",", "="} and text in TRANSFORMS
    return after == "=" or text in columns or called or contrast
