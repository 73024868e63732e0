"""How answers that have a frame look in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Framed:
    """An answer with a frame and a plain text form; a notebook shows the frame."""

    def to_frame(self) -> pd.DataFrame:
        """Return the answer as a frame."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """Return the first line of the text, and the frame below it."""
        import pandas as pd

        frame = self.to_frame().map(_text)
        with pd.option_context("display.max_colwidth", None):
            if len(frame) == 1:
                table = frame.T.to_html(header=False, border=0)
            else:
                table = frame.to_html(index=False, border=0)
        return f"<p>{escape(str(self).splitlines()[0])}</p>\n{table}"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
