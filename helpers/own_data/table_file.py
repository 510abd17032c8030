"""Two columns of a file of any kind: what its first bytes say it is, and its parts."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pyarrow.parquet as pq

from helpers.own_data.csv_file import EXPORT, Columns, find_columns, read_separated

OTHER_KINDS = {  # by the first bytes
    b"\xd0\xcf\x11\xe0": f"it is an old workbook (.xls): {EXPORT}",
    b"%PDF": "it is a PDF: find the table that it was made from",
    b"$FL": f"it is an SPSS file: {EXPORT}",
    b"<stata_dta>": f"it is a Stata file: {EXPORT}",
    b"ORC": "it is an ORC file: write it as Parquet",
    b"PARE": "it is encrypted Parquet: write it without encryption",
    b"PAR1": "it is Parquet inside another file: unpack it first",
    b"ARROW1": "it is Feather inside another file: unpack it first",
}
UNPACK = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
    b"\x28\xb5\x2f\xfd": lambda data: pa.CompressedInputStream(pa.py_buffer(data), "zstd").read(),
}


def read_columns(path: Path, names: list[str], encoding: str | None) -> Columns:
    """Read two columns of a file of any kind, or raise a ``ValueError`` that says what to do."""
    if path.is_dir():
        return _from_arrow(_read_folder(path, names))
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PAR1"):
        return _from_arrow([_read_part(path, names, path.parent)])
    if head.startswith((b"ARROW1", b"FEA1")):
        table = feather.read_table(path, memory_map=False)
        places = find_columns(table.column_names, names)
        return _from_arrow([[table.column(place) for place in places]])
    if path.suffix.lower() in (".parquet", ".pq") and head:
        raise ValueError(f"{path.name} can't be read as Parquet: it does not begin as Parquet does")
    return read_separated(path.name, _unpacked(path.name, path.read_bytes()), names, encoding)


def _from_arrow(parts: list[list[pa.ChunkedArray]]) -> Columns:
    labels, scores = zip(*[map(_decoded, part) for part in parts], strict=True)
    try:
        tables = [pa.table({"score": part}) for part in scores]
        joined = pa.concat_tables(tables, promote_options="permissive").column(0)
    except pa.ArrowException as fault:
        kinds = " and ".join(sorted({str(part.type) for part in scores}))
        raise ValueError(
            f"the scores are {kinds} in parts of the table: make them alike"
        ) from fault
    return Columns([*labels], joined, np.arange(1, len(joined) + 1), "row")


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values themselves, for a column that numbers its values or wraps them."""
    column.validate(full=True)  # a damaged file could end the process
    if isinstance(column.type, pa.UuidType):
        texts = [None if x is None else str(x) for x in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    return column


def _read_part(path: Path, names: list[str], folder: Path) -> list[pa.ChunkedArray]:
    """Both columns of a Parquet file; one that Spark or Dask split by is a folder's name."""
    with pq.ParquetFile(path) as file:
        inside = file.schema_arrow.names
        above = path.relative_to(folder).parts[:-1]
        keys = dict(part.split("=", 1) for part in above if "=" in part)
        keys = {key: unquote(value) for key, value in keys.items() if key not in inside}
        columns = [*inside, *keys]
        found = [columns[place] for place in find_columns(columns, names, f" ({path.name})")]
        table = file.read(columns=[name for name in found if name not in keys])
        rows = file.metadata.num_rows
    empty = "__HIVE_DEFAULT_PARTITION__"
    return [
        table.column(name)
        if name not in keys
        else pa.chunked_array([pa.repeat(None if keys[name] == empty else keys[name], rows)])
        for name in found
    ]


def _read_folder(folder: Path, names: list[str]) -> list[list[pa.ChunkedArray]]:
    """All Parquet files in a folder; names with a leading _ or . are notes of the writer."""
    if (folder / "_delta_log").exists() or (folder / "metadata").is_dir():
        raise ValueError(
            f"{folder.name} is a Delta or Iceberg table, which may hold old rows beside the valid "
            "ones: write it as plain Parquet"
        )
    parts, others = [], []
    for path in sorted(folder.rglob("*")):
        hidden = any(name.startswith(("_", ".")) for name in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            with path.open("rb") as file:
                (parts if file.read(4) == b"PAR1" else others).append(path)
    if not parts:
        raise FileNotFoundError(f"{folder} is a folder, not a file, and holds no Parquet files")
    print(f"Parquet files read from the folder {folder.name}: {len(parts):,}.")
    if others:
        shown = ", ".join(path.name for path in others[:5])
        print(f"Left out, as they are not Parquet: {len(others):,} ({shown}).")
    return [_read_part(path, names, folder) for path in parts]


def _unpacked(name: str, data: bytes) -> bytes:
    """The bytes of the text, out of what compressed them."""
    for mark, unpack in UNPACK.items():
        if data.startswith(mark):
            data = unpack(data)
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inner = [entry for entry in packed.namelist() if not entry.endswith("/")]
            if {"[Content_Types].xml", "mimetype", "xl/workbook.xml"} & {*inner}:
                raise ValueError(f"{name} can't be read as CSV: it is a workbook: {EXPORT}")
            if len(inner) != 1:
                raise ValueError(f"{name} holds {len(inner)} files, not one: unpack it first")
            data = packed.read(inner[0])
    if data[257:262] == b"ustar":
        raise ValueError(f"{name} is an archive (tar): unpack it, and give a file of it")
    for mark, what in OTHER_KINDS.items():
        if data.startswith(mark):
            raise ValueError(f"{name} can't be read as CSV: {what}")
    return data
