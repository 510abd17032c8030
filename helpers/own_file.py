"""A reader's own file: two of its columns, read with every problem said out loud."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def read_scores(path: str | Path, *, school: str, score: str) -> pd.DataFrame:
    """Read the labels and the scores from a CSV or Parquet file, and print what is dropped.

    Rows without a label or without a score are dropped: the printed report says how many, and
    from which schools.

    Parameters
    ----------
    path : str or Path
        A long table, one row a pupil. CSV is UTF-8 text with a header, its columns separated by
        commas, semicolons or tabs (compressed, if its name says so); Parquet ends in
        ``.parquet``.
    school, score : str
        The names of the column with the school's label (text, numbers, dates) and of the column
        with the pupil's score (numbers).

    Returns
    -------
    DataFrame
        Columns ``school`` and ``score``, in the order of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file can't be read as what its name says, a column is not there, or there twice, a
        score is text or infinite, or no row is left.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        what = "a folder, not a file" if path.is_dir() else "not there"
        raise FileNotFoundError(f"{path} is {what}; the search began in {Path.cwd()}")
    if school == score:
        raise ValueError(f"label and score need a column each, not {school!r} for both")
    parquet = path.suffix.lower() in (".parquet", ".pq")
    try:
        table = (_read_parquet if parquet else _read_csv)(path, [school, score])
    except (pa.ArrowException, pd.errors.ParserError, UnicodeError, OSError, EOFError) as fault:
        kind = "Parquet" if parquet else "CSV (UTF-8 text)"
        reason = str(fault).strip().splitlines()[0]
        raise ValueError(f"{path.name} can't be read as {kind}: {reason}") from fault
    table.columns = ["school", "score"]
    return _drop_missing(
        pd.DataFrame({"school": _labels(table["school"]), "score": _numbers(table["score"], score)})
    )


def _find(columns: list, names: list[str]) -> list[int]:
    for name in names:
        if columns.count(name) != 1:
            problem = "two columns are called" if name in columns else "no column is called"
            raise ValueError(f"{problem} {name!r}; the columns are {columns}")
    return [columns.index(name) for name in names]


def _read_parquet(path: Path, names: list[str]) -> pd.DataFrame:
    _find(pq.read_schema(path).names, names)
    return pq.read_table(path, columns=names).to_pandas(ignore_metadata=True)[names]


def _read_csv(path: Path, names: list[str]) -> pd.DataFrame:
    # The header is read as a row like the others, so that pandas does not rename it.
    how = {"header": None, "dtype": str, "encoding": "utf-8-sig"}
    headers = {}
    try:
        for separator in (",", ";", "\t"):
            first = pd.read_csv(path, sep=separator, nrows=1, **how).iloc[0]
            headers[separator] = first.fillna("").str.strip().tolist()
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path.name} is empty") from None
    # The separator that gives the columns; if none does, the likeliest, for the error to show.
    separator = max(headers, key=lambda s: (set(names) <= set(headers[s]), len(headers[s])))
    columns = _find(headers[separator], names)
    return pd.read_csv(path, sep=separator, **how).iloc[1:, columns]


def _labels(labels: pd.Series) -> pd.Series:
    """Labels that can be grouped: text without spaces around it, whole numbers as such."""
    if labels.dtype == object and not labels.map(pd.api.types.is_scalar).all():
        raise ValueError("the labels of the schools must be text or numbers, not lists")
    if pd.api.types.is_float_dtype(labels) and (labels.dropna() % 1 == 0).all():
        return labels.astype("Int64")  # whole numbers become floats where one is missing
    if pd.api.types.is_any_real_numeric_dtype(labels) or labels.dtype.kind == "M":
        return labels
    text = labels.astype("string").str.strip()
    if merged := labels.nunique() - text.nunique():
        print(f"Labels that differ from another by spaces alone, and are taken as it: {merged:,}.")
    text = text.mask(text == "")
    # "12" is a number; "012" may be a code, and then it is not the same as "12".
    numbers = text.dropna().str.fullmatch(r"0|-?[1-9]\d{0,17}").all()
    return text.astype("Int64") if numbers else text


def _numbers(scores: pd.Series, name: str) -> pd.Series:
    if pd.api.types.is_bool_dtype(scores):
        raise ValueError(f"column {name!r} holds yes and no, not scores")
    if scores.dtype.kind in "mM":
        raise ValueError(f"column {name!r} holds dates or times, not scores")
    if not pd.api.types.is_numeric_dtype(scores):
        scores = scores.map(
            lambda value: value.strip() or None if isinstance(value, str) else value
        )
    numbers = pd.to_numeric(scores, errors="coerce").astype(float)
    for problem, bad in {
        "is not a number": numbers.isna() & scores.notna(),
        "is infinite": np.isinf(numbers),
    }.items():
        if bad.any():
            rows = np.flatnonzero(bad)
            shown = ", ".join(f"{scores.iloc[row]!r} in row {row + 1}" for row in rows[:3])
            more = f", and {len(rows) - 3:,} more" if len(rows) > 3 else ""
            raise ValueError(
                f"a score in column {name!r} {problem}: {shown}{more}. Leave missing scores "
                "empty, and write numbers with a decimal point"
            )
    return numbers


def _drop_missing(table: pd.DataFrame) -> pd.DataFrame:
    kept = table.dropna()
    print(f"{len(table):,} rows read, {len(table) - len(kept):,} dropped.")
    if without := int(table["school"].isna().sum()):
        print(f"Dropped for want of a label: {without:,}.")
    unscored = table[table["score"].isna()].dropna(subset="school")
    if len(unscored):
        counts = unscored["school"].value_counts()
        shown = ", ".join(f"{school} ({count:,})" for school, count in counts.head(10).items())
        more = f" and {len(counts) - 10:,} more schools" if len(counts) > 10 else ""
        print(f"Dropped for want of a score: {len(unscored):,}, from {shown}{more}.")
        gone = counts.index.difference(kept["school"].unique())
        if len(gone):
            print(
                f"Schools left without any pupil: {', '.join(map(str, gone[:10]))}"
                f"{'' if len(gone) <= 10 else f' and {len(gone) - 10:,} more'}."
            )
    if kept.empty:
        raise ValueError("no row has both a label and a score")
    whole = pd.api.types.is_integer_dtype(kept["school"])
    return kept.astype({"school": "int64"}) if whole else kept  # no longer has to hold a gap
