"""Questions answered from a folder of articles, in the articles' own sentences."""

from qa.answers import Answer, Statement
from qa.articles import Article, Skipped
from qa.evaluation import feedback
from qa.formats import Limits
from qa.library import Library, ask, open_library, quotes, retrieve
from qa.names import Name
from qa.passages import Passage
from qa.periods import Period
from qa.quotes import Quote
from qa.retrieval import Hit

__all__ = [
    "Answer",
    "Article",
    "Hit",
    "Library",
    "Limits",
    "Name",
    "Passage",
    "Period",
    "Quote",
    "Skipped",
    "Statement",
    "ask",
    "feedback",
    "open_library",
    "quotes",
    "retrieve",
]
