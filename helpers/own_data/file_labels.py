"""Labels as a file has them, of every type: none merged, split or changed without a word."""

import re
import unicodedata
from collections import defaultdict
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from helpers.own_data.written_numbers import MISSING

# What can't be seen, beside the characters that Unicode calls controls and formats.
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
# Letters of other alphabets, and signs, that look like one of ours.
TWINS = str.maketrans(
    "АВЕКМНОРСТУХаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο‘’ʼ‐–−",
    "ABEKMHOPCTYXaeopcyxijsABEZHIKMNOPTYXo'''---",
)


def plain(text: str) -> str:
    """The text without what can't be seen: composed, with single spaces, none at its ends."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    seen = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc"))
    return unicodedata.normalize("NFC", " ".join(INVISIBLE.sub("", seen).split()))


def listed(items: list[str], shown: int = 10) -> str:
    """The first few, and how many more."""
    more = f", and {len(items) - shown:,} more" if len(items) > shown else ""
    return ", ".join(items[:shown]) + more


def read_labels(parts: list[pa.ChunkedArray]) -> tuple[NDArray, pd.Index]:
    """For each row the place of its label among the distinct ones (-1: none), and these.

    Missing values never meet the labels: a whole number beside them stays one, digit for digit.
    """
    column = _joined([_natural(part) for part in parts])
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), -1), pd.Index([])
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    values = encoded.dictionary
    if pa.types.is_large_string(kind):
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        given = _same_to_the_eye(values.to_pylist(), counts.tolist())
        labels = pd.Series(given, dtype="str")
        # "12" is a number; "012" may be a code, and then it is not the same as "12".
        if labels.dropna().str.fullmatch(r"0|-?[1-9][0-9]{0,17}").all():
            labels = pd.Series([x and int(x) for x in given], dtype="Int64")
    else:
        try:
            labels = values.to_pandas()
        except Exception as fault:  # each library of time zones has its own
            raise ValueError(f"labels of type {kind} are not known here: write text") from fault
    order, distinct = pd.factorize(labels)  # what is missing is -1 here too
    if distinct.dtype == "Int64":
        distinct = distinct.astype("int64")
    return np.append(order, -1)[codes], distinct


def _natural(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels of every type as text, numbers or points in time."""
    kind, is_ = labels.type, pa.types
    if is_.is_nested(kind):
        raise ValueError(f"the labels of the schools must be text or numbers, not lists ({kind})")
    if is_.is_floating(kind):
        labels = labels.cast(pa.float64())
        zeros = pc.unique(labels.filter(pc.equal(labels, 0.0)))
        if np.signbit(zeros).any():
            print("Labels of -0 are read as 0, which is the same number.")
        return pc.if_else(pc.is_nan(labels), None, labels)
    if is_.is_integer(kind):
        return _whole(labels)
    if is_.is_boolean(kind):
        return pc.if_else(labels, "True", "False").cast(pa.large_string())
    if is_.is_duration(kind):
        return pa.chunked_array([pa.array(labels.to_pandas().astype("str"), pa.large_string())])
    if is_.is_timestamp(kind) or is_.is_null(kind):
        return labels
    try:
        return labels.cast(pa.large_string())  # bytes too, if they are UTF-8
    except pa.ArrowException as fault:
        raise ValueError(
            f"the labels are {kind}, and can't be read as text: write the column as text"
        ) from fault


def _whole(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """As 64-bit whole numbers, unless that would change one of them."""
    try:
        return numbers.cast(pa.int64())
    except pa.ArrowInvalid:
        return numbers


def _joined(parts: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The parts of a table below each other; whole numbers where all of them are."""
    kinds = {part.type for part in parts if not pa.types.is_null(part.type)} or {pa.null()}
    kind = pa.float64() if kinds == {pa.int64(), pa.float64()} else min(kinds, key=str)
    try:
        column = pa.chunked_array([c for part in parts for c in part.cast(kind).chunks], kind)
    except pa.ArrowException:
        column = None
    if column is None or kinds - {kind, pa.int64()}:
        shown = " and ".join(sorted(map(str, kinds)))
        raise ValueError(f"the labels are {shown} in parts of the table: make them alike")
    # A column of whole numbers is one of floats where one is missing.
    return _whole(column) if pa.types.is_floating(kind) else column


def _same_to_the_eye(labels: list[str], counts: list[int]) -> list[str | None]:
    """One form for labels that look the same; what is changed, or may mean the same, is said."""
    keys = [plain(label) for label in labels]
    written = {*labels}
    forms = {key: key for key in keys if key in written}
    for key, label in zip(keys, labels, strict=True):
        forms.setdefault(key, label.strip())
    forms.pop("", None)
    if blank := [
        ascii(label) for key, label in zip(keys, labels, strict=True) if label and not key
    ]:
        print(f"Labels of which nothing can be seen, taken as missing: {listed(blank)}.")
    changed = [
        f"{old!r} as {new!r}" if old.strip() == new else f"{old!a} as {new!a}"
        for old, new in zip(labels, map(forms.get, keys), strict=True)
        if new not in (None, old)
    ]
    if changed:
        print(
            "Labels that differ by spaces alone, or by what can't be seen, from what they are "
            f"read as: {listed(changed, 20)}."
        )
    alike = defaultdict(list)
    for key, label in forms.items():
        alike[_meaning(key)].append(label)
    if apart := [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]:
        print(f"Labels that differ but may mean the same, kept apart: {listed(apart, 20)}.")
    words = [
        f"{label!r} ({count:,})"
        for key, label, count in zip(keys, labels, counts, strict=True)
        if key.casefold() in MISSING
    ]
    if words:
        print(
            f"Taken as a label, not as missing: {listed(words)}. Leave the field empty where a "
            "label is missing."
        )
    return [forms.get(key) for key in keys]


def _meaning(label: str) -> str | Decimal:
    """The same for labels that may be one: 1, 01 and 1.0; letters and signs that look alike."""
    label = unicodedata.normalize("NFKC", label).translate(TWINS)
    if re.fullmatch(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)(e[+-]?[0-9]{1,4})?", label, re.I):
        return Decimal(label.replace(",", "."))
    return label
