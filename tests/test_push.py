"""Push: the hub's own library against a server on this machine that answers as the hub does."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, command_line, environment
from workbench.export.checksums import write_sums
from workbench.files import write_json

TOKEN = "hf_" + "made" + "up" * 4


class Hub(ThreadingHTTPServer):
    """What was asked of the server, and how it answers: a repository, and commits into it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.refuse = 0
        self.public = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def files(self) -> dict[str, bytes]:
        """The files that were committed."""
        found = {}
        for _, path, _, body in self.asked:
            if "/commit/" in path:
                for line in body.decode().splitlines():
                    row = json.loads(line)
                    if row["key"] == "file":
                        found[row["value"]["path"]] = base64.b64decode(row["value"]["content"])
        return found


class Answering(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(("POST", self.path, dict(self.headers), body))
        if self.server.refuse:
            self.answer({"error": "no"}, self.server.refuse)
        elif self.path.endswith("/repos/create"):
            self.answer({"url": f"{self.server.address}/eva/desk", "id": "1"})
        elif "/preupload/" in self.path:
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for one in json.loads(body)["files"]
            ]
            self.answer({"files": files})
        elif "/commit/" in self.path:
            self.answer(
                {
                    "commitUrl": f"{self.server.address}/eva/desk/commit/1",
                    "commitOid": "1" * 40,
                    "success": True,
                }
            )
        else:
            self.answer({"ok": True})

    def do_GET(self) -> None:
        self.server.asked.append(("GET", self.path, dict(self.headers), b""))
        self.answer(
            {"id": "eva/desk", "_id": "1", "private": not self.server.public, "siblings": [], "sha": "0" * 40}
        )

    def answer(self, value: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The smallest folder that an export could be."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "README.md").write_text("# Desk\n")
    write_json(out / "manifest.json", {"verdict": "pass", "override": None, "parity": {"checked": True}})
    write_sums(out)
    return out


def push(folder: Path, hub: Hub, *more: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """Run ``workbench push`` as its own process, with the server in the hub's place."""
    own = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        command_line("push", folder, "--repo", "eva/desk", "--json", *more),
        env={**environment(), **own, "HF_HOME": str(folder.parent / "home"), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert TOKEN not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout or done.stderr)


def test_every_file_goes_into_a_private_repository(folder: Path, hub: Hub) -> None:
    code, data = push(folder, hub)
    assert code == 0, data
    created = next(body for _, path, _, body in hub.asked if path.endswith("/repos/create"))
    told = json.loads(created)
    assert told.get("private") is True or told.get("visibility") == "private"
    assert {
        headers.get("authorization") or headers.get("Authorization") for _, _, headers, _ in hub.asked
    } == {f"Bearer {TOKEN}"}
    sent = hub.files()
    assert sent == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert data["visibility"] == "private"
    assert data["commit"] == "1" * 40


def test_a_public_repository_that_is_there_is_refused_unless_it_is_meant(folder: Path, hub: Hub) -> None:
    hub.public = True
    code, data = push(folder, hub)
    assert code == 2
    assert "public" in data["error"]["what"]
    assert hub.files() == {}
    code, data = push(folder, hub, "--public")
    assert code == 0, data
    assert data["visibility"] == "public"


def test_a_refusal_of_the_hub_is_told_without_the_token(folder: Path, hub: Hub) -> None:
    hub.refuse = 403
    code, data = push(folder, hub)
    assert code == 2
    assert "403" in data["error"]["what"]
    assert hub.files() == {}


@pytest.mark.parametrize(
    ("name", "value", "words"), [("HF_TOKEN", "", "no token"), ("HF_HUB_OFFLINE", "1", "switched off")]
)
def test_without_token_or_network_nothing_is_asked(
    folder: Path, here: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv(name, value)
    answered = here("push", folder, "--repo", "eva/desk", "--json")
    assert answered.returncode == 2
    assert words in json.loads(answered.stdout or answered.stderr)["error"]["what"]


@pytest.mark.parametrize("repo", ["desk", "a/b/c", "eva/", "eva/de sk"])
def test_a_name_that_the_hub_cannot_have_is_refused(folder: Path, here: Command, repo: str) -> None:
    answered = here("push", folder, "--repo", repo, "--json")
    assert answered.returncode == 2
    assert "OWNER/NAME" in json.loads(answered.stdout or answered.stderr)["error"]["remedy"]


def test_a_changed_export_is_not_pushed(folder: Path, hub: Hub) -> None:
    (folder / "README.md").write_text("# Other\n")
    code, data = push(folder, hub)
    assert code == 2
    assert "not what was exported" in data["error"]["what"]
    assert hub.asked == []


def test_a_hub_that_cannot_be_reached_is_told(folder: Path, hub: Hub) -> None:
    hub.server_close()
    code, data = push(folder, hub, HF_ENDPOINT="http://127.0.0.1:9")
    assert code == 2
    assert "cannot be reached" in data["error"]["what"]
