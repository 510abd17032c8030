"""`assets/reader.js`, in a browser: it reads a table as `read_scores` does, and says the same."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from playwright.sync_api import Browser, Page
from test_file_kinds import BYTES, FUZZ, NAMES, NUMBERS, REFUSED, SAME_TABLE, TEXT

from helpers.own_data.own_file import read_scores
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

BOOK = Path(__file__).parents[1]
PARTS = ("reader_text", "reader_rows", "reader_values", "reader_groups", "reader")
READ = """([bytes, how]) => { try {
    const found = tableReader.readScores(Uint8Array.from(bytes), { name: "x.csv", ...how });
    return { ...found, ...tableReader.summarise(found) };
} catch ({ message }) { return message; } }"""
COLUMNS = "(text) => tableReader.columnsOf(text, 'x.csv')"
COUNT = "(text) => { try { return tableReader.readGroups(text); } catch (e) { return e.message; } }"
# What the browser leaves to the reader: to unpack, or to save as text.
LEFT = (
    b"\x1f\x8b BZh \xfd7zXZ \x28\xb5\x2f\xfd PK\x03\x04 PAR1 ARROW1 FEA1 \xff\xfe\0\0 \0\0\xfe\xff"
)


def table(labels: Iterable, scores: Iterable | None = None, separator: str = ",") -> str:
    rows = enumerate(labels) if scores is None else zip(scores, labels, strict=True)
    return f"school{separator}score\n" + "".join(f'"{x}"{separator}"{y}"\n' for y, x in rows)


HARD = {
    "a row too long above a quotation mark left open": 'school,score\n,,\n"',
    "spaces, and short rows": "score,school\n1, a \n,a\n3,\n5,b\n7,b\nNA,b\n,c\n2,a\n4\n",
    "words for missing": "school;score\n" + "".join(f"a;{w}\n" for w in ("NA", "-", "?", " ", "1")),
    "lost": "school,score\n" + "".join(f"{i % 15},{'' if i % 3 else i}\n" for i in range(6000)),
    "a score beyond 2^53": TEXT + "b,9007199254740993\n",
    "large and small": "school;score\na;1.234.567.890.123.456,5\nb;0,0000012\na;1e22\n",
    "small differences": table("aaabbb", [1e9, 1e9 + 1e-6, 1e9 + 2e-6, 0.1, 0.1, 0.1]),
    "windows-1252": "school,score\nÉtoile “x”,1\n".encode("cp1252"),
    "UTF-8 with its mark, broken": b"\xef\xbb\xbfschool,score\n\xef\xbf\xbd\xe9t\xe9,1\n",
    "UTF-16, broken": "school,score\né".encode("utf-16") + b"\x00\xd8a\x00",
    "whole numbers": table(["10", "2", "-7", "0", " 12", "999999999999999999"]),
    "codes": table(["012", "12", "1.0", "1", "1e0", "+1", "-0", "0", "1,50", "1.5", ".5", "5e-1"]),
    "too long to be numbers": table(["9223372036854775808", "9223372036854775809"]),
    "other alphabets": table(["A", "А", "1", "１", "x-y", "x–y", "o'b", "o’b"]),
    "composed": table(["Z\u00fcrich", "Zu\u0308rich", "Nord\u200b", "Nord", "a\u00ad", "\ufeffa"]),
    "spaces of all kinds": table(["New\u00a0York", "New York", "a  b", "a b", "\x1cc", "d\x85"]),
    "nothing to be seen": table(
        ["\u200b", "\u3164", " ", "b", "b\ufe0f", "\u2028", "NA", "Null", "–"]
    ),
    "marks": table(["it's ", '""x"" ', 'o\'""x"" ', "a\\b ", "a\nb", "a\r\nb", "\U000f0000"]),
    "order of labels": table(["é", "z", "Z", "😀", "\uffee", "", "ab", "a"]),
    "many columns": ",".join(["x" * 50, *map(str, range(30))]) + "\n",
    "twice up to spaces": "school,score , score\na,1,2\n",
    "a field without end": 'school,score\na,1\n"' + "b,1\n" * 40_000,
    "a field of many lines": 'school,score\n"a\n\nb",1\r\n"""a""",2\n,\n\n"",3',
    "a quotation mark in a value": 'school,score\na"b"c,1\na"b,2\n',
    "another separator": "sep=^\nschool^score\na^1\n",
}
ARGUMENTS = [{"decimal": ",", "thousands": ","}, {"thousands": "0"}, {"score": "school "}]
CASES = {
    **{kind: (x, {}) for kind, x in (SAME_TABLE | HARD).items()},
    **{kind: (x, {}) for kind, (x, _) in REFUSED.items()},
    **{f"{x} {how} {s!r}": (table(["a"] * len(x), x, s), how) for x, s, how, _ in NUMBERS},
    **{f"{how}": (TEXT, how) for how in ARGUMENTS},
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    for script in PARTS:
        page.add_script_tag(path=BOOK / "assets" / f"{script}.js")
    yield page
    page.close()


@pytest.fixture
def compare(page: Page, tmp_path: Path, capsys) -> Callable[[str | bytes, dict], None]:
    """Read the same bytes in Python and in the browser."""

    def compare(content: str | bytes, how: dict) -> None:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / "x.csv").write_bytes(data)
        capsys.readouterr()
        found = page.evaluate(READ, [[*data], {"label": "school", "score": "score"} | how])
        if data.startswith(tuple(LEFT.split(b" "))):
            assert "unpack it first" in found or "save the table as CSV" in found
            return
        try:
            read = read_scores(tmp_path / "x.csv", **NAMES | how)
        except ValueError as fault:
            assert found == str(fault)
            return
        assert isinstance(found, dict), found
        assert "".join(f"{line}\n" for line in found["said"]) == capsys.readouterr().out
        assert found["labels"] == read["school"].astype(str).tolist()
        assert found["scores"] == read["score"].tolist()
        schools = summarise_schools(read)
        assert found["label"] == [str(label) for label in schools.index]
        for name in schools:
            np.testing.assert_allclose(found[name], schools[name], rtol=1e-12)

    return compare


@pytest.mark.parametrize("kind", CASES)
def test_the_browser_reads_and_says_what_python_does(kind: str, compare) -> None:
    compare(*CASES[kind])


@FUZZ
@given(data=BYTES)
def test_any_bytes_are_read_or_refused_as_by_python(data: bytes, compare) -> None:
    for codec in ("utf-8", "utf-16-le", "utf-16-be"):  # the browser may know newer signs
        assume("Cn" not in map(unicodedata.category, data.decode(codec, "ignore")))
    compare(data, {})


def test_columns_are_guessed(page: Page) -> None:
    london = (BOOK / "data" / "london_exam.csv").read_text(encoding="utf-8")
    for text, *guessed in [
        (london, "school", "exam_score", "rows"),
        ('"";"ward";"mark"\n"1";"a";2,5\n"2";"a";3,5\n"3";"b";4\n', "ward", "mark", "rows"),
        ("# by X, 2024\ngood name,y\nKing street,1\nKing street,2\n", "good name", "y", "rows"),
        ("#n\tsex\tclass\n1\tf\tb\n2\tm\tb\n3\tf\tc\n", "class", "#n", "rows"),
        ("words\nno table\n", "", "words", "rows"),
    ]:
        found = page.evaluate(COLUMNS, text)
        assert [*found["guesses"]["rows"].values(), found["kind"]] == guessed


@pytest.mark.parametrize(
    ("text", "kind", "columns"),
    [
        ("sep=|\nName|N|Average|StDev\na|3|1.5|2\n", "summaries", "Name,N,Average,StDev"),
        ("school,pupils,average,sd\nA,10,5,5\nB,20,5,5\n", "summaries", "school,pupils,average,sd"),
        ("school,effect,se\nA,28,15\nB,8,10\n", "effects", "school,effect,se"),
        ("study,effect,se\na,1,2\na,2,3\nb,1,1\n", "effects", "study,effect,se"),
        ("study;yi;Std. Error\n1;0,2;0,1\n2;0,5;0,2\n", "effects", "study,yi,Std. Error"),
        ("batter,hits,at_bats,x\na,18,45,.3\nb,17,45,.2\n", "passes", "batter,hits,at_bats"),
        ("hospital\tpatients\tdeaths\nA\t148\t18\n", "passes", "hospital,deaths,patients"),
        (
            "trial,deaths,number of patients\na,2,1 000\n",
            "passes",
            "trial,deaths,number of patients",
        ),
        ("site,deaths,operations\nA,1,47\nA,18,148\n", "passes", "site,deaths,operations"),
        ("site,deaths,operations\nA,,47\nB,18,148\nC,,90\n", "passes", "site,deaths,operations"),
        # More passes than trials, a word for a number, one trial a row, no size: another kind.
        ("ward,died,n\na,1,1\na,0,1\nb,1,1\nb,0,1\n", "rows", None),
        ("school,average,sd\nA,50,5\nB,55,6\n", "rows", None),
        ("ward,deaths,patients\na,5,4\nb,1,2\n", "rows", None),
        ("ward,deaths,patients\na,1,many\nb,1,few\n", "rows", None),
    ],
)
def test_what_a_row_holds_is_guessed(text: str, kind: str, columns: str | None, page: Page) -> None:
    found = page.evaluate(COLUMNS, text)
    assert found["kind"] == kind
    if columns:
        assert ",".join(found["guesses"][kind].values()) == columns


@pytest.mark.parametrize("how", [{}, {"sep": ";", "decimal": ","}])
def test_counts_means_and_deviations_are_as_good_as_rows(how: dict, page: Page) -> None:
    scores = simulate_city(seed=1, sizes=[1, 2, 40, 7, 1] * 3, global_mean=1e6).scores
    groups = scores.groupby("school")["score"].agg(["count", "mean", "std"])[::-1]
    found, schools = page.evaluate(COUNT, groups.to_csv(**how)), summarise_schools(scores)
    assert found["label"] == [str(label) for label in schools.index]
    for name in schools:
        np.testing.assert_allclose(found[name], schools[name], rtol=1e-9)
    for rows, reason in {
        "a,2.5,1,1\n": "n is not a whole number from 1 upwards in schools ['a']",
        "b,1,1,\na,2,1,\n": "the sd is missing or negative in schools ['a']",
        "a,2,1,1\na ,2,1,1\n": "there are two rows in schools ['a']. If a row is one pupil, choose "
        "that kind of row",
        ",2,1,1\n": "a summary has a row without a label",
    }.items():
        assert page.evaluate(COUNT, f"name,n,mean,sd\n{rows}") == reason
