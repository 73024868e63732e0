"""Tables as LaTeX with booktabs, which pdflatex compiles as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bopstats.tables.content import Section
from bopstats.tables.grid import Grid, Row, typeset

LONG = 40  # lines from which a table may break over pages
_NOTE_CHARACTERS = 130  # of a note's line
_PREAMBLE = "% Needs \\usepackage{array,booktabs,graphicx,longtable}\n"
_LINE, _LABEL = 105, 28  # characters on a line, and of a label at least
# Tables wider than the page are made smaller, others are left alone.
_FIT = r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi"
_WIDE, _WORDS_CHARACTERS, _WORDS_WIDTH = 110, 14, "0.13\\linewidth"
_NARROW_PAGE = 96  # characters a row from which the letters get smaller
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\ensuremath{\sim}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    # After a line's end \\ these would be read as its options.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": r"\ensuremath{-}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
    "\u00a0": "~",
    "×": r"\ensuremath{\times}",
    "±": r"\ensuremath{\pm}",
    "·": r"\ensuremath{\cdot}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "∞": r"\ensuremath{\infty}",
    "°": r"\ensuremath{^\circ}",
    "²": r"\ensuremath{^2}",
    "³": r"\ensuremath{^3}",
    "½": r"\ensuremath{\frac12}",
    "µ": r"\ensuremath{\mu}",
    "√": r"\ensuremath{\surd}",
}
_SPECIAL |= {
    letter: rf"\ensuremath{{\{name}}}"
    for letter, name in zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
        re.findall(
            r"\w+",
            "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho "
            "sigma tau upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi "
            "Omega",
        ),
        strict=True,
    )
}
# Letters of Western and Central European languages, which pdflatex knows without a package.
_KNOWN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿß"
    "ĆćČčĎďĚěŁłŃńŇňŐőŒœŘřŚśŠšŤťŮůŰűŸŹźŻżŽž¿¡§©"
)
_DASHES = re.compile("-(?=-)")


def escape(text: str) -> str:
    r"""Return text that LaTeX shows as it is; signs that pdflatex lacks show as [U+1F600].

    Examples
    --------
    >>> print(escape("a_1 & 50 % \\input{x}"))
    a\_1 \& 50 \% \textbackslash{}input\{x\}
    """
    return "".join(map(_sign, _DASHES.sub("-\u200b", typeset(text))))


def _sign(each: str) -> str:
    if each == "\u200b":
        return "{}"
    if each in _SPECIAL:
        return _SPECIAL[each]
    return each if each.isascii() or each in _KNOWN else f"{{[}}U+{ord(each):04X}{{]}}"


def write(title: str, sections: Sequence[Section]) -> str:
    """Return what stands between begin and end of a document."""
    parts = [_PREAMBLE]
    parts += [f"\\section*{{{escape(title)}}}\n"] if title else []
    return "\n".join([*parts, *(_section(section) for section in sections)])


def _section(section: Section) -> str:
    parts = []
    if section.pairs:
        parts += [f"\\paragraph{{{escape(section.title)}}}\n"] if section.title else []
        items = "".join(
            f"\\item[{{{escape(name)}}}] {escape(value)}\n" for name, value in section.pairs
        )
        parts.append(f"\\begin{{description}}\n{items}\\end{{description}}\n")
    if section.grid is not None:
        parts.append(_table(section.grid, section.title, section.lines))
        return "".join(parts)
    if section.title and not section.pairs:
        parts.append(f"\\paragraph{{{escape(section.title)}}}\\mbox{{}}\n\n")
    return "".join(parts) + "\n\n".join(escape(line) for line in section.lines) + "\n"


def _table(grid: Grid, caption: str, notes: Sequence[str]) -> str:
    long = _lines(grid, notes) > LONG
    size = "\\footnotesize" if _characters(grid) <= _NARROW_PAGE else "\\scriptsize"
    head = _head(grid)
    body = "".join(_row(row, len(grid.columns)) for row in grid.rows)
    foot = "".join(f"{escape(note)}\\par\n" for note in notes)
    spec = _spec(grid, wide=_characters(grid) > _WIDE)
    title = f"\\caption{{{escape(caption)}}}" if caption else ""
    start = f"{size}\\setlength{{\\tabcolsep}}{{4pt}}\n"
    if long:
        again = f"\\toprule\n{head}\\midrule\n"
        return (
            f"\\begingroup{start}\\begin{{longtable}}{{{spec}}}\n{title}\\\\\n"
            f"{again}\\endfirsthead\n{again}\\endhead\n\\bottomrule\n\\endlastfoot\n{body}"
            f"\\end{{longtable}}\n\\parindent0pt\n{foot}\\endgroup\n"
        )
    return (
        f"\\begin{{table}}[htbp]\n\\centering\n{title}\n{start}"
        f"\\sbox0{{\\begin{{tabular}}{{{spec}}}\n"
        f"\\toprule\n{head}\\midrule\n{body}\\bottomrule\n\\end{{tabular}}}}%\n{_FIT}\n"
        f"\\par\\smallskip\n\\begin{{minipage}}{{\\linewidth}}\\raggedright\n{foot}"
        "\\end{minipage}\n\\end{table}\n"
    )


def _lines(grid: Grid, notes: Sequence[str]) -> int:
    """Return about how many lines table and notes take."""
    room = _room(grid)
    labels = sum(1 + len(row.cells[0]) // room for row in grid.rows)
    return labels + sum(1 + len(note) // _NOTE_CHARACTERS for note in notes) // 2


def _longest(grid: Grid) -> list[int]:
    """Return the longest text of each column."""
    rows = [*grid.head_lines, *(row.cells for row in grid.rows if row.kind != "head")]
    return [max(len(cells[j]) for cells in rows) for j in range(len(grid.columns))]


def _room(grid: Grid) -> int:
    """Return how many characters of a label fit on a line."""
    return max(_LABEL, _LINE - sum(_longest(grid)[1:]) - 2 * len(grid.columns))


def _characters(grid: Grid) -> int:
    """Return how wide a row is."""
    label, *rest = _longest(grid)
    return min(label, _room(grid)) + sum(rest) + 2 * len(grid.columns)


def _spec(grid: Grid, wide: bool) -> str:
    """Return column types; long labels wrap, and in a wide table all words do."""
    types = []
    for j, (column, longest) in enumerate(zip(grid.columns, _longest(grid), strict=True)):
        if j == 0 and longest > _room(grid):
            types.append(_wrapping(f"{_room(grid) / _LINE:.2f}\\linewidth"))
        elif j and not column.numeric and wide and longest > _WORDS_CHARACTERS:
            types.append(_wrapping(_WORDS_WIDTH))
        else:
            types.append("r" if column.numeric else "l")
    return f"@{{}}{''.join(types)}@{{}}"


def _wrapping(width: str) -> str:
    return f">{{\\raggedright\\arraybackslash}}p{{{width}}}"


def _head(grid: Grid) -> str:
    lines, start, rules = [], 1, ""
    overs = grid.overs
    if overs:
        cells = [f"\\multicolumn{{{size}}}{{c}}{{{escape(text)}}}" for text, size in overs]
        for text, size in overs:
            rules += f"\\cmidrule(lr){{{start}-{start + size - 1}}}" if text else ""
            start += size
        lines.append(f"{' & '.join(cells)} \\\\\n{rules}\n")
    for line in grid.head_lines:
        heads = [
            f"\\multicolumn{{1}}{{{'r' if column.numeric else 'l'}}}{{{escape(text)}}}"
            for text, column in zip(line[1:], grid.columns[1:], strict=True)
        ]
        lines.append(f"{' & '.join([escape(line[0]), *heads])} \\\\\n")
    return "".join(lines)


def _row(row: Row, width: int) -> str:
    cells = [escape(cell) for cell in row.cells]
    if row.kind == "head":
        # A box without width, so that a long heading does not widen the columns below it.
        box = f"\\rlap{{\\parbox[t]{{0.95\\linewidth}}{{\\raggedright {cells[0]}}}}}"
        # No page may end between a heading and its first row.
        cell = f"\\multicolumn{{{width}}}{{@{{}}l}}{{{box}}}"
        return f"\\addlinespace\n{cell} \\\\*\n"
    rule = "\\midrule\n" if row.kind == "total" else ""
    if row.level:
        # In a column that wraps the next lines are indented too.
        cells[0] = f"\\hangindent=1.5em\\hangafter=1\\hspace{{1em}}{cells[0]}"
    return f"{rule}{' & '.join(cells)} \\\\\n"
