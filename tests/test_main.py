"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, SEED

from qa.__main__ import main

pytestmark = pytest.mark.model
QUESTION = "what did Lavrov say about al-Qaida?"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command, and returns its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.getbasetemp() / "command-line-index")


def test_ask_prints_numbered_sentences_with_their_sources(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", QUESTION, "--index", index]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        "2 statements by Sergei Lavrov about al-Qaida, in 1 article\n\n"
        "[1] In comments likely to irritate Washington, Lavrov said"
    )
    assert (
        "    Sergei Lavrov (indirect), Lavrov – U.S. Should Back Syria's Assad in Fighting Islamic State, "
        "The Moscow Times, 2014-08-26, lavrov-us-should-back-syrias-assad.txt, characters 597-855\n"
    ) in printed


def test_a_chat_answers_line_by_line_and_takes_follow_ups(
    index: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("and about Assad?\n\nwhen did he say that?\nshow me the second one\n"))
    code, printed, _ = run("ask", QUESTION, "--chat", "--index", index)
    assert code == 0
    parts = printed.split("Understood as: what did Sergei Lavrov say about Assad?\n")
    assert len(parts) == 4 and parts[0].startswith("2 statements by Sergei Lavrov about al-Qaida, in 1 article")
    assert parts[1].startswith("4 statements by Sergei Lavrov about Assad, in 1 article\n")
    assert parts[2].startswith("Published on 26 August 2014\n")
    assert printed.rpartition("Statement 2 of 4\n\n")[2].count("[1] ") == 1
    assert run("ask", "--index", index)[0] == 2


