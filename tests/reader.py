"""The built site, opened as its readers do: from disk, on a laptop and a phone, light and dark."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sphinx_external_toc.parsing import parse_toc_yaml

from print_book import open_browser

BOOK = Path(__file__).parents[1]
SITE = BOOK / os.environ.get("SITE", "_build/html")  # `make next` builds another
PAGES = list(parse_toc_yaml(BOOK / "_toc.yml"))
ALIVE = ".live-chart[data-alive]"
PATIENCE = 300_000  # milliseconds; a busy machine is no fault of the page
expect.set_options(timeout=PATIENCE)
READERS = {
    f"{device}-{scheme}": {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    for device, width in {"laptop": 1280, "phone": 390}.items()
    for scheme in ("light", "dark")
}

# Every rule of axe-core, experimental ones too, but one: a contrast of 7 to 1. That is level AAA,
# which WCAG itself doesn't ask of whole sites, and it would leave code and links hardly a hue.
# Without preload: it would fetch the style sheet, which a page from disk may not.
# Most elements of a page are the outlines of its maths, which no rule is about, and words of code:
# of these, one of each kind in each kind of block is enough.
AUDIT = """async (only) => {
    document.querySelectorAll("mjx-container > svg").forEach((svg) => svg.replaceChildren());
    const kinds = new Set();
    document.querySelectorAll("pre span[class]").forEach((word) => {
        const kind = [word, word.closest(".cell_input, .cell_output"), word.closest("div")]
            .map((element) => element?.className).join();
        if (kinds.has(kind)) word.replaceWith(...word.childNodes);
        kinds.add(kind);
    });
    const values = axe.getRules().map(({ ruleId }) => ruleId)
        .filter((rule) => rule !== "color-contrast-enhanced" && (!only || only.includes(rule)));
    const { violations } = await axe.run({ preload: false, runOnly: { type: "rule", values } });
    // A label names the first thing in it that takes a name, be it an <output>: axe misses that.
    const astray = [...document.querySelectorAll("label")]
        .filter(({ control }) => !control?.matches("input, select, textarea"))
        .map(({ outerHTML }) => `a label astray: ${outerHTML.slice(0, 150)}`);
    return [...astray, ...violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html }) => `${id}: ${html.slice(0, 150)}`))];
}"""
# What the same page can get wrong in another colour scheme.
COLOURS = ["color-contrast", "link-in-text-block"]


def audit(page: Page, only: list[str] | None = None) -> list[str]:
    page.evaluate(Axe().axe_script)
    return page.evaluate(AUDIT, only)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (SITE / "index.html").exists():
        pytest.fail("there is no site to test: run make book first")
    try:
        with open_browser() as chromium:
            yield chromium
    except LookupError as no_browser:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(str(no_browser))


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Open a page as a reader; give it, and the list in which all that goes wrong is noted."""
    contexts = []

    def visit(name: str, home: str = SITE.as_uri(), **reader: object) -> tuple[Page, list[str]]:
        contexts.append(browser.new_context(**reader))
        contexts[-1].set_default_timeout(PATIENCE)
        # Nothing is let out to another host; to have asked is the fault.
        contexts[-1].route(lambda url: not url.startswith((home, "data:")), lambda r: r.abort())
        page, problems = contexts[-1].new_page(), []
        page.on(
            "requestfailed",
            lambda r: (
                # A page that is left no longer wants what it asked for.
                r.failure == "net::ERR_ABORTED" or problems.append(f"did not load: {r.url}")
            ),
        )
        page.on("response", lambda r: r.ok or problems.append(f"{r.status}: {r.url}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        page.goto(f"{home}/{name}.html")
        return page, problems

    yield visit
    for context in contexts:
        context.close()


def settle(page: Page) -> None:
    """Lay out what is not on the screen yet, and hold still."""
    page.add_style_tag(
        content="""
        section, .cell { content-visibility: visible !important; }
        *, ::before, ::after { transition: none !important; }
    """
    )
    page.evaluate("""() => Promise.all([...document.images].map((image) => {
        image.loading = "eager";
        return image.decode();
    }))""")


COMPUTE = """([door, table, priors, draws]) => {
    try {
        const [module, name] = door.split(".");
        const work = globalThis[module][name](table, priors);
        let step = work.next();
        let least = 0;
        while (!step.done) {
            if (step.value < least || step.value > 1) throw new Error("the bar went back");
            least = step.value;
            step = work.next();
        }
        const { draw, probabilityAbove, ...found } = step.value;
        let seed = 1; // of Lehmer's generator
        const random = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647; };
        const plain = (one) => Object.fromEntries(Object.entries(one)
            .map(([name, value]) => [name, value.length ? [...value] : value]));
        const drawn = Array.from({ length: draws }, () => plain(draw(random)));
        const last = table.label.length - 1;
        return { ...found, drawn, above: [probabilityAbove(0, last), probabilityAbove(last, 0)] };
    } catch ({ message }) {
        return message;
    }
}"""


def compute(page: Page, door: str, table: dict, priors: dict, draws: int) -> dict | str:
    """What a posterior in `assets/` gives, its functions called for draws and for two groups.

    `door` is a module and its function. A refusal comes as its words.
    """
    return page.evaluate(COMPUTE, [door, table, priors, draws])
