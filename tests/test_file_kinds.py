"""`read_scores` on files of every kind: what is read is what the file says, or a sentence says so.

The witnesses are the tables that the files are made from, and pandas' own reader of CSV.
"""

import bz2
import csv
import datetime
import gzip
import io
import lzma
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpers.own_data.own_file import read_scores

TEXT = "school,score\na,1\na,2\nb,4\n"
NAMES = {"school": "school", "score": "score"}
FUZZ = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def read(folder: Path, content: str | bytes, name: str = "x.csv", **how) -> pd.DataFrame:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return read_scores(folder / name, **(NAMES | how))


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "/"), text)
    return out.getvalue()


def written(write) -> bytes:
    out = pa.BufferOutputStream()
    write(out)
    return out.getvalue().to_pybytes()


def zstd(out: pa.BufferOutputStream) -> None:
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(TEXT.encode())


TABLE = pa.table({"school": pa.array(["a", "a", "b"]).dictionary_encode(), "score": [1, 2, 4]})
SAME_TABLE = {
    "spaces in the header": "id, school , score\n1,a,1\n2,a,2\n3,b,4\n",
    "mark of UTF-8": b"\xef\xbb\xbf" + TEXT.encode(),
    "mark and quotes": b'\xef\xbb\xbf"school","score"\na,1\na,2\nb,4\n',
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without mark": TEXT.encode("utf-16-le"),
    "UTF-16, the other end first": TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "semicolons": TEXT.replace(",", ";"),
    "tabs": TEXT.replace(",", "\t"),
    "bars": TEXT.replace(",", "|"),
    "spaces": TEXT.replace(",", " "),
    "a line for Excel": "sep=;\n" + TEXT.replace(",", ";"),
    "a line for Excel, and one tab": "sep=\t\r\n" + TEXT.replace(",", "\t"),
    "comments above": "# made by X\n# 2024, May\n" + TEXT,
    "a header that begins with #": TEXT.replace("school,", "#n,school,").replace("\n", "\n1,", 3),
    "lines of Windows": TEXT.replace("\n", "\r\n"),
    "lines of an old Mac": TEXT.replace("\n", "\r"),
    "blank lines": "\n\n" + TEXT.replace("\n", "\n\n") + "   \n",
    "no last line end": TEXT.rstrip(),
    "quotation marks": '"school","score"\n"a","1"\n"a","2"\n"b","4"\n',
    "spaces before quotation marks": '"school", "score"\n"a", "1"\n"a", "2"\n"b", "4"\n',
    "end-of-file mark of DOS": TEXT + "\x1a",
    "gz": gzip.compress(TEXT.encode()),
    "bz2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zst": written(zstd),
    "zip": zipped(**{"in.csv": TEXT}),
    "Parquet": written(lambda out: pq.write_table(TABLE, out)),
    "Feather": written(lambda out: feather.write_feather(TABLE, out)),
}
SAME_TABLE = {kind: x.encode() if isinstance(x, str) else x for kind, x in SAME_TABLE.items()}


