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
  list.addEventListener("change", (event) => {
    if (!event.target.matches("[name=column]")) return;
    const places = [...list.querySelectorAll(".place")].map((place) => Number(place.value) || 0);
    event.target.closest("li").querySelector(".place").value = event.target.checked ? Math.max(...places) + 1 : "";
  });
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

// After a move the lines themselves are the order.
function number(list) {
  let place = 0;
  for (const line of list.children) {
    line.querySelector(".place").value = line.querySelector("[name=column]").checked ? (place += 1) : "";
  }
}
