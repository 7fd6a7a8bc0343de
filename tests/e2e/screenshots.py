"""`python -m tests.e2e.screenshots` starts a new portal, runs typical operations, and writes docs/screenshots/*.png."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.left_out import CHROMIUM

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screenshots"
BIND = "127.0.0.1:8765"
SPEED = "60"
START_SECONDS = 60
MAX_BYTES = 200_000
DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 1.5,
    "is_mobile": True,
    "has_touch": True,
}


@contextmanager
def portal(data: Path) -> Iterator[dict[str, str]]:
    """Run a portal for the duration of the block. Yields its environment."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SNAPPORTAL_")}
    environment = own | {
        "SNAPPORTAL_DATA_DIR": str(data),
        "SNAPPORTAL_BIND": BIND,
        "SNAPPORTAL_SANDBOX_SPEED": SPEED,
        "SNAPPORTAL_WORKERS": "1",
    }
    with (data / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "start"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            wait_until_ready(server)
            yield environment
        finally:
            server.terminate()
            server.wait(30)


def wait_until_ready(server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"http://{BIND}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the portal did not start")


class Photographer:
    def __init__(self, browser: Browser, data: Path) -> None:
        self.browser = browser
        lines = (data / "sandbox-accounts.txt").read_text().splitlines()
        self.passwords = dict(line.split(maxsplit=1) for line in lines if not line.startswith("#"))

    def page(self, role: str, *, scheme: str = "light", **device: object) -> Page:
        context = self.browser.new_context(
            base_url=f"http://{BIND}",
            color_scheme=scheme,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            **(device or DESKTOP),
        )
        page = context.new_page()
        page.goto("/sign-in/")
        page.get_by_label("Sign-in name").or_(page.get_by_label("Username")).fill(role)
        page.get_by_label("Password").fill(self.passwords[role])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("button", name="Sign out").wait_for()
        return page

    def take(self, page: Page, name: str) -> None:
        path = FOLDER / f"{name}.png"
        page.screenshot(path=path)
        size = path.stat().st_size
        sys.stdout.write(f"{path.relative_to(ROOT)} {size // 1000} kB\n")
        if size > MAX_BYTES:
            raise SystemExit(f"{path.name} is larger than {MAX_BYTES // 1000} kB")


def open_server(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_role("link", name=name, exact=True).click()


def create(page: Page, server: str, name: str, reason: str) -> None:
    open_server(page, server)
    page.get_by_role("link", name=f"Create a snapshot of {server}").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Create the snapshot").click()


def open_restore(page: Page, server: str, snapshot: str) -> None:
    open_server(page, server)
    page.get_by_role("link", name=f"Restore {snapshot}").click()


def fill_restore(page: Page, server: str, reason: str) -> None:
    page.get_by_label("The server's name").fill(server)
    page.get_by_label("Reason").fill(reason)


def delete(page: Page, server: str, snapshot: str, reason: str) -> None:
    open_server(page, server)
    page.get_by_role("link", name=f"Delete {snapshot}").click()
    page.get_by_label("Reason").fill(reason)
    page.get_by_label("I understand").check()
    page.get_by_role("button", name="Delete permanently").click()


def check_the_log(environment: dict[str, str]) -> None:
    for command in ("verify_audit", "anchor_audit"):
        subprocess.run(
            [sys.executable, "manage.py", command], cwd=ROOT, env=environment, check=True, capture_output=True
        )


def work(photographer: Photographer, environment: dict[str, str]) -> None:
    """Typical operations of a team, with the screenshots."""
    operator = photographer.page("operator")
    create(operator, "shop-staging", "before-theme-2", "SHOP-88: new theme")
    manager = photographer.page("manager")
    delete(manager, "db-server-01", "weekly-1", "Older than the two that we keep")
    photographer.page("viewer").goto("/people/")
    create(operator, "vpn-gateway", "before-wireguard-upgrade", "OPS-142: WireGuard 1.0.20260223")
    manager.goto("/")
    photographer.take(manager, "servers-desktop-light")
    phone = photographer.page("manager", scheme="dark", **PHONE)
    phone.goto("/")
    photographer.take(phone, "servers-phone-dark")
    for page, name in [(phone, "restore-phone-dark"), (manager, "restore-desktop-light")]:
        open_restore(page, "web-server-01", "before-nginx-upgrade")
        fill_restore(page, "web-server-01", "OPS-147: nginx 1.26 answers every upload with 502")
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        photographer.take(page, name)
    manager.get_by_label("Take a snapshot of the present state first").uncheck()
    manager.get_by_role("button", name="Restore and lose").click()
    manager.locator(".verdict").wait_for()
    photographer.take(manager, "operation-desktop-light")
    manager.get_by_role("heading", name="The server was restored").wait_for()
    check_the_log(environment)
    for name, device in [("audit-desktop-light", DESKTOP), ("audit-phone-light", PHONE)]:
        auditor = photographer.page("auditor", **device)
        auditor.goto("/audit/" if device is DESKTOP else "/audit/?person=Mina+Manager")
        if device is PHONE:
            auditor.get_by_text("newest first").evaluate("place => { place.scrollIntoView() }")
        photographer.take(auditor, name)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="snapportal-pictures-") as folder:
        data = Path(folder)
        with portal(data) as environment, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            work(Photographer(browser, data), environment)
            browser.close()


if __name__ == "__main__":
    main()
