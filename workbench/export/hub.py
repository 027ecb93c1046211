"""Push: an export that may go out, and is still what was exported, to the Hugging Face hub."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError, NotPassedError, StorageError
from workbench.export.checksums import check_sums
from workbench.files import expanded, read_json

TOKEN = "HF_TOKEN"  # noqa: S105 - the name of the variable
REPO = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Pushed:
    """What went where."""

    repo: str
    url: str
    commit: str
    files: int
    visibility: str

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench push``."""
        return asdict(self)


def push_export(folder: Path, repo: str, *, public: bool = False, message: str = "Upload export") -> Pushed:
    """Upload an export into a repository of the hub, which is made private if it is not there.

    The token is read from ``HF_TOKEN`` and from nowhere else. An existing repository keeps its
    visibility, and a public one is refused unless ``public``. Raises `NotFoundError`,
    `InputError`, `NotPassedError` (blocked, or not checked), and `StorageError` when the hub
    refuses.
    """
    folder = expanded(folder)
    files = check_pushable(folder)
    if not REPO.fullmatch(repo):
        raise InputError("the repository has no name of the hub", where=repo[:96], remedy="as OWNER/NAME")
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise InputError(
            "the hub is switched off", where="HF_HUB_OFFLINE", remedy="set HF_HUB_OFFLINE=0 to push"
        )
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise InputError("there is no token for the hub", remedy=f"set {TOKEN} to a token that may write")
    return _upload(folder, repo, token, len(files), public=public, message=message)


def check_pushable(folder: Path) -> dict[str, str]:
    """The hashes of an export that may be pushed; raises the reason why one may not."""
    files = check_sums(folder)
    if "manifest.json" not in files:
        raise NotFoundError(
            "this folder is no export", where=str(folder), remedy="name one that has manifest.json"
        )
    manifest = read_json(folder / "manifest.json")
    if manifest.get("verdict") != "pass" and not manifest.get("override"):
        raise NotPassedError(
            f"the gate has no pass for this export: {manifest.get('verdict')}",
            where=folder.name,
            remedy="judge it, or export it with --override",
        )
    if not (manifest.get("parity") or {}).get("checked"):
        raise NotPassedError(
            "nobody checked that this export answers as what was judged",
            where=folder.name,
            remedy="export it again",
        )
    return files


def _upload(folder: Path, repo: str, token: str, files: int, *, public: bool, message: str) -> Pushed:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

    api = HfApi(token=token)
    try:
        url = api.create_repo(repo, private=not public, exist_ok=True)
        private = bool(api.model_info(repo).private)
        if not private and not public:
            raise InputError(
                "the repository is there and public", where=repo, remedy="name another, or push with --public"
            )
        commit = api.upload_folder(repo_id=repo, folder_path=folder, commit_message=message)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        raise StorageError(
            f"the hub refused the upload ({status})",
            where=repo,
            remedy="check the token's rights and the name",
        ) from error
    except httpx.HTTPError as error:
        raise StorageError(
            f"the hub cannot be reached ({type(error).__name__})", where=repo, remedy="check the network"
        ) from error
    return Pushed(repo, str(url), str(commit.oid), files, "private" if private else "public")
