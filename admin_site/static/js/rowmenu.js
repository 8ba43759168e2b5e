// The actions of a row, from one template. Without script they are on the pages behind the row's own link.
export function buildRowMenus() {
  const template = document.querySelector("#row-menu");
  if (!template) return;
  for (const cell of document.querySelectorAll("td[data-may]")) cell.append(menu(cell, template));
}

function menu(cell, template) {
  const link = cell.parentElement.querySelector(".title > a");
  const path = new URL(link.href).pathname.replace(/\/edit$/, "");
  const details = Object.assign(document.createElement("details"), { className: "menu row-menu" });
  const summary = Object.assign(document.createElement("summary"), { className: "btn btn-quiet btn-icon btn-sm" });
  summary.setAttribute("aria-label", `Actions for ${link.textContent.trim()}`);
  summary.append("⋯");
  details.append(summary);
  details.addEventListener("toggle", () => fill(details, cell.dataset.may, path, template), { once: true });
  return details;
}

function fill(details, may, path, template) {
  const list = template.content.cloneNode(true);
  const back = document.querySelector(".list[data-state]")?.dataset.state;
  const state = back ? new URLSearchParams({ back }) : "";
  for (const entry of list.querySelectorAll("[data-needs]")) {
    if (!may.includes(entry.dataset.needs) || may.includes(entry.dataset.unless)) entry.remove();
  }
  for (const target of list.querySelectorAll("[data-to]")) {
    const address = path + target.dataset.to;
    if (target.matches("button")) target.setAttribute("formaction", address);
    else target.href = state ? `${address}?${state}` : address;
  }
  details.append(list);
}