@pytest.mark.parametrize("kind", SAME_TABLE)
def test_one_table_in_many_shapes(kind: str, tmp_path: Path) -> None:
    table = read(tmp_path, SAME_TABLE[kind])
    assert table["school"].tolist() == ["a", "a", "b"]
    assert table["score"].tolist() == [1, 2, 4]
    assert table.attrs == {"file": "x.csv", "school": "school", "score": "score"}


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "sep alone": (b"sep=;\n", "no header"),
    "no header": (b"a,1\nb,2\n", "must name the columns"),
    "JSON": (b'[{"school": "a", "score": 1}]', "looks like JSON.*save the table as CSV"),
    "web page": (b"<!DOCTYPE html>\n<html><table>", "looks like HTML"),
    "workbook": (zipped(xl__workbook="<x/>", **{"xl/workbook.xml": "<x/>"}), "workbook: save"),
    "sheet of LibreOffice": (zipped(mimetype="x", content="<x/>"), "workbook: save"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(99), "old workbook"),
    "two in a zip": (zipped(a=TEXT, b=TEXT), "2 files.*unpack"),
    "names of rows": (b'"school","score"\n"1","a",1\n"2","a",2\n', "line 2.*row.names = FALSE"),
    "decimal comma in a comma file": (TEXT.encode() + b"b,1,5\n", "line 5.*quotation marks"),
    "line after others": (b'school,score\n"a\nb",1\n\nb,1,5\n', "line 5"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "can't be read as CSV"),
    "gz cut off": (gzip.compress(TEXT.encode())[:-9], "damaged"),
    "zst cut off": (bytes.fromhex("28b52ffd"), "damaged"),
    "xz cut off": (lzma.compress(TEXT.encode())[:-9], "damaged"),
    "zip cut off": (zipped(a=TEXT)[:-9], "damaged"),
    "Parquet cut off": (b"PAR1 is not Parquet", "damaged"),
    "Feather cut off": (b"ARROW1 is not Feather", "damaged"),
    "Stata": (b"<stata_dta><header>", "Stata"),
    "SPSS": (b"$FL2@(#) SPSS", "SPSS"),
    "nought": (b"school,score\na,1\x00\n" + b"b,1\n" * 99, "no text"),
    "bytes of no encoding": (b"school,score\n\x81,1\n", "0x81"),
    "a quotation mark too many": (b'school,score\n\n\n"a"b,1\n', "begins in line 4"),
    "a quotation mark not closed": (
        b'school,score\na,1\n"b,1\n' + b"c,1\n" * 9,
        "begins in line 3",
    ),
    "per cent": (b"school,score\na,5%\n", "per cent"),
    "money": ("school,score\na,€5\n".encode(), "currency"),
    "a word in the scores": (b'school,score\n"x\ny",1\n\nb,absent\n', "'absent' in line 5"),
    "infinite": (b"school,score\na,1e999\n", "infinite: '1e999' in line 2"),
    "other digits": ("school,score\na,١٢\n".encode(), "not a number"),
    "Python's own": (b"school,score\na,1_000\n", "not a number"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_can_not_be_read_is_refused_in_a_sentence(kind: str, tmp_path: Path) -> None:
    content, reason = REFUSED[kind]
    with pytest.raises(ValueError, match=reason) as refused:
        read(tmp_path, content)
    assert refused.type is ValueError
    assert "\n" not in str(refused.value)


def test_arguments_are_checked(tmp_path: Path) -> None:
    for how, reason in [
        ({"decimal": "x"}, "decimal="),
        ({"thousands": "0"}, "thousands="),
        ({"decimal": ",", "thousands": ","}, "both"),
        ({"encoding": "klingon"}, "no encoding"),
        ({"encoding": "ascii"}, "0xc3"),
        ({"score": "school"}, "a column each"),
        ({"score": "school "}, "a column each"),
        ({"score": 3}, "no column is called 3"),
    ]:
        with pytest.raises(ValueError, match=reason):
            read(tmp_path, "school,score\né,1\n", **how)
    with pytest.raises(FileNotFoundError, match="not there"):
        read_scores(tmp_path / "other.csv", **NAMES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="a folder"):
        read_scores(tmp_path / "empty", **NAMES)
    with pytest.raises(ValueError, match="as Parquet"):
        read(tmp_path, TEXT, "x.parquet")


def test_a_guessed_encoding_is_said_and_a_given_one_is_taken(tmp_path: Path, capsys) -> None:
    data = "school,score\nÉtoile,1\n".encode("cp1252")
    assert read(tmp_path, data)["school"].tolist() == ["Étoile"]
    said = capsys.readouterr().out
    assert "cp1252" in said and "Étoile" in said and "encoding=" in said
    assert read(tmp_path, data, encoding="cp1251")["school"].tolist() == ["Йtoile"]
    assert "guessed" not in capsys.readouterr().out


# Scores as they are written, the separator, the keywords; what they are, or None if refused.
NUMBERS = [
    (["1.250", "980"], ";", {}, None),
    (["1.250", "980"], "\t", {}, None),
    (["1,250", "980"], ";", {}, None),
    (["1.250", "980"], ";", {"decimal": "."}, [1.25, 980]),
    (["1.250", "980"], ";", {"decimal": ","}, [1250, 980]),
    (["1.250", "980"], ";", {"thousands": "."}, [1250, 980]),
    (["1,250", "980"], ";", {"decimal": "."}, [1250, 980]),
    (["1,250", "980"], ";", {"decimal": ","}, [1.25, 980]),
    (["1.250", "0.500"], ";", {}, [1.25, 0.5]),
    (["1.250", "3,5"], ";", {}, [1250, 3.5]),
    (["1.250", "3.5"], ";", {}, [1.25, 3.5]),
    (["1.250.000", "7"], ";", {}, [1_250_000, 7]),
    (["1.250,5", "7"], ";", {}, [1250.5, 7]),
    (["1,250.5", "7"], ";", {}, [1250.5, 7]),
    (["12,5", "-9,8"], ";", {}, [12.5, -9.8]),
    (["1'250.5", "1’000"], ";", {}, [1250.5, 1000]),
    (["1\u202f250,5", "1\u00a0000", "2 000"], ";", {}, [1250.5, 1000, 2000]),
    (["1,00,000", "12,34,567.5"], ",", {}, [100_000, 1_234_567.5]),
    (["1,250"], ",", {}, [1250]),
    (["1.250"], ",", {}, [1.25]),
    (["1,25"], ",", {}, [1.25]),
    (["\u22121.5", "+2", ".5", "5.", " 7 "], ",", {}, [-1.5, 2, 0.5, 5, 7]),
    (["1e3", "1.5E-2"], ",", {}, [1000, 0.015]),
    (["1.250e3", "1"], ";", {}, [1250, 1]),
    (["1.25", "3,5"], ";", {}, None),
    (["12.50", "3"], ";", {"decimal": ","}, None),
    (["1.25.000"], ";", {}, None),
    (["1,0000"], ",", {"decimal": "."}, None),
    (["5 €"], ";", {}, None),
    (["(5)"], ";", {}, None),
    (["5-"], ";", {}, None),
    (["2020-01-01"], ";", {}, None),
    (["0x1F"], ";", {}, None),
    (["12:30"], ";", {}, None),
    (["９"], ";", {}, None),
]


@pytest.mark.parametrize(("written", "separator", "how", "meant"), NUMBERS)
def test_a_number_is_read_as_it_is_meant_or_asked_about(
    written: list[str], separator: str, how: dict, meant: list | None, tmp_path: Path, capsys
) -> None:
    out = io.StringIO()
    rows = csv.writer(out, delimiter=separator)
    rows.writerows([["school", "score"], *(["a", number] for number in written)])
    if meant is None:
        with pytest.raises(ValueError, match=r"decimal|number"):
            read(tmp_path, out.getvalue(), **how)
    else:
        assert read(tmp_path, out.getvalue(), **how)["score"].tolist() == meant
        plain = all(re.fullmatch(r"[+\u2212 -]?[0-9]*\.?[0-9]*(e.*)? ?", x, re.I) for x in written)
        said = capsys.readouterr().out
        assert plain or "is read as" in said or "decimal mark" in said
        if written == ["1.250"]:
            assert "If it is 1250, give decimal=','" in said


def test_words_for_a_missing_score_are_said(tmp_path: Path, capsys) -> None:
    words = ["NA", "n/a", "-", ".", "NaN", "null", "", " ", "#N/A"]
    table = read(tmp_path, "school;score\n" + "".join(f"a;{w}\n" for w in words) + "b;3\nb;NA\n")
    said = capsys.readouterr().out
    assert table["school"].tolist() == ["b"]
    assert "11 rows read, 10 dropped" in said
    assert "'NA' (2), 'n/a' (1), '-' (1)" in said


def test_what_is_dropped_is_said(tmp_path: Path, capsys) -> None:
    table = read(tmp_path, "score,school\n1, a \n,a\n3,\n5,b\n7,b\nNA,b\n,c\n2,a\n4\n")
    said = capsys.readouterr().out
    assert table["school"].tolist() == ["a", "b", "b", "a"]
    assert table["score"].tolist() == [1, 5, 7, 2]
    for words in ("9 rows read, 5 dropped", "label: 2.", "score: 3, from", "any pupil: c."):
        assert words in said
    assert "spaces alone" in said and "' a ' as 'a'" in said
    assert "fewer fields than the header" in said and "first in line 10" in said


@pytest.mark.parametrize(
    ("written", "labels", "words"),
    [
        (["10", "2", "-7", "0"], [10, 2, -7, 0], ""),
        (["12", "12", " 12"], [12, 12, 12], "' 12' as '12'"),
        (["012", "12", "7"], ["012", "12", "7"], "'012' and '12'"),  # codes
        (["1", "1.0"], ["1", "1.0"], "'1' and '1.0'"),
        (["1", "１"], ["1", "１"], "'1' and '１'"),
        (["A", "А"], ["A", "А"], "kept apart"),  # the second one is Cyrillic
        (["a", "A"], ["a", "A"], ""),
        (["1.5", "b", "3"], ["1.5", "b", "3"], ""),
        (
            ["NA", "N/A", "null", "None", "nan"],
            ["NA", "N/A", "null", "None", "nan"],
            "not as missing",
        ),
        (["True", "TRUE"], ["True", "TRUE"], ""),
        (
            ["9223372036854775808", "9223372036854775809"],
            ["9223372036854775808", "9223372036854775809"],
            "",
        ),
        (["Z\u00fcrich", "Zu\u0308rich"], ["Z\u00fcrich"] * 2, r"'Zu\u0308rich' as 'Z\xfcrich'"),
        (["Zu\u0308rich", "b"], ["Zu\u0308rich", "b"], ""),
        (["Nord\u200b", "Nord"], ["Nord"] * 2, r"'Nord\u200b' as 'Nord'"),
        (["New\u00a0York", "New York"], ["New York"] * 2, r"'New\xa0York' as 'New York'"),
        (["a\u00ad", "\ufeffa"], ["a\u00ad"] * 2, r"'\ufeffa' as 'a\xad'"),
        (["a  b", "a b"], ["a b"] * 2, "'a  b'"),
    ],
)
def test_a_label_is_what_the_file_says(
    written: list[str], labels: list, words: str, tmp_path: Path, capsys
) -> None:
    table = read(tmp_path, "school,score\n" + "".join(f'"{x}",1\n' for x in written))
    assert table["school"].tolist() == labels
    said = capsys.readouterr().out
    assert words in said
    assert words or said == f"{len(written)} rows read, 0 dropped.\n"


DAY, ZONE = datetime.date(2020, 1, 1), "Europe/Berlin"
BIG = 2**63 - 1
TYPED = {  # each with a missing value in the middle
    "text": (pa.array(["NA", None, "b"]), ["NA", "b"]),
    "large text": (pa.array(["NA", None, "b"], pa.large_string()), ["NA", "b"]),
    "text in views": (pa.array(["a", None, "b"], pa.string_view()), ["a", "b"]),
    "categories": (pa.array(["null", None, "b"]).dictionary_encode(), ["null", "b"]),
    "categories, numbers": (pa.array([BIG, None, BIG - 1]).dictionary_encode(), [BIG, BIG - 1]),
    **{
        str(kind): (pa.array([1, None, 2], kind), [1, 2])
        for kind in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32())
    },
    "int64": (pa.array([BIG, None, BIG - 1]), [BIG, BIG - 1]),
    "uint64": (pa.array([2**64 - 1, None, 2**64 - 2], pa.uint64()), [2**64 - 1, 2**64 - 2]),
    "whole float": (pa.array([1.0, None, 2.0]), [1, 2]),
    "float with NaN": (pa.array([1.5, np.nan, 2.0]), [1.5, 2.0]),
    "half float": (pa.array([1.5, None, 2], pa.float16()), [1.5, 2]),
    "huge float": (pa.array([1e300, None, 2.0]), [1e300, 2]),
    "decimal": (pa.array([Decimal("1.00"), None, Decimal("1.50")]), ["1.00", "1.50"]),
    "long decimal": (
        pa.array([Decimal(10**30), None, Decimal(10**30 + 1)]),
        [str(10**30), str(10**30 + 1)],
    ),
    "bool": (pa.array([True, None, False]), ["True", "False"]),
    "date": (pa.array([DAY, None, datetime.date(20, 1, 1)]), ["2020-01-01", "0020-01-01"]),
    "time": (
        pa.array([datetime.time(1), None, datetime.time(2)], pa.time64("us")),
        ["01:00:00.000000", "02:00:00.000000"],
    ),
    "duration": (pa.array([1, None, 2], pa.duration("s")), ["0 days 00:00:01", "0 days 00:00:02"]),
    "moment": (pa.array([1, None, 2], pa.timestamp("ns")), [pd.Timestamp(1), pd.Timestamp(2)]),
    "moment in a zone": (
        pa.array([1, None, 2], pa.timestamp("ns", ZONE)),
        [pd.Timestamp(1, tz=ZONE), pd.Timestamp(2, tz=ZONE)],
    ),
    "bytes": (pa.array(["é".encode(), None, b"b"]), ["é", "b"]),
    "no text in bytes": (pa.array([b"\xff", None, b"b"]), None),
    "nothing": (pa.nulls(3), None),
    "lists": (pa.array([[1], None, [2]]), None),
    "records": (pa.array([{"a": 1}, None, {"a": 2}]), None),
    "a zone that is nowhere": (pa.array([1, None, 2], pa.timestamp("ns", "No/Where")), None),
}


