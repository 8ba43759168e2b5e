const MORE = "more, in the form";

// Changing a cell where it stands: double click, or e on the row that the cursor is on. Without script the
// edit page does the same.
export function editCells() {
  const table = document.querySelector(".list:has(thead [data-cell])");
  if (!table) return;
  table.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("td, th.title");
    if (cell && mayEdit(cell)) {
      event.preventDefault();
      open(cell);
    }
  });
  offerPencil(table);
  table.addEventListener("editcell", (event) => {
    const cell = [...event.target.children].find(mayEdit);
    if (cell) open(cell);
  });
}

// One button, in the cell that the mouse is over: a double click on a title would follow its link.
function offerPencil(table) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "cell-pencil", tabIndex: -1 });
  const drawn = document.getElementById("row-menu")?.content.querySelector('[data-to="/edit"] svg');
  if (drawn) button.append(drawn.cloneNode(true));
  button.addEventListener("click", () => {
    const cell = button.closest("td, th");
    button.remove();
    open(cell);
  });
  table.addEventListener("pointerover", (event) => {
    const cell = event.pointerType === "mouse" && event.target.closest("td, th.title");
    if (!cell || cell.contains(button)) return;
    button.remove();
    if (!mayEdit(cell)) return;
    button.setAttribute("aria-label", `Change ${head(cell).textContent.trim()}`);
    cell.append(button);
  });
  table.addEventListener("pointerleave", () => button.remove());
}

function head(cell) {
  return cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
}

function mayEdit(cell) {
  const may = cell.parentElement.querySelector("[data-may]")?.dataset.may ?? "";
  return Boolean(head(cell)?.dataset.cell) && may.includes("e") && !("editing" in cell.dataset);
}

function address(cell) {
  const path = new URL(cell.parentElement.querySelector(".title > a").href).pathname.replace(/\/edit$/, "");
  return `${path}/cell/${head(cell).dataset.cell}`;
}

