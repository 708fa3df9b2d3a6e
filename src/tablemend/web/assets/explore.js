// The page Explore in the browser: names found while typing, choices kept in the address, the focus kept where it was.
(function () {
  const { get, set, none } = window.tablemend;
  const PAUSE = 120; // ms after the last key: a search for each letter of a word would be asked for nothing
  const sides = { feature: "features", entity: "entities" };
  const turns = {};

  // the server has chosen which names fit; what stands in the field is offered only where it is one of them
  let aside = null;
  window.dashMantineFunctions = Object.assign({}, window.dashMantineFunctions, {
    tmEvery: function (given) {
      return given.options.filter((each) => each.value !== aside);
    },
  });

  function wait(time) {
    return new Promise((done) => window.setTimeout(done, time));
  }

  function option(row) {
    const said = row[1] ? row[0] + " (" + row[1] + " " + row[2] + ")" : row[0];
    return { value: row[0], label: said };
  }

  function options(found, chosen, several) {
    const named = new Set(found.rows.map((row) => row[0]));
    const others = chosen.filter((each) => !named.has(each));
    aside = several ? null : others[0] || null;
    return found.rows.map(option).concat(others.map((each) => ({ value: each, label: each })));
  }

  async function find(typed, value, id, data, about) {
    const text = (typed || "").trim();
    const several = Array.isArray(value);
    const chosen = several ? value : value ? [value] : [];
    const picked = (data || []).some((each) => each.label === text); // what was picked is written into the field
    if (!about || (!several && picked)) return none();
    const turn = (turns[id.name] = (turns[id.name] || 0) + 1);
    await wait(PAUSE);
    if (turn !== turns[id.name]) return none();
    const asked = { matrix: about.matrix, side: sides[id.name] || id.name, text: text };
    if (about.version) asked.version = about.version;
    try {
      const found = await get("/data/explore/search?" + new URLSearchParams(asked));
      return turn === turns[id.name] ? options(found, chosen, several) : none();
    } catch (problem) {
      const notice = { action: "show", id: "explore-find", title: "Names cannot be searched", color: "red" };
      set("notices", { sendNotifications: [Object.assign(notice, { message: problem.message })] });
      return none();
    }
  }

  // what stands in a field and was not drawn there was picked by a person: it becomes part of the address
  function choose(found, picked, foundIds, pickedIds, about, search) {
    if (!about) return none();
    const after = new URLSearchParams(search || "");
    const values = found.concat(picked);
    foundIds.concat(pickedIds).forEach(function (id, place) {
      const value = values[place];
      if (value === undefined || same(value, about.drawn[id.name])) return;
      const text = Array.isArray(value) ? (value.length ? JSON.stringify(value) : "") : value;
      if (text) after.set(id.name, text);
      else after.delete(id.name);
      (about.clears[id.name] || []).forEach((name) => after.delete(name)); // groups are values of the field before
    });
    const chosen = after.toString();
    return chosen === new URLSearchParams(search || "").toString() ? none() : "?" + chosen;
  }

  function same(one, other) {
    return JSON.stringify(one || null) === JSON.stringify(other || null);
  }

  // a page that is drawn anew gives the focus back to what had it
  let last = null;
  document.addEventListener("focusin", function (event) {
    const body = event.target.closest("#explore-body");
    last = body && event.target.id ? event.target.id : null;
  });
  new MutationObserver(function () {
    const body = document.getElementById("explore-body");
    if (!body) return;
    const busy = body.hasAttribute("data-dash-is-loading");
    if (busy !== body.hasAttribute("aria-busy")) busy ? body.setAttribute("aria-busy", "true") : body.removeAttribute("aria-busy");
    if (!last || document.activeElement !== document.body) return;
    const again = document.getElementById(last);
    if (again && body.contains(again)) again.focus({ preventScroll: true });
  }).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-dash-is-loading"],
  });

  // a large heatmap is a picture: its values come packed, and are looked up where the pointer is
  let held = null;

  function values(payload) {
    held = null;
    if (!payload) return none();
    const bytes = Uint8Array.from(window.atob(payload.values), (each) => each.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    held = { payload: payload, at: (place) => view.getInt16(2 * place, true) };
    return none();
  }

  function tip(box) {
    const found = box.querySelector(".tm-tip");
    if (found) return found;
    const made = document.createElement("div");
    made.className = "tm-tip";
    made.hidden = true;
    box.appendChild(made);
    return made;
  }

  // the row and the column under the pointer; null beside the cells
  function under(plot, event) {
    const layout = plot._fullLayout;
    const { xaxis, yaxis } = layout;
    const at = plot.getBoundingClientRect();
    const x = event.clientX - at.left - xaxis._offset;
    const y = event.clientY - at.top - yaxis._offset;
    if (x < 0 || y < 0 || x > xaxis._length || y > yaxis._length) return null;
    const column = Math.round(xaxis.p2c(x));
    const row = Math.round(yaxis.p2c(y));
    const { rows, columns } = held.payload;
    return row >= 0 && row < rows.length && column >= 0 && column < columns.length ? { row: row, column: column } : null;
  }

  function written(place) {
    const value = held.at(place);
    if (value === held.payload.missing) return "not measured";
    return String(Number((value / Math.pow(10, held.payload.decimals)).toPrecision(4)));
  }

  document.addEventListener("pointermove", function (event) {
    if (!held) return;
    const box = document.getElementById("explore-heatmap");
    const plot = box && box.querySelector(".js-plotly-plot");
    if (!plot || !plot._fullLayout) return;
    const shown = tip(box);
    const place = box.contains(event.target) ? under(plot, event) : null;
    shown.hidden = place === null;
    if (place === null) return;
    const { rows, columns } = held.payload;
    const value = written(place.row * columns.length + place.column);
    shown.replaceChildren(...[rows[place.row], columns[place.column], value].map(function (text) {
      const line = document.createElement("div");
      line.textContent = text;
      return line;
    }));
    const frame = box.getBoundingClientRect();
    const left = Math.min(event.clientX - frame.left + 14, frame.width - shown.offsetWidth);
    shown.style.left = Math.max(0, left) + box.scrollLeft + "px";
    shown.style.top = event.clientY - frame.top + 14 + "px";
  });

  const named = { find: find, choose: choose, values: values };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { explore: named });
})();
