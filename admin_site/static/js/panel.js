// A link whose page can open over this one: filters, columns. Without script it is simply followed.
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
  (panel.querySelector(".cond .form-select, .form-select") ?? panel.querySelector("button"))?.focus();
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(panel, opener);
  });
  panel.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    close(panel, opener);
  });
  enliven(form);
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
    const redraw = event.target.matches("select") && /\.[fo]$/.test(event.target.name);
    timer = setTimeout(() => refresh(form, [], redraw), redraw ? 0 : DELAY);
  });
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.name === "b.apply") return apply(event, form);
    event.preventDefault();
    refresh(form, [[button.name, button.value]], true);
  });
}

async function refresh(form, more, redraw) {
  const data = new URLSearchParams([...new FormData(form), ...more]);
  const fresh = await load(`${form.action}?${data}`, `#${form.id}`);
  if (!fresh || !form.isConnected) return;
  if (redraw) {
    const name = document.activeElement?.name;
    form.querySelector(".builder").replaceWith(fresh.querySelector(".builder"));
    for (const plain of form.querySelectorAll("[data-plain]")) plain.hidden = true;
    (name && form.elements.namedItem(name)?.focus?.()) ?? (more.length && [...form.querySelectorAll(".cond select")].at(-3)?.focus());
  } else tellErrors(form, fresh);
  const parts = fresh.querySelectorAll("[data-part]");
  form.querySelectorAll("[data-part]").forEach((part, at) => part.replaceChildren(...parts[at].childNodes));
}

function tellErrors(form, fresh) {
  const lines = [...form.querySelectorAll(".cond")];
  [...fresh.querySelectorAll(".cond")].forEach((line, at) => {
    lines[at]?.querySelector(".error")?.remove();
    const error = line.querySelector(".error");
    if (error) lines[at]?.append(error);
    lines[at]?.querySelector("input")?.toggleAttribute("aria-invalid", Boolean(error));
  });
}

// A wrong value marks its row and leaves the list as it was.
async function apply(event, form) {
  event.preventDefault();
  await refresh(form, [], false);
  const wrong = form.querySelector(".error");
  if (wrong) return wrong.parentElement.querySelector("input, select")?.focus();
  location.assign(`${form.action}?${new URLSearchParams([...new FormData(form), ["b.apply", "1"]])}`);
}
