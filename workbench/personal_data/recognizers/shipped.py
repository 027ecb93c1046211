"""Presidio's own recognizers: those of the countries, found in its package, and three that hold everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

# Presidio's codes where they are not ISO 3166's, and its country telephones, which ours cover.
ISO = {"uk": "gb"}
OTHERS_COVER = {"ZaMobileNumberRecognizer", "ZaTelephoneNumberRecognizer"}
LEAST_TELEPHONE_REGIONS = ("US", "GB")


def national(entities: Iterable[str]) -> list[EntityRecognizer]:
    """Presidio's recognizers of those national entities, each as if for English.

    Their patterns hold in a text of any language, and Presidio runs one language at a time.
    """
    wanted = set(entities)
    found: list[EntityRecognizer] = []
    for recognizer_class in _national_classes():
        instance = recognizer_class(supported_language="en")
        if wanted & set(instance.supported_entities):
            instance.context = []
            found.append(instance)
    return found


def everywhere(entities: Iterable[str], countries: Iterable[str]) -> list[EntityRecognizer]:
    """Presidio's recognizers of IP and hardware addresses, and of the countries' telephone numbers."""
    from presidio_analyzer.predefined_recognizers import IpRecognizer, MacAddressRecognizer, PhoneRecognizer

    wanted = set(entities)
    regions = tuple(dict.fromkeys([*(code.upper() for code in countries), *LEAST_TELEPHONE_REGIONS]))
    found = [IpRecognizer(), MacAddressRecognizer(), PhoneRecognizer(supported_regions=regions)]
    for recognizer in found:
        recognizer.context = []
    return [recognizer for recognizer in found if wanted & set(recognizer.supported_entities)]


def national_entities() -> dict[str, str]:
    """Every national entity that the installed Presidio recognizes, with its country's ISO code."""
    return {
        entity: ISO.get(country, country)
        for recognizer_class in _national_classes()
        for entity in recognizer_class(supported_language="en").supported_entities
        for country in (str(recognizer_class.COUNTRY_CODE),)
    }


@cache
def _national_classes() -> tuple[Any, ...]:
    return tuple(_classes())


def _classes() -> Iterator[Any]:
    import presidio_analyzer.predefined_recognizers as shipped
    from presidio_analyzer import EntityRecognizer

    for name, value in sorted(vars(shipped).items()):
        if not inspect.isclass(value) or not issubclass(value, EntityRecognizer) or name in OTHERS_COVER:
            continue
        found: Any = value
        if ".country_specific." in found.__module__ and found.COUNTRY_CODE:
            yield found
