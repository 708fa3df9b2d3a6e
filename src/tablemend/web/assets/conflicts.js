// The page Conflicts in the browser: rows a block at a time, filters, keyboard, selection. Deciding is by id.
(function () {
  const { none, set, element, number, words } = window.tablemend;
  const ID = "conflicts-grid";
  const SORTS = ["status", "flags", "start_a", "overlap_minutes", "miles", "amount", "changed_at"];
  const empty = { status: "", flag: "", money: "", differ: "", text: "" };
  const wanted = Object.assign({}, empty);
  let about = null; // the job that is shown, with how its conflicts stand
  let total = 0; // conflicts that match
  let focus = null; // id of the conflict in focus
  let asked = 0; // of the answers that are waited for, only the newest counts
  let acts = 0;
  const orders = new Map(); // decisions that are on their way → the conflicts that they are on
  let ready = null; // the grid that has asked for rows

  const api = () => window.tablemend.grid(ID);
  const lacks = (name) => window.tablemend.lacks("conflicts-" + name);

  function money(n) {
    return Number(n).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }

  function when(text) {
    return text ? text.slice(0, 16).replace("T", " ") : "";
  }

  // what is asked for

  function get(path) {
    return window.tablemend.get("/api/v1/conflicts/" + encodeURIComponent(about.job) + path);
  }

  function conditions() {
    const given = {};
    if (wanted.status) given.status = wanted.status.split(" ");
    if (wanted.flag) given.flag = [wanted.flag];
    if (wanted.money) given.money = [wanted.money];
    if (wanted.differ.trim()) given.differ = wanted.differ.trim();
    if (wanted.text.trim()) given.text = wanted.text.trim();
    return given;
  }

  function query(more) {
    const told = new URLSearchParams();
    for (const [name, value] of Object.entries(Object.assign(conditions(), more))) {
      (Array.isArray(value) ? value : [value]).forEach((each) => told.append(name, each));
    }
    return told.toString();
  }

  function sorted(model) {
    const found = model.find((each) => SORTS.includes(each.colId));
    return found ? { sort: found.colId, descending: found.sort === "desc" } : {};
  }

  function shown(row) {
    const side = (name) => row["id_" + name] + (row["differ_" + name] ? " at " + row["differ_" + name] : "");
    return Object.assign({}, row, {
      a: side("a"),
      b: side("b"),
      start_a: when(row.start_a),
      changed_at: when(row.changed_at),
      overlap_minutes: row.overlap_minutes === null ? "" : row.overlap_minutes.toFixed(0) + " min",
      miles: row.miles === null ? "" : row.miles.toFixed(2) + " mi",
      amount: row.amount === null ? "" : money(row.amount),
    });
  }

  const source = {
    getRows: function (params) {
      const mine = asked;
      const page = { limit: params.endRow - params.startRow, offset: params.startRow };
      get("/items?" + query(Object.assign(page, sorted(params.sortModel)))).then(
        function (found) {
          if (mine !== asked) return params.failCallback();
          params.successCallback(found.items.map(shown), found.total);
          told(found.total);
        },
        function (problem) {
          params.failCallback();
          if (mine === asked) set("conflicts-shown", { children: "The conflicts could not be read: " + problem.message });
        }
      );
    },
  };

  function told(found) {
    total = found;
    set("conflicts-shown", { children: number(found) + (found === 1 ? " matches" : " match") });
    const all = document.getElementById("conflicts-all");
    if (all) all.disabled = !found;
    const grid = api();
    if (!grid) return;
    if (found) grid.hideOverlay();
    else grid.showNoRowsOverlay();
  }

  // other conditions: what was selected by the old ones is let go
  function anew() {
    const grid = api();
    if (!grid) return;
    asked += 1;
    everything(false);
    unselect();
    grid.setGridOption("datasource", Object.assign({}, source));
    draw();
  }

  // the same rows as they are now
  function again() {
    const grid = api();
    if (!grid || !about) return;
    grid.refreshInfiniteCache();
    get("").then(
      function (found) {
        about.summary = found;
        draw();
      },
      function () {} // the stream of events tells when the server is back
    );
  }

  function unselect() {
    const grid = api();
    if (!grid) return;
    grid.deselectAll(); // also those that the list no longer holds
    set(ID, { selectedRows: [] }); // and through Dash, which would choose them again otherwise
  }

  // what is decided is no longer selected; what was selected meanwhile stays
  function decided(order) {
    const grid = api();
    const ids = orders.get(order);
    orders.delete(order);
    if (!grid || !ids) return;
    const nodes = grid.getSelectedNodes().filter((node) => ids.has(node.id));
    if (nodes.length) grid.setNodesSelected({ nodes: nodes, newValue: false });
  }

  function everything(on) {
    const button = document.getElementById("conflicts-all");
    if (button) button.setAttribute("aria-pressed", String(on));
    set("conflicts-everything", { data: on });
  }

  // how they stand

  function draw() {
    const found = about.summary;
    const open = (found.statuses.N || 0) + (found.statuses.U || 0);
    const sums = {
      open: number(open),
      work: number(found.statuses.W || 0),
      avoidance: money(found.amounts.avoidance || 0),
      recovery: money(found.amounts.recovery || 0),
      total: number(found.total),
    };
    document.querySelectorAll("[data-sum]").forEach(function (each) {
      each.textContent = sums[each.getAttribute("data-sum")];
    });
    document.querySelectorAll("[data-standing]").forEach(function (button) {
      const name = button.getAttribute("data-standing");
      const n = name ? name.split(" ").reduce((sum, each) => sum + (found.statuses[each] || 0), 0) : found.total;
      button.setAttribute("aria-pressed", String(name === wanted.status));
      button.querySelector(".tm-count").textContent = " " + number(n);
    });
    const facet = function (name, value, caption, count) {
      const props = { type: "button", className: "tm-facet", "aria-pressed": String(wanted[name] === value) };
      props["data-narrow"] = name;
      props["data-value"] = value;
      const parts = [element("Span", { className: "tm-facet-name" }, caption)];
      if (count !== "") parts.push(element("Span", { className: "tm-count" }, count));
      return element("Button", props, parts);
    };
    const rules = Object.entries(found.flags).map((each) => facet("flag", each[0], words(each[0]), number(each[1])));
    const classes = Object.entries(found.amounts).map((each) => facet("money", each[0], words(each[0]), money(each[1])));
    const listed = [facet("flag", "", "All rules", "")].concat(rules);
    if (classes.length) listed.push(facet("money", "", "All money", ""));
    set("conflicts-facets", { children: listed.concat(classes) });
  }

  document.addEventListener("click", function (event) {
    if (!event.target.closest || !about) return;
    const segment = event.target.closest("[data-standing]");
    const facet = event.target.closest("[data-narrow]");
    const all = event.target.closest("#conflicts-all");
    if (all) {
      if (!all.disabled) everything(all.getAttribute("aria-pressed") !== "true");
      return;
    }
    if (segment) wanted.status = segment.getAttribute("data-standing");
    else if (facet) wanted[facet.getAttribute("data-narrow")] = facet.getAttribute("data-value");
    else return;
    anew();
  });

  // the grid

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.tmConflictFocused = function (params) {
    if (params.rowIndex === null || params.rowIndex === undefined) return;
    const node = params.api.getDisplayedRowAtIndex(params.rowIndex);
    if (node && node.data) focused(node.data.conflict);
  };

  function focused(id) {
    focus = id;
    set("conflicts-focus", { data: id });
  }

  const standings = { N: "New", U: "Updated", W: "In work", I: "Ignored", R: "Resolved", D: "Deleted" };
  const parts = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  parts.TmConflictStatus = function (props) {
    if (!props.data) return null; // its block is on the way
    const name = props.data.status;
    const given = { className: "tm-mark tm-standing-" + name };
    if (!props.data.found) given.title = "no longer found";
    return window.React.createElement("span", given, standings[name] || name);
  };

  // where a conflict stands in the list; null where it does not, or its block is not there
  function placed(id) {
    let at = null;
    const grid = api();
    if (grid && id) {
      grid.forEachNode(function (node) {
        if (node.data && node.data.conflict === id) at = node.rowIndex;
      });
    }
    return at;
  }

  // the cell in focus goes with its conflict when the list moves, unless somebody types elsewhere meanwhile
  function anchored() {
    const grid = api();
    const cell = grid && grid.getFocusedCell();
    const at = placed(focus);
    const here = document.getElementById(ID);
    if (!cell || at === null || at === cell.rowIndex || !here || !here.contains(document.activeElement)) return;
    grid.setFocusedCell(at, cell.column);
  }

  function rows() {
    const found = new Map();
    const grid = api();
    if (grid) {
      grid.forEachNode(function (node) {
        if (node.data) found.set(node.data.conflict, node.data);
      });
    }
    return found;
  }

  window.tablemendGrids = Object.assign({}, window.tablemendGrids, {
    "conflicts-grid": {
      move: function (step) {
        const grid = api();
        const last = grid ? grid.getDisplayedRowCount() - 1 : -1;
        if (last < 0) return;
        const cell = grid.getFocusedCell();
        const at = placed(focus);
        // where what was in focus is gone from the list, the next one stands in its place
        const from = at !== null ? at + step : cell ? cell.rowIndex + Math.min(step, 0) : 0;
        const to = Math.min(Math.max(from, 0), last);
        grid.ensureIndexVisible(to);
        grid.setFocusedCell(to, "status");
        const node = grid.getDisplayedRowAtIndex(to);
        if (node && node.data) focused(node.data.conflict);
      },
      toggle: function () {
        const grid = api();
        const cell = grid && grid.getFocusedCell();
        const node = cell && grid.getDisplayedRowAtIndex(cell.rowIndex);
        if (node) node.setSelected(!node.isSelected());
      },
      clear: function () {
        everything(false);
        unselect();
      },
    },
  });

  // callbacks

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    conflicts: {
      load: function (given) {
        if (!given) return none();
        about = given;
        focus = null;
        Object.assign(wanted, empty, given.narrow || {});
        draw();
        if (api() !== null && api() === ready) anew();
        if (given.item) focused(given.item);
        return none();
      },
      // the grid asks Dash for its first rows once it is ready: from then on it asks here
      ready: function (request) {
        const grid = api();
        if (grid !== null && ready !== grid) {
          ready = grid;
          ready.addEventListener("modelUpdated", anchored);
        }
        if (request && about) anew();
        return none();
      },
      narrow: function (text, differ) {
        if (!about || (wanted.text === (text || "") && wanted.differ === (differ || ""))) return none();
        wanted.text = text || "";
        wanted.differ = differ || "";
        anew();
        return none();
      },
      refresh: function (due, acted) {
        const by = (window.dash_clientside.callback_context.triggered_id || "").replace("conflicts-", "");
        if (by === "acted" && acted) decided(acted);
        if (due || acted) again();
        return none();
      },
      // what others have running on this job
      others: function (all, mine, path) {
        const name = about ? about.job : decodeURIComponent((path || "").split("/")[2] || "");
        const own = mine && mine.job;
        const found = Object.values(all || {}).filter(function (job) {
          const runs = job.status === "running" || job.status === "queued";
          return runs && job.subject === name && job.id !== own && ["conflicts", "undo_conflicts", "what_if"].includes(job.verb);
        });
        if (!found.length) return null;
        return element("Div", { className: "tm-followed tm-card", role: "status" }, found.map(window.tablemendJobLine));
      },
      selected: function (chosen, item, every, last) {
        const n = (chosen || []).length;
        const many = every ? "All " + number(total) + " that match" : n ? number(n) + " selected" : "";
        const off = !many && !item;
        const buttons = ["work", "ignore", "delete", "reopen"].map((name) => off || lacks(name));
        return [many || (item ? "The conflict in focus" : "Nothing selected")].concat(buttons, [!last || lacks("undo")]);
      },
      // what is in focus is shown, and again when it may have changed
      look: function (item) {
        acts += 1;
        return item ? { item: item, turn: acts } : none();
      },
      act: function () {
        const [chosen, item, every, last, note] = Array.from(arguments).slice(5);
        const verb = (window.dash_clientside.callback_context.triggered_id || "").replace("conflicts-", "");
        const clicked = (window.dash_clientside.callback_context.triggered[0] || {}).value;
        if (!verb || !clicked || !about) return none();
        acts += 1;
        const order = { verb: verb, job: about.job, at: Date.now() + acts, note: note || "" };
        if (verb === "undo") return last ? Object.assign(order, { run: last }) : none();
        if (every) {
          everything(false);
          return Object.assign(order, { everything: true, filter: conditions() });
        }
        const ids = chosen && chosen.length ? chosen.map((row) => row.conflict) : item ? [item] : [];
        if (!ids.length) return none();
        const current = rows();
        const seen = {};
        (chosen || []).concat(ids.map((id) => current.get(id))).forEach(function (row) {
          if (row && ids.includes(row.conflict)) seen[row.conflict] = row.status;
        });
        orders.set(order.at, new Set(ids));
        return Object.assign(order, { ids: ids, seen: seen });
      },
    },
  });
})();
