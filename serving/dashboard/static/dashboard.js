// The little that pages need beyond links and forms: the theme, the slider's label, and focus after a swap.
(function () {
  "use strict";

  function isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-switch]")) return;
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("tierwise-theme", theme);
    tierwiseCharts.redraw();
  });

  document.addEventListener("input", function (event) {
    if (event.target.id !== "target-input") return;
    const labels = event.target.dataset.labels.split("|");
    const label = labels[Number(event.target.value)];
    document.getElementById("target-output").textContent = label;
    event.target.setAttribute("aria-valuetext", label);
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tierwiseCharts.redraw());
  document.addEventListener("htmx:beforeSwap", (event) => tierwiseCharts.forget(event.detail.target));
  document.addEventListener("htmx:afterSettle", () => tierwiseCharts.draw());
  tierwiseCharts.draw();
})();
