// Presses buttons as a reader would, and writes what it saw into the page.
{
  const found = { errors: [], copied: null };
  const note = (text) => found.errors.push(String(text));
  window.addEventListener("error", (event) => note(event.message));
  document.addEventListener("securitypolicyviolation", (event) => note(event.violatedDirective));
  const clipboard = { writeText: async (text) => { found.copied = text; } };
  Object.defineProperty(navigator, "clipboard", { value: clipboard });
  window.addEventListener("load", async () => {
    const table = document.querySelector("#benefit-1 table");
    const head = table.querySelectorAll("thead th[scope=col]")[1];
    const column = (i) => [...table.querySelectorAll("tbody tr")].map(
      (row) => row.cells[i]?.textContent ?? row.textContent,
    );
    const see = () => [column(1), column(0), head.getAttribute("aria-sort")];
    const press = () => { head.querySelector("button").click(); return see(); };
    found.before = see();
    found.up = press();
    found.down = press();
    found.back = press();
    document.querySelector('[data-copy="benefit-1-csv"]').click();
    await new Promise((done) => setTimeout(done, 500));
    found.status = document.getElementById("status").textContent;
    const paper = () => getComputedStyle(document.body).backgroundColor;
    found.paper = [paper()];
    document.getElementById("theme").click();
    found.paper.push(paper());
    const line = document.querySelector("#forest-1 [stroke='#000000']");
    found.line = getComputedStyle(line).stroke;
    found.fetched = performance.getEntriesByType("resource").map((each) => each.name);
    document.body.dataset.found = JSON.stringify(found);
  });
}
