"""What was learned of a formula, and what is done with it, as bytes for other processes.

patsy refuses to be pickled, since what its objects hold may change between its versions; between
processes of one analysis there is one version. Rows stay behind: designs and matrices arrive
without any.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bopstats.design import Design, ModelMatrix


def packed(anything: Any) -> bytes:
    """Return an object as bytes that `unpacked` understands; functions of the session go along."""
    from cloudpickle import Pickler

    class Packer(Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            found = _reduced(obj)
            return super().reducer_override(obj) if found is None else found

    buffer = io.BytesIO()
    Packer(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(anything)
    return buffer.getvalue()


def unpacked(message: bytes) -> Any:
    """Return what `packed` has made bytes of; they come from the same analysis."""
    return pickle.loads(message)  # noqa: S301


def _reduced(obj: Any) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
    """Return how to pickle what needs care, None for all else."""
    if isinstance(obj, Design):
        return _restored, (Design, vars(obj) | _no_rows(obj))
    if isinstance(obj, ModelMatrix):
        return _restored, (ModelMatrix, vars(obj) | {"base": None, "build": None})
    if any(kind.__module__.startswith("patsy.") for kind in type(obj).__mro__):
        return _restored, (type(obj), vars(obj))
    return None


def _restored(kind: Any, state: dict[str, Any]) -> Any:
    new = kind.__new__(kind)
    vars(new).update(state)
    return new


def _no_rows(design: Design) -> dict[str, Any]:
    """Return what of a design has one entry a row, without any."""
    nothing, codes = slice(0), np.zeros(0, dtype=np.int64)
    optional = {n: getattr(design, n) for n in ("weight", "cluster", "stratum", "key", "offset")}
    return {
        "outcome": replace(design.outcome, values=design.outcome.values[nothing]),
        "group": codes,
        "factors": tuple(replace(factor, codes=codes) for factor in design.factors),
        "positions": codes,
        "index": design.index[nothing],
        "relearn": None,
        **{name: None if each is None else each[nothing] for name, each in optional.items()},
    }
