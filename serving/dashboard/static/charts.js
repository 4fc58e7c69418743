// From a chart's description (data-chart) to ECharts. Colours come from the style sheet, so that themes hold for charts.
const tierwiseCharts = (function () {
  "use strict";

  const NUMBER = new Intl.NumberFormat("en-US");
  const charts = new Map();

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function color(name) {
    return token(typeof name === "number" ? `--tier-${name}` : `--${name}`);
  }

  function usd(value) {
    if (value === 0) return "$0";
    if (Math.abs(value) >= 1) return "$" + value.toLocaleString("en-US", { maximumFractionDigits: 2 });
    return "$" + Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 10 });
  }

  function percent(value) {
    return (100 * value).toFixed(1) + " %";
  }

  const UNITS = { usd: usd, percent: percent, decisions: (value) => NUMBER.format(value) };

  function moment(seconds, slot) {
    const text = new Date(1000 * seconds).toISOString();
    return slot >= 86400 ? text.slice(5, 10) : slot >= 3600 ? text.slice(5, 16).replace("T", " ") : text.slice(11, 16);
  }

  function text(size) {
    return { color: token("--ink-quiet"), fontFamily: "inherit", fontSize: size || 12 };
  }

  function axis(extra) {
    return Object.assign({
      axisLabel: text(), axisLine: { lineStyle: { color: token("--line") } }, axisTick: { show: false },
      splitLine: { lineStyle: { color: token("--line-soft") } }, nameTextStyle: text(),
    }, extra);
  }

  function frame(extra) {
    return Object.assign({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 16, top: 34, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: { top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: text(), inactiveColor: token("--line") },
      tooltip: {
        renderMode: "richText", confine: true, backgroundColor: token("--panel"), borderColor: token("--line"),
        textStyle: { color: token("--ink"), fontSize: 12 },
      },
    }, extra);
  }

  function timeline(spec, type) {
    const unit = UNITS[spec.unit];
    const series = spec.series.map(function (each) {
      const shade = color(each.color);
      const shared = { name: each.name, type: type, data: each.values, itemStyle: { color: shade } };
      if (type === "bar") return Object.assign(shared, { stack: "all", barCategoryGap: "20%" });
      return Object.assign(shared, {
        showSymbol: each.values.length < 3, symbolSize: 6, lineStyle: { color: shade, width: 2, type: each.dashed ? "dashed" : "solid" },
        areaStyle: each.dashed ? undefined : { color: shade, opacity: 0.12 },
      });
    });
    const option = frame({
      xAxis: axis({ type: "category", data: spec.times.map((time) => moment(time, spec.slot)), boundaryGap: type === "bar", splitLine: { show: false } }),
      yAxis: axis({ type: "value", axisLabel: Object.assign(text(), { formatter: unit }), splitNumber: 4, min: spec.unit === "percent" ? (range) => Math.max(0, Math.floor(10 * range.min - 0.5) / 10) : 0, max: spec.unit === "percent" ? 1 : undefined }),
      series: series,
    });
    option.tooltip.trigger = "axis";
    option.tooltip.valueFormatter = unit;
    return option;
  }

  // Intervals as one line of separate strokes: a gap after each.
  function strokes(segments, shade, width) {
    const data = [];
    segments.forEach((ends) => data.push(ends[0], ends[1], ["-", "-"]));
    return { type: "line", data: data, symbol: "none", silent: true, lineStyle: { color: shade, width: width || 1.4 }, tooltip: { show: false }, z: 2 };
  }

  // Labels stand clear of the curve: cheap tiers to its right, what lies on top of it above, the rest below.
  function place(mark) {
    if (mark.kind === "candidate" || mark.kind === "rules") return "bottom";
    return mark.kind === "oracle" || mark.y[0] > 0.9 ? "top" : "right";
  }

  function curve(spec) {
    const shades = { candidate: color("accent"), oracle: color("good"), rules: color("warn"), constant: color("ink-quiet") };
    const constants = spec.marks.filter((mark) => mark.kind === "constant").map((mark) => [mark.x[0], mark.y[0]]);
    const series = [
      { name: "mixing tiers at random", type: "line", data: constants, symbol: "none", lineStyle: { color: shades.constant, type: "dashed", width: 1.2 }, itemStyle: { color: shades.constant } },
      { name: `${spec.candidate}, every exchange rate`, type: "line", data: spec.line, symbol: "none", lineStyle: { color: shades.candidate, width: 2.4 }, itemStyle: { color: shades.candidate } },
    ];
    spec.marks.forEach(function (mark) {
      const [x, xLow, xHigh] = mark.x, [y, yLow, yHigh] = mark.y, shade = shades[mark.kind];
      series.push(strokes([[[x, yLow], [x, yHigh]], [[xLow, y], [xHigh, y]]], shade));
      series.push({
        type: "scatter", name: mark.name, data: [[x, y]], symbolSize: mark.kind === "candidate" ? 15 : 10, z: 5,
        symbol: { oracle: "diamond", rules: "triangle", candidate: "circle", constant: "rect" }[mark.kind], itemStyle: { color: shade },
        label: { show: true, formatter: mark.kind === "candidate" ? `${mark.name}, as decided` : mark.name, position: place(mark), distance: 9, color: shade, fontSize: 12, textBorderColor: token("--panel"), textBorderWidth: 3 },
      });
    });
    const lowest = Math.min(...spec.marks.map((mark) => mark.y[1] ?? mark.y[0]));
    const option = frame({
      xAxis: axis({ type: "value", name: "cost of 1,000 steps", nameLocation: "middle", nameGap: 30, axisLabel: Object.assign(text(), { formatter: usd }) }),
      yAxis: axis({ type: "value", min: Math.floor(10 * lowest) / 10, max: 1, axisLabel: Object.assign(text(), { formatter: (value) => Math.round(100 * value) + " %" }) }),
      series: series,
    });
    option.legend.data = [series[0].name, series[1].name];
    option.grid.bottom = 26;
    option.grid.top = 56;
    option.grid.right = 50;
    option.tooltip.formatter = (point) => `${point.seriesName}\n${usd(point.data[0])} for 1,000 steps\n${percent(point.data[1])} succeed`;
    return option;
  }

  function reliability(spec) {
    const shade = color(spec.color);
    const whole = { type: "value", min: 0, max: 1, interval: 0.25, axisLabel: Object.assign(text(11), { formatter: (value) => Math.round(100 * value) + " %" }) };
    const option = frame({
      legend: { show: false },
      xAxis: axis(Object.assign({ name: "predicted", nameLocation: "middle", nameGap: 26 }, whole)),
      yAxis: axis(Object.assign({ name: "observed", nameLocation: "end" }, whole)),
      series: [
        { type: "line", data: [[0, 0], [1, 1]], symbol: "none", silent: true, lineStyle: { color: token("--ink-quiet"), type: "dashed", width: 1 } },
        strokes(spec.bins.filter((bin) => bin[2] !== null).map((bin) => [[bin[0], bin[2]], [bin[0], bin[3]]]), shade),
        { type: "line", name: spec.tier, data: spec.bins.map((bin) => [bin[0], bin[1]]), symbol: "circle", symbolSize: 7, lineStyle: { color: shade, width: 1.6 }, itemStyle: { color: shade } },
      ],
    });
    option.grid.bottom = 24;
    option.tooltip.formatter = (point) => `predicted ${percent(point.data[0])}\nobserved ${percent(point.data[1])}`;
    return option;
  }

  function targets(spec) {
    const mark = { symbol: "none", silent: true, label: { show: false }, lineStyle: { color: token("--ink"), width: 1.5, type: "solid" }, data: [{ xAxis: spec.chosen }] };
    const points = (values) => spec.targets.map((target, i) => [target, values[i]]);
    const option = frame({
      xAxis: axis({ type: "value", min: 0, max: Math.max(...spec.targets), name: "tolerated", nameLocation: "middle", nameGap: 28, axisLabel: Object.assign(text(), { formatter: (value) => Math.round(1000 * value) / 10 + " %" }) }),
      yAxis: [
        axis({ type: "value", min: 0, name: "cost of 1,000 steps", nameLocation: "end", nameTextStyle: Object.assign(text(), { align: "left" }), axisLabel: Object.assign(text(), { formatter: usd }) }),
        axis({ type: "value", min: 0, splitLine: { show: false }, axisLabel: Object.assign(text(), { formatter: (value) => Math.round(1000 * value) / 10 + " %" }) }),
      ],
      series: [
        { name: "expected cost", type: "line", step: "end", data: points(spec.cost), symbol: "none", lineStyle: { color: color("accent"), width: 2.4 }, itemStyle: { color: color("accent") }, markLine: mark },
        { name: "loss on held-out steps", type: "line", step: "end", yAxisIndex: 1, data: points(spec.loss), symbol: "none", lineStyle: { color: color("warn"), width: 1.6 }, itemStyle: { color: color("warn") } },
        { name: "its upper bound", type: "line", step: "end", yAxisIndex: 1, data: points(spec.loss_upper), symbol: "none", lineStyle: { color: color("warn"), width: 1.2, type: "dashed" }, itemStyle: { color: color("warn") } },
      ],
    });
    option.grid.bottom = 26;
    option.grid.top = 52;
    option.tooltip.trigger = "axis";
    option.tooltip.formatter = (rows) => [percent(rows[0].data[0]) + " tolerated", ...rows.map((row) => `${row.seriesName}: ${row.seriesIndex ? percent(row.data[1]) : usd(row.data[1])}`)].join("\n");
    return option;
  }

  // The interval of a difference as tasks come in: a band between two lines, the value, no difference, the margin.
  function band(spec) {
    const shade = color("accent"), half = spec.unit === "points" ? 0.25 : 1;
    const clip = (value) => value === null ? "-" : Math.max(spec.neutral - half, Math.min(spec.neutral + half, value));
    const points = (values) => spec.n_tasks.map((n, i) => [n, clip(values[i])]);
    const widths = spec.n_tasks.map((n, i) => [n, clip(spec.low[i]) === "-" || clip(spec.high[i]) === "-" ? "-" : clip(spec.high[i]) - clip(spec.low[i])]);
    const lines = [{ yAxis: spec.neutral, lineStyle: { color: token("--ink-quiet"), type: "solid" } }];
    if (spec.margin !== null) lines.push({ yAxis: spec.margin, lineStyle: { color: token("--warn"), type: "dashed" } });
    const shown = spec.unit === "points" ? (value) => Math.round(100 * value) + " pts" : (value) => value.toFixed(2) + " ×";
    const option = frame({
      legend: { show: false },
      xAxis: axis({ type: "value", name: "tasks", nameLocation: "middle", nameGap: 26, min: "dataMin", max: "dataMax", splitLine: { show: false } }),
      yAxis: axis({ type: "value", min: spec.neutral - half, max: spec.neutral + half, axisLabel: Object.assign(text(), { formatter: shown }) }),
      series: [
        { name: "low", type: "line", data: points(spec.low), symbol: "none", stack: "band", stackStrategy: "all", lineStyle: { opacity: 0 }, silent: true },
        { name: "width", type: "line", data: widths, symbol: "none", stack: "band", stackStrategy: "all", lineStyle: { opacity: 0 }, areaStyle: { color: shade, opacity: 0.18 }, silent: true },
        { name: "difference", type: "line", data: points(spec.value), symbol: "none", lineStyle: { color: shade, width: 2 }, itemStyle: { color: shade }, markLine: { symbol: "none", silent: true, label: { show: false }, data: lines } },
      ],
    });
    option.grid.bottom = 24;
    option.grid.top = 14;
    option.tooltip.trigger = "axis";
    option.tooltip.formatter = (rows) => `${rows[0].data[0]} tasks\n${shown(rows[rows.length - 1].data[1])}`;
    return option;
  }

  const KINDS = {
    band: band,
    bars: (spec) => timeline(spec, "bar"),
    lines: (spec) => timeline(spec, "line"),
    curve: curve,
    reliability: reliability,
    targets: targets,
  };

  function draw() {
    document.querySelectorAll("[data-chart]").forEach(function (element) {
      const spec = JSON.parse(element.dataset.chart);
      if (!charts.has(element)) charts.set(element, echarts.init(element));
      charts.get(element).setOption(KINDS[spec.kind](spec), true);
    });
  }

  function forget(root) {
    charts.forEach(function (chart, element) {
      if (!root.contains(element)) return;
      chart.dispose();
      charts.delete(element);
    });
  }

  addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  return { draw: draw, redraw: draw, forget: forget };
})();
