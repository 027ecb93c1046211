"""What an import reads: files, URLs and data sets, each as a stream of numbered records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from workbench.examples import Example
from workbench.formats.files import records
from workbench.formats.places import Place, local_place, places


@dataclass(frozen=True)
class Source:
    """Records, and three names: ``name`` for rows, ``where`` for errors, ``origin`` for manifests.

    ``records`` may be called again and then starts anew. ``finish`` adds what the source
    knows of an example and its record does not say. No name holds a credential, and ``origin``
    no path of this machine.
    """

    name: str
    where: str
    origin: str
    records: Callable[[], Iterator[tuple[int, object]]]
    finish: Callable[[Example], Example] | None = None


def file_source(given: Path | Place) -> Source:
    """Describe one file as a source; raises `InputError` when there is no such file."""
    place = local_place(given) if isinstance(given, Path) else given
    origin = place.name if place.path else place.where
    return Source(place.name, place.where, origin, partial(records, place))


def sources(given: Path | str) -> list[Source]:
    """Return the sources that a path, URL, pattern, or data set of the hub names.

    Raises `InputError`, `NotFoundError` or `MissingExtraError`.
    """
    from workbench.formats.hub import hub_sources, is_hub_address, is_saved

    if is_hub_address(given) or (isinstance(given, Path | str) and is_saved(Path(given))):
        return hub_sources(str(given))
    return [file_source(place) for place in places(given)]
