// Small functions of the pages: following what others write, jobs under way, uploads.
(function () {
  const words = { queued: "waiting", running: "running", completed: "done", failed: "failed", cancelled: "cancelled" };
  const keep = function () {
    return window.dash_clientside.no_update;
  };
  let pending = null;

  function element(type, props, children) {
    return { type: type, namespace: "dash_html_components", props: Object.assign({}, props, { children: children }) };
  }

  function active(all) {
    return Object.values(all || {}).filter(function (each) {
      return each.status === "running" || each.status === "queued";
    });
  }

  function line(job) {
    const share = Math.round(100 * (job.fraction || 0));
    const state = (job.stage || words[job.status] || job.status) + (job.status === "running" ? " " + share + " %" : "");
    return element("Div", { className: "tm-job" }, [
      element("A", { href: "/runs?job=" + job.id }, job.verb + " " + (job.subject || "")),
      element("Span", { className: "tm-note" }, state + ", by " + job.by),
      element("Span", { className: "tm-bar tm-bar-job", "aria-hidden": "true" }, element("Span", { style: { width: share + "%" } })),
    ]);
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    pages: {
      // after a write, wait until it is quiet for a moment: a job writes often
      due: function (writes, seen) {
        if (writes === undefined || writes === null || writes === seen) return keep();
        clearTimeout(pending);
        pending = setTimeout(function () {
          if (document.getElementById("overview-body")) window.dash_clientside.set_props("overview-due", { data: writes });
        }, 500);
        return keep();
      },
      jobs: function (all) {
        const found = active(all);
        if (!found.length) return null;
        return element("Div", { className: "tm-jobs tm-card" }, found.slice(0, 8).map(line));
      },
    },
  });
})();
