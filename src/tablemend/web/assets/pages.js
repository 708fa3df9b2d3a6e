// Small functions of the pages: following what others write, asking for work, following it to its end.
(function () {
  const { set, element, number } = window.tablemend;
  const keep = window.tablemend.none;
  const words = { queued: "waiting", running: "running", completed: "done", failed: "failed", cancelled: "cancelled" };
  const over = ["completed", "failed", "cancelled"];
  const handled = {}; // waits whose end was dealt with
  let pending = null;
  let presses = 0;

  function active(all) {
    return Object.values(all || {}).filter(function (each) {
      return over.indexOf(each.status) < 0;
    });
  }

  function line(job, cancel, name) {
    const share = Math.round(100 * (job.fraction || 0));
    const state = (job.stage || words[job.status] || job.status) + (job.status === "running" ? " " + share + " %" : "");
    return element("Div", { className: "tm-followed-job" }, [
      element("A", { href: "/runs?job=" + job.id }, job.verb + " " + (name || job.subject || "")),
      element("Span", { className: "tm-note" }, [state + ", by " + job.by + " ", cancel]),
      element("Span", { className: "tm-bar tm-bar-job", "aria-hidden": "true" }, element("Span", { style: { width: share + "%" } })),
    ]);
  }

  function tell(title, message, color) {
    const notice = { action: "show", id: "n" + Math.random(), title: title, message: message, color: color };
    notice.autoClose = color === "red" ? false : 6000;
    set("notices", { sendNotifications: [notice] });
  }

  function go(path, search) {
    set("address", { pathname: path, search: search || "" });
  }

  // what follows the end of a job that a page waits for
  function ended(job, waiting, page) {
    if (job.status === "failed") {
      const error = job.error || {};
      tell(error.title || "It failed", [error.message, error.hint].filter(Boolean).join(" "), "red");
      if (waiting.then === "intel" && error.run) go("/intelligence/" + error.run, "?part=rejected"); // it keeps why
    } else if (job.status === "cancelled") {
      tell("Cancelled", waiting.then === "conflicts" ? "What was judged before stays." : "Nothing of it was kept.", "yellow");
    } else if (waiting.then === "review" && job.result.run) {
      go("/review/" + job.result.run);
    } else if (waiting.then === "intel" && job.result.run) {
      go("/intelligence/" + job.result.run);
    } else if (waiting.then === "conflicts") {
      const result = job.result;
      const told = result.undone ? result.undone + " is taken back" : number(result.conflicts || result.after) + " conflicts";
      tell("Done", told, "green");
      const one = job.verb === "what_if" ? "&answer=" + job.id : result.run ? "&run=" + result.run : "";
      const found = "?part=" + (job.verb === "what_if" ? "what-if" : "run") + one;
      if (found === window.location.search) set(page + "-again", { data: job.id });
      else set("address", { search: found });
    } else {
      tell("Done", job.verb + " " + (job.result.version ? "made version " + job.result.version : "is complete"), "green");
      set(page + "-again", { data: job.id });
    }
  }

  window.tablemendJobLine = (job) => line(job);

  document.addEventListener("click", function (event) {
    const button = event.target.closest ? event.target.closest("[data-ask]") : null;
    if (!button || button.disabled) return;
    const asked = JSON.parse(button.getAttribute("data-ask"));
    presses += 1;
    set(asked.page + "-ask", { data: Object.assign(asked, { press: presses }) });
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    pages: {
      // after a write, wait until it is quiet for a moment: a job writes often
      due: function (writes, seen, id) {
        if (writes === undefined || writes === null || writes === seen) return keep();
        clearTimeout(pending);
        pending = setTimeout(function () {
  const { set, element, number } = window.tablemend;
  const keep = window.tablemend.none;
          const page = id.replace("-seen", "");
          if (document.getElementById(page + "-body")) set(page + "-due", { data: writes });
        }, 500);
        return keep();
      },
      jobs: function (all) {
        const found = active(all);
        if (!found.length) return null;
        return element("Div", { className: "tm-followed tm-card" }, found.slice(0, 8).map(function (job) {
          return line(job);
        }));
      },
      follow: function (all, waiting, id) {
        if (!waiting || !waiting.job) return null;
        const page = id.replace("-waiting", "");
        const job = (all || {})[waiting.job];
        if (!job) return element("Div", { className: "tm-note" }, "waiting for a worker");
        if (over.indexOf(job.status) >= 0) {
          if (!handled[waiting.mark]) {
            handled[waiting.mark] = true;
            ended(job, waiting, page);
          }
          return null;
        }
        const ask = JSON.stringify({ page: page, verb: "cancel", arguments: { job: job.id } });
        return element("Div", { className: "tm-followed tm-card" }, [
          line(job, element("Button", { className: "tm-plain", type: "button", "data-ask": ask }, "Cancel"), waiting.name),
        ]);
      },
      // a page that takes a file knows it by its id
      uploaded: function (kept) {
        return kept ? kept.upload : "";
      },
      // a choice becomes part of the address, so that it can be linked and goes with "back"
      versions: function (before, after) {
        if (!before || !after) return keep();
        const found = "?tab=compare&before=" + before + "&after=" + after;
        return found === window.location.search ? keep() : found;
      },
      other: function (chosen) {
        return chosen ? "?tab=recipe&other=" + encodeURIComponent(chosen) : keep();
      },
    },
  });
})();
