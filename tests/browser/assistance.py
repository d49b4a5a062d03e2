"""Checks a page, as it is, for people who enlarge it, choose the colours, or want no motion."""

from playwright.async_api import Page

from tests.browser.console import DESKTOP, SCREENSHOTS

#: A window of 1280 by 1024 pixels, enlarged to 200 % and to 400 %: the latter is 320 CSS pixels wide (WCAG 1.4.10).
ENLARGED = ((640, 512), (320, 256))

_NAMED = """
  const named = ({ localName, id, className, textContent }) =>
    `${localName}${id && "#" + id}.${className} “${textContent.trim().slice(0, 30)}”`;
  const isSeen = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const top = document.querySelector("dialog[open]") ?? document.querySelector(part);
"""

#: What is beside the page, cut off, crushed, or under something else.
_MISPLACED = """
() => {
  const wrong = [];
  // What is left of an element's box where it is cut by those around it; null: nothing that is seen.
  const boxOf = (el) => {
    if (!isSeen(el)) return null;
    let { left, top, right, bottom } = el.getBoundingClientRect();
    for (let up = el; up !== null; up = up.parentElement) {
      const { clipPath, overflow } = getComputedStyle(up);
      if (clipPath !== "none") return null;
      if (up === el || overflow === "visible") continue;
      const cut = up.getBoundingClientRect();
      [left, top] = [Math.max(left, cut.left), Math.max(top, cut.top)];
      [right, bottom] = [Math.min(right, cut.right), Math.min(bottom, cut.bottom)];
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null;
  };
  const isAbove = (el) =>
    el !== null && (/sticky|fixed|absolute/.test(getComputedStyle(el).position) || isAbove(el.parentElement));
  const controls = [];
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page scrolls sideways");
  for (const el of [top, ...top.querySelectorAll("*")]) {
    const box = boxOf(el);
    if (box === null) continue;
    const { overflowX, overflowY, textOverflow } = getComputedStyle(el);
    const isWide = el.scrollWidth > el.clientWidth + 1 && el.clientWidth > 0;
    const mayScroll = el.closest(".scroll, pre") !== null;
    if (isWide && /auto|scroll/.test(overflowX) && !mayScroll) {
      const edge = el.getBoundingClientRect().right;
      const widest = [...el.querySelectorAll("*")].findLast((each) => each.getBoundingClientRect().right > edge);
      wrong.push(`scrolls sideways: ${named(el)}, because of ${widest && named(widest)}`);
    }
    const isShort = /auto|scroll/.test(overflowY) && el.scrollHeight > el.clientHeight + 1 && el.clientHeight < 64;
    if (isShort && el.localName !== "textarea") wrong.push(`only ${el.clientHeight} high: ${named(el)}`);
    const isControl = el.matches("a[href], button, input, select, textarea, summary");
    const text = [...el.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data.trim()).join("");
    if (!isControl && text === "") continue;
    if (!mayScroll && (box.left < -1 || box.right > innerWidth + 1)) wrong.push(`beside the page: ${named(el)}`);
    if (isWide && textOverflow !== "ellipsis" && !el.matches("input, select, pre")) wrong.push(`cut off: ${named(el)}`);
    if (text.length > 2 && box.right - box.left < 12) wrong.push(`crushed: ${named(el)}`);
    if (isControl && !isAbove(el)) controls.push([el, box]);
  }
  for (const [place, [el, box]] of controls.entries()) {
    for (const [other, its] of controls.slice(place + 1)) {
      const width = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const height = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (width > 1 && height > 1 && !el.contains(other)) wrong.push(`over ${named(el)}: ${named(other)}`);
    }
  }
  return wrong;
}
"""

