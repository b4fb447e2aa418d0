"""Questions answered from a folder of articles, in the articles' own sentences."""

from qa.answers import Answer, Statement
from qa.articles import Article, Skipped
from qa.catalogue import Catalogue, Entry
from qa.evaluation import feedback
from qa.filters import Filters
from qa.formats import Limits
from qa.library import Library, ask, open_library, quotes, retrieve
from qa.names import Name, Speaker
from qa.passages import Passage
from qa.periods import Period
from qa.quotes import Quote
from qa.retrieval import Hit

__all__ = [
    "Answer",
    "Article",
    "Catalogue",
    "Entry",
    "Filters",
    "Hit",
    "Library",
    "Limits",
    "Name",
    "Passage",
    "Period",
    "Quote",
    "Skipped",
    "Speaker",
    "Statement",
    "ask",
    "feedback",
    "open_library",
    "quotes",
    "retrieve",
]
