"""Measure the page as its readers have it: python tests/benchmarks/page.py [--clients 50]

Over the invented articles of tests/dialogues: so many questions at once through gradio_client, each of which must get
the answer that it gets alone; in chromium, the first paint of a page whose server is still loading its models, and the
time from Enter to the first statement in sight once they are loaded (medians, and how many there were).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gradio_client import Client
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from windows import CHROMIUM, running

DIALOGUES = Path(__file__).resolve().parents[1] / "dialogues"
STARTS, ASKED = 5, 20
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


def questions() -> list[str]:
    """Return the questions that stand alone."""
    rows = map(json.loads, (DIALOGUES / "conversations.jsonl").read_text(encoding="utf-8").splitlines())
    return list(dict.fromkeys(turn["question"] for row in rows for turn in row["turns"] if turn["kind"] == "whole"))


def at_once(address: str, asked: list[str]) -> None:
    clients = [Client(address, verbose=False) for _ in asked]
    alone = [client.predict(question, api_name="/ask") for client, question in zip(clients, asked, strict=True)]

    def ask(client: Client, question: str) -> tuple[Any, float]:
        began = time.perf_counter()
        return client.predict(question, api_name="/ask"), time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(len(asked)) as threads:
        answers = list(threads.map(ask, clients, asked))
    took = time.perf_counter() - began
    same = sum(answer == expected for (answer, _), expected in zip(answers, alone, strict=True))
    seconds = sorted(second for _, second in answers)
    p95 = seconds[round(0.95 * (len(seconds) - 1))]
    print(f"{len(asked)} questions at once: {same} answered as alone, in {took:.1f} s together")
    print(f"p50 {statistics.median(seconds):.2f} s, p95 {p95:.2f} s, last {seconds[-1]:.2f} s")


def first_paint(page: Page, address: str) -> float:
    """Return the milliseconds from going to the page to its first text or picture."""
    page.goto(address)
    paint = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    return float(page.wait_for_function(paint).json_value())


def to_first_statement(page: Page, question: str) -> float:
    """Return the milliseconds from Enter to the first statement, or refusal, that the browser has drawn."""
    page.get_by_label("Your question").fill(question)
    return float(
        page.evaluate(
            """async () => { const turns = document.querySelectorAll('.turn').length, began = performance.now();
               const box = document.querySelector('#ask textarea');
               box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
               box.dispatchEvent(new KeyboardEvent('keypress', {key: 'Enter', bubbles: true}));
               for (;;) { await new Promise(requestAnimationFrame);
                 const turn = document.querySelectorAll('.turn')[turns];
                 if (turn?.querySelector('.passage, .refusal, .summary')) return performance.now() - began;
                 if (performance.now() - began > 60_000) throw new Error('no answer'); } }"""
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50, help="questions at once (50)")
    options = parser.parse_args()
    asked = questions()
    index = Path(tempfile.mkdtemp())
    flags = ("--folder", DIALOGUES / "articles", "--index", index)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        paints = []
        for _ in range(STARTS):  # the first one also reads the articles
            with running(*flags) as address:
                page = chromium.new_page()
                paints.append(first_paint(page, address))
                page.close()
        print(f"first paint while the models load: {statistics.median(paints):.0f} ms, at most {max(paints):.0f} ms")
        with running(*flags) as address:
            page = chromium.new_page()
            page.goto(address)
            page.locator("#status").get_by_text("articles ready").wait_for(timeout=120_000)
            begun = []
            for question in asked[: ASKED + 2]:
                page.get_by_role("button", name="New", exact=True).click()
                page.locator("#conversation .empty").wait_for()
                begun.append(to_first_statement(page, question))
            begun = sorted(begun[2:])  # after two that warm up
            p95 = begun[round(0.95 * (len(begun) - 1))]
            print(f"first statement {statistics.median(begun):.0f} ms after Enter, p95 {p95:.0f} ms, of {len(begun)}")
            page.close()
            at_once(address, [asked[number % len(asked)] for number in range(options.clients)])


if __name__ == "__main__":
    main()
