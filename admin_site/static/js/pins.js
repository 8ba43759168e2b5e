// Pins by drag and by Alt with the arrows; the buttons and numbers of the page do the same without script.
export function arrangePins() {
  for (const list of document.querySelectorAll("[data-arrange]")) arrange(list);
}

function arrange(list) {
  let dragged = null;
  for (const line of list.children) line.draggable = true;
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest(".pin-line");
    dragged?.classList.add("is-dragged");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest(".pin-line");
    if (!dragged || !over) return;
    event.preventDefault();
    mark(list, over, dragged);
  });
  list.addEventListener("drop", (event) => {
    event.preventDefault();
    const over = event.target.closest(".pin-line");
    if (dragged && over && over !== dragged) put(list, dragged, over);
  });
  list.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    mark(list, null, null);
    dragged = null;
  });
  list.addEventListener("keydown", (event) => {
    const line = event.target.closest(".pin-line");
    if (!line || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const other = event.key === "ArrowUp" ? line.previousElementSibling : line.nextElementSibling;
    if (other) put(list, line, other);
  });
}

function mark(list, over, dragged) {
  const lines = [...list.children];
  for (const line of lines) {
    line.classList.toggle("is-over", line === over && line !== dragged);
    line.classList.toggle("is-below", lines.indexOf(dragged) < lines.indexOf(line));
  }
}

// Past the other one: above it when going up, below it when going down.
async function put(list, line, other) {
  const lines = [...list.children];
  const standing = line.nextElementSibling;
  const focused = document.activeElement;
  if (lines.indexOf(line) < lines.indexOf(other)) other.after(line);
  else other.before(line);
  focused?.focus();
  number(list);
  const after = line.previousElementSibling?.dataset.pin ?? "0";
  const body = new URLSearchParams({ after, csrf_token: line.querySelector("[name=csrf_token]").value });
  if ("own" in list.dataset) body.set("own", "1");
  const url = `${list.dataset.arrange}${line.dataset.pin}/move`;
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  const said = await answer?.json().catch(() => ({}));
  const status = document.querySelector("#pin-said");
  if (answer?.ok) return (status.textContent = `Now number ${said.place}.`);
  list.insertBefore(line, standing);
  number(list);
  status.textContent = said?.error ?? "This could not be saved; the order is as it was.";
  status.classList.remove("visually-hidden");
}

function number(list) {
  [...list.children].forEach((line, place) => (line.querySelector(".pin-place").textContent = place + 1));
}
