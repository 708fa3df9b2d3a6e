// The stream of events: jobs and what anybody decides, as they happen, also after a cut connection.
(function () {
  const { set, element } = window.tablemend;
  const jobs = {};
  let source = null;
  let lost = null;
  let broken = false;
  let unheard = false; // a click got no answer
  let heard = ""; // id of the newest event: a stream that is opened anew goes on there

  window.tablemendLive = { writes: null }; // the counter of writes; null while nobody tells it

  function job(found) {
    const known = jobs[found.id];
    if (known && known.changed > found.changed) return; // an older state that came late
    jobs[found.id] = found;
    set("live-job", { data: found });
    set("live-jobs", { data: Object.assign({}, jobs) });
  }

  function connection(state) {
    document.body.setAttribute("data-live", state);
    set("live-state", { data: state });
  }

  function open() {
    if (source) return;
    source = new EventSource("/api/v1/events" + (heard ? "?since=" + encodeURIComponent(heard) : ""));
    source.addEventListener("job", function (event) {
      heard = event.lastEventId;
      job(JSON.parse(event.data));
    });
    source.addEventListener("state", function (event) {
      heard = event.lastEventId || heard;
      window.tablemendLive.writes = JSON.parse(event.data).writes;
      set("live-writes", { data: window.tablemendLive.writes });
    });
    source.onopen = function () {
      clearTimeout(lost);
      lost = null;
      connection("on");
      signedIn();
      // answers may have been lost with it: pages look again
      if (broken) set("live-regained", { data: Date.now() });
      if (unheard) answered();
      broken = false;
    };
    source.onerror = function () {
      broken = true;
      window.tablemendLive.writes = null;
      if (lost === null) {
        lost = setTimeout(function () {
  const { set, element } = window.tablemend;
          connection("off");
        }, 2000);
      }
      if (source.readyState === EventSource.CLOSED) {
        // refused, as after the end of a session: ask why, and try again
        source = null;
        setTimeout(open, 3000);
        window.fetch("/api/v1/me").then(function (answer) {
          if (answer.status === 401) signIn();
        }, function () {});
      }
    };
  }

  function signIn() {
    if (document.getElementById("signed-out")) return;
    const box = document.createElement("div");
    box.id = "signed-out";
    box.className = "tm-signed-out";
    box.setAttribute("role", "alertdialog");
    box.setAttribute("aria-label", "Signed out");
    const text = document.createElement("p");
    text.textContent = "Your session has ended. This page keeps what you wrote: sign in in another tab, then go on here.";
    const link = document.createElement("a");
    link.href = "/login";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "Sign in";
    link.className = "tm-button tm-button-primary";
    box.append(text, link);
    document.body.append(box);
    link.focus();
  }

  function signedIn() {
    const box = document.getElementById("signed-out");
    if (box) box.remove();
  }

  function answered() {
    unheard = false;
    const message = "What you asked for last may not have been done: look whether it was, or do it again.";
    const notice = { action: "update", id: "unanswered", title: "The server is back", message: message };
    set("notices", { sendNotifications: [Object.assign(notice, { color: "yellow", autoClose: false })] });
  }

  function unanswered() {
    unheard = true;
    const message = "What you typed is still here. Once the connection is back, look whether it was done, or do it again.";
    const notice = { action: "show", id: "unanswered", title: "The server does not answer", message: message };
    set("notices", { sendNotifications: [Object.assign(notice, { color: "red", autoClose: false })] });
  }

  // an expired session shows itself in any request of a page, and so does a server that is gone
  const plain = window.fetch;
  window.fetch = function (asked) {
    return plain.apply(this, arguments).then(
      function (answer) {
        if (answer.status !== 401) return answer;
        signIn();
        // to Dash, a callback that was refused for that is one that changed nothing: the page stays as it is
        return String(asked).indexOf("_dash-update-component") >= 0 ? new Response(null, { status: 204 }) : answer;
      },
      function (lost) {
        if (String(asked).indexOf("_dash-update-component") >= 0) unanswered();
        throw lost;
      },
    );
  };

  const words = { queued: "waiting", running: "running", completed: "done", failed: "failed", cancelled: "cancelled" };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    live: {
      open: function () {
        open();
        return window.dash_clientside.no_update;
      },
      tray: function (all) {
        const active = Object.values(all || {}).filter(function (each) {
          return each.status === "running" || each.status === "queued";
        });
        return active.slice(0, 3).map(function (each) {
          const share = Math.round(100 * (each.fraction || 0));
          return element("A", { href: "/runs?job=" + each.id, className: "tm-tray-job" }, [
            element("Span", {}, each.verb + " " + (each.subject || "")),
            element("Span", { className: "tm-tray-stage" }, (each.stage || words[each.status]) + " " + share + " %"),
          ]);
        });
      },
    },
  });
})();
