// Ticked rows: their number in the bar, all on the page, a range with Shift, Escape to let go.
export function tickRows() {
  const bar = document.querySelector("#bulk");
  if (!bar) return;
  const boxes = [...document.querySelectorAll('input[form="bulk"][name="ids"]')];
  // Pins stand above filters too: of a filtered list the head takes only rows that match, and none that are folded.
  const left = "narrowed" in bar.dataset ? "tbody.is-pinned" : "tbody.is-folded";
  const page = () => boxes.filter((box) => !box.closest(left));
  const every = document.querySelector("[data-tick-all]");
  const said = bar.querySelector("[data-count]");
  let last = null;

  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    said.textContent = `${chosen} selected`;
    bar.classList.toggle("is-on", chosen > 0);
    if (!every) return;
    const whole = page().length > 0 && page().every((box) => box.checked);
    every.disabled = page().length === 0;
    every.checked = whole;
    every.indeterminate = chosen > 0 && !whole;
  };
  for (const box of boxes) {
    // Enter in a box would send the form: with the first of its deeds.
    box.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      tell();
    });
  }
  every?.addEventListener("change", () => {
    for (const box of page()) box.checked = every.checked;
    tell();
  });
  const clear = () => {
    for (const box of boxes) box.checked = false;
    tell();
  };
  bar.querySelector("[data-clear]").addEventListener("click", (event) => {
    event.preventDefault();
    clear();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open], details.menu[open]")) clear();
  });
  // The browser brings ticks back with its Back button.
  addEventListener("pageshow", tell);
  tell();
}
