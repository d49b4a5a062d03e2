"""Measures what is seen when of the pages on a slow network: 800 ms to the server and back, 30 kB/s.

    .venv/bin/python tools/slow-network.py http://127.0.0.1:8080 [--join http://127.0.0.1:8080/meet/ADDRESS/ID]

Needs Chromium, found by playwright or named by CHROMIUM. Prints, for each page, when the first useful sight was there
(the field to type into), what was loaded until then, and what was loaded altogether.
"""

import argparse
import asyncio
import os
import time

from playwright.async_api import Browser, async_playwright

LATENCY = 800  # ms
RATE = 30_000  # bytes a second


async def measure(browser: Browser, url: str, useful: str) -> None:
    """Loads `url` once, with nothing in any cache. `useful`: the selector of what people wait for."""
    context = await browser.new_context()
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY, "downloadThroughput": RATE, "uploadThroughput": RATE},
    )
    loaded: list[float] = []
    session.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    started = time.monotonic()
    await page.goto(url, wait_until="commit")
    await page.locator(useful).first.wait_for()
    print(f"{url}\n  {useful}: {time.monotonic() - started:.1f} s, {len(loaded)} files, {sum(loaded) / 1000:.0f} kB")
    await page.wait_for_load_state("networkidle")
    print(f"  idle: {time.monotonic() - started:.1f} s, {len(loaded)} files, {sum(loaded) / 1000:.0f} kB")
    await context.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("server")
    parser.add_argument("--join", help="the join URL of a meeting")
    options = parser.parse_args()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        join = options.join or f"{options.server}/meet/somebody@example.com/ABCDEFGH"
        await measure(browser, options.server, "#sign-in input:visible")
        await measure(browser, join, "#join:enabled")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
