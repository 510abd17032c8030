// Exercises: what is typed or chosen is judged here, by what the notebook's check says to it.
(() => {
  // As Python prints a number with six digits, and one that it has rounded.
  const six = (x) => {
    const short = Number(x.toPrecision(6));
    if (!short || (Math.abs(short) >= 1e-4 && Math.abs(short) < 1e6)) return `${short}`;
    return short.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  };
  const rounded = (x) => {
    const short = Math.round(1e4 * x) / 1e4;
    return Number.isInteger(short) ? `${short}.0` : `${short}`;
  };

  // Each gives whether the answer is right, and the words; `tries` counts the wrong ones before.
  const choose = ({ right, why, said }, [letter]) =>
    letter ? [letter === right, letter === right ? why : said[letter]] : [false, "Choose one."];

  const compute = ({ right, why, slips, hints, tolerance, given }, texts, tries) => {
    if (texts.some((text) => !text.trim())) return [false, "Type a number first."];
    const numbers = texts.map((text) => Number(text.trim().replace("\u2212", "-").replace(",", ".")));
    const strange = numbers.findIndex((number) => !Number.isFinite(number));
    if (strange >= 0) return [false, `The answer has to be one number, not '${texts[strange]}'.`];
    const off = (target, reach) =>
      numbers.findIndex((number, i) => !(Math.abs(number - target[i]) <= reach));
    const wrong = off(right, tolerance);
    if (wrong < 0) return [true, why];
    // Of several slips that are near a number the nearest is named; of a function the first.
    const near = slips.filter(([target, , reach]) => off(target, reach) < 0);
    const far = ([target]) => Math.abs(numbers[0] - target[0]);
    if (!given) near.sort((one, other) => far(one) - far(other));
    if (near.length) return [false, near[0][1]];
    const hint = hints[Math.min(tries, hints.length - 1)];
    if (given) {
      return [false, `With ${given[wrong]} it should be ${rounded(right[wrong])}, and yours gives `
        + `${rounded(numbers[wrong])}. ${hint}`];
    }
    const size = numbers[0] < right[0] ? "small" : "large";
    return [false, `${six(numbers[0])} is too ${size}. ${hint}`];
  };

  // A page from disk may have no store, or share it with other pages: then answers are not kept.
  const store = (deed) => {
    try {
      return deed(window.localStorage);
    } catch {
      return null;
    }
  };

  for (const form of document.querySelectorAll("form.answer")) {
    const asked = JSON.parse(form.dataset.answer);
    const key = `pooling exercise ${form.dataset.exercise}`;
    const status = form.querySelector("[role=status]");
    const hint = form.querySelector("button[type=button]");
    const inputs = [...form.querySelectorAll("input")];
    const element = (tag, ...inside) => {
      const made = document.createElement(tag);
      made.append(...inside);
      return made;
    };
    const say = (lines, verdict) => {
      const paragraphs = lines.map((line) => element("p", line));
      if (verdict) paragraphs[0].prepend(element("strong", verdict), " ");
      status.replaceChildren(...paragraphs);
    };
    const given = () => inputs.filter(({ type, checked }) => type === "text" || checked)
      .map(({ value }) => value);
    let tries = 0;
    const judge = () => {
      const [right, words] = (asked.said ? choose : compute)(asked, given(), tries);
      tries += !right;
      form.dataset.verdict = right ? "right" : "not yet";
      say(words.split("\n"), right ? "Right." : "Not yet.");
    };
    const hints = asked.said
      ? Object.keys(asked.said).filter((letter) => letter !== asked.right)
        .map((letter) => `Not ${letter}: ${asked.said[letter]}`)
      : asked.hints;
    let shown = 0;
    hint.addEventListener("click", () => {
      shown += 1;
      delete form.dataset.verdict;
      say([...hints.slice(0, shown), ...(shown > hints.length ? ["The solution is below."] : [])]);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      judge();
      store((kept) => kept.setItem(key, JSON.stringify(given())));
    });
    const before = store((kept) => JSON.parse(kept.getItem(key)));
    if (before) {
      inputs.forEach((input, i) => {
        if (input.type === "text") input.value = before[i] ?? "";
        else input.checked = input.value === before[0];
      });
      judge();
    }
    const clear = () => {
      delete form.dataset.verdict;
      say([]);
    };
    // A verdict is on what was checked. What helps to find another number stays.
    form.addEventListener("input", () => {
      if (form.dataset.verdict === "right" || (form.dataset.verdict && asked.said)) clear();
    });
    form.addEventListener("reset", () => {
      shown = 0;
      tries = 0;
      clear();
    });
  }

  for (const button of document.querySelectorAll(".answers-kept button")) {
    button.addEventListener("click", () => {
      store((kept) => Object.keys(kept).filter((key) => key.startsWith("pooling exercise "))
        .forEach((key) => kept.removeItem(key)));
      document.querySelectorAll("form.answer").forEach((form) => form.reset());
      button.textContent = "Forgotten";
    });
  }
})();
