// The frame around every page: title, navigation, help, keyboard.
(function () {
  // the tab of the browser, and screen readers, are told which page is shown, also where its address alone changed
  let told = null;

  function tell() {
    const head = document.querySelector("#page h1");
    if (!head || head.textContent === told) return;
    const first = told === null;
    told = head.textContent;
    document.title = told + " · tablemend";
    if (!first) window.tablemend.set("told", { children: told });
  }

  new MutationObserver(tell).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
})();

window.dash_clientside = Object.assign({}, window.dash_clientside, {
  frame: {
    active: function (path) {
      const name = (path || "/").split("/")[1] || "";
      document.querySelectorAll(".tm-nav-link").forEach(function (link) {
        const own = link.getAttribute("href").split("/")[1] || "";
        if (own === name || (name === "datasets" && own === "")) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      });
      const main = document.getElementById("main");
      if (main) main.scrollTop = 0;
      return "tm-nav";
    },
    toggle: function (clicks, opened) {
      return !opened;
    },
  },
});

(function () {
  function typing(target) {
    return target.closest("input, textarea, select, [contenteditable=true], .ag-cell-inline-editing") !== null;
  }

  // a button that is off may be about to come on, as after a key that moved to another item
  function press(name, tries) {
    const button = document.querySelector('[data-key="' + name + '"]');
    if (!button || button.hasAttribute("data-lacks")) return false;
    if (!button.disabled) button.click();
    else if (tries > 0) setTimeout(() => press(name, tries - 1), 20);
    return true;
  }

  function shownGrid() {
    const grids = window.tablemendGrids || {};
    const name = Object.keys(grids).find((each) => document.getElementById(each));
    return name ? grids[name] : undefined;
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.type !== "checkbox" && typing(event.target)) {
      if (event.key === "Escape" && event.target.closest(".tm-search")) event.target.blur();
      return;
    }
    if (document.querySelector('[role="dialog"]')) return; // a dialog has its own keys
    const grid = shownGrid();
    if (event.key === "?") {
      document.getElementById("help-open").click();
    } else if (event.key === "/") {
      const box = document.querySelector(".tm-search input");
      if (!box) return;
      box.focus();
      box.select();
    } else if ((event.key === "j" || event.key === "k") && grid) {
      grid.move(event.key === "j" ? 1 : -1);
    } else if (event.key === " " && grid && !event.target.closest("button, a, summary")) {
      grid.toggle();
    } else if (event.key === "Escape" && grid) {
      grid.clear();
    } else if (!["a", "r", "u", "o", "w", "i", "d"].includes(event.key) || !press(event.key, grid && event.key !== "u" ? 15 : 0)) {
      return;
    }
    event.preventDefault();
  });
})();