@pytest.mark.parametrize("kind", TYPED)
def test_labels_of_every_type_beside_missing_ones(kind: str, tmp_path: Path) -> None:
    column, labels = TYPED[kind]
    table = pa.table({"score": [1.0, 2.0, 3.0], "school": column})
    pq.write_table(table, tmp_path / "x.parquet")
    feather.write_feather(table, tmp_path / "x.feather")
    for name in ("x.parquet", "x.feather"):
        if labels is None:
            with pytest.raises(ValueError, match="label") as refused:
                read_scores(tmp_path / name, **NAMES)
            assert refused.type is ValueError
        else:
            found = read_scores(tmp_path / name, **NAMES)
            assert found["school"].tolist() == labels
            assert found["score"].tolist() == [1, 3]


@pytest.mark.parametrize("kind", TYPED)
def test_scores_of_every_type(kind: str, tmp_path: Path) -> None:
    column, labels = TYPED[kind]
    pq.write_table(pa.table({"school": [1, 2, 3], "score": column}), tmp_path / "x.parquet")
    number = labels is not None and kind != "bool" and not isinstance(labels[0], str | pd.Timestamp)
    if number or kind.endswith("decimal"):
        found = read_scores(tmp_path / "x.parquet", **NAMES)
        assert found["score"].tolist() == [float(label) for label in labels]
    else:
        with pytest.raises(ValueError, match=r"score|number"):
            read_scores(tmp_path / "x.parquet", **NAMES)


