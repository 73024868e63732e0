"""The text of a two-part formula: where its bar is, and which names it uses.

Nothing here evaluates anything; `bopstats.formula` does that.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from dataclasses import dataclass
from typing import Any, NoReturn

from bopstats.exceptions import FormulaError

_OPEN = {"(": ")", "[": "]", "{": "}"}

_DEEPEST = 100


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
    text = re.sub(r"\s*[\r\n]\s*", " ", text.strip())
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
    quote, quote_at, escaped = "", 0, False
    for i, char in enumerate(formula.text):
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
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


def is_expression(code: str) -> bool:
    """Tell whether `code` is a Python expression, and not one nested beyond reason."""
    try:
        level: list[ast.AST] = [ast.parse(code, mode="eval")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    depth = 0
    while level and depth <= _DEEPEST:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return not level


@dataclass(frozen=True)
class Names:
    """The names that a piece of Python uses, each in order of appearance.

    `values` are read as values (with those in Q("...")), `dotted` stand before a dot, as ``np``
    does in ``np.log(x)``, `called` are called as functions.
    """

    values: tuple[str, ...]
    dotted: tuple[str, ...]
    called: tuple[str, ...]


def names_in(code: str) -> Names:
    """Find the names in an expression; those that it binds itself (lambda) are left out."""
    tree = ast.parse(code, mode="eval")
    nodes = sorted(ast.walk(tree), key=lambda node: getattr(node, "col_offset", -1))
    dots = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    found: dict[str, list[str]] = {"values": [], "dotted": [], "called": []}
    for node in nodes:
        if isinstance(node, ast.Call) and (quoted := quoted_name(node)) is not None:
            found["values"].append(quoted)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Name):
            role = "dotted" if id(node) in dots else "called" if id(node) in functions else "values"
            found[role].append(node.id)
    unique = {
        role: [n for n in dict.fromkeys(names) if n not in bound] for role, names in found.items()
    }
    return Names(*(tuple(unique[role]) for role in ("values", "dotted", "called")))


def quoted_name(call: ast.Call) -> str | None:
    """Return the name in Q("name")."""
    arguments = [*call.args, *(each.value for each in call.keywords)]
    if not (isinstance(call.func, ast.Name) and call.func.id == "Q" and len(arguments) == 1):
        return None
    value = getattr(arguments[0], "value", None)
    return value if isinstance(value, str) else None


def core(code: str) -> tuple[str, bool]:
    """Return what is inside of C() or I(), and whether that is a single variable.

    Examples
    --------
    >>> core('C(race, Treatment("White"))'), core("I(age > 50)"), core("sex")
    (('race', True), ('age > 50', False), ('sex', True))
    """
    node = ast.parse(code, mode="eval").body
    while isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"C", "I"} and node.args:
        node = node.args[0]
    if isinstance(node, ast.Call) and (quoted := quoted_name(node)) is not None:
        return quoted, True
    return ast.get_source_segment(code, node) or code, isinstance(node, ast.Name)


def expanded_size(tree: Any) -> int:
    """Return how many terms a parsed side expands to at most, without expanding it.

    Parameters
    ----------
    tree : patsy.parse_formula.ParseNode
        Operators with their arguments.
    """
    sizes = [expanded_size(each) for each in tree.args]
    if tree.type == "**":
        text = getattr(tree.args[1].token, "extra", None) or ""
        power = int(text) if text.isdigit() and len(text) < 4 else 1000
        return sum(math.comb(sizes[0], k) for k in range(1, min(power, sizes[0], 30) + 1))
    if tree.type in {"*", ":"}:
        return sizes[0] * sizes[1] + (sum(sizes) if tree.type == "*" else 0)
    return max(sum(sizes), 1)
