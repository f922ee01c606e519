"""How many objects of `results` lists a JSON holds: a state machine over its bytes, compiled."""

from __future__ import annotations

from typing import BinaryIO

import numba
import numpy as np

from pipelines.core import limits


def count_objects(stream: BinaryIO) -> int:
    """Records of JSON, and what stands between them, byte by byte.

    A record is an outermost object, or an object of a `results` array of an outermost one, or one behind such an array
    that is no member's value. A run of text where a record could stand counts as one, and so does a record, a list or
    an answer in which the file ends, or a record in which a line begins with a brace where no value can stand.
    """
    state = np.zeros(_STATES, np.int64)
    while chunk := stream.read(limits.COUNTED_BYTES):
        _objects(np.frombuffer(chunk, np.uint8), state)
    n, mode, stray, brackets = (int(state[i]) for i in (_N, _MODE, _STRAY, _BRACKETS))
    return n + (1 if mode != _OUTSIDE else int(stray or brackets > 0))


_OUTSIDE, _OBJECT, _LIST, _LISTED, _ANSWER, _BEHIND = range(6)
_NONE, _KEY, _FRESH, _TAKEN, _NESTED = range(5)  # of an answer behind its list: what of a member has been seen
_N, _MODE, _DEPTH, _BRACKETS, _LIST_BRACKETS, _STRAY, _STRING, _ESCAPED, _SAME, _PENDING, _MEMBER = range(11)
_LAST, _NEW_LINE, _STATES = range(11, 14)  # last byte that is no blank, and whether a line has ended since
_NAME = np.frombuffer(b"results", np.uint8)


@numba.njit(cache=True, nogil=True)
def _objects(data: np.ndarray, s: np.ndarray) -> None:
    """Go on through bytes with the state of those before."""
    for b in data:
        if s[_STRING]:
            if s[_ESCAPED]:
                s[_ESCAPED] = 0
            elif b == 92:  # \
                s[_ESCAPED], s[_SAME] = 1, -1
            elif b == 34:  # "
                s[_STRING], s[_PENDING] = 0, s[_SAME] == 7
                s[_LAST], s[_NEW_LINE] = b, 0
                if s[_MODE] == _ANSWER and s[_MEMBER] == _NONE:
                    s[_MEMBER] = _KEY
            elif 0 <= s[_SAME] < 7 and b == _NAME[s[_SAME]]:
                s[_SAME] += 1
            else:
                s[_SAME] = -1
            continue
        is_space = b == 32 or b == 9 or b == 10 or b == 13
        is_between = s[_MODE] == _OUTSIDE or s[_MODE] == _LIST
        if b == 34:
            s[_STRAY] |= is_between or (s[_MODE] == _ANSWER and s[_MEMBER] == _KEY)
            s[_STRING], s[_SAME], s[_PENDING] = 1, 0, 0
            if s[_MODE] == _ANSWER:
                s[_MEMBER] = _NONE if s[_MEMBER] == _KEY else _TAKEN if s[_MEMBER] == _FRESH else s[_MEMBER]
        elif s[_MODE] == _ANSWER:
            if not is_space:
                _behind(b, s)
        elif is_between:
            if not (is_space or b == 44 or b == 0xEF or b == 0xBB or b == 0xBF):  # blanks, commas, byte order marks
                _between(b, s)
        elif not is_space:
            _inside(b, s)
        if is_space:
            s[_NEW_LINE] |= b == 10
        else:
            s[_LAST], s[_NEW_LINE] = b, 0


@numba.njit(cache=True, nogil=True)
def _between(b: int, s: np.ndarray) -> None:
    """A byte where a record could stand."""
    is_list = s[_MODE] == _LIST
    brackets = _LIST_BRACKETS if is_list else _BRACKETS
    s[_PENDING] = 0
    if b == 123:  # {
        s[_N] += s[_STRAY]
        s[_STRAY], s[_DEPTH], s[_MODE] = 0, 1 + is_list, _LISTED if is_list else _OBJECT
    elif b == 91:  # [
        s[brackets] += 1
    elif b == 93 and s[brackets] > 0:  # ]
        s[brackets] -= 1
        if is_list and s[brackets] == 0:
            s[_N] += s[_STRAY]
            s[_STRAY], s[_DEPTH], s[_MODE], s[_MEMBER] = 0, 1, _ANSWER, _TAKEN
    elif b == 125 and is_list:  # }: the answer ends before its list
        s[_N] += 1
        s[_STRAY], s[_MODE] = 0, _OUTSIDE
    else:
        s[_STRAY] = 1


@numba.njit(cache=True, nogil=True)
def _behind(b: int, s: np.ndarray) -> None:
    """A byte of an answer behind its list: of a member, of a record that is none, or of text."""
    member = s[_MEMBER]
    if member == _NESTED:
        s[_DEPTH] += 1 if b == 123 or b == 91 else -1 if b == 125 or b == 93 else 0
        s[_MEMBER] = _TAKEN if s[_DEPTH] == 1 else _NESTED
        return
    if member == _KEY:
        s[_MEMBER] = _FRESH if b == 58 else _NONE
        s[_STRAY] |= b != 58
        if b == 58:
            return
    is_list = b == 91 and member == _FRESH and s[_PENDING] == 1
    if b == 44:
        s[_MEMBER] = _NONE
    elif (b == 123 or b == 91) and member == _FRESH and not is_list:
        s[_MEMBER], s[_DEPTH] = _NESTED, 2
    elif b == 123 or b == 125 or is_list:
        s[_N] += s[_STRAY]
        s[_STRAY], s[_DEPTH], s[_MEMBER] = 0, 2, _NONE
        s[_MODE] = _LIST if is_list else _BEHIND if b == 123 else _OUTSIDE
        s[_LIST_BRACKETS] = 1
    elif b == 91 or b == 93:
        s[_STRAY], s[_MEMBER] = 1, _NONE
    elif member in (_FRESH, _TAKEN):
        s[_MEMBER] = _TAKEN
    elif b != 0xEF and b != 0xBB and b != 0xBF:
        s[_STRAY] = 1


@numba.njit(cache=True, nogil=True)
def _inside(b: int, s: np.ndarray) -> None:
    """A byte of an object: a record, or an answer around its list."""
    if b == 58 and s[_PENDING] == 1:  # :
        s[_PENDING] = 2
        return
    if b == 91 and s[_PENDING] == 2 and s[_DEPTH] == 1 and s[_MODE] == _OBJECT:
        s[_MODE], s[_LIST_BRACKETS], s[_STRAY], s[_PENDING] = _LIST, 1, 0, 0
        return
    s[_PENDING] = 0
    if b == 123:
        could_stand = s[_LAST] == 58 or s[_LAST] == 44 or s[_LAST] == 91  # behind : , [
        if s[_NEW_LINE] and not could_stand:  # the object before has no end
            s[_N] += 1
            s[_DEPTH] = s[_MODE] != _OBJECT
        s[_DEPTH] += 1
    elif b == 125:
        s[_DEPTH] -= 1
        if s[_DEPTH] == 0:
            s[_N] += 1
            s[_MODE] = _OUTSIDE
        elif s[_DEPTH] == 1 and s[_MODE] == _LISTED:
            s[_N] += 1
            s[_MODE] = _LIST
        elif s[_DEPTH] == 1 and s[_MODE] == _BEHIND:
            s[_N] += 1
            s[_MODE] = _ANSWER
