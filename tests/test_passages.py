"""Sentences and passages: slices that end where sentences end."""

from __future__ import annotations

import random
import time

import pytest
from conftest import SEED, WordEncoder

from qa.articles import Article, decoded, parse_article
from qa.passages import sentence_spans, split_article


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Smith met Gov. Jane Roe in St. Louis on Sept. 11, 2001.", "He left."],
        ["The U.S. has troops there.", "The U.N. does not."],
        ["They live in the U.S. and the U.K. today.", "J.K. Rowling said so."],
        ["It began in the U.S.", "The rest followed at 5 p.m.", "Then it stopped."],
        ['"If... there are plans," he said.', "No.", "He refused."],
        ["“We saw it.", "We left at once,” she said.", "Others stayed."],
        ['"Why?" Lavrov asked.', '"Because!"', "Nobody else spoke."],
        ['He said: "I was there."', '"So was I," she said.'],
        ["Prices rose 3.5 percent.", "No. 10 declined to comment."],
        ["Acme Inc. rose.", "Its rival Foo Corp. fell!", "Why?"],
        ["He was there (really.)", "Then he left…", "So it goes."],
        ["これは文です。", "次の文です。"],
    ],
)
def test_a_paragraph_is_cut_at_sentence_ends(expected: list[str]) -> None:
    joined = ("" if expected[0][0] == "こ" else " ").join(expected)
    assert sentences(joined) == expected


def test_a_line_break_ends_a_paragraph_unless_the_text_is_wrapped() -> None:
    wrapped = "The first sentence goes on\nover the line. The second\nends here.\n\n- an item\n- another\n"
    assert sentences(wrapped) == [
        "The first sentence goes on\nover the line.",
        "The second\nends here.",
        "- an item",
        "- another",
    ]
    long = "A line that is longer than a hundred characters shows that the text is not broken into lines of like length"
    assert sentences(f"{long}\nAnother line\n") == [long, "Another line"]


def test_the_seed_article_is_cut_into_its_sentences_without_head_and_tail() -> None:
    article = parse_article(decoded(SEED.read_bytes()), SEED.name)
    spans = list(sentence_spans(article.text, article.body, prose=True))
    assert len(spans) == 18
    first, second, last = spans[0], spans[1], spans[-1]
    assert first == (116, 274)
    assert article.text[slice(*second)] == (
        "Foley, who was abducted in Syria in late 2012, was beheaded by a masked member of the Islamic State group "
        "last week."
    )
    assert last == (2871, 3209)
    assert article.text[slice(*last)].endswith('in Syria and other states of the region."')


@pytest.mark.parametrize(
    "boilerplate",
    [
        "## See also",
        "**See also:**",
        "[Another story](https://example.com/a)",
        "Original url:",
        "<https://example.com/a>",
        "Sign up for our newsletter to get more.",
        "© 2024 Example News.",
        "Hong Kong CNN —",
        "* * *",
    ],
)
def test_boilerplate_is_in_no_passage(boilerplate: str, encoder: WordEncoder) -> None:
    text = f"The first paragraph says one thing.\n\n{boilerplate}\n\nThe second paragraph says another.\n"
    passages = split_article(parse_article(text, "a.md"), encoder.token_spans, 40)
    assert [passage.text for passage in passages] == [
        "The first paragraph says one thing.",
        "The second paragraph says another.",
    ]


def test_passages_are_filled_with_whole_sentences(encoder: WordEncoder) -> None:
    text = (
        "One two three four five six. Seven eight nine. Ten eleven twelve thirteen.\n\nFourteen fifteen sixteen here.\n"
    )
    passages = split_article(Article("1", "", text), encoder.token_spans, 12)
    assert [(passage.start, passage.end, passage.text) for passage in passages] == [
        (0, 46, "One two three four five six. Seven eight nine."),
        (47, 106, "Ten eleven twelve thirteen.\n\nFourteen fifteen sixteen here."),
    ]


@pytest.mark.parametrize(
    "text", ["word " * 50_000, "x" * 50_000, "漢" * 5_000, "a. " * 20_000, '"' * 9_000, "\n" * 9_000]
)
def test_no_passage_exceeds_the_limit_however_long_a_sentence_is(text: str, encoder: WordEncoder) -> None:
    started = time.perf_counter()
    passages = split_article(Article("1", "", text), encoder.token_spans, 40)
    assert time.perf_counter() - started < 20
    for passage in passages:
        assert len(encoder.token_spans(passage.text)) <= 40
        assert 0 < len(passage.text) <= 4000
    kept = "".join(passage.text for passage in passages)
    assert not kept or "".join(kept.split()) == "".join(text.split())


def test_any_text_is_cut_into_slices_in_order(encoder: WordEncoder) -> None:
    rng = random.Random(7)
    pieces = ["Mr.", "U.S.", '"', "“", "”", "?", "!", "...", "\n", "\n\n", "\r\n", " ", "A", "b", "é", "é", "漢。", "9",
              "# H", "[a](b)", "\ufeff", "\u202e", "\t", "- ", "(", ")", "He said"]  # fmt: skip
    for _ in range(300):
        text = "".join(rng.choices(pieces, k=rng.randrange(60)))
        position = 0
        for start, end in sentence_spans(text):
            assert position <= start < end <= len(text)
            assert text[start:end].strip() == text[start:end]
            position = end
        for passage in split_article(Article("1", "", text), encoder.token_spans, 5):
            assert len(encoder.token_spans(passage.text)) <= 5
            assert next(sentence_spans(text, passage.start, passage.end))[0] == passage.start


@pytest.mark.model
def test_the_real_tokenizer_never_gets_more_than_it_reads(model) -> None:  # type: ignore[no-untyped-def]
    text = parse_article(decoded(SEED.read_bytes()), SEED.name).text + " antidisestablishmentarianism" * 400
    passages = split_article(Article("1", "", text), model.token_spans, model.token_limit)
    assert model.token_limit == 254
    assert len(passages) > 5
    assert max(len(model.token_spans(passage.text)) for passage in passages) <= 254
