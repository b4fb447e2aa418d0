"""Summaries and the latest: sentences of the articles that are on the topic, and a refusal where none is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qa import Library, open_library

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("articles")
    bridge = (
        "The old bridge over the Aare was closed to all traffic on Monday. "
        "The bridge has cracks in two of its pillars, engineers found. "
        "Repairs of the bridge will take a year and cost two million crowns. "
        "It rained. The ferry runs again while the bridge is closed. A concert in the park was put off."
    )
    (folder / "bridge.md").write_text(f"---\ntitle: Bridge closed\ndate: 2024-05-02\n---\n\n{bridge}\n")
    (folder / "ferry.md").write_text(
        "---\ntitle: Ferry runs\ndate: 2024-06-10\n---\n\nThe ferry over the Aare runs since Friday.\n\n"
        "A crossing by the ferry costs two crowns for everybody. The bridge stays closed until next spring.\n"
    )
    with open_library(folder, index=tmp_path_factory.mktemp("index")) as library:
        yield library


def test_an_article_is_summed_up_by_its_own_sentences_in_their_order(library: Library) -> None:
    answer = library.ask("Summarise the article about the bridge")
    assert answer.summary == "Sentences of “Bridge closed” (2024-05-02), in its order"
    texts = [statement.text for statement in answer.statements]
    assert "The old bridge over the Aare was closed to all traffic on Monday." in texts
    assert "It rained." not in texts
    assert [s.start for s in answer.statements] == sorted(s.start for s in answer.statements)
    assert all(s.article.text[s.start : s.end] == s.text for s in answer.statements)


@pytest.mark.parametrize("topic", ["the concert", "football"])
def test_an_article_that_only_mentions_a_topic_is_not_about_it(library: Library, topic: str) -> None:
    answer = library.ask(f"Summarise the article about {topic}")
    assert answer.refusal == f"The articles do not say: none of them is about {topic}."
    assert answer.statements == ()


def test_the_latest_is_of_the_newest_article_on_the_topic(library: Library) -> None:
    answer = library.ask("What is the latest on the ferry?", today="2024-06-15")
    assert [statement.article.title for statement in answer.statements] == [
        "Ferry runs",
        "Ferry runs",
        "Bridge closed",
    ]
    assert answer.statements[0].text == "The ferry over the Aare runs since Friday."
    assert answer.summary == "The newest first; the newest article on the ferry here is of 2024-06-10"
