// A job's progress, asked for while it runs; its receipt once it has ended.
const PAUSE = 800;

export function followJob() {
  const place = document.querySelector("[data-job]");
  if (place) ask(place);
}

async function ask(place) {
  const answer = await fetch(place.dataset.job).catch(() => null);
  if (answer?.ok) {
    const job = await answer.json();
    if (!job.is_open) return location.reload();
    show(place, job);
  }
  setTimeout(() => ask(place), PAUSE);
}

function show(place, job) {
  const bar = place.querySelector("[data-bar]");
  bar.value = job.passed;
  bar.max = Math.max(job.total, job.passed, 1);
  const said = place.querySelector("[data-said]");
  if (said.textContent !== job.said) said.textContent = job.said;
  for (const name of ["done", "left", "failed"]) {
    place.querySelector(`[data-number="${name}"]`).textContent = job[name].toLocaleString("en");
  }
}
