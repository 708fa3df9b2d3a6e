// The items of a run as rows: asked for as soon as somebody is on the way to them, kept while nobody writes.
(function () {
  let held = null; // {run, rows, total, writes}: the items that were read last, with what is decided on them
  let ahead = null; // {run, answer}: items that are on their way before the page asks for them

  function get(path) {
    return window.tablemend.get("/data/items/" + path);
  }

  function state(row) {
    return row.end || row.decision;
  }

  function decide(row, decided) {
    const [, decision, by, end] = decided;
    if (row.decision === decision && row.by === by && row.end === end) return false;
    row.decision = decision;
    row.by = by;
    row.end = end; // applied, or superseded; empty before
    row.state = state(row);
    return true;
  }

  function completed(values, fields) {
    const row = {};
    for (let n = 0; n < fields.length; n += 1) row[fields[n]] = values[n];
    row.decision = "open";
    row.by = "";
    row.end = "";
    row.state = "open";
    return row;
  }

  const open = [null, "open", "", ""];

  function read(run) {
    const path = encodeURIComponent(run);
    return Promise.all([get(path), get(path + "/decisions")]).then(function (found) {
      const [listed, standing] = found;
      if (listed.run !== standing.run) return read(listed.run); // a newer one came between the two
      const rows = listed.rows.map((values) => completed(values, listed.fields));
      const now = new Map(standing.decisions.map((each) => [each[0], each]));
      if (now.size) rows.forEach((row) => decide(row, now.get(row.id) || open));
      return { run: listed.run, rows: rows, total: listed.total, writes: standing.writes };
    });
  }

  function current() {
    return held !== null && window.tablemendLive.writes === held.writes;
  }

  function ask(path) {
    const found = /^\/review(?:\/([^/?#]+))?\/?(?:[?#]|$)/.exec(path);
    if (!found) return;
    const run = found[1] ? decodeURIComponent(found[1]) : "newest";
    if (current() && (run === held.run || run === "newest")) return;
    const answer = read(run);
    answer.catch(function () {}); // the page asks again, and says what is wrong
    ahead = { run: run, answer: answer };
  }

  window.tablemendItems = {
    // the items of a run; `anew` where they are known to be others
    of: function (run, anew) {
      const asked = ahead;
      ahead = null;
      if (!anew && current() && held.run === run) return Promise.resolve(held);
      const first = asked && !anew && (asked.run === run || asked.run === "newest") ? asked.answer : Promise.reject();
      return first
        .then((found) => (found.run === run ? found : read(run)), () => read(run))
        .then(function (found) {
          held = found;
          return found;
        });
    },
    // whether somebody is known to have written since they were read
    outdated: function () {
      const writes = window.tablemendLive.writes;
      return held !== null && writes !== null && writes > held.writes;
    },
    // rows on which somebody has decided since they were read; null where nothing newer is known
    renewed: function (run) {
      const asked = held;
      if (asked === null || asked.run !== run) return Promise.resolve(null);
      return get(encodeURIComponent(run) + "/decisions?since=" + asked.writes).then(function (found) {
        if (held !== asked || found.writes < asked.writes) return null;
        asked.writes = found.writes;
        const now = new Map(found.decisions.map((each) => [each[0], each]));
        return asked.rows.filter(function (row) {
          const decided = now.get(row.id) || (found.all ? open : null);
          return decided !== null && decide(row, decided);
        });
      });
    },
  };

  ask(window.location.pathname);
  document.addEventListener("click", function (event) {
    const link = event.target.closest ? event.target.closest('a[href^="/review"]') : null;
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) ask(link.getAttribute("href"));
  }, true);
})();
