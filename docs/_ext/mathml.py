"""Formulas as MathML: browsers draw it themselves, so that pages need no script and no network."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.errors import ExtensionError

# A function's name and a bare argument need a space between them, as TeX sets it.
_BARE = re.compile(r"(<mi>(?:ln|log|exp|sinh|cosh)</mi>)(?!<mo stretchy=\"false\">&#x00028;)")


def _mathml(node, display):
    found = convert(node.astext(), display=display)
    if "<mi>\\" in found:
        raise ExtensionError(f"{node.source}:{node.line}: unknown LaTeX in {node.astext()!r}")
    return _BARE.sub(r'\1<mspace width="0.17em"/>', found)


def _inline(translator, node):
    translator.body.append(_mathml(node, "inline"))
    raise nodes.SkipNode


def _block(translator, node):
    translator.body.append(f'<div class="formula">{_mathml(node, "block")}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
