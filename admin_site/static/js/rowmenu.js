// The actions of a row: without script a link to its page, with script a menu from one template.
export function buildRowMenus() {
  const template = document.querySelector("#row-menu");
  if (!template) return;
  for (const link of document.querySelectorAll(".menu-cell > a[data-may]")) link.replaceWith(menu(link, template));
}

function menu(link, template) {
  const details = Object.assign(document.createElement("details"), { className: "menu row-menu" });
  const summary = Object.assign(document.createElement("summary"), { className: "btn btn-quiet btn-icon btn-sm" });
  summary.setAttribute("aria-label", link.getAttribute("aria-label"));
  summary.append(...link.childNodes);
  details.append(summary);
  details.dataset.may = link.dataset.may;
  details.addEventListener("toggle", () => fill(details, link, template), { once: true });
  return details;
}

function fill(details, link, template) {
  const list = template.content.cloneNode(true);
  const path = link.getAttribute("href").split("?")[0];
  const back = document.querySelector(".list[data-state]")?.dataset.state;
  const state = back ? new URLSearchParams({ back }) : "";
  for (const entry of list.querySelectorAll("[data-needs]")) {
    if (!link.dataset.may.includes(entry.dataset.needs)) entry.remove();
  }
  for (const target of list.querySelectorAll("[data-to]")) {
    const address = path + target.dataset.to;
    if (target.matches("button")) target.setAttribute("formaction", address);
    else target.href = state ? `${address}?${state}` : address;
  }
  details.append(list);
}
