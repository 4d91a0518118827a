"""Facts by what they speak of."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from operator import itemgetter
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Index(Generic[K, T]):
    """Values by key, given back for many keys in the order they were put in."""

    def __init__(self, pairs: Iterable[tuple[K, T]]) -> None:
        self._found: dict[K, list[tuple[int, T]]] = {}
        known = self._found
        for number, (key, value) in enumerate(pairs):
            if key in known:
                known[key].append((number, value))
            else:
                known[key] = [(number, value)]

    def of(self, keys: Collection[K]) -> list[T]:
        """The values of all ``keys``, which are distinct."""
        known = self._found
        found = [each for key in keys if key in known for each in known[key]]
        if len(keys) > 1:
            found.sort(key=itemgetter(0))
        return [value for _, value in found]
