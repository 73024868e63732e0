"""What a pasted formula or condition may say: an allow-list, and everything else is refused.

Nothing here evaluates anything.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bopstats._validation import nearest
from bopstats.exceptions import FormulaError
from bopstats.syntax import TwoPart, is_expression, quoted_name

CONTRASTS = frozenset({"Treatment", "Sum", "Poly", "Diff", "Helmert"})
TRANSFORMS = CONTRASTS | {"C", "I", "Q", "bs", "cr", "cc", "te", "center", "scale", "standardize"}
FUNCTIONS = frozenset({"log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs"})
NUMPY = FUNCTIONS | {"square", "power", "minimum", "maximum", "clip", "floor", "ceil", "round"}
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
_MAX_LENGTH, _MAX_SHOWN = 10_000, 60
_MAX_COUNT, _MAX_POWER, _MAX_POWERS, _LARGEST = 50, 10, 4, 1e40


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
    refused = next(_refused(tree, frozenset(columns)), None) or _spoilt(tree, code)
    if refused is not None:
        text, hint = _named(refused, code, columns)
        formula.fail(
            f"formula: {text!r} is not allowed in a formula from the command line or a file{hint}; "
            f"allowed: columns, numbers, + - * / % ** (to at most {_MAX_POWER}), comparisons, "
            f"{', '.join(sorted(TRANSFORMS))} and np.{', np.'.join(sorted(NUMPY))}",
            *span,
        )


def check_length(name: str, text: str) -> None:
    """Refuse a text that is too long to be written by a person.

    Raises
    ------
    FormulaError
        If it has more than 10,000 signs.
    """
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"{name}: got {len(text)} signs; allowed: at most {_MAX_LENGTH}")


def check_condition(code: str, columns: Collection[str]) -> ast.expr:
    """Return the tree of a condition on columns, or refuse it.

    Allowed is what formulas allow but for the transforms that only models need; and, or, not,
    and ``in`` with a list of numbers and texts.

    Parameters
    ----------
    code : str
        A Python expression.
    columns : collection of str
        Names of the data's columns.

    Raises
    ------
    FormulaError
        Naming the first thing that is not allowed.
    """
    check_length("condition", code)
    if not is_expression(code):
        raise FormulaError(
            "the condition cannot be read; equality is '==', texts stand in quotes, a name with a "
            'blank is Q("name")'
        )
    tree = ast.parse(code, mode="eval").body
    refused = next(_refused_in_condition(tree, frozenset(columns)), None) or _spoilt(tree, code)
    if refused is not None:
        text, hint = _named(refused, code, columns)
        raise FormulaError(
            f"{text!r} is not allowed in a condition{hint}; allowed: columns, numbers, texts in "
            f"quotes, + - * / % ** (to at most {_MAX_POWER}), comparisons, in [...], and, or, not, "
            f"Q and np.{', np.'.join(sorted(NUMPY))}"
        )
    return tree


def _named(refused: ast.AST, code: str, columns: Collection[str]) -> tuple[str, str]:
    """Return how a refused part reads, and the column that may have been meant."""
    text = ast.get_source_segment(code, refused) or code
    unknown = isinstance(refused, ast.Name) and text not in columns
    hint = nearest(text[:_MAX_SHOWN], columns) if unknown else ""
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…", hint


def _spoilt(tree: ast.AST, code: str) -> ast.AST | None:
    """Return what is not allowed as a whole: too many powers, or a name in other letters.

    Python reads full-width and other look-alike letters as the plain ones (NFKC).
    """
    nodes = list(ast.walk(tree))
    if sum(isinstance(node, ast.Pow) for node in nodes) > _MAX_POWERS:
        return tree
    if code.isascii():
        return None
    names = (node for node in nodes if isinstance(node, ast.Name))
    return next((n for n in names if ast.get_source_segment(code, n) != n.id), None)


def _refused_in_condition(node: ast.AST, columns: frozenset[str]) -> Iterator[ast.AST]:
    """Yield the parts of a condition that are not on the allow-list."""
    if isinstance(node, ast.BoolOp):
        for each in node.values:
            yield from _refused_in_condition(each, columns)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        yield from _refused_in_condition(node.operand, columns)
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        yield from _refused(node.left, columns)
        listed = node.comparators[0]
        if len(node.ops) > 1 or not isinstance(listed, (ast.List, ast.Tuple)):
            yield node
        else:
            yield from (each for each in listed.elts if not _is_literal(each))
    else:
        yield from _refused(node, columns)
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and not _is_plain_call(part):
                yield part


def _is_literal(node: ast.AST) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return text or _is_small(node, _LARGEST)


def _is_plain_call(call: ast.Call) -> bool:
    """Tell whether a call is of one that works row by row."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    return name == "Q" or (name in NUMPY and bool(call.args) and not call.keywords)


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
    if isinstance(target, ast.Attribute) and from_numpy and target.attr in NUMPY:
        name = target.attr
    elif name not in TRANSFORMS | FUNCTIONS:
        yield target
        return
    if name == "Q" and quoted_name(call) not in columns:
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