def test_ask_prints_json_whose_offsets_are_the_files(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", QUESTION, "--json", "--index", index]) == 0
    answer = json.loads(capsys.readouterr().out)
    text = SEED.read_bytes().decode()
    assert answer["refusal"] is None
    assert [text[s["start"] : s["end"]] for s in answer["statements"]] == [s["text"] for s in answer["statements"]]
    assert answer["statements"][0]["article"]["published"] == "2014-08-26"


def test_ask_tells_the_period_and_the_names_it_understood(
    tmp_path: Path, index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text('May 3, 2024\n\n"The dam holds for now," said Ann\x1b[31m Lee.\n')
    (tmp_path / "b.txt").write_text('May 4, 2024\n\n"The dam is too old," said Ann Lee.\n\nBo Lee said it was not.\n')
    (tmp_path / "c.txt").write_text("May 5, 2024\n\nLee said the dam was leaking.\n")
    place = ["--folder", str(tmp_path), "--index", str(tmp_path / ".index"), "--today", "2024-05-20"]
    assert main(["ask", "What did Lee say since May 4?", *place]) == 0
    assert capsys.readouterr().out.startswith(
        "2 statements by Ann Lee, in 2 articles published since 2024-05-04\n"
        "    Ann Lee (1 quote) is taken for the same person: the fullest spelling\n"
        "    Lee (1 quote) is taken for the same person: surname alone\n"
        "    Bo Lee (1 quote) is taken for another person: another first name\n\n"
        '[1] "The dam is too old," said Ann Lee.\n'
    )
    assert main(["ask", "What did Ann Lee say last week?", *place]) == 1
    assert capsys.readouterr().out.startswith(
        "No article here was published from 2024-05-13 to 2024-05-19: the newest is of 2024-05-05. "
        "Outside this period there are "
    )
    assert main(["ask", "What did he say?", *place, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["period"], answer["understood"], answer["names"]) == (None, None, [])


def test_a_reader_who_has_enough_is_no_error(index: str) -> None:
    command = [sys.executable, "-m", "qa", "ask", "When was James Foley abducted?", "--index", index]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refusal_exits_with_1(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "Who won the World Cup?", "--index", index]) == 1
    assert capsys.readouterr().out == (
        "The articles do not say who: nothing in them answers this question.\n"
        "Looked for a name that answers this, in the 7 nearest passages.\n"
        "You could ask: What did Sergei Lavrov say?\n"
    )


def test_evaluate_prints_what_people_thought_under_its_kind(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "feedback.jsonl"
    rows = [
        {
            "question": "what did Damascus say?",
            "kind": "disliked",
            "not_ok": ["It rained.", SEED.read_text()[2295:2388]],
        },
        {"question": "what did Damascus say about football?", "kind": "disliked", "refused": True},
        {"question": "Who won the World Cup?", "kind": "liked", "gold_quotes": [], "filters": {"until": "2014-12-31"}},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["evaluate", str(file), "--index", index]) == 0
    assert capsys.readouterr().out == (
        "disliked: 2 questions, 1 refused\n"
        "  sentences that must not be shown: 1 of 2 are\n"
        "  must not be refused: 1 of 1 are\n"
        "liked: 1 questions, 1 refused (1 of the 1 without an answer)\n"
    )


def test_search_prints_passages(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "al-Qaida", "-k", "2", "--json", "--index", index]) == 0
    hits = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(hits) == 2
    assert hits[0]["score"] >= hits[1]["score"]
    assert SEED.read_bytes().decode()[hits[0]["start"] : hits[0]["end"]] == hits[0]["text"]


def test_quotes_prints_a_table_in_which_nothing_is_a_formula(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["quotes", "--speaker", "Lavrov", "--about", "al-Qaida", "--csv", "--index", index]) == 0
    header, first, second = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["speaker", "quote", "kind", "published", "source", "title", "path", "start", "end"]
    text = SEED.read_bytes().decode()
    assert first[1] == text[int(first[7]) : int(first[8])] == text[652:854]
    assert (second[0], second[2], second[3]) == ("Sergei Lavrov", "direct", "2014-08-26")
    (tmp_path / "a.txt").write_text('"=1+1 is what it costs us now," said Ann Lee.\n')
    assert main(["quotes", "--folder", str(tmp_path), "--csv", "--index", str(tmp_path / ".index")]) == 0
    assert 'Ann Lee,"\'=1+1 is what it costs us now,"' in capsys.readouterr().out
    assert main(["quotes", "--speaker", "Putin", "--index", index]) == 1


def test_index_names_what_it_could_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "one.txt").write_text("The mayor resigned on Monday.")
    (folder / "two.txt").write_text("")
    assert main(["index", str(folder), "--index", str(tmp_path / "index")]) == 0
    assert capsys.readouterr().out == f"1 article under {folder}\nnot read: two.txt: it is empty\n"
    (folder / "one.txt").unlink()
    assert main(["index", str(folder), "--json", "--index", str(tmp_path / "index")]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "folder": str(folder),
        "articles": 0,
        "skipped": [{"path": "two.txt", "reason": "it is empty"}],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", " "], "it is empty: ask something"),
        (["ask", "a", "--since", "May"], "'May' is no date: write it as YYYY-MM-DD"),
        (["ask", "a", "--today", "32"], "'32' is no date: write it as YYYY-MM-DD"),
        (["search", "a", "-k", "0"], "'0' is no number above 0: give 1 or more"),
        (["sing"], "invalid choice: 'sing'"),
        ([], "required"),
    ],
)
def test_a_usage_error_exits_with_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "/no/such/folder"], "there is no folder '/no/such/folder': make it"),
        (["ask", "a", "--model", "no-one/none"], "the model 'no-one/none' is neither a folder on this machine nor"),
    ],
)
def test_what_cannot_be_opened_exits_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"error: {message}")
    assert printed.out == ""


