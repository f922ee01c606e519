"""Messages of Arrow Flight SQL as they lie on the wire: the few fields that a reader of tables sends and is sent.

Flight SQL packs Protocol Buffers (format/FlightSql.proto of Apache Arrow) into `google.protobuf.Any`. All fields that
are read or written here are texts, bytes, flags or lists of them, so that fifty lines stand for generated code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PREFIX = "type.googleapis.com/arrow.flight.protocol.sql."
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
LARGEST = 1 << 20  # of a message that somebody sends
Fields = dict[int, list[bytes | int]]


class BadMessage(ValueError):
    """What was sent is no message that is understood."""


def packed(name: str, fields: Sequence[tuple[int, bytes]]) -> bytes:
    """A message of Flight SQL within an `Any`."""
    return _written([(1, f"{PREFIX}{name}".encode()), (2, _written(fields))])


def unpacked(data: bytes) -> tuple[str, Fields]:
    """Name and fields of a message within an `Any`. Raises `BadMessage`."""
    outer = _read(data)
    try:
        name = text(outer, 1).removeprefix(PREFIX)
    except UnicodeDecodeError:
        raise BadMessage("the message has no name") from None
    return name, _read(raw(outer, 2))


def raw(fields: Fields, number: int) -> bytes:
    """Bytes of a field; none where it was not sent."""
    value = fields.get(number, [b""])[-1]
    if not isinstance(value, bytes):
        raise BadMessage(f"field {number} holds no bytes")
    return value


def text(fields: Fields, number: int) -> str:
    """Text of a field; empty where it was not sent. Raises `BadMessage`."""
    try:
        return raw(fields, number).decode()
    except UnicodeDecodeError:
        raise BadMessage(f"field {number} holds no text") from None


def _written(fields: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(_varint(number << 3 | BYTES) + _varint(len(value)) + value for number, value in fields)


def _read(data: bytes) -> Fields:
    found: Fields = {}
    for number, value in _each(data):
        found.setdefault(number, []).append(value)
    return found


def _each(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    if len(data) > LARGEST:
        raise BadMessage("the message is too long")
    place = 0
    while place < len(data):
        tag, place = _number(data, place)
        kind = tag & 7
        if kind == VARINT:
            value, place = _number(data, place)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, place = _number(data, place)
        elif kind in (EIGHT, FOUR):
            length = 8 if kind == EIGHT else 4
        else:
            raise BadMessage("the message can't be read")
        if place + length > len(data):
            raise BadMessage("the message is cut")
        yield tag >> 3, data[place : place + length]
        place += length


def _number(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise BadMessage("the message is cut")
        value |= (data[place] & 127) << shift
        place += 1
        if data[place - 1] < 128:
            return value, place
    raise BadMessage("a number of the message is too long")


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
