// The page Review in the browser: rows, filters, keyboard, selection, progress. Deciding is by id, never by position.
(function () {
  const { none, set, element, number, words } = window.tablemend;
  const ID = "review-grid";
  const wanted = { decision: "open", check: "", column: "", text: "" };
  let rows = [];
  let total = 0;
  let acts = 0;
  let ended = null;
  let lastActed = 0; // of the decisions of this page that are shown; it rises with each

  const api = () => window.tablemend.grid(ID);
  const lacks = (name) => window.tablemend.lacks("review-" + name);

  // filters

  function passes(row, without) {
    return (
      (without === "decision" || !wanted.decision || row.state === wanted.decision) &&
      (without === "facet" || ((!wanted.check || row.check === wanted.check) && (!wanted.column || row.column === wanted.column)))
    );
  }

  function refilter() {
    const grid = api();
    if (grid) grid.onFilterChanged();
    draw();
  }

  function draw() {
    const byState = {};
    const byFacet = new Map();
    for (const row of rows) {
      if (passes(row, "decision")) byState[row.state] = (byState[row.state] || 0) + 1;
      if (passes(row, "facet")) {
        const key = row.check + "\n" + row.column;
        const found = byFacet.get(key) || { check: row.check, column: row.column, n: 0, cells: 0 };
        found.n += 1;
        found.cells += row.cells || row.rows;
        byFacet.set(key, found);
      }
    }
    const all = Object.values(byState).reduce((a, b) => a + b, 0);
    document.querySelectorAll("[data-decision]").forEach(function (button) {
      const name = button.getAttribute("data-decision");
      button.setAttribute("aria-pressed", String(name === wanted.decision));
      button.querySelector(".tm-count").textContent = " " + number(name ? byState[name] || 0 : all);
    });
    const facets = Array.from(byFacet.values()).sort((a, b) => b.n - a.n || b.cells - a.cells).slice(0, 200);
    const one = wanted.check || wanted.column;
    const list = facets.map(function (each) {
      const on = Boolean(one) && each.check === wanted.check && each.column === wanted.column;
      return element(
        "Button",
        { type: "button", className: "tm-facet", "aria-pressed": String(on), "data-check": each.check, "data-column": each.column },
        [
          element("Span", { className: "tm-facet-name" }, [element("Strong", {}, words(each.check) || "other"), element("Span", {}, " " + each.column)]),
          element("Span", { className: "tm-count" }, number(each.n)),
        ]
      );
    });
    const every = element(
      "Button",
      { type: "button", className: "tm-facet", "aria-pressed": String(!one), "data-check": "", "data-column": "" },
      [element("Span", { className: "tm-facet-name" }, "All"), element("Span", { className: "tm-count" }, number(facets.reduce((a, b) => a + b.n, 0)))]
    );
    set("review-facets", { children: [every].concat(list) });
    const ready = rows.filter((row) => row.state === "approved").length;
    if (document.getElementById("review-apply")) set("review-apply", { children: ready ? "Apply " + number(ready) + " approved" : "Apply approved", disabled: !ready || lacks("apply") });
    const grid = api();
    const shown = grid ? grid.getDisplayedRowCount() : rows.length;
    const cut = total > rows.length ? "; the first " + number(rows.length) + " of " + number(total) + " are listed" : "";
    set("review-shown", { children: number(shown) + " shown" + cut });
  }

  document.addEventListener("click", function (event) {
    const segment = event.target.closest("[data-decision]");
    const facet = event.target.closest("[data-check]");
    if (segment) wanted.decision = segment.getAttribute("data-decision");
    else if (facet) {
      wanted.check = facet.getAttribute("data-check");
      wanted.column = facet.getAttribute("data-column");
    } else return;
    refilter();
  });

  // the grid

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.tmWords = words;
  functions.tmFiltered = function () {
    return true;
  };
  functions.tmPasses = function (params) {
    return passes(params.data);
  };
  functions.tmChangeText = function (params) {
    const row = params.data;
    return row.shown ? row.title + " " + row.before + " " + row.after : row.title;
  };
  functions.tmSize = function (params) {
    return params.data.cells || params.data.rows;
  };
  functions.tmFlagsText = function (params) {
    return (params.data.flags || []).join(" ") + (params.data.passes ? "" : " below gate");
  };
  functions.tmFocused = function (params) {
    if (params.rowIndex === null || params.rowIndex === undefined) return;
    const node = params.api.getDisplayedRowAtIndex(params.rowIndex);
    if (node && node.data) set("review-focus", { data: node.data.id });
  };

  const parts = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = function () {
    return window.React.createElement.apply(null, arguments);
  };
  function shownValue(value) {
    if (value === null || value === undefined) return make("em", { className: "tm-null" }, "null");
    const text = String(value);
    if (text === "") return make("em", { className: "tm-null" }, "empty");
    return text === text.trim() ? text : text.replace(/ /g, "·");
  }
  parts.TmChange = function (props) {
    const row = props.data;
    if (!row.shown) return make("span", null, row.title);
    return make(
      "span",
      { className: "tm-change", title: row.title },
      make("del", null, shownValue(row.before)),
      make("span", { className: "tm-arrow", "aria-hidden": true }, "→"),
      make("ins", null, shownValue(row.after)),
      row.cells > 1 ? make("span", { className: "tm-count" }, "  and " + number(row.cells - 1) + " more") : null
    );
  };
  parts.TmConfidence = function (props) {
    const value = props.data.confidence;
    const share = Math.round(100 * value);
    const text = share === 100 && value < 1 ? 99 : share === 0 && value > 0 ? 1 : share;
    return make(
      "span",
      { className: "tm-confidence", title: "confidence " + value.toFixed(4) },
      make("span", { className: "tm-bar", "aria-hidden": true }, make("span", { style: { width: share + "%" } })),
      make("span", { className: "tm-bar-number" }, text + " %")
    );
  };
  parts.TmFlags = function (props) {
    const row = props.data;
    const found = (row.flags || []).map((flag) => make("span", { key: flag, className: "tm-tag tm-tag-flag" }, words(flag)));
    if (!row.passes) found.unshift(make("span", { key: "gate", className: "tm-tag" }, "below gate"));
    return make("span", { className: "tm-flags" }, found);
  };
  const decided = { open: "Open", approved: "Approved", rejected: "Rejected", blocked: "Blocked", applied: "Applied", superseded: "Superseded" };
  parts.TmDecision = function (props) {
    const row = props.data;
    return make("span", { className: "tm-mark tm-mark-" + row.state, title: row.by ? "by " + row.by : "" }, decided[row.state] || row.state);
  };

  window.tablemendGrids = Object.assign({}, window.tablemendGrids, {
    [ID]: {
      move: function (step) {
        const grid = api();
        if (!grid || !grid.getDisplayedRowCount()) return;
        const focused = grid.getFocusedCell();
        const last = grid.getDisplayedRowCount() - 1;
        const to = focused ? Math.min(Math.max(focused.rowIndex + step, 0), last) : 0;
        grid.ensureIndexVisible(to);
        grid.setFocusedCell(to, "change");
        // told at once: the next key may come before the grid tells it
        set("review-focus", { data: grid.getDisplayedRowAtIndex(to).id });
      },
      toggle: function () {
        const grid = api();
        const focused = grid && grid.getFocusedCell();
        const node = focused && grid.getDisplayedRowAtIndex(focused.rowIndex);
        if (node) node.setSelected(!node.isSelected());
      },
      clear: function () {
        if (api()) set("review-grid", { selectedRows: [] });
      },
    },
  });

  // the item that the address names, once the grid holds it
  function reveal(id, tries) {
    const grid = api();
    const node = grid && grid.getRowNode(id);
    if (node && node.rowIndex !== null && node.rowIndex !== undefined) {
      grid.ensureNodeVisible(node, "middle");
      grid.setFocusedCell(node.rowIndex, "change");
      set("review-focus", { data: id }); // the grid does not tell it before Dash listens
    } else if (tries > 0) {
      setTimeout(() => reveal(id, tries - 1), 50);
    } else {
      set("review-focus", { data: id }); // it is not among the rows that are listed
    }
  }

  function waiting(first, tries) {
    // the grid makes its interface a moment after Dash has drawn it
    const grid = api();
    if (grid) first(grid);
    else if (tries > 0) setTimeout(() => waiting(first, tries - 1), 10);
  }

  function renew(run, acted) {
    window.tablemendItems.renewed(run).then(
      function (changed) {
        const grid = api();
        if (!changed || !grid) return;
        if (acted > lastActed) {
          // what was selected is decided; through Dash, which would choose it again otherwise
          set("review-grid", { selectedRows: [] });
          lastActed = acted;
        }
        if (!changed.length) return;
        grid.applyTransaction({ update: changed });
        grid.refreshCells({ columns: ["state"], force: true });
        refilter();
      },
      function () {} // the stream of events tells when the server is back
    );
  }

  // callbacks

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    review: {
      load: function (run) {
        if (!run) return none();
        if (!run.turn) {
          Object.assign(wanted, { decision: "", check: "", column: "", text: "" }, run.narrow || {});
          lastActed = 0;
        }
        rows = [];
        window.tablemendItems.of(run.run, Boolean(run.turn)).then(
          function (found) {
            rows = found.rows;
            total = found.total;
            if (!rows.some((row) => row.state === "open") && wanted.decision === "open") wanted.decision = "";
            waiting(function (grid) {
              // past Dash, which would compare and keep every row of its own
              grid.updateGridOptions({ rowData: rows, quickFilterText: wanted.text, loading: false });
              // what is counted beside the rows comes once these are on the screen
              requestAnimationFrame(() => setTimeout(draw, 0));
              if (run.item && !run.turn) reveal(run.item, 100);
              if (window.tablemendItems.outdated()) renew(run.run, lastActed);
            }, 500);
          },
          function (problem) {
            set("review-shown", { children: "The items could not be read: " + problem.message + ". Reload the page." });
          }
        );
        return none();
      },
      search: function (text) {
        wanted.text = text || "";
        const grid = api();
        if (grid) grid.setGridOption("quickFilterText", wanted.text);
        draw();
        return "";
      },
      refresh: function (writes, acted, run) {
        if (run && rows.length && (acted > lastActed || window.tablemendItems.outdated())) renew(run.run, acted);
        return none();
      },
      selected: function (chosen, focus) {
        const n = (chosen || []).length;
        const cells = (chosen || []).reduce((sum, row) => sum + row.cells, 0);
        const text = n ? number(n) + " selected, " + number(cells) + " cells" : focus ? "The item in focus" : "Nothing selected";
        const off = !n && !focus;
        return [text].concat(["approve", "reject", "reopen"].map((name) => off || lacks(name)));
      },
      // what is in focus is shown, and again when it may have changed
      look: function (item) {
        acts += 1;
        return item ? { item: item, turn: acts } : none();
      },
      act: function () {
        const given = Array.from(arguments);
        const [chosen, focus, info, run, note, rating] = given.slice(8);
        const asked = (window.dash_clientside.callback_context.triggered_id || "").replace("review-", "");
        const clicked = (window.dash_clientside.callback_context.triggered[0] || {}).value;
        if (!asked || !clicked || !run) return [none(), none(), none()];
        if (asked === "cancel") return [none(), false, none()];
        acts += 1;
        const base = { run: run.run, at: Date.now() + acts, note: note, rating: rating };
        if (asked === "apply" || asked === "undo") return [Object.assign(base, { verb: asked }), false, none()];
        if (asked === "confirm" || asked === "confirm-apply") {
          const verb = asked === "confirm" ? "approve" : "approve_apply";
          return [Object.assign(base, { verb: verb, ids: info.ids, seen: info.seen, force: true }), false, none()];
        }
        const current = new Map(rows.map((row) => [row.id, row]));
        const ids = chosen && chosen.length ? chosen.map((row) => row.id) : focus ? [focus] : [];
        const found = ids.map((id) => current.get(id)).filter(Boolean);
        if (!found.length) return [none(), none(), none()];
        const seen = Object.fromEntries(found.map((row) => [row.id, row.decision]));
        const order = Object.assign(base, { verb: asked, ids: found.map((row) => row.id), seen: seen });
        if (asked !== "approve" || (found.length === 1 && found[0].passes)) return [order, false, none()];
        const below = found.filter((row) => !row.passes).length;
        const cells = found.reduce((sum, row) => sum + row.cells, 0);
        return [none(), true, { ids: order.ids, seen: seen, below: below, cells: cells, at: base.at }];
      },
      progress: function (job, mine, run) {
        // any job on this dataset counts, whoever asked for it, also where the answer that named it was lost
        if (!job || !run || (job.id !== mine && job.subject !== run.dataset)) return [none(), none()];
        const share = Math.round(100 * (job.fraction || 0));
        const over = !(job.status === "running" || job.status === "queued");
        if (over) {
          if (ended === job.id) return [none(), none()];
          ended = job.id;
          return ["", job.id];
        }
        const what = words(job.verb) + ": " + (job.stage || (job.status === "queued" ? "waiting" : "starting"));
        return [
          [
            element("Span", {}, what),
            element("Progress", { value: String(share), max: "100", "aria-label": what }, null),
            element("Span", { className: "tm-bar-number" }, share + " %"),
          ],
          none(),
        ];
      },
    },
  });
})();
