"""An environment that holds this checkout as an installed package, and beside it what the lock file holds."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[1]
# Where an installed package has the commands of the workflow, below its site-packages.
SCRIPTS_FOLDER = Path("coherion") / "share" / "scripts"


@cache
def built_wheel() -> Path:
    """The wheel of this checkout, built once."""
    folder = Path(mkdtemp(prefix="coherion-wheel-"))
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


def installed_python(folder: Path) -> Path:
    """Python of a new environment in ``folder``: the wheel is installed, what it requires is that of the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    tools = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    subprocess.run(
        [*tools, "install", "--no-deps", "--no-index", "--no-compile", "--target", site, built_wheel()], check=True
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python
