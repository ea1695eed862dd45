"""Compiled loops of `organisation_names`: one pass over the code points of every name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.registry.addresses import best_candidate, fill_levels
from townshift.process.registry.code_points import FIRST_CJK
from townshift.process.registry.place_index import HOME, LEVEL, RANK, SHORT
from townshift.process.registry.word_trie import is_latin_letter, longest_ending, longest_word

if TYPE_CHECKING:
    from townshift.process.registry.organisation_names import NameWords

_LONGEST = 512
_SPACE, _OPEN, _CLOSE, _AND = 32, 40, 41, 38
_COMPANY, _SOLE_TRADER, _BRANCH = 0, 1, 4
_PERSON_SHAPED = 1
_DI = ord("第")


@kernel
def _unbracketed(text: Column, start: Scalar, stop: Scalar, work: Column) -> Scalar:
    """Copy a name without what stands in brackets, or whole if all of it does; the length."""
    for keep in (False, True):
        n, depth = 0, 0
        for i in range(start, stop):
            code = text[i]
            if code == _OPEN:
                depth += 1
            if code == _CLOSE:
                depth = max(0, depth - 1)
            if code in (_OPEN, _CLOSE) or (depth and not keep) or n >= _LONGEST:
                continue
            if code == _SPACE and (n == 0 or work[n - 1] == _SPACE):
                continue
            work[n] = code
            n += 1
        while n and work[n - 1] == _SPACE:
            n -= 1
        if n:
            break
    return n


@kernel
def _bracketed(
    text: Column,
    start: Scalar,
    stop: Scalar,
    trie: Column,
    candidates: Column,
    forms: Column,
    context: Column,
    known: Column,
) -> Scalar:
    """Places and legal forms that stand in brackets; the form, -1 = none."""
    form = np.int64(-1)
    i = start
    while i < stop:
        if text[i] != _OPEN:
            i += 1
            continue
        close = i + 1
        while close < stop and text[close] != _CLOSE:
            close += 1
        at = i + 1
        while at < close:
            entry, end = longest_word(trie, text, at, close)
            if entry < 0:
                break
            place = best_candidate(candidates, entry, known, context, True)
            if place >= 0:
                fill_levels(candidates, place, known)
            at = end
        found, begin = longest_ending(forms, text, i + 1, close)
        if found >= 0 and begin == i + 1:
            form = found
        i = close + 1
    return form


@kernel
def _agrees(candidates: Column, k: Scalar, context: Column) -> bool:
    """Whether the record's columns name the same province, and city where they name one."""
    if context[1] < 0 or context[1] != candidates[k, LEVEL + 1]:
        return False
    return bool(context[2] < 0 or candidates[k, LEVEL + 2] < 0 or context[2] == candidates[k, LEVEL + 2])


@kernel
def _leading_places(
    work: Column,
    start: Scalar,
    stop: Scalar,
    n: Scalar,
    trie: Column,
    candidates: Column,
    context: Column,
    known: Column,
) -> tuple[Scalar, Scalar, Scalar]:
    """Places at the head: where they end, where the last begins, whether that one is surely a place.

    Sure is a full name (湖州市), or a short one that the record's columns confirm.
    """
    i, last, sure = start, start, True
    while i < stop:
        entry, end = longest_word(trie, work, i, n)
        if entry < 0:
            break
        place = best_candidate(candidates, entry, known, context, True)
        if place == HOME:
            i = end
            continue
        if place < 0 or (i > start and candidates[place, LEVEL] >= 3 and known[1] < 0):
            break
        full = candidates[place, RANK] < SHORT and work[i] >= FIRST_CJK
        if end >= n and not full:
            break
        sure = full or _agrees(candidates, place, context)
        fill_levels(candidates, place, known)
        last = i
        i = end
        while i < n and work[i] == _SPACE:
            i += 1
    return i, last, sure


@kernel
def _parent_of_branch(
    work: Column, n: Scalar, trie: Column, candidates: Column, forms: Column, context: Column, known: Column
) -> Scalar:
    """Where the parent's name ends in that of a branch; the place of the branch stands behind it."""
    for stop in range(n - 1, 2, -1):
        form, _ = longest_ending(forms, work, 0, stop)
        if form != _COMPANY:
            continue
        at = stop
        while at < n:
            entry, end = longest_word(trie, work, at, n)
            if entry < 0:
                break
            place = best_candidate(candidates, entry, known, context, True)
            if place < 0:
                break
            fill_levels(candidates, place, known)
            at = end
        return stop
    return n


