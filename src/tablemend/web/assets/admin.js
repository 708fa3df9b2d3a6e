// Lists with conditions in the address, and bars of jobs that move while they are looked at.
(function () {

  function filter(values, ids, search) {
    const before = new URLSearchParams(search || "");
    const after = new URLSearchParams(search || "");
    ids.forEach(function (id, place) {
      if (values[place]) after.set(id.name, values[place]);
      else after.delete(id.name);
    });
    if (after.toString() === before.toString()) return window.dash_clientside.no_update;
    after.delete("from");
    return "?" + after.toString();
  }

  function move(element, job) {
    const share = Math.round(100 * (job.fraction || 0));
    const bar = element.querySelector(".tm-meter");
    if (bar) {
      bar.setAttribute("aria-valuenow", share);
      bar.firstElementChild.style.width = share + "%";
    }
    const stage = element.querySelector(".tm-stage");
    if (stage) stage.textContent = (job.stage || "waiting") + ", " + share + " %";
  }

  function jobs(all) {
    const box = document.querySelector("[data-jobs]");
    if (!box) return window.dash_clientside.no_update;
    const known = JSON.parse(box.getAttribute("data-jobs"));
    let changed = "";
    Object.values(all || {}).forEach(function (job) {
      const element = box.querySelector('[data-job="' + job.id + '"]');
      if (element) move(element, job);
      const listed = known[job.id];
      const active = job.status === "running" || job.status === "queued";
      if (listed ? listed[0] !== job.status && listed[1] < job.changed : active) changed += job.id + job.status;
    });
    return changed || window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { admin: { filter: filter, jobs: jobs } });
})();
