"""The rules of the house: who may import whom, what is public, and that the README tells the truth."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import qa

MAY_IMPORT = {
    "embeddings": {"embeddings"},
    "qa": {"qa", "embeddings"},
    "ui": {"ui", "qa"},
    "app": {"ui", "qa"},
}
HEAVY = {
    "embeddings": {"gradio"},
    "qa": {"gradio", "torch", "sentence_transformers", "openvino", "faiss", "tantivy"},
    "ui": {"torch", "openvino", "faiss", "tantivy"},
}
OURS = {"app", "embeddings", "qa", "tests", "ui"}


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names |= {node.module or ""}
    return names


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_go_one_way(part: str) -> None:
    files = [ROOT / "app.py"] if part == "app" else list((ROOT / part).rglob("*.py"))
    assert files
    for file in files:
        for name in imports(file):
            root = name.split(".")[0]
            assert root not in OURS - MAY_IMPORT[part], f"{file.name} imports {name}"
            assert root not in HEAVY.get(part, set()), f"{file.name} imports {name}"
            if part in ("ui", "app"):
                assert name in {"ui", "qa", *(f"ui.{path.stem}" for path in (ROOT / "ui").glob("*.py"))} or (
                    root not in OURS
                ), f"{file.name} reaches below what qa exports: {name}"


def test_openvino_is_imported_in_one_place_where_it_is_kept_from_reporting_that() -> None:
    importing = [
        file.relative_to(ROOT).as_posix()
        for part in ("embeddings", "qa", "ui")
        for file in (ROOT / part).rglob("*.py")
        if any(name.split(".")[0] == "openvino" for name in imports(file))
    ]
    assert importing == ["embeddings/layers.py"]


def test_the_public_names_are_these() -> None:
    assert qa.__all__ == [
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


def test_importing_qa_is_light() -> None:
    heavy = "torch gradio sentence_transformers transformers spacy openvino tokenizers scipy ir_measures fsspec".split()
    script = f"import sys, qa; print([m for m in {heavy} if m in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed == "[]\n"


@pytest.mark.model
def test_the_readmes_python_runs_and_prints_what_it_says() -> None:
    examples = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert examples
    for code, expected in examples:
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert run.stdout == expected


def test_every_command_that_the_readme_names_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = set(re.findall(r"python -m qa (\w+)", readme))
    assert commands == {
        "ask", "copy", "doctor", "evaluate", "export", "index", "list", "quotes", "remove", "search", "show",
    }  # fmt: skip
    for flag in set(re.findall(r"`(--[a-z-]+)", readme)):
        assert any(f'"{flag}"' in (ROOT / name).read_text() for name in ("app.py", "qa/__main__.py")), flag