@kernel
def _strip_forms(
    work: Column,
    n: Scalar,
    trie: Column,
    candidates: Column,
    forms: Column,
    context: Column,
    known: Column,
    chinese: bool,
) -> tuple[Scalar, Scalar]:
    """Take legal forms off the end: the length left and the form that stands last, -1 = none."""
    first = np.int64(-1)
    for _ in range(4):
        form, begin = longest_ending(forms, work, 0, n)
        if form < 0 or begin == 0 or (chinese and n - begin == 1 and (begin < 2 or first >= 0)):
            break
        n = begin
        if form == _BRANCH and chinese:
            n = _parent_of_branch(work, n, trie, candidates, forms, context, known)
        if first < 0:
            first = form
        while n and (work[n - 1] == _SPACE or work[n - 1] == _AND):
            n -= 1
    return n, first


@kernel
def _before_joint(work: Column, i: Scalar, n: Scalar) -> Scalar:
    """Where a word ends that AND, ET or & joins to what begins at `n`; `n` itself where nothing joins."""
    while n > i and work[n - 1] == _SPACE:
        n -= 1
    if n - i > 2 and work[n - 1] == _AND:
        return n - 2
    if n - i > 4 and work[n - 4] == _SPACE and work[n - 3] == 65 and work[n - 2] == 78 and work[n - 1] == 68:
        return n - 4
    if n - i > 3 and work[n - 3] == _SPACE and work[n - 2] == 69 and work[n - 1] == 84:
        return n - 3
    return n


@kernel
def _of_before(work: Column, i: Scalar, n: Scalar) -> bool:
    """Whether DE, DU, DES, D or LA stands before a word: it belongs to a phrase."""
    while n > i and work[n - 1] == _SPACE:
        n -= 1
    begin = n
    while begin > i and work[begin - 1] != _SPACE:
        begin -= 1
    size = n - begin
    if size == 0 or begin == i:
        return False
    first, second = work[begin], work[begin + 1] if size > 1 else 0
    if size == 1:
        return bool(first == 68 or first == 76)
    if size == 2:
        return bool((first == 68 and (second == 69 or second == 85)) or (first == 76 and second == 65))
    return bool(size == 3 and first == 68 and second == 69 and work[begin + 2] == 83)


@kernel
def _strip_industry(work: Column, i: Scalar, n: Scalar, industries: Column, chinese: bool) -> Scalar:
    """Where the words of the trade at the end begin; a Chinese trade name keeps two characters if it can."""
    begin = n
    for k in range(5):
        end = begin
        found, at = longest_ending(industries, work, i, end)
        if found < 0 and k > 0 and not chinese:
            end = _before_joint(work, i, begin)
            found, at = longest_ending(industries, work, i, end)
        if found >= 0 and not chinese and _of_before(work, i, at):
            break  # Le Cœur de Laine
        # A name of nothing but trades keeps its first word as its name.
        if found < 0 or (chinese and at - i == 1 and k > 0) or (not chinese and at == i and k > 0):
            break
        begin = at
        while begin > i and work[begin - 1] == _SPACE:
            begin -= 1
        if begin <= i:
            break
    return begin


@kernel
def _chinese_person(work: Column, i: Scalar, n: Scalar, surnames: Column) -> bool:
    """Whether two to four characters begin with a surname and leave one or two for a given name."""
    if n - i < 2 or n - i > 4:
        return False
    surname, end = longest_word(surnames, work, i, n)
    return bool(surname >= 0 and 1 <= n - end <= 2)


@kernel
def _latin_person(work: Column, i: Scalar, n: Scalar) -> bool:
    """Whether the words are two or three without a digit, as a person's name is."""
    count = 0
    for k in range(i, n):
        if 48 <= work[k] <= 57 or work[k] == _AND:
            return False
        if work[k] == _SPACE:
            count += 1
    return 1 <= count <= 2


