// What the scripts of the pages share; read before them, by its name.
(function () {
  // whether a component is on the page that is shown: Dash throws where one is asked for that is not
  function shown(id) {
    try {
      return window.dash_component_api.getLayout(id) !== undefined;
    } catch (problem) {
      return false;
    }
  }

  window.tablemend = {
    none: function () {
      return window.dash_clientside.no_update;
    },
    // give a component other properties; an answer that comes after its page was left changes nothing
    set: function (id, props) {
      if (shown(id)) window.dash_clientside.set_props(id, props);
    },
    element: function (type, props, children) {
      return { type: type, namespace: "dash_html_components", props: Object.assign({}, props, { children: children }) };
    },
    // the interface of a grid; null before it is there
    grid: function (id) {
      try {
        return window.dash_ag_grid.getApi(id);
      } catch (problem) {
        return null;
      }
    },
    // a button that the role of who is asking does not allow stays off
    lacks: function (id) {
      const button = document.getElementById(id);
      return button !== null && button.hasAttribute("data-lacks");
    },
    number: function (n) {
      return Number(n || 0).toLocaleString("en-US");
    },
    words: function (text) {
      return String(text || "").replace(/_/g, " ");
    },
    // rows of JSON from the server; an error says what its problem document says
    get: function (address) {
      return window.fetch(address).then(function (answer) {
        return answer.json().then(function (told) {
          if (answer.ok) return told;
          throw new Error([told.detail, told.hint].filter(Boolean).join(". "));
        });
      });
    },
  };
})();
