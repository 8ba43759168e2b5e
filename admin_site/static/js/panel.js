// A link whose page can open over this one: the filters. Without script it is simply followed.
export function openPanels() {
  document.addEventListener("click", async (event) => {
    const opener = event.target.closest("[data-panel]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const toolbar = document.querySelector(".toolbar");
    const standing = toolbar.querySelector(".filter-panel");
    if (standing && opener.matches("a")) return close(standing);
    const page = await load(address(opener));
    const form = page?.querySelector(opener.dataset.panel);
    if (!form) return location.assign(address(opener));
    show(toolbar, form, toolbar.querySelector("a[data-panel]"));
  });
}

function address(opener) {
  if (opener.matches("a")) return opener.href;
  return `${opener.formAction}?${new URLSearchParams(new FormData(opener.form))}`;
}

async function load(url) {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

function show(toolbar, form, opener) {
  toolbar.querySelector(".filter-panel")?.remove();
  const panel = Object.assign(document.createElement("div"), { className: "filter-panel" });
  panel.append(document.adoptNode(form));
  opener.after(panel);
  panel.querySelector("select, input:not([type=hidden])")?.focus();
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(panel);
  });
  panel.querySelector("[data-close]").addEventListener("click", (event) => {
    event.preventDefault();
    close(panel);
  });
}

function close(panel) {
  const opener = panel.previousElementSibling;
  panel.remove();
  opener.focus();
}
