// Files on their way to the server: dropped or chosen, sent with progress, given up, tried again.
(function () {
  const { element } = window.tablemend;
  const held = {}; // page -> whether its store holds an upload
  const under = {}; // page -> {file, request, shown}: what is under way, or could be tried again
  const RETRIES = [401, 429, 500, 502, 503, 504, 507]; // statuses after which the same file may well be taken

  function zone(page) {
    return document.querySelector('[data-upload="' + page + '"]');
  }

  // what a page shows of it, while the page is there
  const set = (page, part, props) => window.tablemend.set(page + part, props);

  function size(bytes) {
    if (bytes >= 1048576) return (bytes / 1048576).toLocaleString("en", { maximumFractionDigits: 1 }) + " MB";
    if (bytes >= 1024) return (bytes / 1024).toLocaleString("en", { maximumFractionDigits: 1 }) + " KB";
    return bytes + " B";
  }

  function button(page, does, text) {
    return element("Button", { type: "button", className: "tm-button", "data-upload-do": does, "data-page": page }, text);
  }

  function line(page, name, state, share) {
    const bar = { className: "tm-meter", role: "progressbar", "aria-label": "Upload of " + name, "aria-valuenow": share };
    set(page, "-uploading", {
      children: element("Div", { className: "tm-sending" }, [
        element("Strong", {}, name),
        element("Span", { className: "tm-note" }, state),
        button(page, "cancel", "Cancel"),
        element("Div", Object.assign(bar, { "aria-valuemin": 0, "aria-valuemax": 100 }), element("Span", { style: { width: share + "%" } })),
      ]),
    });
  }

  function sent(page, name, bytes) {
    set(page, "-uploading", {
      children: element("Div", { className: "tm-sent" }, [
        element("Strong", {}, name),
        element("Span", { className: "tm-note" }, size(bytes) + ", uploaded"),
      ]),
    });
  }

  function quiet(page) {
    set(page, "-uploading", { children: null });
    set(page, "-upload-problem", { children: null });
  }

  function problem(page, title, message, hint, again) {
    set(page, "-uploading", { children: null });
    set(page, "-upload-problem", {
      children: element("Div", { className: "tm-problem" }, [
        element("Strong", {}, title),
        element("Div", {}, message),
        element("Div", { className: "tm-hint" }, hint),
        again ? element("Div", { className: "tm-actions" }, button(page, "again", "Try again")) : null,
      ]),
    });
  }

  function sentence(text) {
    const said = text.charAt(0).toUpperCase() + text.slice(1);
    return /[.…?]$/.test(said) ? said : said + ".";
  }

  // what the server answered: a problem of its own, or the page of a proxy that stands before it
  function refused(page, request) {
    const again = RETRIES.indexOf(request.status) >= 0;
    let told = {};
    try {
      told = JSON.parse(request.responseText) || {};
    } catch (error) {
      told = {}; // no JSON: not our server
    }
    if (request.status === 401) {
      window.fetch("/api/v1/me").catch(function () {}); // brings up the sign-in, as in any request of a page
      const hint = "Sign in in another tab, then try again here: the file is still chosen.";
      problem(page, "Your session has ended", "The file was not kept.", hint, true);
    } else if (told.title) {
      problem(page, told.title, sentence(told.detail || told.message || ""), told.hint || "", again);
    } else if (request.status === 413) {
      const hint = "Send a smaller file, or ask whoever runs the server to let larger requests through.";
      problem(page, "The file is too large", "Something before the server refuses requests of this size.", hint, false);
    } else {
      const hint = "Try again; if it goes on, tell whoever runs the server.";
      problem(page, "The upload failed", "The answer was of status " + request.status + ", and not by this server.", hint, true);
    }
  }

  function lost(page) {
    const hint = "Check the connection, and that the file still is where it was; then try again.";
    problem(page, "The upload was broken off", "The server cannot be reached, or the file cannot be read. Nothing was kept.", hint, true);
  }

  function progressed(page, event) {
    const each = under[page];
    if (!each) return undefined;
    if (!zone(page)) {
      delete under[page]; // the person has gone to another page
      return each.request.abort();
    }
    const share = event.total ? Math.floor((100 * event.loaded) / event.total) : 0;
    if (share === each.shown) return undefined;
    each.shown = share;
    const state = share < 100 ? share + " % of " + size(each.file.size) : "looking into it";
    return line(page, each.file.name, state, share);
  }

  function ended(page, request, name) {
    const each = under[page];
    if (!each || each.request !== request) return; // another file was chosen meanwhile
    each.request = null;
    if (request.status !== 201) return refused(page, request);
    const kept = JSON.parse(request.responseText);
    delete under[page];
    sent(page, name, kept.bytes);
    set(page, "-upload-problem", { children: null });
    held[page] = true;
    set(page, "-upload", { data: { upload: kept.id, name: kept.name, bytes: kept.bytes } });
  }

  function send(page, file) {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    under[page] = { file: file, request: request, shown: -1 };
    quiet(page);
    if (held[page]) set(page, "-upload", { data: null }); // what is shown of another file goes
    held[page] = false;
    line(page, file.name, "0 % of " + size(file.size), 0);
    request.upload.onprogress = function (event) {
      progressed(page, event);
    };
    request.onload = function () {
      ended(page, request, file.name);
    };
    request.onerror = function () {
      if (under[page] && under[page].request === request) {
        under[page].request = null;
        lost(page);
      }
    };
    request.open("POST", "/api/v1/uploads");
    request.send(form);
  }

  function cancel(page) {
    const each = under[page];
    delete under[page];
    if (each && each.request) each.request.abort();
    quiet(page);
    const choose = document.getElementById(page + "-choose");
    if (choose) choose.focus();
  }

  function take(page, file) {
    const limit = Number(zone(page).getAttribute("data-limit"));
    if (under[page] && under[page].request) cancel(page);
    if (file.size > limit) {
      const hint = "Choose a smaller file, or ask an admin to raise the setting upload_bytes.";
      problem(page, "The file is too large", file.name + " has " + size(file.size) + "; the server takes " + size(limit) + ".", hint, false);
    } else if (!file.size) {
      problem(page, "The file is empty", file.name + " holds nothing.", "Choose a file that holds a table.", false);
    } else {
      send(page, file);
    }
  }

  function choose(page) {
    const input = document.createElement("input");
    input.type = "file";
    input.hidden = true;
    input.addEventListener("change", function () {
      if (input.files.length) take(page, input.files[0]);
      input.remove();
    });
    input.addEventListener("cancel", function () {
      input.remove();
    });
    document.body.append(input);
    input.click();
  }

  function isFolder(transfer) {
    const item = transfer.items && transfer.items[0];
    const entry = item && item.webkitGetAsEntry ? item.webkitGetAsEntry() : null;
    return Boolean(entry && entry.isDirectory);
  }

  function dropped(page, transfer) {
    if (!transfer.files.length) {
      problem(page, "That is no file", "What was dropped is text or a link.", "Drop a file, or choose one.", false);
    } else if (isFolder(transfer)) {
      problem(page, "That is a folder", "A folder cannot be uploaded.", "Drop one file of it.", false);
    } else if (transfer.files.length > 1) {
      problem(page, "Those are several files", transfer.files.length + " files were dropped.", "Drop one after the other.", false);
    } else {
      take(page, transfer.files[0]);
    }
  }

  const actions = {
    choose: choose,
    cancel: cancel,
    again: function (page) {
      if (under[page]) take(page, under[page].file);
    },
  };

  document.addEventListener("click", function (event) {
    const pressed = event.target.closest ? event.target.closest("[data-upload-do]") : null;
    if (!pressed) return;
    const page = pressed.getAttribute("data-page") || pressed.closest("[data-upload]").getAttribute("data-upload");
    actions[pressed.getAttribute("data-upload-do")](page);
  });

  function over(event) {
    return event.target.closest ? event.target.closest("[data-upload]") : null;
  }

  function mark(found) {
    document.querySelectorAll("[data-upload]").forEach(function (each) {
      if (each === found) each.setAttribute("data-over", "");
      else each.removeAttribute("data-over");
    });
  }

  // anywhere on a page that takes files, a file that misses the place must not replace the page
  document.addEventListener("dragover", function (event) {
    if (!document.querySelector("[data-upload]")) return;
    event.preventDefault();
    mark(over(event));
  });
  document.addEventListener("dragleave", function (event) {
    if (!event.relatedTarget) mark(null);
  });
  document.addEventListener("drop", function (event) {
    if (!document.querySelector("[data-upload]")) return;
    event.preventDefault();
    mark(null);
    const found = over(event);
    if (found) dropped(found.getAttribute("data-upload"), event.dataTransfer);
  });

  window.addEventListener("beforeunload", function (event) {
    const sending = Object.keys(under).some(function (page) {
      return under[page].request && zone(page);
    });
    if (sending) event.preventDefault(); // asks whether to leave
  });
})();
