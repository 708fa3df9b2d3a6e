// The buttons of figures: the picture is made in the browser, and goes nowhere else.
(function () {
  document.addEventListener("click", function (event) {
    const button = event.target.closest("button[data-picture]");
    if (!button || !window.Plotly) return;
    const plot = button.closest(".tm-graph").querySelector(".js-plotly-plot");
    if (!plot || !plot._fullLayout) return; // not drawn yet
    const kind = button.getAttribute("data-picture");
    const size = { width: plot.clientWidth, height: plot.clientHeight, scale: kind === "png" ? 2 : 1 };
    window.Plotly.downloadImage(plot, Object.assign(size, { format: kind, filename: button.getAttribute("data-name") }));
  });
})();
