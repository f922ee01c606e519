"""Where a text stands in what was written: the proof that it stands nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import fs

from pipelines.files.store import file_system

AT_ONCE = 4
CHUNK_BYTES = 16 << 20


@dataclass(frozen=True)
class Search:
    """What was read, and the files that hold the text."""

    n_files: int
    n_bytes: int
    holding: tuple[str, ...]


def search(folder: str, text: str) -> Search:
    """Read every byte below a folder, or of a file, and every value of its Parquet files, for a text.

    Values are looked at as they were before they were packed; bytes in UTF-8 and UTF-16.
    """
    system, path = file_system(folder)
    if system.get_file_info(path).is_file:
        infos = [system.get_file_info(path)]
    else:
        found = system.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
        infos = [i for i in found if i.is_file]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        holds = list(pool.map(lambda i: _holds(system, i.path, text), infos))
    holding = tuple(i.path for i, is_held in zip(infos, holds, strict=True) if is_held)
    return Search(len(infos), sum(i.size for i in infos), holding)


def _holds(system: fs.FileSystem, path: str, text: str) -> bool:
    needles = [text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    before = b""
    with system.open_input_stream(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            seen = before + chunk
            if any(needle in seen for needle in needles):
                return True
            before = seen[-2 * len(text) :]
    return path.endswith(".parquet") and any(_in(column, text) for column in _columns(system, path))


def _columns(system: fs.FileSystem, path: str) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with system.open_input_file(path) as opened:
        try:
            file = pq.ParquetFile(opened)
        except pa.ArrowInvalid:  # a killed run left half a file
            return
        for group in range(file.num_row_groups):
            for name in dict.fromkeys(column.split(".")[0] for column in file.schema.names):
                for at in [i for i, f in enumerate(file.schema_arrow.names) if f == name]:
                    yield file.read_row_group(group, columns=[file.schema_arrow.names[at]]).column(0)


def _in(column: pa.ChunkedArray, text: str) -> bool:
    """Tell whether a text stands in a value of a column, however it is nested."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _in(column.cast(kind.value_type), text)
    if pa.types.is_struct(kind):
        return any(_in(child, text) for child in column.flatten())
    if pa.types.is_map(kind):
        return any(_in(pa.chunked_array([part]), text) for c in column.chunks for part in (c.keys, c.items))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _in(pc.list_flatten(column), text)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return any(text.encode() in v for v in column.to_pylist() if v)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    return bool(pc.any(pc.match_substring(column, text)).as_py())
