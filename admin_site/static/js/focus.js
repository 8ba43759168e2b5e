// The focus of whoever goes by keys: a page that comes again after a sort, a save or a move has it where it was,
// and a list has it on the row that one comes back from.
const KEY = "focus";

export function keepFocus() {
  let byKeys = false;
  addEventListener("keydown", () => (byKeys = true), true);
  addEventListener("pointerdown", () => (byKeys = false), true);
  addEventListener("pagehide", () => {
    const name = nameOf(standing(document.activeElement));
    if (byKeys) sessionStorage.setItem(KEY, JSON.stringify([location.pathname, name]));
  });
  restore();
}

// What stands on the page when it comes again: panels are closed then, and menus.
function standing(control) {
  const panel = control.closest(".filter-panel");
  if (panel) return document.querySelector(`a[data-panel="${panel.dataset.of}"]`) ?? control;
  return control.closest(".row-menu")?.closest("tr").querySelector(".title > a") ?? control;
}

function restore() {
  const [path, name] = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  sessionStorage.removeItem(KEY);
  const here = document.querySelector(".list") && lastRow();
  if (here) {
    here.closest("tr").classList.add("is-cursor");
    if (path?.startsWith(location.pathname)) here.focus({ preventScroll: true });
  } else if (name && path === location.pathname) {
    const all = [...document.querySelectorAll("main :is(a, button, [id])")];
    all.find((control) => nameOf(control) === name)?.focus({ preventScroll: true });
  }
}

// The row whose page or form one comes from.
function lastRow() {
  const from = document.referrer && new URL(document.referrer).pathname;
  const [number] = from?.startsWith(location.pathname) ? (/^\d+/.exec(from.slice(location.pathname.length)) ?? []) : [];
  if (!number) return null;
  const links = [...document.querySelectorAll(".list .title > a")];
  return links.find((link) => new RegExp(`/${number}(/edit)?$`).test(link.pathname));
}

// What a control is called on each coming of its page: numbers and places in it change.
function nameOf(control) {
  if (control.id) return `#${control.id}`;
  if (control.matches(".title > a, [data-panel]")) return control.dataset.panel ?? control.pathname;
  if (!control.matches("a, button")) return "";
  const words = (control.getAttribute("aria-label") ?? control.textContent).replace(/[\d\s]+/g, " ").trim();
  const sends = control.form ? [new URL(control.formAction).pathname, control.name, control.value.replace(/^\d+$/, "")] : [];
  return [control.tagName, words, ...sends].join("|");
}
