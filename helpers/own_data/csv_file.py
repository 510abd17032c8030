"""Two columns of a text with separated values: its encoding, its header, its rows."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from helpers.own_data.file_labels import plain

EXPORT = "save the table as CSV (UTF-8) from the program that made it"
OTHER_TEXT = {"{": "JSON", "[": "JSON", "<": "HTML or XML"}
SEPARATORS = (",", ";", "\t", "|", " ")
MARKS = {  # the longer one first: UTF-32 begins as UTF-16 does
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class Columns:
    """The labels (in the parts of the table) and the scores, and the number of each row."""

    labels: list[pa.ChunkedArray]
    scores: pa.ChunkedArray
    rows: NDArray
    unit: str  # what the numbers of the rows count: lines or rows
    english: bool = False  # separated by commas, as where the decimal mark is a point


def find_columns(columns: list[str], names: list[str], hint: str = "") -> list[int]:
    """The places of both columns: by their exact names, or else up to what can't be seen."""
    places = []
    plains = [plain(column) for column in columns]
    for name in names:
        loose = isinstance(name, str) and name not in columns
        where, what = (plains, plain(name)) if loose else (columns, name)
        if where.count(what) != 1:
            problem = "two columns are called" if what in where else "no column is called"
            shown = [c if len(c) < 40 else f"{c[:40]}..." for c in columns[:20]]
            more = f" and {len(columns) - 20:,} more" if len(columns) > 20 else ""
            raise ValueError(f"{problem} {name!r}; the columns are {shown}{more}{hint}")
        places.append(where.index(what))
    if places[0] == places[1]:
        raise ValueError(f"label and score need a column each, not {names[0]!r} for both")
    return places


def read_separated(name: str, data: bytes, names: list[str], encoding: str | None) -> Columns:
    """Read two columns from the bytes of a text, or raise a ``ValueError`` that says what to do."""
    if not data.strip():
        raise ValueError(f"{name} is empty")
    codec = _encoding(name, data, encoding)

    def lines(skip: int = 0) -> Iterator[str]:
        text = io.TextIOWrapper(io.BytesIO(data), codec, newline="")
        if text.read(1) != "\ufeff":
            text.seek(0)
        return islice(text, skip, None)

    separators, skip, comments = SEPARATORS, 0, 0
    for line in lines():
        if sep := re.fullmatch(r'"?sep=(.)"?[\r\n]*', line, re.IGNORECASE):
            separators = (sep[1],)  # as Excel writes it
        elif line.strip():
            try:
                places, how = _header(lines, skip, separators, names)
                break
            except ValueError:
                if not line.startswith("#"):
                    raise
                comments += 1
        skip += 1
    else:
        raise ValueError(f"{name} has no header: its first line must name the columns")
    if comments:
        print(f"Lines above the header that begin with #, left out as comments: {comments:,}.")
    return _rows(lines(skip), skip, places, how)


def _encoding(name: str, data: bytes, encoding: str | None) -> str:
    """The encoding that is given, or that the bytes show; said, where it is a guess."""
    marked = next((codec for mark, codec in MARKS.items() if data.startswith(mark)), None)
    guesses = ["utf-8", "cp1252"]
    # UTF-16 without its mark: every second byte of what is plain English is nought.
    even, odd = (data[side:4096:2].count(0) / len(data[side:4096:2] or b" ") for side in (0, 1))
    if max(even, odd) > 0.05:
        guesses = ["utf-16-le" if odd > even else "utf-16-be"]
    for codec in [encoding] if encoding else [marked] if marked else guesses:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError as fault:
            byte = data[fault.start : fault.start + 1].hex()
            reason = f"byte 0x{byte} at place {fault.start:,} does not fit {codec}"
            continue
        except LookupError:
            raise ValueError(f"there is no encoding of text called {encoding!r}") from None
        guessed = not encoding and codec not in ("utf-8", marked)
        controls = {c for c in text[:1000] if unicodedata.category(c) == "Cc"} - {*"\t\n\v\f\r\x1a"}
        if "\0" in text or (guessed and controls):
            reason = "it holds bytes that are no text"
            continue
        if guessed:
            strange = next((line for line in text.splitlines() if not line.isascii()), "")
            shown = f", by which a line reads {strange[:60]!r}" if strange else ""
            print(
                f"The encoding is guessed to be {codec}{shown}. If it is another, name it with "
                "encoding=."
            )
        return codec
    raise ValueError(
        f"{name} can't be read as CSV: {reason}. If it is text, name its encoding with encoding=; "
        f"if not, {EXPORT}"
    )


def _header(
    lines: Callable[..., Iterator[str]], skip: int, separators: tuple[str, ...], names: list[str]
) -> tuple[list[int], dict]:
    """Where both columns are, and how the file is to be read: the first separator that fits."""
    start = "".join(islice(lines(skip), 100))
    hint = f", by line {skip + 1} of the file: it must name the columns, and nothing stand above it"
    if kind := OTHER_TEXT.get(start.lstrip()[0]):
        hint = f"; the file looks like {kind}, not like CSV: {EXPORT}"
    faults = []
    for separator in separators:
        how = {"delimiter": separator, "strict": True}
        # A space between separator and quotation mark: then such spaces belong to no value.
        if separator != " " and re.search(f'{re.escape(separator)} +"', start):
            how["skipinitialspace"] = True
        try:
            header = next(csv.reader(lines(skip), **how))
            places = find_columns(header, names, hint)
        except csv.Error as fault:
            faults.append((0, len(faults), _quotes(skip + 1, fault)))
        except ValueError as fault:
            faults.append((-len(header), len(faults), fault))
        else:
            if "skipinitialspace" in how:
                print(f"Spaces after {separator!r} are taken for no part of a value.")
            return places, how
    raise min(faults)[-1]


def _quotes(line: int, fault: csv.Error) -> ValueError:
    return ValueError(
        f"the row that begins in line {line} can't be read ({fault}): look for a quotation mark "
        "that is not closed, or that stands inside a value and is not doubled"
    )


def _rows(lines: Iterator[str], skip: int, places: list[int], how: dict) -> Columns:
    reader = csv.reader(lines, **how)
    width = len(next(reader))
    labels, scores, rows, short = [], [], [], []
    end = reader.line_num
    try:
        for row in reader:
            line, end = skip + end + 1, reader.line_num
            if len(row) < width:
                if not "".join(row).strip():
                    continue  # a blank line
                short.append(line)
                row += [""] * (width - len(row))
            if len(row) > width:
                raise ValueError(
                    f"line {line} has {len(row)} fields, the header {width}. A value that holds "
                    f"{how['delimiter']!r} (a decimal comma?) must stand in quotation marks; the "
                    "names of rows that R writes go away with row.names = FALSE"
                )
            labels.append(row[places[0]])
            scores.append(row[places[1]])
            rows.append(line)
    except csv.Error as fault:
        raise _quotes(skip + end + 1, fault) from fault
    if short:
        print(
            "Rows with fewer fields than the header, their last columns taken as empty: "
            f"{len(short):,}, the first in line {short[0]:,}."
        )
    columns = [pa.chunked_array([pa.array(x, pa.large_string())]) for x in (labels, scores)]
    english = how["delimiter"] == ","
    return Columns([columns[0]], columns[1], np.array(rows, dtype=int), "line", english)
