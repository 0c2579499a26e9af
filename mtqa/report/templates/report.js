"use strict";
(() => {
  const tip = document.getElementById("tip");
  const live = document.getElementById("live");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const narrow = matchMedia("(max-width: 860px)");

  // The same wording as mtqa/report/view.py's number().
  const number = (value) => {
    if (value === null || value === undefined) return "n/a";
    const size = Math.abs(value);
    if (size >= 1e7) return value.toExponential(2);
    const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  };
  const percent = (p) => (p > 0 && p < 0.01 ? "<1%" : p > 0.99 && p < 1 ? ">99%" : `${Math.round(p * 100)}%`);
  const odds = (bits) => {
    const times = 2 ** bits;
    if (times < 2) return "";
    if (times > 1e6) return " (less than 1 in a million)";
    return ` (about 1 in ${number(Number(times.toPrecision(2))).replace(/\.0+$/, "")})`;
  };
  const make = (tag, text) => {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  };

  class Article {
    constructor(section) {
      this.section = section;
      this.data = JSON.parse(section.querySelector("script[data-report]").textContent);
      this.list = section.querySelector(".list");
      this.side = section.querySelector(".side");
      this.entries = [...this.list.children];
      this.sentences = this.entries.map((entry) => document.getElementById(entry.firstElementChild.hash.slice(1)));
      this.order = this.entries.map((_, i) => i);
      this.selected = null;
      this.wordIndex = new Map();
      section.querySelectorAll(".text .w").forEach((word, i) => this.wordIndex.set(word, i));
      this.sentences.forEach((sentence) => sentence.setAttribute("data-ranked", ""));
      this.slider = section.querySelector("[data-show]");
      this.field = section.querySelector("[data-count]");
      this.select = section.querySelector("[data-by]");
      this.addMeasures();
      this.listen();
      this.draw();
    }

    addMeasures() {
      const { measure, measures } = this.data;
      this.select.append(new Option(measure, "-1"));
      measures.forEach((name, i) => name === measure || this.select.append(new Option(name, String(i))));
      this.select.value = "-1";
      this.select.parentElement.classList.toggle("only", this.select.options.length < 2);
    }

    listen() {
      this.slider.addEventListener("input", () => this.draw());
      this.field.addEventListener("change", () => {
        if (this.field.valueAsNumber >= 1) this.slider.value = this.field.value;
        this.draw();
      });
      this.select.addEventListener("change", () => this.sort());
      this.list.addEventListener("click", (event) => {
        const entry = event.target.closest("li");
        if (!entry) return;
        event.preventDefault();
        this.choose(this.entries.indexOf(entry), "article");
      });
      this.section.querySelector(".text").addEventListener("click", (event) => {
        const sentence = event.target.closest(".s[data-ranked]");
        if (!sentence || String(getSelection())) return;
        event.preventDefault();
        this.choose(this.sentences.indexOf(sentence), "list", { focus: Boolean(event.target.closest(".rk")) });
      });
    }

    values() {
      const column = Number(this.select.value);
      return column < 0 ? this.data.scores : this.data.values.map((row) => row[column]);
    }

    sort() {
      const values = this.values();
      const probable = this.data.probable && Number(this.select.value) < 0; // the detector's, as percentages
      const place = (i) => (values[i] === null ? -Infinity : values[i]);
      this.order.sort((a, b) => (place(b) === place(a) ? a - b : place(b) - place(a)));
      const known = values.filter((value) => value !== null);
      const high = Math.max(...known);
      const low = high > 0 ? Math.min(0, ...known) : Math.min(...known);
      this.order.forEach((i) => {
        const entry = this.entries[i];
        const share = values[i] === null ? 0 : probable ? values[i] : high === low ? 0 : (values[i] - low) / (high - low);
        entry.querySelector(".bar i").style.width = `${(share * 100).toFixed(1)}%`;
        entry.querySelector(".score").textContent = probable ? percent(values[i]) : number(values[i]);
        this.list.append(entry);
      });
      this.draw();
      this.side.scrollTop = 0;
    }

    get count() {
      return Math.min(Number(this.slider.value), this.entries.length);
    }

    draw() {
      const count = this.count;
      if (this.entries.length) this.field.value = String(count);
      this.order.forEach((i, place) => {
        const inside = place < count;
        this.entries[i].hidden = !inside;
        this.entries[i].classList.remove("more");
        this.entries[i].querySelector(".badge").lastChild.textContent = place + 1;
        const sentence = this.sentences[i];
        sentence.classList.toggle("top", inside);
        const mark = sentence.querySelector(".rk");
        mark.hidden = !inside;
        mark.textContent = place + 1;
        mark.setAttribute("aria-label", `Rank ${place + 1}: to its entry in the list`);
      });
    }

    // Selects a finding and brings its other side into view: "article" or "list".
    choose(i, side, { focus = false, smooth = true } = {}) {
      if (i < 0) return;
      current?.clear();
      current = this;
      this.selected = i;
      const entry = this.entries[i];
      const sentence = this.sentences[i];
      const place = this.order.indexOf(i);
      if (place >= this.count) {
        this.slider.value = String(place + 1);
        this.draw();
      }
      entry.classList.add("selected");
      entry.firstElementChild.setAttribute("aria-current", "true");
      sentence.classList.add("selected");
      sentence.classList.remove("flash");
      void sentence.offsetWidth; // restarts the animation
      sentence.classList.add("flash");
      this.showEntry(entry);
      if (side === "article") this.showSentence(sentence, smooth);
      if (focus) entry.firstElementChild.focus({ preventScroll: true });
      live.textContent = `Rank ${place + 1} of ${this.entries.length} selected`;
    }

    // Moves the article only where the sentence is not already in easy sight.
    showSentence(sentence, smooth) {
      const at = sentence.getBoundingClientRect();
      const top = narrow.matches ? this.side.getBoundingClientRect().bottom : innerHeight * 0.1;
      if (at.top >= top && at.bottom <= innerHeight * 0.9) return;
      const behavior = smooth && !calm.matches ? "smooth" : "instant"; // keys may come fast
      sentence.scrollIntoView({ behavior, block: narrow.matches ? "start" : "center" });
    }

    // Scrolls the list's own box only: the article stays where the reader has it.
    showEntry(entry) {
      const box = this.side.getBoundingClientRect();
      const top = this.section.querySelector(".controls").getBoundingClientRect().bottom;
      const at = entry.getBoundingClientRect();
      if (at.top < top) this.side.scrollTop -= top - at.top;
      const bottom = Math.min(box.bottom, innerHeight);
      if (at.bottom > bottom) this.side.scrollTop += Math.min(at.bottom - bottom, at.top - top);
    }

    clear() {
      if (this.selected === null) return;
      this.entries[this.selected].classList.remove("selected");
      this.entries[this.selected].firstElementChild.removeAttribute("aria-current");
      this.sentences[this.selected].classList.remove("selected", "flash");
      this.selected = null;
    }

    step(by) {
      const place = this.selected === null ? (by > 0 ? -1 : 0) : this.order.indexOf(this.selected);
      const next = Math.max(0, Math.min(place + by, this.count - 1));
      if (!this.entries.length) return;
      this.choose(this.order[next], "article", { focus: true, smooth: false });
    }

    stepWord(by) {
      if (this.selected === null) return;
      const words = [...this.sentences[this.selected].querySelectorAll(".w")];
      const at = words.indexOf(document.activeElement);
      const suspect = words.findIndex((word) => word.classList.contains("u"));
      const next = at < 0 ? Math.max(suspect, 0) : Math.max(0, Math.min(at + by, words.length - 1));
      if (!words.length) return;
      words[next].tabIndex = -1;
      words[next].focus({ preventScroll: at >= 0 });
    }

    tooltip(word) {
      const [bits, entropy, ...expected] = this.data.words[this.wordIndex.get(word)];
      const parts = [make("b", word.textContent), make("div", `${number(bits)} bits of surprise${bits === null ? "" : odds(bits)}`)];
      parts.push(make("div", `surprise to be expected here (entropy): ${number(entropy)} bits`));
      if (expected.length) {
        const table = document.createElement("table");
        for (let i = 0; i < expected.length; i += 2) {
          const row = table.insertRow();
          row.append(make("td", i ? "" : "expected"), make("td", this.data.texts[expected[i]]), make("td", percent(expected[i + 1])));
        }
        parts.push(table);
      }
      return parts;
    }
  }

  const articles = new Map();
  let current = null;
  document.querySelectorAll("section.report").forEach((section) => articles.set(section, new Article(section)));
  const of = (element) => articles.get(element.closest("section.report"));
  const wordOf = (target) => (target instanceof Element ? target.closest(".text .w") : null);

  let described = null;
  const hide = () => {
    tip.hidden = true;
    described?.removeAttribute("aria-describedby");
    described = null;
  };
  const show = (word) => {
    hide();
    tip.replaceChildren(...of(word).tooltip(word));
    tip.hidden = false;
    described = word;
    word.setAttribute("aria-describedby", "tip");
    const at = word.getClientRects()[0];
    const size = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
    const below = at.bottom + 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${below + size.height > innerHeight - 8 ? Math.max(8, at.top - size.height - 6) : below}px`;
  };
  document.addEventListener("pointerover", (event) => {
    const word = wordOf(event.target);
    if (word) show(word);
    else if (!wordOf(document.activeElement)) hide();
  });
  document.addEventListener("focusin", (event) => (wordOf(event.target) ? show(event.target) : hide()));
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", () => {
    const word = wordOf(document.activeElement);
    if (word) show(word);
    else hide();
  }, { capture: true, passive: true });

  const inView = () => [...articles.values()].find((article) => article.section.getBoundingClientRect().bottom > innerHeight / 2);
  const keys = {
    j: (article) => article.step(1),
    k: (article) => article.step(-1),
    ArrowDown: (article, inside) => inside && article.step(1),
    ArrowUp: (article, inside) => inside && article.step(-1),
    ArrowRight: (article, inside) => inside && article.stepWord(1),
    ArrowLeft: (article, inside) => inside && article.stepWord(-1),
    Escape: (article) => (tip.hidden ? article.clear() : hide()),
  };
  document.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const article = of(event.target) ?? current ?? inView() ?? [...articles.values()][0];
    const inside = Boolean(event.target.closest(".entry, .text .w"));
    if (action(article, inside) !== false) event.preventDefault();
  });
})();