@kernel
def _split_chinese(
    work: Column,
    n: Scalar,
    form: Scalar,
    trie: Column,
    candidates: Column,
    forms: Column,
    industries: Column,
    surnames: Column,
    context: Column,
    known: Column,
    before: Column,
) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:
    """Begin and end of the trade name, begin and end of the words of the trade, form, flags."""
    n, ending = _strip_forms(work, n, trie, candidates, forms, context, known, True)
    form = ending if form < 0 or ending == _BRANCH else form
    if form < 0 and _chinese_person(work, 0, n, surnames):
        return 0, n, n, n, form, _PERSON_SHAPED
    before[:] = known
    i, last, sure = _leading_places(work, 0, n, n, trie, candidates, context, known)
    if i == 0 and known.max() >= 0:
        before[:] = -1  # a branch elsewhere: the parent's own place is not the record's
        i, last, sure = _leading_places(work, 0, n, n, trie, candidates, context, before)
        before[:] = known
    begin = _strip_industry(work, i, n, industries, True)
    if begin - i < 2 and not sure and i > last:
        # The short name of a place and hardly a trade name behind it (大同服饰): it is the trade name.
        known[:] = before
        _leading_places(work, 0, last, n, trie, candidates, context, known)
        i = last
        begin = _strip_industry(work, i, n, industries, True)
    flags = _PERSON_SHAPED if _chinese_person(work, i, begin, surnames) else 0
    return i, begin, begin, n, form, flags


@kernel
def _after_joint(work: Column, i: Scalar, n: Scalar) -> Scalar:
    """Where a word begins that ET, AND or & joins to what ends before `i`; `i` itself where nothing joins."""
    if n - i > 2 and work[i] == _AND and work[i + 1] == _SPACE:
        return i + 2
    if n - i > 3 and work[i] == 69 and work[i + 1] == 84 and work[i + 2] == _SPACE:
        return i + 3
    if n - i > 4 and work[i] == 65 and work[i + 1] == 78 and work[i + 2] == 68 and work[i + 3] == _SPACE:
        return i + 4
    return i


@kernel
def _leading_words(work: Column, i: Scalar, n: Scalar, words: Column) -> tuple[Scalar, Scalar]:
    """Where words at the head end that are not the whole name, and the first of them, -1 = none."""
    first = np.int64(-1)
    while i < n:
        found, end = longest_word(words, work, i, n)
        if found < 0 and first >= 0:
            found, end = longest_word(words, work, _after_joint(work, i, n), n)
        if found < 0 or end >= n:
            break
        first = found if first < 0 else first
        i = end
        while i < n and work[i] == _SPACE:
            i += 1
    return i, first


@kernel
def _split_latin(
    work: Column,
    n: Scalar,
    form: Scalar,
    trie: Column,
    candidates: Column,
    forms: Column,
    industries: Column,
    form_starts: Column,
    industry_starts: Column,
    context: Column,
    known: Column,
    before: Column,
) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]:
    """Begin and end of the trade name, begin and end of the words of the trade, form, flags."""
    n, ending = _strip_forms(work, n, trie, candidates, forms, context, known, False)
    form = ending if form < 0 else form
    i, leading = _leading_words(work, 0, n, form_starts)
    form = leading if form < 0 else form
    while n > i and work[n - 1] == _SPACE:
        n -= 1
    begin = _strip_industry(work, i, n, industries, False)
    bare = i == 0 and begin == n and form < 0
    before[:] = known
    named, _, sure = _leading_places(work, i, begin, begin, trie, candidates, context, known)
    if named > i and (named >= begin or not (sure or context[1] < 0)):
        known[:] = before
    else:
        i = named
    lead = i
    i, _ = _leading_words(work, i, begin, industry_starts)
    if begin == n and i > lead:
        return i, begin, lead, i, form, 0
    flags = _PERSON_SHAPED if bare and _latin_person(work, i, n) else 0
    return i, begin, begin, n, form, flags


@kernel
def _copied(work: Column, start: Scalar, stop: Scalar, out: Column, at: Scalar) -> Scalar:
    """Copy a piece without spaces around it; where it ends in `out`."""
    while start < stop and work[start] == _SPACE:
        start += 1
    while stop > start and work[stop - 1] == _SPACE:
        stop -= 1
    for i in range(start, stop):
        out[at] = work[i]
        at += 1
    return at


