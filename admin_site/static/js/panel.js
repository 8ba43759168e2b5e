// A link whose page can open over this one: filters, columns. Without script it is simply followed.
import { orderColumns } from "./columns.js";
import { submitOnChange } from "./submit.js";

const DELAY = 300;

export function openPanels() {
  document.addEventListener("click", async (event) => {
    const opener = event.target.closest("[data-panel]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const toolbar = document.querySelector(".toolbar");
    const standing = toolbar.querySelector(".filter-panel");
    if (standing?.dataset.of === opener.dataset.panel) return close(standing);
    const form = await load(opener.href, opener.dataset.panel);
    if (!form) return location.assign(opener.href);
    show(toolbar, form, toolbar.querySelector(`a[data-panel="${opener.dataset.panel}"]`) ?? opener);
  });
  for (const form of document.querySelectorAll("form[data-live]")) enliven(form);
}

async function load(url, selector) {
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector(selector);
}

function show(toolbar, form, opener) {
  toolbar.querySelector(".filter-panel")?.remove();
  const panel = Object.assign(document.createElement("div"), { className: "filter-panel" });
  panel.dataset.of = `#${form.id}`;
  panel.append(document.adoptNode(form));
  toolbar.append(panel);
  panel.style.setProperty("--at", `${startOf(opener, toolbar)}px`);
  (panel.querySelector(".cond .form-select") ?? panel.querySelector(".form-select, button:not(.visually-hidden)"))?.focus();
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(panel, opener);
  });
  panel.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    close(panel, opener);
  });
  orderColumns(form);
  enliven(form);
}

// Under its button, as far as there is room; on phones the sheet comes from below.
function startOf(opener, toolbar) {
  const here = opener.getBoundingClientRect();
  const there = toolbar.getBoundingClientRect();
  return getComputedStyle(toolbar).direction === "rtl" ? there.right - here.right : here.left - there.left;
}

function close(panel, opener) {
  panel.remove();
  (opener ?? document.querySelector(`a[data-panel="${panel.dataset.of}"]`))?.focus();
}

// The builder asks the server what its rows mean: the text, the count, and what is wrong.
function enliven(form) {
  if (!("live" in form.dataset)) return submitOnChange();
  for (const plain of form.querySelectorAll("[data-plain]")) plain.hidden = true;
  let timer = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    const [, place, part] = event.target.matches("select") ? (/^(b\..+)\.([fo])$/.exec(event.target.name) ?? []) : [];
    const obsolete = part === "f" ? ["o", "v", "w", "u"].map((letter) => `${place}.${letter}`) : [];
    timer = setTimeout(() => refresh(form, { redraw: Boolean(part), obsolete }), part ? 0 : DELAY);
  });
  form.addEventListener("keydown", (event) => {
    const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const place = event.target.closest("[data-place]")?.dataset.place;
    if (!event.altKey || !way || !place) return;
    event.preventDefault();
    clearTimeout(timer);
    refresh(form, { press: { name: "b.move", value: `${way}:${place}` }, redraw: true });
  });
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.name === "b.apply") return apply(event, form);
    event.preventDefault();
    refresh(form, { press: button, redraw: true });
  });
}

// Only the last question counts: answers may arrive in another order.
const asked = new WeakMap();

async function refresh(form, { press = null, redraw = false, obsolete = [] } = {}) {
  const turn = (asked.get(form) ?? 0) + 1;
  asked.set(form, turn);
  const data = said(form);
  const before = data.toString();
  for (const name of obsolete) data.delete(name);
  if (press?.name) data.set(press.name, press.value);
  const fresh = await load(`${form.action}?${data}`, `#${form.id}`);
  if (!fresh || !form.isConnected || asked.get(form) !== turn) return;
  if (redraw) {
    if (said(form).toString() !== before) return refresh(form, { press, redraw, obsolete });  // typed on meanwhile
    const name = document.activeElement?.name;
    form.querySelector(".builder").replaceWith(fresh.querySelector(".builder"));
    for (const plain of form.querySelectorAll("[data-plain]")) plain.hidden = true;
    place(form, press, name);
  } else tellErrors(form, fresh);
  const parts = fresh.querySelectorAll("[data-part]");
  form.querySelectorAll("[data-part]").forEach((part, at) => part.replaceChildren(...parts[at].childNodes));
}

function said(form) {
  return new URLSearchParams([...new FormData(form)]);
}

// The focus after a redrawing: in what was added, near what was removed, or where it was.
function place(form, press, name) {
  if (press?.name === "b.add") {
    const [kind, where] = press.value.split(":");
    const prefix = where ? `b.${where}.` : "b.";
    const rows = [...form.querySelectorAll("select")].filter((select) => {
      const rest = select.name.startsWith(prefix) ? select.name.slice(prefix.length) : "";
      return kind === "cond" ? /^\d+\.f$/.test(rest) : /^\d+\.g$/.test(rest);
    });
    rows.at(-1)?.focus();
  } else if (press?.name === "b.move") {
    const { place: before, name: control } = moved(form, press.value, name);
    (form.elements.namedItem(control) ?? form.querySelector(`[data-place="${before}"] .form-select`))?.focus?.();
  } else if (press) {
    (form.querySelector(".cond .form-select") ?? form.querySelector('[name="b.add"]'))?.focus();
  } else form.elements.namedItem(name)?.focus?.();
}

// Where a row went that was moved, and what its control is called there.
function moved(form, press, name) {
  const [way, place] = press.split(":");
  const at = place.lastIndexOf(".") + 1;
  const there = `${place.slice(0, at)}${Number(place.slice(at)) + (way === "up" ? -1 : 1)}`;
  const known = form.querySelector(`[data-place="${there}"]`) ? there : place;
  return { place: known, name: (name ?? "").replace(`b.${place}.`, `b.${known}.`) };
}

function tellErrors(form, fresh) {
  const lines = [...form.querySelectorAll(".cond")];
  [...fresh.querySelectorAll(".cond")].forEach((line, at) => {
    if (!lines[at]) return;
    lines[at].querySelector(".error")?.remove();
    const error = line.querySelector(".error");
    if (error) lines[at].append(error);
    const input = lines[at].querySelector("input");
    if (!input) return;
    if (error) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", error.id);
    } else for (const name of ["aria-invalid", "aria-describedby"]) input.removeAttribute(name);
  });
}

// A wrong value marks its row and leaves the list as it was.
async function apply(event, form) {
  event.preventDefault();
  await refresh(form);
  const wrong = form.querySelector(".error");
  if (wrong) return (wrong.parentElement.querySelector("input") ?? [...wrong.parentElement.querySelectorAll("select")].at(-1))?.focus();
  location.assign(`${form.action}?${new URLSearchParams([...new FormData(form), ["b.apply", "1"]])}`);
}