async function open(cell) {
  if (!mayEdit(cell)) return;
  cell.dataset.editing = "";
  const answer = await fetch(address(cell), { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return location.assign(cell.parentElement.querySelector(".title > a").href);
  const offer = await answer.json();
  cell.querySelector(".cell-pencil")?.remove();
  const before = [...cell.childNodes];
  const input = control(offer);
  const state = { cell, before, input, version: offer.version, original: offer.value, busy: false };
  cell.replaceChildren(input);
  input.focus();
  input.select?.();
  input.addEventListener("keydown", (event) => onKey(event, state));
  input.addEventListener("blur", () => setTimeout(() => leave(state), 0));
  if (!input.matches("select")) return;
  // A choice with the mouse is meant; with the arrow keys it is on its way, and Enter says when.
  let pointed = false;
  input.addEventListener("pointerdown", () => (pointed = true));
  input.addEventListener("keydown", () => (pointed = false));
  input.addEventListener("change", () => pointed && save(state));
}

function control(offer) {
  const tag = offer.choices.length ? "select" : "input";
  const input = Object.assign(document.createElement(tag), { className: `cell-input ${tag === "select" ? "form-select" : "form-control"}` });
  input.setAttribute("aria-label", offer.label);
  for (const choice of offer.choices) input.append(new Option(choice.label, choice.value));
  if (offer.more) input.append(new Option("More, in the form …", MORE));
  input.value = offer.value;
  input.dir = "auto";
  return input;
}

function onKey(event, state) {
  event.stopPropagation();
  if (event.key === "Escape") {
    event.preventDefault();
    undo(state);
  } else if (event.key === "Enter") {
    event.preventDefault();
    save(state);
  } else if (event.key === "Tab") {
    const cells = [...state.cell.parentElement.children].filter((cell) => cell === state.cell || mayEdit(cell));
    const next = cells[cells.indexOf(state.cell) + (event.shiftKey ? -1 : 1)];
    if (next) {
      event.preventDefault();
      save(state).then((done) => done && open(next));
    }
  }
}

// Whoever goes elsewhere saves; not over what stands against it, and the focus stays where they went.
async function leave(state) {
  if (!state.cell.isConnected || !("editing" in state.cell.dataset) || state.busy) return;
  if (state.cell.contains(document.activeElement) || state.cell.querySelector(".cell-error")) return;
  if (state.input.value === state.original) close(state, state.before);
  else await save(state);
}

async function save(state) {
  if (state.busy) return false;
  if (state.input.matches("select") && state.input.value === MORE) return location.assign(address2(state).replace(/\/cell\/.*/, "/edit"));
  if (state.input.value === state.original && !state.forced) {
    close(state, state.before);
    return true;
  }
  state.busy = true;
  const body = new URLSearchParams({ value: state.input.value, version: state.version, csrf_token: document.querySelector("#row-form [name=csrf_token]").value });
  state.input.setAttribute("aria-busy", "true");
  const answer = await fetch(address2(state), { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  state.busy = false;
  state.input.removeAttribute("aria-busy");
  const said = answer ? await answer.json().catch(() => ({})) : {};
  if (answer?.ok) {
    finish(state, said);
    return true;
  }
  if (answer?.status === 409 && said.version) {
    state.version = said.version;
    state.forced = true;
  }
  complain(state, said.error ?? "This could not be saved. It is still here; try again.");
  return false;
}

function address2(state) {
  const link = state.cell.parentElement.querySelector(".title > a") ?? state.before.find((node) => node.href);
  const path = new URL(link.href).pathname.replace(/\/edit$/, "");
  return `${path}/cell/${head(state.cell).dataset.cell}`;
}

function finish(state, said) {
  follow(state.cell, said.following ?? {});
  const link = state.before.find((node) => node.matches?.("a"));
  if (state.cell.matches(".title") && link) {
    link.textContent = said.text;
    close(state, [link]);
  } else {
    const holder = document.createElement("template");
    holder.innerHTML = said.html;
    close(state, [...holder.content.childNodes]);
  }
  state.cell.dataset.saved = "";
  setTimeout(() => delete state.cell.dataset.saved, 1500);
}

// Moments of the row that follow from the change, where the list shows them.
function follow(cell, following) {
  for (const th of cell.closest("table").tHead.rows[0].cells) {
    const html = following[th.dataset.column ?? th.dataset.cell];
    const other = cell.parentElement.cells[th.cellIndex];
    // The last cell of a pinned row says until when it is pinned.
    if (html !== undefined && other !== cell && !other.querySelector(".pin-note")) other.innerHTML = html;
  }
}

// Back to what stands: after a conflict that is what somebody else wrote, so the list is asked again.
async function undo(state) {
  if (!state.forced) return close(state, state.before);
  const link = state.cell.parentElement.querySelector(".title > a") ?? state.before.find((node) => node.href);
  const answer = await fetch(location.href).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  const same = page && [...page.querySelectorAll(".list .title > a")].find((other) => other.getAttribute("href") === link.getAttribute("href"));
  const cell = same?.closest("tr").cells[state.cell.cellIndex];
  close(state, cell ? [...cell.childNodes].map((node) => document.adoptNode(node)) : state.before);
}

function complain(state, sentence) {
  state.cell.querySelector(".cell-error")?.remove();
  const error = Object.assign(document.createElement("p"), { className: "cell-error", textContent: sentence, id: "cell-error" });
  error.setAttribute("role", "alert");
  state.cell.append(error);
  state.input.setAttribute("aria-invalid", "true");
  state.input.setAttribute("aria-describedby", "cell-error");
  state.input.focus();
}

function close(state, nodes) {
  const held = state.cell.contains(document.activeElement);
  delete state.cell.dataset.editing;
  state.cell.replaceChildren(...nodes);
  if (!held) return;
  (state.cell.querySelector("a, button") ?? state.cell.parentElement.querySelector(".title > a"))?.focus({ preventScroll: true });
}