#: What does not stand out where backgrounds are gone. The keyboard was the last thing used, so that focus is shown.
_UNDISTINGUISHED = """
() => {
  const wrong = [];
  const ways = ["backgroundColor", "color", "borderTopColor", "borderTopWidth", "borderTopStyle", "outlineStyle"];
  const look = (el) => ways.map((way) => getComputedStyle(el)[way]).join();
  const all = (selector) => [...top.querySelectorAll(selector)].filter(isSeen);
  const CHOSEN = "[aria-current]:not([aria-current=false]), [aria-pressed=true]";
  for (const el of all(CHOSEN)) {
    const alike = all([el.localName, ...el.classList].join(".")).filter((other) => !other.matches(CHOSEN));
    if (alike.some((other) => look(other) === look(el))) wrong.push(`chosen, and looks like others: ${named(el)}`);
  }
  const plain = all("button:not(.primary, :disabled)")[0];
  for (const el of all("button.primary:enabled")) {
    if (plain && look(el) === look(plain)) wrong.push(`looks like an ordinary button: ${named(el)}`);
  }
  const controls = "button, .button, input:not([type=checkbox], [type=radio]), select, textarea";
  for (const el of all(`${controls}, .tag, .count:not(:empty), .notice, .card, .face`)) {
    const { borderTopStyle, borderTopWidth, backgroundColor, forcedColorAdjust } = getComputedStyle(el);
    const isFilled = forcedColorAdjust === "none" || el.closest(CHOSEN);
    if ((borderTopStyle === "none" || borderTopWidth === "0px") && !isFilled && !el.closest(".parts, .swagger-ui"))
      wrong.push(`has no border: ${named(el)}`);
  }
  const right = all("input:not([aria-invalid=true], [type=checkbox], [type=radio])")[0];
  for (const el of all("input[aria-invalid=true]")) {
    if (right && look(el) === look(right)) wrong.push(`wrong, and looks like the others: ${named(el)}`);
  }
  const had = document.activeElement;
  for (const el of all("a[href], button:enabled, input:enabled, select, textarea, summary")) {
    el.focus({ preventScroll: true });
    const { outlineStyle, outlineWidth } = getComputedStyle(el);
    const isShown = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
    if (document.activeElement === el && !isShown) wrong.push(`focus is not seen: ${named(el)}`);
  }
  had?.focus();
  return wrong;
}
"""

#: What moves, or would.
_MOVING = """
() => [...top.querySelectorAll("*")].filter((el) => {
  const { animationName, transitionDuration } = getComputedStyle(el);
  return animationName !== "none" || transitionDuration.split(", ").some((each) => parseFloat(each) > 0);
}).map(named)
"""


async def _found(page: Page, part: str, check: str) -> list[str]:
    found: list[str] = await page.evaluate(f"(part) => {{ {_NAMED} return ({check})(); }}", part)
    return found


async def moving(page: Page, part: str = "body") -> list[str]:
    """What moves on the page."""
    return await _found(page, part, _MOVING)


async def assisted(page: Page, name: str, part: str = "body") -> None:
    """Checks the page, or a part of it, enlarged, in forced colours, and without motion."""
    wrong = []
    for width, height in ENLARGED:
        await page.set_viewport_size({"width": width, "height": height})
        wrong += [f"{name}, {width} wide: {each}" for each in await _found(page, part, _MISPLACED)]
        await _take_picture(page, f"enlarged-{name}-{width}")
    await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    await page.emulate_media(forced_colors="active", reduced_motion="reduce", color_scheme="dark")
    await page.keyboard.press("Shift")
    wrong += [f"{name}, in forced colours: {each}" for each in await _found(page, part, _UNDISTINGUISHED)]
    wrong += [f"{name}, moves: {each}" for each in await moving(page, part)]
    await _take_picture(page, f"forced-{name}")
    await page.emulate_media(forced_colors="none", reduced_motion="no-preference", color_scheme="light")
    assert not wrong, "\n".join(wrong)


async def _take_picture(page: Page, name: str) -> None:
    if SCREENSHOTS:
        await page.screenshot(path=f"{SCREENSHOTS}/{name}.png", animations="disabled")