@kernel
def _looks(text: Column, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """Whether a name holds Chinese characters, and brackets."""
    chinese, brackets = False, False
    for i in range(start, stop):
        chinese = chinese or text[i] >= FIRST_CJK
        brackets = brackets or text[i] == _OPEN
    return chinese, brackets


@kernel
def split_rows(
    text: Column,
    offsets: Column,
    trie: Column,
    candidates: Column,
    words: NameWords,
    context: Column,
    trade: Column,
    trade_ends: Column,
    industry: Column,
    industry_ends: Column,
    form: Column,
    places: Column,
    flags: Column,
) -> None:
    """Split every name into the arrays given; see `organisation_names.split_names`."""
    forms, form_starts, industries, industry_starts, surnames, blanks = words
    work = np.empty(_LONGEST, dtype=np.uint32)
    known, before, around = np.empty(5, np.int32), np.empty(5, np.int32), np.empty(5, np.int32)
    t, d = 0, 0
    for row in range(offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        blank, end = longest_word(blanks, text, start, stop)
        if start < stop and not (blank >= 0 and end == stop):
            chinese, brackets = _looks(text, start, stop)
            known[:] = -1
            around[:] = context[row]
            named = np.int64(-1)
            if brackets:
                named = _bracketed(text, start, stop, trie, candidates, forms, around, known)
            n = _unbracketed(text, start, stop, work)
            blank, end = longest_word(blanks, work, 0, n)
            if blank >= 0 and end == n:
                a, b, c, e, found, bits = 0, 0, 0, 0, np.int64(-1), 0
            elif chinese:
                a, b, c, e, found, bits = _split_chinese(
                    work, n, named, trie, candidates, forms, industries, surnames, around, known, before
                )
            else:
                a, b, c, e, found, bits = _split_latin(
                    work,
                    n,
                    named,
                    trie,
                    candidates,
                    forms,
                    industries,
                    form_starts,
                    industry_starts,
                    around,
                    known,
                    before,
                )
            form[row] = found
            flags[row] = bits
            places[row] = known
            t = _copied(work, a, b, trade, t)
            d = _copied(work, c, e, industry, d)
        trade_ends[row + 1] = t
        industry_ends[row + 1] = d


@kernel
def person_within(
    text: Column,
    offsets: Column,
    persons: Column,
    person_offsets: Column,
    owners: Column,
    loose: Column,
    within: Column,
) -> None:
    """Mark the rows whose name holds the name of one of their persons.

    Args:
        text: code points of names.
        offsets: their rows.
        persons: code points of persons' names.
        person_offsets: their rows.
        owners: row of `text` that each person belongs to.
        loose: rows in which a given name or one word of the name is enough.
        within: what is marked.
    """
    for p in range(owners.size):
        row = owners[p]
        a, b = person_offsets[p], person_offsets[p + 1]
        if within[row] or b - a < 2:
            continue
        start, stop = offsets[row], offsets[row + 1]
        if persons[a] >= FIRST_CJK:
            given = a + 1 if b - a <= 3 else a + 2
            begin = given if loose[row] and b - given >= 2 else a
            within[row] = _holds(text, start, stop, persons, begin, b, False)
            continue
        every, some = True, False
        at = a
        while at < b:
            end = at
            while end < b and persons[end] != _SPACE:
                end += 1
            if end - at >= 2:
                held = _holds(text, start, stop, persons, at, end, True)
                every = every and held
                some = some or (held and end - at >= 3)
            at = end + 1
        within[row] = every or (loose[row] and some)


@kernel
def _holds(text: Column, start: Scalar, stop: Scalar, piece: Column, a: Scalar, b: Scalar, whole_word: bool) -> bool:
    """Whether `piece[a:b]` occurs in `text[start:stop]`, as a word of its own if `whole_word`."""
    size = b - a
    for i in range(start, stop - size + 1):
        same = True
        for k in range(size):
            if text[i + k] != piece[a + k]:
                same = False
                break
        if not same:
            continue
        if not whole_word:
            return True
        left = i == start or not is_latin_letter(text[i - 1])
        if left and (i + size == stop or not is_latin_letter(text[i + size])):
            return True
    return False


@kernel
def blank_rows(text: Column, offsets: Column, blanks: Column, values: Column, ends: Column) -> None:
    """Copy text without the rows that stand for nothing."""
    p = 0
    for row in range(offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        found, end = longest_word(blanks, text, start, stop)
        if not (found >= 0 and end == stop):
            for i in range(start, stop):
                values[p] = text[i]
                p += 1
        ends[row + 1] = p
