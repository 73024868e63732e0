
"use strict";

const root = document.documentElement;
const live = document.getElementById("status");
root.classList.add("scripted");

function say(text) {
  live.textContent = "";
  window.setTimeout(() => { live.textContent = text; }, 50);
}

// Light and dark: the reader's system decides until the button is used.
const theme = document.getElementById("theme");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
function nameTheme() { theme.textContent = isDark() ? "Light page" : "Dark page"; }
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});
dark.addEventListener("change", nameTheme);
nameTheme();

// What is folded on the screen is open on paper.
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});

// Copying: what a link downloads, or a text area holds.
function textOf(element) {
  if (!element.href) return element.value;
  return decodeURIComponent(element.href.slice(element.href.indexOf(",") + 1)).replace(/^\uFEFF/, "");
}
function copyOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text);
  }
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const done = await copy(textOf(document.getElementById(button.dataset.copy)));
    button.focus();
    say(done ? "Copied." : "Copying is not allowed here.");
    const label = button.textContent;
    if (label === "Copied") return;
    button.textContent = done ? "Copied" : "Copying is not allowed here";
    window.setTimeout(() => { button.textContent = label; }, 1500);
  });
}

// Sorting: rows of all groups together, below each other; the population stays last. A third press
// brings the printed order back.
const NUMBER = /^[<>]?(-?(?:inf|[\d.]+(?:e[-+]?\d+)?))/;
function keyOf(cell, numeric) {
  const text = cell.textContent.trim().replaceAll("\u2212", "-");
  if (!numeric) return text;
  const found = text.match(NUMBER);
  if (!found) return NaN;
  // "<0.001" stands below 0.001, ">0.999" above 0.999.
  const beside = { "<": -1e-9, ">": 1e-9 }[text[0]] ?? 0;
  return Number(found[1].replace("inf", "Infinity")) + beside;
}
// Cells without a value come last, up or down.
const isMissing = (key) => Number.isNaN(key) || ["", "\u2013", "[c]"].includes(key);
function compare(a, b, down) {
  if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
  const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  return down ? -order : order;
}
function rowsOf(bodies) {
  const rows = [];
  for (const body of bodies) {
    const head = body.querySelector(".head");
    for (const row of body.rows) {
      if (row.querySelector(".head")) continue;
      const label = row.cells[0];
      if (head && !label.dataset.own) {
        label.dataset.own = label.textContent;
        label.dataset.full = `${head.textContent}, ${label.textContent}`;
      }
      rows.push({ row, body });
    }
  }
  return rows;
}
function makeSortable(table) {
  const bodies = [...table.tBodies].filter((body) => !body.classList.contains("total"));
  const total = [...table.tBodies].find((body) => body.classList.contains("total")) ?? null;
  const rows = rowsOf(bodies);
  const sorted = document.createElement("tbody");
  const heads = [...table.querySelectorAll("thead th[scope=col]")];
  const name = (full) => {
    for (const { row } of rows) {
      const label = row.cells[0];
      if (label.dataset.own) label.textContent = full ? label.dataset.full : label.dataset.own;
    }
  };
  const restore = () => {
    name(false);
    for (const { row, body } of rows) body.append(row);
    sorted.replaceWith(...bodies);
  };
  const sort = (column, numeric, down) => {
    name(true);
    const order = rows.map(({ row }) => ({ row, key: keyOf(row.cells[column], numeric) }));
    order.sort((a, b) => compare(a.key, b.key, down));
    sorted.replaceChildren(...order.map(({ row }) => row));
    for (const body of bodies) body.remove();
    table.insertBefore(sorted, total);
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const next = now === "ascending" ? "descending" : now ? null : "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      table.classList.toggle("sorted", next !== null);
      const label = button.textContent.trim();
      if (next === null) {
        restore();
        say("Printed order.");
        return;
      }
      head.setAttribute("aria-sort", next);
      sort(column, head.classList.contains("num"), next === "descending");
      say(`Sorted by ${label}, ${next}.`);
    });
  });
}
document.querySelectorAll("[data-sortable] table").forEach(makeSortable);