def test_negative_nought_is_nought(tmp_path: Path, capsys) -> None:
    table = pa.table({"school": [0.0, -0.0, 1.5], "score": [1, 2, 3]})
    pq.write_table(table, tmp_path / "x.parquet")
    assert read_scores(tmp_path / "x.parquet", **NAMES)["school"].tolist() == [0, 0, 1.5]
    assert "-0 are read as 0" in capsys.readouterr().out


def test_a_folder_of_parts(tmp_path: Path, capsys) -> None:
    for key, labels in {"school=01": 3, "school=a%2Fb": 2, "school=NA": 1}.items():
        (tmp_path / key).mkdir()
        pq.write_table(pa.table({"score": np.arange(labels)}), tmp_path / key / "part-0.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "notes.txt").touch()
    found = read_scores(tmp_path, **NAMES)
    assert found["school"].value_counts().to_dict() == {"01": 3, "a/b": 2, "NA": 1}
    assert "folder" in (said := capsys.readouterr().out) and "notes.txt" in said

    parts = tmp_path / "parts"
    parts.mkdir()
    for i, labels in enumerate([[1, BIG], [None, 2], [None, None]]):
        part = pa.table({"school": pa.array(labels), "score": pa.array([1.0, 2.0])})
        pq.write_table(part, parts / f"part.{i}")
    assert read_scores(parts, **NAMES)["school"].tolist() == [1, BIG, 2]
    pq.write_table(pa.table({"school": [1.5], "score": [1]}), parts / "part.3")
    with pytest.raises(ValueError, match="double and int64 in parts"):
        read_scores(parts, **NAMES)
    (parts / "_delta_log").mkdir()
    with pytest.raises(ValueError, match="Delta"):
        read_scores(parts, **NAMES)


LABELS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    st.sampled_from(
        ["NA", "", "1", "01", "1.0", "nan", 'say "x"', "a;b", "a,b", "x\ny", " a", "é"]
    ),
)
SCORES = st.one_of(
    st.none(), st.integers(-999, 999), st.floats(-1e6, 1e6).map(lambda x: round(x, 2))
)


