"""Exercises that a page answers: on the exercises' own page, and at the end of their chapter.

What is said to an answer comes from the notebooks' checks, and is written into the page while it is
built. `assets/answer.js` reads it there.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from inspect import signature

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx

from checks.answers import ANSWERS
from checks.grading import Answer, Choice, Function, Number

FOLDER = "teaching/exercises/"
TITLE = re.compile(r"Exercise (\S+)\. ")
FIELD = '<input type="text" inputmode="decimal" autocomplete="off" />'
KEPT = (
    '<p class="answers-kept">What you answer stays in this browser, and is sent nowhere. '
    '<button type="button">Forget all my answers</button></p>'
)


def cases(answer: Number | Function) -> list[tuple[str, tuple]]:
    """What a page asks for, and the arguments: of a function, its value where that is a number."""
    if isinstance(answer, Number):
        return [("Your answer", ())]
    names = signature(answer.right).parameters
    found = []
    for case in answer.cases:
        given = ", ".join(f"{name}={value}" for name, value in zip(names, case, strict=True))
        if np.isscalar(answer.right(*case)) and len(given) < 80:
            found.append((given, case))
    return found


def told(answer: Answer) -> dict[str, object]:
    """All that a page has to know: what is right, and what is said to what is not."""
    if isinstance(answer, Choice):
        return {"right": answer.right, "why": answer.check(answer.right), "said": answer.said}
    asked = cases(answer)

    def at(function: Callable) -> list[float]:
        return [float(function(*case)) for _, case in asked]

    function = isinstance(answer, Function)

    def reach(slip: Callable) -> float:
        return answer.tolerance if function else float(answer.reach(slip()))

    return {
        "right": at(answer.right),
        "why": answer.check(answer.right if function else answer.right()),
        "slips": [[at(slip), reason, reach(slip)] for slip, reason in answer.slips],
        "hints": answer.hints,
        "tolerance": answer.tolerance,
        "given": [given for given, _ in asked] if function else None,
    }


def form(number: str, inside: list[nodes.Node]) -> list[nodes.Node]:
    data = html.escape(json.dumps(told(ANSWERS[number]), ensure_ascii=False))
    head = f'<form class="answer" data-exercise="{number}" data-answer="{data}">'
    foot = (
        '<p class="answer-buttons"><button type="submit">Check</button> '
        '<button type="button">Hint</button></p><div role="status"></div></form>'
    )
    return [nodes.raw("", head, format="html"), *inside, nodes.raw("", foot, format="html")]


def fields(answer: Number | Function) -> nodes.raw:
    words = "With {} yours gives" if isinstance(answer, Function) else "{}"
    labels = (html.escape(words.format(given)) for given, _ in cases(answer))
    text = "".join(f"<label>{label} {FIELD}</label>" for label in labels)
    return nodes.raw("", text, format="html")


def options(listed: nodes.bullet_list) -> Iterator[nodes.Node]:
    yield nodes.raw("", "<fieldset><legend>Your choice</legend>", format="html")
    for (paragraph,) in listed:
        letter = paragraph.astext()[0]
        radio = f'<label><input type="radio" name="choice" value="{letter}" />'
        yield nodes.raw("", radio, format="html")
        yield nodes.inline("", "", *(part.deepcopy() for part in paragraph))
        yield nodes.raw("", "</label>", format="html")
    yield nodes.raw("", "</fieldset>", format="html")


def let_answer(app: Sphinx, page: nodes.document, name: str) -> None:
    """Give each question its form; and each chapter, where it links to them, its exercises."""
    if app.builder.format != "html":
        return
    if name.startswith(FOLDER):
        for section in list(page.findall(nodes.section)):
            if found := TITLE.match(section[0].astext()):
                ask(section, found[1])
        page[0].append(nodes.raw("", KEPT, format="html"))
        return
    for paragraph in list(page.findall(nodes.paragraph)):
        if section_title(paragraph) == "Exercises":
            links = [link.get("refuri", "") for link in paragraph.findall(nodes.reference)]
            for link in links:
                if found := re.search(rf"{FOLDER}(\w+)\.html$", link):
                    bring(app, paragraph, FOLDER + found[1])


def section_title(node: nodes.Node) -> str:
    return node.parent[0].astext() if isinstance(node.parent, nodes.section) else ""


def ask(section: nodes.section, number: str) -> None:
    """Put the form in the place of the cell that waits for an answer, or before it."""
    stub = next(cell for cell in section if "tag_stub" in cell.get("classes", []))
    answer, place = ANSWERS[number], section.index(stub)
    if isinstance(answer, Choice):
        listed = section.next_node(nodes.bullet_list)
        section.remove(listed)
        place, inside = place - 1, list(options(listed))
    else:
        inside = [fields(answer)]
    if not isinstance(answer, Function):  # which is written in the notebook
        section.remove(stub)
    section[place:place] = form(number, inside)


def bring(app: Sphinx, paragraph: nodes.paragraph, name: str) -> None:
    """Fold the exercises of a page into a chapter, below the paragraph that links to them."""
    found = []
    for section in app.env.get_and_resolve_doctree(name, app.builder).findall(nodes.section):
        if TITLE.match(section[0].astext()):
            head = f'<details class="exercise"><summary>{html.escape(section[0].astext())}'
            found.append(nodes.raw("", f"{head}</summary>", format="html"))
            found += [without_links(part.deepcopy()) for part in section[1:]]
            found.append(nodes.raw("", "</details>", format="html"))
    place = paragraph.parent.index(paragraph) + 1
    paragraph.parent[place:place] = [*found, nodes.raw("", KEPT, format="html")]


def without_links(part: nodes.Element) -> nodes.Element:
    """Leave out where links lead: it was written down as seen from another folder."""
    for link in list(part.findall(nodes.reference)):
        link.replace_self(link.children)
    return part
