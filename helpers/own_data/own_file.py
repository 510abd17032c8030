"""A reader's own file: two of its columns, read with every problem said out loud."""

import csv
import lzma
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from helpers.own_data.csv_file import Columns
from helpers.own_data.file_labels import listed, read_labels
from helpers.own_data.table_file import read_columns
from helpers.own_data.written_numbers import advice, check_marks, read_numbers

FAULTS = (  # of the libraries that read: each is turned into a sentence
    pa.ArrowException,
    csv.Error,
    UnicodeError,
    OSError,
    EOFError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def read_scores(
    path: str | Path,
    *,
    school: str,
    score: str,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    """Read the labels and the scores from a file; print what is guessed, changed or dropped.

    A label is what the file says. Labels that look the same, as they differ only in spaces or in
    what can't be seen, are taken as one, and named. All others are kept apart, and those that may
    mean the same (``1`` and ``1.0``) are named too. In a text only an empty field is a missing
    label: NA may be a country.

    Parameters
    ----------
    path : str or Path
        A long table, one row a pupil. Text with a header (CSV), its columns separated by commas,
        semicolons, tabs, bars or spaces, compressed or not; Parquet, or a folder of it; Feather.
    school, score : str
        The names of the column with the school's label (text, numbers, dates) and of the column
        with the pupil's score (numbers).
    decimal, thousands : str, optional
        The mark before the decimals, ``"."`` or ``","``, and the mark between thousands. Guessed
        from the scores where not given, and said; refused where they can be read in two ways.
    encoding : str, optional
        Of a text, such as ``"cp1252"``. Guessed from the file where not given, and said.

    Returns
    -------
    DataFrame
        Columns ``school`` and ``score``, in the order of the file, without the rows that lack one
        of them. Its ``attrs`` hold the names of the ``file`` and of its two columns.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file can't be read, a column is not there, or there twice, a score is no finite
        number or can be read in two ways, or no row is left. The message says what to do.
    """
    path = Path(path).expanduser()
    if school == score:
        raise ValueError(f"label and score need a column each, not {school!r} for both")
    check_marks(decimal, thousands)
    try:
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there; the search began in {Path.cwd()}")
        columns = read_columns(path, [school, score], encoding)
        codes, labels = read_labels(columns.labels)
        scores = _scores(columns, score, decimal, thousands)
    except FileNotFoundError:
        raise
    except FAULTS as fault:
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0]
        raise ValueError(
            f"{path.name} can't be read as what its first bytes say, and may be damaged: {reason}"
        ) from fault
    _say_dropped(codes, labels, scores)
    kept = (codes >= 0) & ~np.isnan(scores)
    if not kept.any():
        raise ValueError("no row has both a label and a score")
    table = pd.DataFrame({"school": labels.take(codes[kept]), "score": scores[kept]})
    table.attrs = {"file": path.name, "school": school, "score": score}
    return table


def _scores(
    columns: Columns, name: str, decimal: str | None, thousands: str | None
) -> NDArray[np.float64]:
    column, is_ = columns.scores, pa.types
    if is_.is_null(column.type):
        return np.full(len(column), np.nan)
    if is_.is_boolean(column.type):
        raise ValueError(f"column {name!r} holds yes and no, not scores: code them as 1 and 0")
    if is_.is_temporal(column.type):
        raise ValueError(f"column {name!r} holds dates or times, not scores")
    if is_.is_large_string(column.type):
        encoded = column.combine_chunks().dictionary_encode()
        texts = [*encoded.dictionary.to_pylist(), ""]  # the last one is for what is missing
        codes = encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
        numbers, faults = read_numbers(
            texts, np.bincount(codes, minlength=len(texts)), decimal, thousands, columns.english
        )
        problems = {
            p: np.isin(codes, [i for i in faults if faults[i] == p]) for p in faults.values()
        }
        scores = np.array(numbers, dtype=float)[codes]
        hint = advice([texts[i] for i in faults])
    elif is_.is_integer(column.type) or is_.is_floating(column.type) or is_.is_decimal(column.type):
        scores = column.cast(pa.float64(), safe=False).to_numpy()
        problems, hint = {"is infinite": np.isinf(scores)}, "Leave missing scores empty"
    else:
        raise ValueError(f"column {name!r} holds {column.type}, which is not a number")
    for problem, bad in problems.items():
        if bad.any():
            places = np.flatnonzero(bad)
            shown = [f"{column[p].as_py()!r} in {columns.unit} {columns.rows[p]}" for p in places]
            raise ValueError(f"a score in column {name!r} {problem}: {listed(shown, 3)}. {hint}")
    if not is_.is_floating(column.type) and (np.abs(scores) > 2**53).any():
        print("Scores beyond 9,007,199,254,740,992 keep their first 15 digits only.")
    return scores


def _say_dropped(codes: NDArray, labels: pd.Index, scores: NDArray) -> None:
    unlabelled, unscored = codes < 0, np.isnan(scores)
    print(f"{len(codes):,} rows read, {(unlabelled | unscored).sum():,} dropped.")
    if unlabelled.any():
        print(f"Dropped for want of a label: {unlabelled.sum():,}.")
    lost = codes[~unlabelled & unscored]
    if len(lost):
        counts = pd.Series(lost).value_counts()
        shown = listed([f"{labels[code]} ({count:,})" for code, count in counts.items()])
        print(f"Dropped for want of a score: {len(lost):,}, from {shown}.")
    gone = [str(labels[code]) for code in np.setdiff1d(lost, codes[~unlabelled & ~unscored])]
    if gone:
        print(f"Schools left without any pupil: {listed(gone)}.")