@FUZZ
@given(
    rows=st.lists(st.tuples(LABELS, SCORES), min_size=1, max_size=12),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from(".,"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_table_comes_back(rows, separator, end, mark, encoding, quoting, tmp_path, capsys):
    out = io.StringIO(newline="")
    if re.search(r"[\r\n]", "".join(label for label, _ in rows)):
        quoting = (
            csv.QUOTE_ALL
        )  # Python 3.12 leaves one of the two bare where lines end in the other
    write = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)
    write.writerow(["school", "other", "score"])
    for label, score in rows:
        write.writerow([label, "x", "" if score is None else str(score).replace(".", mark)])
    capsys.readouterr()
    kept = [(x, y) for x, y in rows if x.strip() and y is not None]
    try:
        table = read(tmp_path, out.getvalue().encode(encoding), decimal=mark)
    except ValueError as fault:
        assert type(fault) is ValueError and (
            "label and a score" in str(fault) or "in two ways" in str(fault)
        )
        return
    said = capsys.readouterr().out
    assert f"{len(rows)} rows read" in said
    if len(table) < len(kept):
        assert "Labels of which nothing can be seen" in said
        return
    np.testing.assert_array_equal(table["score"], [y for _, y in kept])
    if "spaces alone" not in said:
        assert [str(x) for x in table["school"]] == [x for x, _ in kept]


BYTES = st.one_of(
    st.binary(max_size=60),
    st.text("school,re;\t\"'#=. \n\r1-aé\0", max_size=60).map(str.encode),
    st.lists(st.sampled_from([*'",;\n\r\t a1.-', "NA", "é", "\ufeff", "1,5"]), max_size=40).map(
        lambda parts: ("school,score\n" + "".join(parts)).encode()
    ),
    # One of the tables above, with a few bytes at one place damaged.
    st.tuples(st.sampled_from([*SAME_TABLE.values()]), st.floats(0, 1), st.binary(max_size=3)).map(
        lambda t: t[0][: int(t[1] * len(t[0]))] + t[2] + t[0][int(t[1] * len(t[0])) + len(t[2]) :]
    ),
)


@settings(FUZZ, max_examples=400)
@given(data=BYTES, name=st.sampled_from(["x.csv", "x.parquet", "x.csv.gz", "x.xlsx"]))
@example(data=b"school,score\n\xff\xfe,1", name="x.csv")
def test_any_bytes_are_read_as_pandas_reads_them_or_refused(data, name, tmp_path, capsys):
    capsys.readouterr()
    try:
        table = read(tmp_path, data, name)
    except (ValueError, FileNotFoundError) as fault:
        assert type(fault) in (ValueError, FileNotFoundError)
        assert len(str(fault)) > 10 and "\n" not in str(fault)
        return
    said = capsys.readouterr().out
    known = re.match(rb"\s*school,score[\r\n]", data)
    if known and re.fullmatch(r"[\d,]+ rows read.*\n(Dropped.*\n)*", said):
        how = {"dtype": str, "keep_default_na": False, "skip_blank_lines": True}
        witness = pd.read_csv(io.BytesIO(data), encoding="utf-8", **how)
        kept = witness[(witness["school"].str.strip() != "") & (witness["score"].str.strip() != "")]
        assert [str(x) for x in table["school"]] == kept["school"].tolist()
