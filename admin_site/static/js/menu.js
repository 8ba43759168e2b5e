// <details class="menu">: Esc closes and gives the focus back, a click outside closes, arrows walk.
export function closeMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey && !event.target.matches("input, select, textarea")) {
      walk(menu, event);
    }
  });
}

function walk(menu, event) {
  const entries = [...menu.querySelectorAll(".menu-list a, .menu-list button")];
  if (!entries.length) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  const here = entries.indexOf(document.activeElement);
  entries[(here + step + entries.length) % entries.length].focus();
}
