"""The schools' labels: one form for the labels of every engine, and never two schools in one.

Text is text and whole numbers are whole, whatever holds them. Categories are the values that they
stand for. A date is the timestamp of its midnight, a timestamp with a time zone a moment in UTC.
"""

import datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

EXACT = 2**53  # up to here every whole number is a 64-bit float too
KINDS = {
    "yes and no": (bool, np.bool_),
    "numbers": (int, np.integer, float, np.floating),
    "text": (str,),
    "dates": (datetime.date, np.datetime64),
    "durations": (datetime.timedelta, np.timedelta64),
    "times of day": (datetime.time,),
    "bytes": (bytes,),
    "decimals": (Decimal,),
    "intervals": (pd.Interval,),
    "periods": (pd.Period,),
    "identifiers": (UUID,),
}


def encode(column: pd.Series) -> tuple[NDArray, pd.Index]:
    """Number the labels of a column: each row's number (-1 where it has none), and the labels.

    The labels are in their own order, and in the form that this module promises.
    """
    if isinstance(column.dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    if isinstance(column.dtype, pd.ArrowDtype) and pa.types.is_null(column.dtype.pyarrow_dtype):
        return np.full(len(column), -1), pd.Index([])
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories
    else:
        if pd.api.types.is_float_dtype(column):
            column = pd.Series(column.to_numpy(float, na_value=np.nan))
        elif column.dtype == object:
            _refuse_mixtures(column)
        try:
            codes, values = pd.factorize(column)
        except (pa.ArrowException, TypeError) as fault:
            raise ValueError(unfit(column.dtype)) from fault
    codes = np.asarray(codes, dtype=np.intp)  # categories have theirs in fewer bits
    used = np.flatnonzero(np.bincount(codes + 1, minlength=len(values) + 1)[1:])
    places, labels = pd.factorize(_one_form(pd.Index(values)[used]), sort=True)
    place = np.full(len(values) + 1, -1)  # the last one for -1, a row without a label
    place[used] = places
    return place[codes], labels


def unfit(kind: object) -> str:
    """Say that labels are of a kind that can't be compared."""
    return f"the labels of the schools must be text, numbers, dates or the like, not {kind}"


def to_pandas(column: pa.ChunkedArray) -> pd.Series:
    """A column as pandas holds it, its types kept."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        chunks = [chunk.dictionary.take(chunk.indices) for chunk in column.chunks]
        column, kind = pa.chunked_array(chunks, kind.value_type), kind.value_type
    if pa.types.is_interval(kind):  # what DuckDB takes a duration for
        spans = column.to_pylist()
        if any(span and span[0] for span in spans):
            raise ValueError(unfit("months, which differ in length"))
        spans = [span and datetime.timedelta(span[1], 0, span[2] // 1000) for span in spans]
        return pd.Series(spans, dtype="timedelta64[us]")
    if isinstance(kind, pa.BaseExtensionType):
        return column.to_pandas()
    return column.to_pandas(types_mapper=pd.ArrowDtype)


def join(indexes: list[pd.Index]) -> pd.Series:
    """Write labels one below the other, if they are all of one kind."""
    found = [_one_form(index) for index in indexes if len(index)]
    if len({index.dtype for index in found}) > 1:
        return pd.Series([label for index in found for label in index], dtype=object)
    return pd.Series(found[0].append(found[1:])) if found else pd.Series(dtype=float)


def plain(labels: pd.Index) -> NDArray:
    """Labels as coordinates of a model: as text, if they are of a kind that samplers don't take."""
    if labels.dtype.kind in "iufMm" and not isinstance(labels.dtype, pd.DatetimeTZDtype):
        return labels.to_numpy()
    return np.array([str(label) for label in labels], dtype=object)


def refuse_look_alikes(labels: pd.Index) -> None:
    """Raise a ``ValueError`` if two schools would be called the same."""
    names = labels if labels.dtype != object else labels.map(str)
    if not names.is_unique:
        twice = names[names.duplicated()].unique().tolist()[:5]
        raise ValueError(f"two rows have the same label {twice}: a school has one row")


def _refuse_mixtures(values: pd.Series | pd.Index) -> None:
    """Raise a ``ValueError`` if objects are of two kinds: engines disagree on which are equal."""
    present = values[values.notna()]
    zoned = {(type(value), getattr(value, "tzinfo", None) is not None) for value in present}
    kinds = {_kind(of) + " with a time zone" * zone for of, zone in zoned}
    if len(kinds) > 1:
        raise ValueError(
            f"the labels of the schools are of several kinds ({', '.join(sorted(kinds))}): "
            "make all of them text first"
        )
    if kinds == {"numbers"} and len({isinstance(value, int | np.integer) for value in present}) > 1:
        for value in present:
            if abs(value) > EXACT and np.isfinite(value):
                raise ValueError(f"the label {value} is too large to stand beside fractions")


def _kind(of: type) -> str:
    return next((kind for kind, types in KINDS.items() if issubclass(of, types)), of.__name__)


def _one_form(labels: pd.Index) -> pd.Index:
    """Labels of any type, as the values that they stand for."""
    if isinstance(labels, pd.MultiIndex):
        raise ValueError(unfit("pairs"))
    if labels.dtype == object:
        _refuse_mixtures(labels)
        labels = labels.infer_objects()
    if isinstance(labels.dtype, pd.IntervalDtype | pd.PeriodDtype):
        return labels
    first = _kind(type(labels[0])) if labels.dtype == object and len(labels) else ""
    if first == "dates":
        moments = [pd.Timestamp(label) for label in labels]
        zoned = moments[0].tzinfo is not None
        labels = pd.DatetimeIndex([at.tz_convert("UTC") if zoned else at for at in moments])
    elif first == "identifiers":
        labels = labels.map(str)
    try:
        values = pa.array(pd.Series(labels), from_pandas=True)
        return _from_arrow(values.combine_chunks() if hasattr(values, "chunks") else values)
    except OverflowError as fault:
        raise ValueError(unfit("numbers of more than 64 bits")) from fault
    except (pa.ArrowException, UnicodeError) as fault:
        raise ValueError(unfit(labels.inferred_type)) from fault


def _from_arrow(values: pa.Array) -> pd.Index:
    kind, is_a = values.type, pa.types
    if is_a.is_integer(kind):
        small = values.type != pa.uint64() or max(values.to_pylist(), default=0) < 2**63
        return pd.Index(values.to_numpy().astype("int64" if small else "uint64"))
    if is_a.is_floating(kind):
        return pd.Index(values.to_numpy(zero_copy_only=False).astype(float) + 0.0)  # -0.0 is 0.0
    if is_a.is_boolean(kind):
        return pd.Index(values.to_pylist(), dtype=bool)
    if is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_string_view(kind):
        return pd.Index(values.to_pylist(), dtype="str")
    if is_a.is_date(kind):
        return pd.Index(values.cast("timestamp[us]").to_numpy(zero_copy_only=False))
    if is_a.is_timestamp(kind):
        moments = pd.DatetimeIndex(_microseconds(values, "timestamp"))
        return moments if kind.tz is None else moments.tz_localize("UTC")
    if is_a.is_duration(kind):
        return pd.Index(_microseconds(values, "duration"))
    if is_a.is_decimal(kind) or is_a.is_time(kind) or "binary" in str(kind):
        return pd.Index(values.to_pylist(), dtype=object)
    if is_a.is_null(kind):
        return pd.Index([], dtype="str")
    raise ValueError(unfit(kind))


def _microseconds(values: pa.Array, of: str) -> NDArray:
    """Microseconds; or nanoseconds, if the labels have any."""
    numbers = values.cast("int64").to_numpy(zero_copy_only=False)
    fine = values.type.unit == "ns" and (numbers % 1000).any()
    values = pa.array(numbers).cast(getattr(pa, of)(values.type.unit))
    unit = values.type.unit if fine else "us"
    return values.cast(getattr(pa, of)(unit)).to_numpy(zero_copy_only=False)
