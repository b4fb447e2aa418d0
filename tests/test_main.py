"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SEED

from qa.__main__ import main

pytestmark = pytest.mark.model
QUESTION = "what did Lavrov say about al-Qaida?"


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
    assert capsys.readouterr().out == "The articles do not say who: nothing in them answers this question.\n"


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
