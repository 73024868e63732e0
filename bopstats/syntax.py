"""The text of a two-part formula: where its bar is, and whether pasted text may run.

Nothing here evaluates anything; `bopstats.formula` does that.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from bopstats._validation import nearest
from bopstats.exceptions import FormulaError

_OPEN = {"(": ")", "[": "]", "{": "}"}

CONTRASTS = frozenset({"Treatment", "Sum", "Poly", "Diff", "Helmert"})
TRANSFORMS = CONTRASTS | {"C", "I", "Q", "bs", "cr", "cc", "te", "center", "scale", "standardize"}
FUNCTIONS = frozenset({"log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs"})
_NUMPY = FUNCTIONS | {"square", "power", "minimum", "maximum", "clip", "floor", "ceil", "round"}
_KEYWORDS = frozenset(
    {"contrast", "levels", "reference", "omit", "scores", "name", "df", "knots", "degree"}
    | {"include_intercept", "lower_bound", "upper_bound", "constraints", "center", "rescale"}
    | {"ddof", "decimals"}
)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_ARITHMETIC_OR_LOGIC = (*_ARITHMETIC, ast.BitAnd, ast.BitOr)
_COMPARISONS = (ast.Lt, ast.Gt, ast.LtE, ast.GtE, ast.Eq, ast.NotEq)
_SPLINES = frozenset({"bs", "cr", "cc"})
_COUNTS = frozenset({"df", "degree", "decimals"})
_MAX_COUNT, _MAX_POWER, _MAX_POWERS, _LARGEST, _DEEPEST = 50, 10, 4, 1e40, 100


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
        if isinstance(node, ast.Call) and (quoted := _quoted(node)) is not None:
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


def _quoted(call: ast.Call) -> str | None:
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
    if isinstance(node, ast.Call) and (quoted := _quoted(node)) is not None:
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


def check_safe(
    formula: TwoPart, code: str, span: tuple[int, int], columns: Collection[str]
) -> None:
    """Refuse a factor that could run anything but an allow-list, or run for ever.

    For formulas that come from a command line or a file. Allowed are column names, arithmetic and
    comparisons, numbers, strings as arguments, the transforms in `TRANSFORMS`, and a short list of
    functions, bare or as ``np.<name>``. A column may bear the name of a function, but it is not
    called.

    Parameters
    ----------
    formula : TwoPart
        What `split_formula` returned.
    code : str
        The factor's Python expression.
    span : tuple of int
        Where it stands in the formula.
    columns : collection of str
        Names of the data's columns.

    Raises
    ------
    FormulaError
        Naming the first thing that is not allowed, with a caret under the factor.
    """
    tree = ast.parse(code, mode="eval").body
    refused = next(_refused(tree, frozenset(columns)), None)
    if refused is None and sum(isinstance(n, ast.Pow) for n in ast.walk(tree)) > _MAX_POWERS:
        refused = tree
    if refused is not None:
        text = ast.get_source_segment(code, refused) or code
        unknown = isinstance(refused, ast.Name) and text not in columns
        hint = nearest(text, columns) if unknown else ""
        formula.fail(
            f"formula: {text!r} is not allowed in a formula from the command line or a file{hint}; "
            f"allowed: columns, numbers, + - * / % ** (to at most {_MAX_POWER}), comparisons, "
            f"{', '.join(sorted(TRANSFORMS))} and np.{', np.'.join(sorted(_NUMPY))}",
            *span,
        )


def _refused(node: ast.AST, columns: frozenset[str]) -> Iterator[ast.AST]:
    """Yield the parts of an expression that are not on the allow-list."""
    if isinstance(node, ast.BinOp):
        yield from () if isinstance(node.op, _ARITHMETIC_OR_LOGIC) else (node,)
        yield from _refused(node.left, columns)
        if isinstance(node.op, ast.Pow):
            yield from () if _is_small(node.right, _MAX_POWER) else (node.right,)
        else:
            yield from _refused(node.right, columns)
    elif isinstance(node, ast.Compare):
        yield from () if all(isinstance(op, _COMPARISONS) for op in node.ops) else (node,)
        for each in (node.left, *node.comparators):
            yield from _refused_argument(each, columns)
    elif isinstance(node, ast.UnaryOp):
        yield from _refused(node.operand, columns)
    elif isinstance(node, ast.Call):
        yield from _refused_call(node, columns)
    elif not ((isinstance(node, ast.Name) and node.id in columns) or _is_small(node, _LARGEST)):
        yield node


def _is_small(node: ast.AST, largest: float) -> bool:
    """Tell whether a node is a number up to `largest` in size, True, False or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    value = node.value if isinstance(node, ast.Constant) else ""
    return value is None or (isinstance(value, (bool, int, float)) and abs(value) <= largest)


def _refused_argument(node: ast.AST, columns: frozenset[str]) -> Iterator[ast.AST]:
    """Arguments may also be strings, contrasts, and lists of these."""
    if isinstance(node, (ast.List, ast.Tuple)):
        for each in node.elts:
            yield from _refused_argument(each, columns)
        return
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    contrast = isinstance(node, ast.Name) and node.id in CONTRASTS
    if not (text or contrast):
        yield from _refused(node, columns)


def _refused_call(call: ast.Call, columns: frozenset[str]) -> Iterator[ast.AST]:
    target = call.func
    name = target.id if isinstance(target, ast.Name) else ""
    from_numpy = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "np"
    if isinstance(target, ast.Attribute) and from_numpy and target.attr in _NUMPY:
        name = target.attr
    elif name not in TRANSFORMS | FUNCTIONS:
        yield target
        return
    if name == "Q" and _quoted(call) not in columns:
        yield call
    if name == "te" and not (len(call.args) == 2 and all(map(_is_spline, call.args))):
        yield call
    for each in call.keywords:
        if each.arg not in _KEYWORDS or (
            each.arg in _COUNTS and not _is_small(each.value, _MAX_COUNT)
        ):
            yield each.value
        yield from _refused_argument(each.value, columns)
    for i, argument in enumerate(call.args):
        counted = i > 0 and name in _SPLINES | {"round"}
        if counted and not (
            _is_small(argument, _MAX_COUNT) or isinstance(argument, (ast.List, ast.Tuple))
        ):
            yield argument
        yield from _refused_argument(argument, columns)


def _is_spline(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in _SPLINES
