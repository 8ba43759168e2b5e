// The order of columns by buttons and by Alt with the arrows; without script it is said by numbers.
export function orderColumns(scope = document) {
  const list = scope.querySelector(".column-choice");
  if (!list) return;
  for (const movers of list.querySelectorAll(".movers")) movers.hidden = false;
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-step]");
    if (button) move(list, button, Number(button.dataset.step));
  });
  list.addEventListener("keydown", (event) => {
    const step = event.altKey && { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    move(list, event.target, step);
  });
  list.addEventListener("change", () => number(list));
}

function move(list, control, step) {
  const line = control.closest("li");
  const other = step < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(line);
  else other.after(line);
  number(list);
  control.focus();
}

function number(list) {
  let place = 0;
  for (const line of list.children) {
    line.querySelector(".place").value = line.querySelector("[name=column]").checked ? (place += 1) : "";
  }
}
