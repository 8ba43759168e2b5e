// Ctrl or Cmd and K: records, pages and actions in one box. Without script the opener is a link to the page.
const DELAY = 120;

export function openPalette() {
  const opener = document.querySelector("[data-palette]");
  if (!opener) return;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      show(opener.dataset.palette, opener.href);
    }
  });
  opener.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(opener.dataset.palette, opener.href);
  });
}

function show(source, page) {
  if (document.querySelector("dialog.palette")) return;
  const dialog = build();
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  const input = dialog.querySelector("input");
  const state = { asked: 0, timer: 0 };
  input.addEventListener("input", () => {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => ask(dialog, source, input.value, state), DELAY);
  });
  dialog.addEventListener("keydown", (event) => onKey(event, dialog, input, page));
  ask(dialog, source, "", state);
}

function build() {
  const dialog = document.createElement("dialog");
  dialog.className = "palette";
  dialog.setAttribute("aria-label", "Search or jump to");
  dialog.innerHTML = `<div class="palette-in"><svg class="icon" aria-hidden="true"><use href="${sprite()}#search"/></svg>
    <input type="search" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label="Search or jump to" placeholder="Search or jump to" autocomplete="off" dir="auto">
    <span class="faint small" role="status"></span><kbd>Esc</kbd></div>
    <div class="palette-list" id="palette-list" role="listbox" aria-label="Results"></div>
    <div class="palette-foot"><span><kbd>↑</kbd><kbd>↓</kbd> choose</span><span><kbd>↵</kbd> open</span><span><kbd>Ctrl</kbd><kbd>↵</kbd> new tab</span><span class="push"><kbd>&gt;</kbd> actions</span><span><kbd>#</kbd> tags</span><span><kbd>@</kbd> people</span></div>`;
  return dialog;
}

function sprite() {
  return document.querySelector("use").getAttribute("href").split("#")[0];
}

async function ask(dialog, source, words, state) {
  const turn = ++state.asked;
  const answer = await fetch(`${source}?${new URLSearchParams({ q: words })}`).catch(() => null);
  if (turn !== state.asked || !dialog.isConnected) return;
  const status = dialog.querySelector("[role=status]");
  if (answer?.redirected) return (status.textContent = "You are signed out. Reload the page to log in.");
  if (!answer?.ok) return (status.textContent = "Could not search. Try again.");
  const found = await answer.json();
  draw(dialog, found);
  // Pages and actions are all there; only rows are counted.
  const isCounted = words.trim() && !words.startsWith(">");
  status.textContent = isCounted ? found.problems[0] ?? said(found) : "";
}

function said(found) {
  const count = `${found.count} ${found.count === "1" ? "result" : "results"}`;
  return found.corrected ? `${count} for “${found.corrected}”` : count;
}

// Titles come as markup in which the server has escaped everything but its own marks.
function draw(dialog, found) {
  const list = dialog.querySelector(".palette-list");
  list.replaceChildren();
  for (const shelf of found.shelves) {
    const group = Object.assign(document.createElement("div"), { className: "palette-group", textContent: shelf.label });
    group.setAttribute("role", "presentation");
    list.append(group);
    for (const hit of shelf.hits) list.append(option(hit));
    if (shelf.more) list.append(option({ icon: "search", title: escape(shelf.more), why: "", end: "", url: shelf.url }));
  }
  choose(dialog, list.querySelector(".hit"));
}

function escape(text) {
  const holder = document.createElement("span");
  holder.textContent = text;
  return holder.innerHTML;
}

function option(hit) {
  const link = Object.assign(document.createElement("a"), { className: "hit", href: hit.url, tabIndex: -1 });
  link.setAttribute("role", "option");
  link.id = `hit-${Math.random().toString(36).slice(2)}`;
  link.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${sprite()}#${hit.icon}"/></svg><span class="main"><span class="clip" dir="auto">${hit.title}</span>${hit.why ? `<span class="why" dir="auto">${hit.why}</span>` : ""}</span><span class="end">${hit.end}</span>`;
  return link;
}

function choose(dialog, hit) {
  dialog.querySelector('[aria-selected="true"]')?.removeAttribute("aria-selected");
  const input = dialog.querySelector("input");
  if (!hit) return input.removeAttribute("aria-activedescendant");
  hit.setAttribute("aria-selected", "true");
  hit.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", hit.id);
}

function onKey(event, dialog, input, page) {
  const hits = [...dialog.querySelectorAll(".hit")];
  const at = hits.findIndex((hit) => hit.ariaSelected === "true" || hit.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (hits.length) choose(dialog, hits[(at + step + hits.length) % hits.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const url = hits[at]?.href ?? `${page}?${new URLSearchParams({ q: input.value })}`;
    if (event.ctrlKey || event.metaKey) window.open(url, "_blank", "noopener");
    else location.assign(url);
  } else if (event.key === "Escape" && input.value) {
    event.preventDefault();
    input.value = "";
    input.dispatchEvent(new Event("input"));
  }
}
