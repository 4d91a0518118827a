"""Facts by what they speak of."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Index(Generic[K, T]):
    """Values by key, given back for many keys in the order they were put in."""

    def __init__(self, pairs: Iterable[tuple[K, T]]) -> None:
        self._values: list[T] = []
        self._found: dict[K, array[int]] = {}
        known, values = self._found, self._values
        for number, (key, value) in enumerate(pairs):
            values.append(value)
            if key in known:
                known[key].append(number)
            else:
                known[key] = array("I", (number,))

    def of(self, keys: Collection[K]) -> list[T]:
        """The values of all ``keys``, which are distinct."""
        known, values = self._found, self._values
        numbers = [number for key in keys if key in known for number in known[key]]
        if len(keys) > 1:
            numbers.sort()
        return [values[number] for number in numbers]
