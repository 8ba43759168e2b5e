// Relation fields: what is typed into "Find" is looked up at once; without script the button asks the server.
const PAUSE = 200;

export function enhancePickers() {
  for (const picker of document.querySelectorAll("[data-picker]")) {
    const box = picker.querySelector("input[type=search]");
    const button = picker.querySelector("button[name=_find]");
    button.hidden = true;
    let timer;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => look(picker, box), PAUSE);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      look(picker, box);
    });
  }
}

async function look(picker, box) {
  const words = box.value;
  const answer = await fetch(`${picker.dataset.picker}?q=${encodeURIComponent(words)}`).catch(() => null);
  if (words !== box.value) return;
  if (!answer?.ok) return say(picker, "The look-up failed. Try again.");
  const { items } = await answer.json();
  offer(picker, items);
  say(picker, items.length ? `${items.length} found` : `Nothing matches “${words}”.`);
}

function offer(picker, items) {
  const list = picker.querySelector(".picker-list");
  for (const input of list.querySelectorAll("input:not(:checked)")) {
    if (input.value) input.closest("li").remove();
  }
  const standing = new Set([...list.querySelectorAll("input")].map((input) => input.value));
  for (const { id, title } of items) {
    if (!standing.has(id)) list.append(option(picker, id, title));
  }
}

function option(picker, id, title) {
  const input = Object.assign(document.createElement("input"), {
    className: "form-check-input",
    type: "many" in picker.dataset ? "checkbox" : "radio",
    name: picker.dataset.name,
    value: id,
  });
  const words = Object.assign(document.createElement("span"), { textContent: title, dir: "auto" });
  const label = Object.assign(document.createElement("label"), { className: "check" });
  label.append(input, words);
  const item = document.createElement("li");
  item.append(label);
  return item;
}

function say(picker, words) {
  let line = picker.querySelector("[data-said]");
  if (!line) {
    line = Object.assign(document.createElement("p"), { className: "help" });
    line.dataset.said = "";
    line.setAttribute("role", "status");
    picker.append(line);
  }
  line.textContent = words;
}
