"""Who said what in an article. Read in this order: marks, saying, cues, tagger, speakers, extraction."""

from qa.quotes.extraction import Quote, extract_quotes, extract_quotes_many

__all__ = ["Quote", "extract_quotes", "extract_quotes_many"]
