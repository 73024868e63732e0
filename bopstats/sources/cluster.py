"""Passes on a cluster: Dask runs the work where the rows are, and adds up what it finds.

One graph is made a pass. Its leaves read a part of the source each and do the work on it; what they
find is added up on the workers, eight at a time, and only the sum comes back. What the work needs
to know is a node of the graph, so that it goes once to each worker and not once with each part,
and so that Dask can make anew all that is lost with a worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from importlib.util import find_spec
from typing import Any, NamedTuple

from bopstats._progress import Tick, progress_bar
from bopstats._sums import added
from bopstats._validation import fail
from bopstats.exceptions import ArgumentError, BopError
from bopstats.formula.shipping import packed, unpacked
from bopstats.sources.allocator import kept_memory
from bopstats.sources.pieces import Part, Source, Work
from bopstats.sources.watched import watched

_AT_ONCE = 8  # sums that are added on one worker


class Message(NamedTuple):
    """What a pass does, for all parts."""

    work: Work
    parts: tuple[Any, ...]
    columns: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Trouble:
    """An error in a part, which travels as a result: of several the first part's arrives."""

    error: BopError


def check_client(client: Any) -> None:
    """Raise `ArgumentError` unless it is a `distributed.Client`, or Dask is lacking."""
    if find_spec("distributed") is None:
        raise ArgumentError("client: needs Dask: pip install 'bopstats[dask]'")
    from distributed import Client

    if not isinstance(client, Client):
        fail("client", type(client).__name__, "a distributed.Client")
    if client.asynchronous:
        fail("client", "an asynchronous Client", "Client(..., asynchronous=False)")


class SpreadSource:
    """Parquet files that the workers of a cluster read.

    Parameters
    ----------
    source : Source
        The files; its parts can be pickled.
    client : distributed.Client
        Of the cluster.
    """

    def __init__(self, source: Source, client: Any) -> None:
        self._source, self._client = source, client
        self.columns, self.n_rows, self.note = source.columns, source.n_rows, source.note
        self.parts, self.pieces = source.parts, source.pieces

    def passed(self, columns: Sequence[str], work: Work, label: str, show: bool | None) -> Any:
        """Return the sum of what `work` finds in all parts."""
        message = Message(work, self.parts(), tuple(columns), label)
        return run(message, [()] * len(message.parts), self._client, show)


def run(message: Message, rows: Sequence[tuple[Any, ...]], client: Any, show: bool | None) -> Any:
    """Run a pass.

    Parameters
    ----------
    message : Message
        What is done, and the parts.
    rows : sequence of tuples
        For each part, what Dask has to compute for it: nothing, or its rows.
    client : distributed.Client or None
        None for the current one or, if there is none, Dask's own way.
    show : bool or None
        Whether to show parts done.

    Raises
    ------
    BopError
        That of the first part that has one.
    """
    from dask import delayed

    told = delayed(packed(message), pure=True)
    do, join = delayed(_do, pure=True), delayed(_joined, pure=True)
    leaves = [do(told, i, *own) for i, own in enumerate(rows)]
    sums = leaves
    while len(sums) > 1:
        sums = [join(sums[i : i + _AT_ONCE]) for i in range(0, len(sums), _AT_ONCE)]
    found = computed(leaves, sums[0], client, message.label, show)
    if isinstance(found, Trouble):
        raise found.error
    return found


def _do(told: bytes, i: int, *rows: Any) -> Any:
    """Do the work on a part; on a worker."""
    message = _opened(told)
    try:
        part: Part = message.parts[i].of(*rows) if rows else message.parts[i]
        with kept_memory(), watched(part, message.columns, message.label, show=False) as pieces:
            return message.work(pieces)
    except BopError as error:
        return Trouble(error)


@lru_cache(maxsize=4)
def _opened(told: bytes) -> Message:
    """Unpack a message once a process, not once a part."""
    message: Message = unpacked(told)
    return message


def _joined(found: Sequence[Any]) -> Any:
    """Add up what was found; on a worker."""
    troubles = [each for each in found if isinstance(each, Trouble)]
    return troubles[0] if troubles else reduce(added, found)


def computed(leaves: Sequence[Any], last: Any, client: Any, label: str, show: bool | None) -> Any:
    """Compute `last` of a graph, and count the leaves done meanwhile.

    An error or an interruption gets a note of which pass it was in.
    """
    client = _current() if client is None else client
    with progress_bar(len(leaves), label, show, unit=" parts") as tick:
        try:
            if client is None:
                return _locally(leaves, last, tick)
            return _remotely(leaves, last, client, tick)
        except (Exception, KeyboardInterrupt) as error:
            error.add_note(f"stopped in pass {label!r}")
            raise


def _current() -> Any:
    """Return the client that Dask is set to, or None."""
    from dask import config

    chosen = config.get("scheduler", None)
    if find_spec("distributed") is None or chosen not in (None, "distributed", "dask.distributed"):
        return None
    from distributed import Client

    try:
        return Client.current()
    except ValueError:
        return None


def _remotely(leaves: Sequence[Any], last: Any, client: Any, tick: Tick) -> Any:
    """Compute on a cluster, which is left in peace if this is interrupted."""
    from distributed import as_completed

    *parts, end = futures = client.compute([*leaves, last])
    try:
        for _ in as_completed(parts, loop=client.loop):
            tick(1)
        return end.result()
    except BaseException:
        client.cancel(futures)
        raise


def _locally(leaves: Sequence[Any], last: Any, tick: Tick) -> Any:
    """Compute by the scheduler that Dask is set to."""
    from dask.callbacks import Callback

    keys = {each.key for each in leaves}
    with Callback(posttask=lambda key, *_: tick(int(key in keys))):
        return last.compute()
