"""The site is built without a warning, leads nowhere in vain, and asks nobody for anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from handbook import build, reference
from pages.shell import ROOT

pytest.importorskip("zensical", reason="zensical is not installed: make .venv/.ready")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    configuration = build.CONFIGURATION.read_text()
    for name in ("pages", "site"):
        configuration = configuration.replace(f'"build/docs/{name}"', f'"{name}"')
    (folder / "zensical.toml").write_text(configuration)
    build.assemble(folder / "pages")
    assert build.build(folder / "zensical.toml") == 0
    return folder / "site"


class Page(HTMLParser):
    """The addresses that a page names, those that a browser fetches by itself, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe", "source") and "src" in given:
            self.fetched.append(given["src"])
        if tag == "link" and given.get("rel") != "canonical":
            self.fetched.append(given.get("href", ""))


def pages(site: Path) -> Iterator[tuple[Path, Page]]:
    for path in sorted(site.rglob("*.html")):
        yield path, Page(path)


def test_every_page_is_built(site: Path) -> None:
    built = {path.relative_to(site).with_suffix(".md").as_posix() for path in site.rglob("*.html")}
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert written <= built and "reference/commands.md" in built and (site / "schemas/plan.json").is_file()


def test_a_link_that_leads_nowhere_fails_the_build(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = site.parent / "pages/wrong.md"
    wrong.write_text("# Wrong\n\n[nowhere](nowhere.md)\n")
    try:
        assert build.build(site.parent / "zensical.toml") == 1
        assert "nowhere" in capsys.readouterr().out
    finally:
        wrong.unlink()
        assert build.build(site.parent / "zensical.toml") == 0


def test_every_internal_link_and_anchor_is_there(site: Path) -> None:
    known = dict(pages(site))
    checked = 0
    for path, page in known.items():
        for link in (*page.links, *page.fetched):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not link:
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = site / parts.path.lstrip("/") if parts.path.startswith("/") else goal
            assert goal.exists(), f"{path.relative_to(site)}: {link}"
            if parts.fragment and goal.suffix == ".html":
                assert unquote(parts.fragment) in known[goal].anchors, f"{path.relative_to(site)}: {link}"
            checked += 1
    assert checked > 1000


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for path, page in pages(site):
        assert not [each for each in page.fetched if urlsplit(each).netloc or urlsplit(each).scheme not in ("", "data")], path
        assert "mermaid" not in page.anchors and 'class="mermaid"' not in path.read_text(), "drawing it would load a script from elsewhere"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(https?:)?//", style.read_text()), style


def test_no_path_of_a_page_is_in_the_navigation_twice_and_all_guides_are() -> None:
    import tomllib

    named = re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text())
    assert len(named) == len(set(named)) and tomllib.loads((ROOT / "zensical.toml").read_text())
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts}
    assert written <= set(named) and {*reference.pages()} <= set(named), (written | {*reference.pages()}) - set(named)


def test_the_build_leaves_no_directive(site: Path) -> None:
    assert not [path for path in site.rglob("*.html") if "<!-- " in path.read_text() and re.search(r"<!-- (start|file|lines|exit): ", path.read_text())]
