"""The real app in a real browser: all pages, and a training run watched to its end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages_project import project_with_findings
from workbench.content import content_path
from workbench.projects import Project
from workbench.publishing import publish
from workbench.runs import list_runs
from workbench.splits import split
from workbench.versions import open_dataset

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TITLES = {
    "review": "Review",
    "personal_data": "Personal data",
    "": "Small shop",
    "import": "Import",
    "recipe": "Recipe",
    "assessment": "Assessment",
    "coverage": "Coverage",
    "train": "Train",
    "runs": "Runs",
    "evaluate": "Evaluate",
    "approve": "Approve",
    "history": "History",
}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    project = project_with_findings(tmp_path / "shop")
    publish(project, open_dataset(project, "chats@v1"))
    split(project, open_dataset(project, "chats@v2"))
    return project


@pytest.fixture
def address(shop: Project, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = content_path("app.py")
    words = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    words += [
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
    ]
    environment = {**os.environ, "WORKBENCH_PROJECT": str(shop.root), "OMP_NUM_THREADS": "2"}
    with (tmp_path / "server.txt").open("wb") as log:
        server = subprocess.Popen(words, env=environment, cwd=app.parent, stdout=log, stderr=log)
    try:
        wait_until_up(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = opened.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(60_000)
        yield page
        opened.close()


def wait_until_up(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the server did not answer")


def settled(page: Any, title: str) -> None:
    """Wait until the page has its title, and nothing runs any more."""
    page.get_by_role("heading", name=title, exact=True, level=1).wait_for()
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(500)
    assert page.get_by_test_id("stException").count() == 0


def test_all_pages_open_and_a_run_is_watched_to_its_end(
    address: str, browser: Any, shop: Project, tmp_path: Path
) -> None:
    foreign: list[str] = []
    browser.on(
        "request", lambda request: foreign.append(request.url) if not local(request.url, address) else None
    )
    for path, title in TITLES.items():
        browser.goto(f"{address}/{path}")
        settled(browser, title)
        browser.get_by_test_id("stSidebar").get_by_role("link", name="Approve").wait_for()
        assert browser.get_by_test_id("stAlertContentError").count() == 0
        browser.screenshot(path=tmp_path / f"{path or 'overview'}.png", full_page=True)

    browser.goto(f"{address}/train")
    settled(browser, "Train")
    steps = browser.get_by_role("spinbutton", name="Max steps")
    steps.fill("4")
    steps.press("Enter")
    browser.wait_for_timeout(1500)
    browser.get_by_role("button", name="Start training").click()
    settled(browser, "Runs")
    (run,) = list_runs(shop, "sft")
    assert run.config["settings"]["max_steps"] == 4
    browser.get_by_role("button", name="Cancel this run").wait_for()

    browser.reload()
    settled(browser, "Runs")
    browser.get_by_test_id("stMain").get_by_text("Next: evaluate it").wait_for(timeout=300_000)
    browser.screenshot(path=tmp_path / "runs-finished.png", full_page=True)
    assert run.state == "finished"
    assert foreign == []


def local(url: str, address: str) -> bool:
    return url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
