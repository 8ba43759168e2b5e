// Shortcuts. Single keys rest while somebody types, and where the person switched them off.
let row = -1;
let waiting = "";

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && ["s", "Enter"].includes(event.key)) return save(event);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (!("keys" in document.documentElement.dataset) || document.querySelector("dialog[open]")) return;
    if (waiting === "g") return go(event);
    const act = ACTS[event.key];
    if (act?.(event) === true) event.preventDefault();
  });
}

const ACTS = {
  "/": () => press('[data-key="/"]'),
  f: () => press('[data-key="f"]'),
  c: () => press('[data-key="c"]'),
  j: () => walk(1),
  k: () => walk(-1),
  Enter: (event) => event.target === document.body && press("tr.is-cursor .title > a"),
  " ": (event) => event.target === document.body && press("tr.is-cursor .row-menu > summary"),
  e: () => current()?.dispatchEvent(new CustomEvent("editcell", { bubbles: true })) ?? false,
  g: () => wait("g"),
  "[": () => toggleMenu(),
  "?": () => leave("/admin/keys"),
  Escape: () => clear(),
};

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
  return [...document.querySelectorAll(".list tbody tr:not(.band)")];
}

function current() {
  return document.querySelector("tr.is-cursor");
}

function walk(step) {
  const all = rows();
  if (!all.length) return false;
  current()?.classList.remove("is-cursor");
  row = Math.max(0, Math.min(all.length - 1, row + step));
  all[row].classList.add("is-cursor");
  all[row].scrollIntoView({ block: "nearest" });
  all[row].querySelector(".title > a")?.focus({ preventScroll: true });
  return true;
}

function wait(key) {
  waiting = key;
  setTimeout(() => (waiting = ""), 1200);
  return true;
}

function go(event) {
  waiting = "";
  const links = [...document.querySelectorAll(".sidebar .nav-list a")];
  const target = links.find((link) => link.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  if (!target) return;
  event.preventDefault();
  target.click();
}

function toggleMenu() {
  document.documentElement.toggleAttribute("data-wide");
  return true;
}

function leave(path) {
  location.assign(path);
  return true;
}

function clear() {
  const line = current();
  line?.classList.remove("is-cursor");
  row = line ? -1 : row;
  return false;
}

function save(event) {
  const form = document.querySelector("form[data-edit]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector(".savebar .btn-primary") ?? undefined);
}
