"""The running program: its endpoints, what it refuses to serve, and a folder that it follows."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from windows import QUESTION, ROOT, free_port, running

from ui.endpoints import (
    AnswerRecord,
    ArticleRecord,
    CatalogueRecord,
    EntryRecord,
    HitRecord,
    QuoteRecord,
    StatementRecord,
)


@pytest.mark.app
def test_ask_and_retrieve_answer_programs(app: str) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(app, verbose=False)
    answer = client.predict(QUESTION, api_name="/ask")
    assert (answer["question"], answer["refusal"]) == (QUESTION, None)
    assert set(answer) == set(AnswerRecord.__annotations__)
    assert set(answer["statements"][0]) == set(StatementRecord.__annotations__)
    assert set(answer["statements"][0]["article"]) == set(ArticleRecord.__annotations__)
    texts = [statement["text"] for statement in answer["statements"]]
    assert any("had made the same mistake with Islamic State as it had with al-Qaida" in text for text in texts)
    assert any("who later created al-Qaida" in text for text in texts)
    for statement in answer["statements"]:
        article = statement["article"]
        assert article["published"] == "2014-08-26"
        text = (ROOT / "seeds" / article["file"]).read_bytes().decode()
        assert text[statement["start"] : statement["end"]] == statement["text"]
    refused = client.predict("What did Lavrov say about football?", api_name="/ask")
    assert refused["statements"] == [] and refused["refusal"]
    hits = client.predict(QUESTION, 1, api_name="/retrieve")
    assert len(hits) == 1 and set(hits[0]) == set(HitRecord.__annotations__)
    assert client.predict(QUESTION, api_name="/retrieve")
    assert client.predict(QUESTION, since="2014-08-27", api_name="/retrieve") == []
    said = client.predict(speaker="Lavrov", about="al-Qaida", kind="direct", api_name="/quotes")
    assert [quote["speaker"] for quote in said] == ["Sergei Lavrov"]
    assert set(said[0]) == set(QuoteRecord.__annotations__)
    listed = client.predict("lavrov moscow", api_name="/articles")
    assert set(listed) == set(CatalogueRecord.__annotations__) and listed["total"] == 1
    assert set(listed["articles"][0]) == set(EntryRecord.__annotations__)
    assert client.predict("no such words", api_name="/articles") == {"total": 0, "articles": []}
    with pytest.raises(AppError, match="since is a date as YYYY-MM-DD, not 'May'"):
        client.predict(QUESTION, since="May", api_name="/ask")
    with pytest.raises(AppError, match="name a speaker or a topic"):
        client.predict(api_name="/quotes")
    for bad, message in ((("",), "ask a question"), ((" \x00\u3000",), "ask a question"), ((7,), "ask a question")):
        with pytest.raises(AppError, match=message):
            client.predict(*bad, api_name="/ask")
    for k in (0, 101, -1, 1.5, "5", True):
        with pytest.raises(AppError, match="k is a whole number from 1 to 100"):
            client.predict(QUESTION, k, api_name="/retrieve")
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {
        "/ask",
        "/retrieve",
        "/quotes",
        "/articles",
    }


@pytest.mark.app
def test_fifty_questions_at_once_are_answered_as_one_alone(app: str) -> None:
    from gradio_client import Client

    client = Client(app, verbose=False)
    asked = [
        QUESTION,
        "When was James Foley abducted?",
        "What did Damascus say?",
        "What did Lavrov say about football?",
    ]
    alone = [client.predict(question, api_name="/ask") for question in asked]
    jobs = [client.submit(asked[number % 4], api_name="/ask") for number in range(50)]
    answers = [job.result(timeout=120) for job in jobs]
    assert answers == [alone[number % 4] for number in range(50)]
    assert [answer["refusal"] is None for answer in alone] == [True, True, True, False]


@pytest.mark.app
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--folder", "no-such-folder"], "no folder 'no-such-folder'"),
        (["--port", "taken"], "cannot listen at 127.0.0.1:"),
        (["--host", "203.0.113.7"], "cannot listen at 203.0.113.7:"),
        (["--host", "0.0.0.0"], "other machines reach the articles: give --auth FILE"),
        (["--host", "no such host"], "cannot listen at no such host:"),
        (["--mcp", "--auth", "users.txt"], "give --mcp or --auth, not both"),
        (["--auth", "no-such-users.txt"], "no-such-users.txt"),
        (["--add-user", "mira"], "--add-user needs --auth FILE"),
        (["--port", "70000"], "from 1 to 65535"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_exit_code_2(flags: list[str], message: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags = [str(taken.getsockname()[1]) if flag == "taken" else flag for flag in flags]
        done = subprocess.run(
            [sys.executable, ROOT / "app.py", *flags], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


@pytest.mark.app
@pytest.mark.parametrize("url", ["postgresql://qa:secretly@127.0.0.1:1/a@b", "secretly"])
def test_an_address_of_no_database_is_one_line_without_it_and_exit_code_2(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_DATABASE_URL", url)
    command = [sys.executable, ROOT / "app.py", "--port", str(free_port()), "--state", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    # Without psycopg it says how to get that.
    assert "QA_DATABASE_URL" in done.stderr and "secretly" not in done.stderr + done.stdout


@pytest.mark.app
def test_a_watched_folder_is_read_without_a_click(tmp_path: Path) -> None:
    from gradio_client import Client

    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "bridge.txt").write_text("The old bridge over the river Aare was closed on Monday.\n")
    with running("--folder", str(folder), "--index", str(tmp_path / "index"), "--watch") as address:
        client = Client(address, verbose=False)
        assert len(client.predict("bridge", 5, api_name="/retrieve")) == 1
        (folder / "tram.txt").write_text("A new tram line runs along the river since Friday.\n")
        for _ in range(100):
            if len(client.predict("tram", 5, api_name="/retrieve")) == 2:
                break
            time.sleep(0.2)
        assert client.predict("tram line", 1, api_name="/retrieve")[0]["article"]["file"] == "tram.txt"


@pytest.mark.app
@pytest.mark.skipif(not importlib.util.find_spec("mcp"), reason="no mcp: pip install mcp")
def test_a_language_model_gets_the_four_endpoints_as_tools_and_no_other(tmp_path: Path) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def call(address: str) -> tuple[dict[str, str], Any]:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            said = await session.call_tool("ask", {"question": QUESTION})
            return {tool.name: tool.description or "" for tool in tools}, said

    with running("--index", tmp_path, "--mcp") as address:
        tools, said = asyncio.run(call(address))
    assert {"ask", "retrieve", "quotes", "articles"} == set(tools)
    assert "verbatim slice" in tools["ask"]
    assert not said.isError
    answer = ast.literal_eval(said.content[0].text)  # Gradio gives a tool's result as Python writes it
    assert answer["refusal"] is None
    assert any("had made the same mistake" in statement["text"] for statement in answer["statements"])
