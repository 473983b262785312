"""The browser that the end-to-end tests drive."""

import os
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright

FOUND = Path(__file__).resolve().parent.parent / ".make" / "browser"

DISABLED_FEATURES = [
    # The suggestions below the address bar are pages of their own. A window loads them though nobody sees it,
    # which costs more than most tests.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # Chromium heeds the last `--disable-features` only. These are what Playwright itself disables.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
]


def launch(playwright: Playwright) -> Browser:
    """Start the browser that `HEADWATER_TEST_BROWSER` names, else the one `make browser` found.

    Without either, Playwright's own. Raises `RuntimeError` when none starts.
    """
    path = os.environ.get("HEADWATER_TEST_BROWSER") or _found()
    arguments = [f"--disable-features={','.join(DISABLED_FEATURES)}"]
    if os.name == "posix" and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    try:
        return playwright.chromium.launch(executable_path=path or None, args=arguments)
    except Error as error:
        name = path or "Playwright's own Chromium"
        why = error.message.splitlines()[0]
        raise RuntimeError(f"{name} does not start; `make browser` finds or installs one ({why})") from None


def _found() -> str:
    return FOUND.read_text("utf-8").strip() if FOUND.is_file() else ""
