// Shortcuts. Single keys rest while somebody types, and where the person switched them off.
const PAUSE = 900;
let letters = null;
let timer = 0;

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches?.('[data-key="/"]')) return leaveSearch(event);
    if ((event.ctrlKey || event.metaKey) && ["s", "Enter"].includes(event.key)) return save(event);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (!("keys" in document.documentElement.dataset) || document.querySelector("dialog[open]")) return;
    if (letters !== null) return go(event);
    const act = ACTS[event.key];
    if (act?.(event) === true) event.preventDefault();
  });
}

const ACTS = {
  "/": () => press('[data-key="/"]'),
  f: () => press('[data-key="f"]'),
  c: () => press('[data-key="c"]'),
  j: () => walk(1) || turn(1),
  k: () => walk(-1) || turn(-1),
  Enter: (event) => event.target === document.body && press("tr.is-cursor .title > a"),
  " ": (event) => isOnRow(event.target) && (tick() || press("tr.is-cursor .row-menu > summary")),
  x: () => tick(),
  e: () => current()?.dispatchEvent(new CustomEvent("editcell", { bubbles: true })) ?? false,
  g: () => wait(""),
  "[": () => toggleMenu(),
  "?": () => tell(),
  Escape: (event) => clear(event),
};

function tick() {
  const box = current()?.querySelector(".k-tick input");
  box?.click();
  return Boolean(box);
}

// The words stay as they are: browsers would empty the field, and keep the keys in it.
function leaveSearch(event) {
  event.preventDefault();
  event.target.blur();
}

function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null && !target.matches?.("[type=checkbox], [type=radio]");
}

function press(selector) {
  const target = document.querySelector(selector);
  if (!target) return false;
  if (target.matches("input")) target.select();
  target.focus();
  if (!target.matches("input")) target.click();
  return true;
}

function rows() {
  return [...document.querySelectorAll(".list tbody:not(.is-folded) tr:not(.band)")];
}

function current() {
  return document.querySelector("tr.is-cursor");
}

function isOnRow(target) {
  return target === document.body || target.matches("tr.is-cursor .title > a");
}

function walk(step) {
  const all = rows();
  if (!all.length) return false;
  const standing = all.indexOf(current());
  const next = all[Math.max(0, Math.min(all.length - 1, standing + step))];
  all[standing]?.classList.remove("is-cursor");
  next.classList.add("is-cursor");
  next.querySelector(".title > a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

// Among the versions of a history: down is older.
function turn(step) {
  const all = [...document.querySelectorAll(".history-list .event")];
  const target = all[all.findIndex((event) => event.hasAttribute("aria-current")) + step];
  target?.click();
  return Boolean(target);
}

// After g: the first letters of a place in the menu, as many as are needed to tell it from the others.
function wait(typed) {
  letters = typed;
  clearTimeout(timer);
  timer = setTimeout(() => follow(places(letters)[0]), PAUSE);
  return true;
}

function places(typed) {
  const links = [...document.querySelectorAll(".sidebar .nav-list a")];
  return typed ? links.filter((link) => nameOf(link).startsWith(typed)) : [];
}

function nameOf(link) {
  return link.textContent.trim().toLowerCase();
}

function go(event) {
  if (event.key.length > 1) return event.key === "Shift" ? undefined : follow();
  event.preventDefault();
  const typed = letters + event.key.toLowerCase();
  const found = places(typed);
  if (found.length > 1) wait(typed);
  else follow(found[0]);
}

function follow(link) {
  clearTimeout(timer);
  letters = null;
  link?.click();
}

function toggleMenu() {
  document.documentElement.toggleAttribute("data-wide");
  return true;
}

// The list of shortcuts over this page; where it cannot be had, its own page.
function tell() {
  const link = document.querySelector('.sidebar-foot a[href$="/keys"]');
  if (!link) return false;
  show(link.href).catch(() => location.assign(link.href));
  return true;
}

async function show(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const panel = page.querySelector("#keys-panel");
  if (!panel) throw new Error("no list of shortcuts");
  if (document.querySelector("dialog[open]")) return;
  const dialog = Object.assign(document.createElement("dialog"), { className: "keys-dialog" });
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = Object.assign(document.createElement("h2"), { id: "keys-title", textContent: "Keyboard shortcuts" });
  const more = Object.assign(document.createElement("a"), { className: "btn btn-quiet push", href: address, textContent: "As a page" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-default", textContent: "Close", autofocus: true });
  const head = Object.assign(document.createElement("div"), { className: "keys-head" });
  head.append(title, more, button);
  dialog.append(head, document.adoptNode(panel));
  document.body.append(dialog);
  button.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

function clear(event) {
  if (!event.target.closest("details.menu, .filter-panel")) current()?.classList.remove("is-cursor");
  return false;
}

function save(event) {
  const form = document.querySelector("form[data-edit]");
  if (!form || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  const stay = event.key === "s" && form.querySelector(".savebar [data-stay]");
  form.requestSubmit(stay || (form.querySelector(".savebar .btn-primary") ?? undefined));
}
