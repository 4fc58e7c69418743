// Runs before the page is drawn, so that a chosen theme does not flash.
(function () {
  "use strict";
  const stored = localStorage.getItem("tierwise-theme");
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
})();
