"""Which groups of people are large enough to be shown."""

from __future__ import annotations

from collections.abc import Mapping


def shown_groups(people: Mapping[str, int], threshold: int) -> frozenset[str]:
    """Groups that may be shown: enough people, and nobody's number follows from a total.

    A group of fewer than `threshold` people is withheld. Where those withheld are together fewer than that, the
    smallest group left is withheld too, since what is shown subtracted from a total would give them away.

    Example:
        >>> sorted(shown_groups({"a": 9, "b": 6, "c": 2}, 5)), sorted(shown_groups({"a": 9, "b": 6}, 5))
        (['a'], ['a', 'b'])
    """
    known = {group: n for group, n in people.items() if n > 0}
    shown = sorted((one for one, n in known.items() if n >= threshold), key=lambda one: (known[one], one))
    while shown and 0 < sum(n for one, n in known.items() if one not in shown) < threshold:
        shown.pop(0)
    return frozenset(shown)