def test_articles_are_listed_shown_exported_and_left_out(folder: Path, tmp_path: Path, run: Run) -> None:
    (folder / "copy.txt").write_text((folder / "bridge.txt").read_text())
    where = ["--folder", str(folder), "--index", str(tmp_path / "index")]
    code, out, _ = run("list", *where)
    assert (code, [line.split("  ", 1)[1] for line in out.splitlines()]) == (
        0,
        [
            "2024-05-02  Bridge closed for repairs  bridge.txt  (also copy.txt)",
            "2024-06-01  Fair opens, Town Gazette  fair.md",
        ],
    )
    listed = json.loads(run("list", "--json", "--since", "2024-06-01", *where)[1])
    assert (listed["path"], listed["characters"], listed["copies"]) == ("fair.md", 120, [])
    several = ("--article", "fair.md", "--article", "bridge.txt", "--source", "x", "--source", "Town Gazette")
    assert run("list", *several, *where)[1].count("\n") == 1
    assert run("list", *several[:4], *where)[1].count("\n") == 2
    code, out, _ = run("show", "fair.md", *where)
    assert code == 0
    assert out.startswith(
        "Fair opens, Town Gazette, 2024-06-01, fair.md\ntags: Town, Spring\n\n---\ntitle: Fair opens\n"
    )
    shown = json.loads(run("show", "copy.txt", "--json", *where)[1])
    assert (shown["path"], shown["text"]) == ("bridge.txt", (folder / "bridge.txt").read_text())
    exported = [json.loads(line) for line in run("export", *where)[1].splitlines()]
    assert [(row["path"], row["text"][:6]) for row in exported] == [("bridge.txt", "Bridge"), ("fair.md", "---\nti")]
    assert run("show", "gone", *where)[::2] == (1, "there is no article 'gone': python -m qa list names them\n")
    assert run("remove", "gone", *where)[::2] == (1, "there is no article 'gone': python -m qa list names them\n")
    code, out, _ = run("remove", "copy.txt", *where)
    assert (code, len(out.splitlines())) == (0, 2)
    assert run("list", *where)[1].count("\n") == 1


def test_what_is_exported_can_be_read_again(folder: Path, tmp_path: Path, run: Run) -> None:
    where = ["--folder", str(folder), "--index", str(tmp_path / "index")]
    again = tmp_path / "again"
    again.mkdir()
    (again / "all.jsonl").write_text(run("export", *where)[1])
    there = ["--folder", str(again), "--index", str(tmp_path / "index2")]
    rows = [[json.loads(line) for line in run("export", *place)[1].splitlines()] for place in (where, there)]
    names = ("title", "text", "source", "authors", "published", "tags")
    first, second = (sorted([row[name] for name in names] for row in of) for of in rows)
    assert first == second


def test_doctor_finds_and_mends(folder: Path, tmp_path: Path, run: Run) -> None:
    where = ["--folder", str(folder), "--index", str(tmp_path / "index")]
    assert run("doctor", *where)[0] == 2
    run("index", str(folder), "--index", str(tmp_path / "index"))
    assert run("doctor", *where) == (0, "", "nothing is wrong\n")
    (tmp_path / "index" / "vectors.faiss").write_bytes(b"x")
    code, out, err = run("doctor", *where)
    assert (code, out.startswith("the vector index cannot be used"), "--fix" in err) == (1, True, True)
    assert json.loads(run("doctor", "--json", *where)[1])["touches"] == "indexes"
    assert run("doctor", "--fix", *where)[::2] == (0, "mended: 2 articles, nothing is wrong\n")
    assert run("doctor", *where)[0] == 0


def test_limits_and_fields_are_options(folder: Path, tmp_path: Path, run: Run) -> None:
    (folder / "rows.jsonl").write_text(json.dumps({"Wortlaut": "Die Brücke wurde gesperrt."}))
    (folder / "large.txt").write_text("word " * 300_000)
    index = ["index", str(folder), "--index", str(tmp_path / "index")]
    code, out, _ = run(*index, "--max-mb", "1")
    assert "not read: large.txt: it is larger than 1 MB: split it, or raise the limit" in out
    assert "not read: rows.jsonl#1: it has no text (its fields are Wortlaut)" in out
    code, out, _ = run(*index, "--max-mb", "1", "--field", "text=Wortlaut")
    assert (code, out.splitlines()[0]) == (0, f"3 articles under {folder}")
    assert run(*index, "--field", "words=Wortlaut")[0] == 2
