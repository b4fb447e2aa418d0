"""What recurs is recognised: a source's boilerplate, copies and near copies; and nothing that an article is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder

from qa import Library
from qa.articles import Article
from qa.passages import Passage
from qa.repeats import boilerplate, hashed_lines, near_copies, recurring, sketched

Make = Callable[..., Library]

SIGN_UP = "Enjoyed this? Tell your friends about the Gazette and its evening letter."
TOPICS = {
    "Floods in Bern": "The river Aare rose by two metres on Sunday night.",
    "Tax on sugar": "Parliament voted for a levy on lemonade, 98 to 71.",
    "Chess champion": "A girl of eleven beat the grandmaster in forty moves.",
}


def gazette(title: str, *paragraphs: str, source: str = "Gazette") -> str:
    return f"---\ntitle: {title}\nsource: {source}\n---\n\n" + "\n\n".join(paragraphs) + "\n"


def write(folder: Path, texts: dict[str, str]) -> None:
    for file in folder.iterdir():
        file.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)


def passages(library: Library) -> list[str]:
    return sorted(hit.passage.text for hit in library.retrieve("anything at all", 99))


def article(name: str, text: str, source: str = "Gazette") -> Article:
    return Article(name, name, text, name, source)


def test_a_paragraph_under_articles_on_anything_is_in_no_passage(make_library: Make, folder: Path) -> None:
    write(folder, {f"{n}.md": gazette(title, said, SIGN_UP) for n, (title, said) in enumerate(TOPICS.items())})
    library = make_library()
    assert passages(library) == sorted(TOPICS.values())
    for found in library.articles():
        ((start, end),) = found.boilerplate
        assert found.text[start:end] == SIGN_UP
        assert library.article(found.id) == found


def test_it_takes_three_articles_of_one_source(make_library: Make, folder: Path) -> None:
    sources = ("Gazette", "Gazette", "Courier")
    texts = {
        f"{n}.md": gazette(title, said, SIGN_UP, source=source)
        for n, ((title, said), source) in enumerate(zip(TOPICS.items(), sources, strict=True))
    }
    write(folder, texts)
    assert passages(make_library()) == sorted(f"{said}\n\n{SIGN_UP}" for said in TOPICS.values())


def test_what_recurs_in_articles_on_one_thing_is_what_they_are_about(make_library: Make, folder: Path) -> None:
    fact = "The bridge over the Aare has been closed since it was damaged in March."
    titles = ("Aare bridge closed again", "Aare bridge repairs begin", "Aare bridge costs rise")
    write(folder, {f"{n}.md": gazette(title, f"News number {n}.", fact) for n, title in enumerate(titles)})
    assert passages(make_library()) == [f"News number {n}.\n\n{fact}" for n in range(3)]


def test_boilerplate_that_a_later_article_gives_away_leaves_the_earlier_ones(
    make_library: Make, folder: Path, encoder: WordEncoder
) -> None:
    texts = {f"{n}.md": gazette(title, said, SIGN_UP) for n, (title, said) in enumerate(TOPICS.items())}
    third = texts.pop("2.md")
    write(folder, texts)
    library = make_library()
    assert len([text for text in passages(library) if SIGN_UP in text]) == 2
    (folder / "2.md").write_text(third)
    library.refresh()
    assert passages(library) == sorted(TOPICS.values())
    (folder / "2.md").unlink()
    library.refresh()
    assert len([text for text in passages(library) if SIGN_UP in text]) == 2
    assert all(not article.boilerplate for article in library.articles())


def test_no_quote_stands_in_boilerplate(make_library: Make, folder: Path) -> None:
    said = "“We never sleep,” Editor Ann Lee said in every issue."
    write(folder, {f"{n}.md": gazette(title, text, said) for n, (title, text) in enumerate(TOPICS.items())})
    library = make_library()
    assert library.quotes("Ann Lee") == []
    (folder / "0.md").unlink()
    library.refresh()
    assert {quote.text for quote in library.quotes("Ann Lee")} == {"We never sleep,"}


def test_the_same_text_under_two_names_is_one_article(make_library: Make, folder: Path, encoder: WordEncoder) -> None:
    text = (folder / "bridge.txt").read_text()
    (folder / "copy.txt").write_text(text)
    library = make_library()
    assert [(a.path, a.copies) for a in library.articles()] == [("bridge.txt", ("copy.txt",)), ("fair.md", ())]
    assert library.count() == 2
    assert len(library.retrieve("bridge", 9)) == 2
    assert (
        encoder.encoded.count("The old bridge closed on Monday. Mayor Ilse Kohl said repairs would take a year.") == 1
    )
    assert [article.path for article in library.articles(article="copy.txt")] == ["bridge.txt"]
    assert library.ask("What did Ilse Kohl say?").statements[0].others == 1


def test_when_the_first_goes_its_copy_takes_its_place_and_nothing_is_encoded(
    make_library: Make, folder: Path, encoder: WordEncoder
) -> None:
    text = (folder / "bridge.txt").read_text()
    (folder / "copy.txt").write_text(text)
    (folder / "copy2.txt").write_text(text)
    library = make_library()
    before = len(encoder.encoded)
    (folder / "bridge.txt").unlink()
    library.refresh()
    assert [(a.path, a.copies) for a in library.articles()] == [("copy.txt", ("copy2.txt",)), ("fair.md", ())]
    (folder / "copy.txt").write_text("Quite another text stands here now.\n")
    library.refresh()
    assert [(a.path, a.copies) for a in library.articles()] == [("copy.txt", ()), ("copy2.txt", ()), ("fair.md", ())]
    assert [text for text in encoder.encoded[before:] if "bridge" in text] == []
    hits = library.retrieve("old bridge closed", 1)
    assert (hits[0].passage.article.path, hits[0].passage.text[:14]) == ("copy2.txt", "The old bridge")
    assert [quote.article.path for quote in library.quotes("Kohl")] == ["copy2.txt"]


def test_a_file_that_is_renamed_is_not_encoded_again(make_library: Make, folder: Path, encoder: WordEncoder) -> None:
    library = make_library()
    before = len(encoder.encoded)
    (folder / "bridge.txt").rename(folder / "zz.txt")
    library.refresh()
    assert [article.path for article in library.articles()] == ["fair.md", "zz.txt"]
    assert [text for text in encoder.encoded[before:] if "old bridge" in text] == []
    assert library.retrieve("old bridge", 1)[0].passage.article.path == "zz.txt"


def test_a_text_that_moves_while_its_file_gets_another_is_kept(make_library: Make, folder: Path) -> None:
    library = make_library()
    (folder / "zz.txt").write_text((folder / "bridge.txt").read_text())
    (folder / "bridge.txt").write_text("Quite another text stands here now.\n")
    library.refresh()
    found = {hit.passage.article.path: hit.passage.text[:14] for hit in library.retrieve("anything", 9)}
    assert found == {"bridge.txt": "Quite another ", "fair.md": "The spring fai", "zz.txt": "The old bridge"}


WIRE = [
    "The old bridge over the river Aare closed on Monday after engineers found deep cracks in three of its pillars.",
    "Mayor Ilse Kohl said repairs would take a year and cost the town about twelve million francs.",
    "Some thirty thousand cars cross it each day, and two ferries were hired from the next county for that time.",
    "The bridge was built in 1931 by a company that was later found to have saved on the cement it had been paid for.",
]


def test_near_copies_are_cited_once_with_the_others(make_library: Make, folder: Path) -> None:
    write(
        folder,
        {
            "agency.md": gazette("Bridge closed", *WIRE, source="Agency"),
            "courier.md": gazette("Bridge closed, says courier", *WIRE[:3], "Our reporter saw it.", source="Courier"),
            "other.md": gazette("Fair opens", "The spring fair opened on Friday with a speech by Ilse Kohl."),
        },
    )
    library = make_library()
    answer = library.ask("What did Ilse Kohl say about repairs?")
    (statement,) = answer.statements
    assert statement.text == WIRE[1]
    assert [article.path for article in statement.also] == ["courier.md"]
    assert answer.summary == "1 statement by Ilse Kohl about repairs, in 1 article"
    assert answer.as_dict()["statements"][0]["also"][0]["path"] == "courier.md"


def test_what_only_one_of_two_near_copies_says_is_not_said_by_both(make_library: Make, folder: Path) -> None:
    changed = WIRE[1].replace("a year", "two years")
    write(
        folder,
        {
            "a.md": gazette("Bridge closed", *WIRE, source="Agency"),
            "b.md": gazette("Bridge closed for long", WIRE[0], changed, *WIRE[2:], source="Courier"),
        },
    )
    statements = make_library().ask("What did Ilse Kohl say about repairs?").statements
    assert {statement.text: statement.also for statement in statements} == {WIRE[1]: (), changed: ()}


def sketch_of(text: str) -> np.ndarray:
    whole = article("a", text)
    return sketched([Passage(whole, 0, len(text))])


def test_near_copies_are_found_and_others_are_not() -> None:
    words = [f"word{n}" for n in range(2000)]
    one, other = " ".join(words[:1000]), " ".join(words[1000:])
    texts = {
        "one": one, "edited": one.replace("word500 ", "changed "), "cut": " ".join(words[:700]), "other": other,
        "half": " ".join(words[:250]) + " " + " ".join(words[1500:1900]), "empty": "",
        "short": "word1 word2", "empty too": "",
    }  # fmt: skip
    groups = dict(zip(texts, near_copies(np.stack([sketch_of(t) for t in texts.values()])).tolist(), strict=True))
    assert groups["one"] == groups["edited"] == groups["cut"]
    assert len({groups[name] for name in ("one", "other", "half", "empty", "short", "empty too")}) == 6


def test_of_200_planted_near_copies_nearly_all_are_found_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    vocabulary = [f"w{n}" for n in range(3000)]
    sketches = []
    for _ in range(200):
        words = list(rng.choice(vocabulary, 400))
        edited = words.copy()
        for place in rng.choice(400, 10, replace=False):
            edited[place] = "edited"
        sketches += [sketch_of(" ".join(words)), sketch_of(" ".join(edited))]
    groups = near_copies(np.stack(sketches))
    assert (groups[::2] == groups[1::2]).sum() >= 190
    assert len(set(groups.tolist())) >= 200


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_sketches_are_groups_of_their_own(count: int) -> None:
    sketches = np.arange(count * 128, dtype=np.uint32).reshape(count, 128)
    assert sorted(near_copies(sketches).tolist()) == list(range(count))


def test_a_line_is_known_by_its_words_and_its_source() -> None:
    one = article("a", "Tell ALL your friends!\n\nTwo words.\n\nSomething else is here.")
    lines = dict(hashed_lines(one))
    assert [one.text[start:end] for start, end in lines.values()] == [
        "Tell ALL your friends!",
        "Something else is here.",
    ]
    again = article("b", "Before it comes this here.\n\ntell all your friends")
    assert len(lines.keys() & dict(hashed_lines(again))) == 1
    assert not lines.keys() & dict(hashed_lines(article("b", "tell all your friends", "Courier")))
    assert boilerplate(one, {next(iter(lines))}) == ((0, 22),)


def test_the_likeness_is_the_mean_cosine_of_all_pairs_of_titles() -> None:
    lines = [np.array([1, 2], dtype=np.uint64), np.array([1, 2], dtype=np.uint64), np.array([1, 2, 3], dtype=np.uint64)]
    apart = np.eye(3, dtype=np.float32) * 7
    assert recurring(lines, apart) == {1, 2}
    # Cosines of 0.8, 0 and 0.6: on average 0.47.
    near = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    assert recurring(lines, near) == frozenset()
    assert recurring([], np.zeros((0, 3), dtype=np.float32)) == frozenset()
    assert recurring([np.zeros(0, dtype=np.uint64)] * 3, apart) == frozenset()
