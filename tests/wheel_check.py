"""Prove that the wheel alone works: ``python tests/wheel_check.py`` after ``make wheel``.

Makes a clean environment, installs the built wheel with the pinned libraries (no checkout,
no dev dependencies), and outside the checkout runs the help, the demo, and the app.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Return 0 when everything works."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", str(home / "env")], check=True)
        python, workbench = home / "env/bin/python", home / "env/bin/workbench"
        pins = ["-c", str(ROOT / "constraints.txt")]
        subprocess.run([python, "-m", "pip", "install", "-q", *pins, "torch"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *pins, str(wheel)], check=True)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        subprocess.run(
            [workbench, "--help"], check=True, cwd=home, env=environment, stdout=subprocess.DEVNULL
        )
        subprocess.run([workbench, "demo", "demo"], check=True, cwd=home, env=environment)
        app = subprocess.Popen(
            [workbench, "ui", "--port", "8599", "--project", "demo"], cwd=home, env=environment
        )
        try:
            for _ in range(60):
                try:
                    with urllib.request.urlopen("http://127.0.0.1:8599/_stcore/health", timeout=2) as answer:
                        healthy = answer.status == 200
                        break
                except OSError:
                    time.sleep(1)
            else:
                healthy = False
        finally:
            app.terminate()
            app.wait()
    sys.stdout.write("the wheel works alone\n" if healthy else "the app did not start\n")
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main())
