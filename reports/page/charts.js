"use strict";
// How each kind of chart is drawn: charts[kind](data, key, colours) gives uPlot its options and its columns.
const charts = (() => {
  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

  const figure = (x) => String(+x.toPrecision(x >= 1000 ? 4 : 3));
  const unit = (suffix) => (u, x) => x == null ? "unknown" : figure(x) + suffix;
  const milliseconds = (x) => x == null ? "unknown" : x >= 1000 ? figure(x / 1000) + " s" : figure(x) + " ms";
  const clock = (s) => s == null ? "" : Math.floor(s / 60) + ":" + String(Math.floor(s % 60)).padStart(2, "0");

  // largest known value of some columns, and the smallest above zero
  const known = (columns) => columns.flat().filter((x) => x != null);
  const largest = (columns) => known(columns).reduce((a, b) => Math.max(a, b), 0);
  const smallest = (columns) => known(columns).filter((x) => x > 0).reduce((a, b) => Math.min(a, b), Infinity);
  const constant = (value, like) => like.map(() => value);
  const column = (values) => values || [];

  function axis(c, more) {
    return Object.assign({stroke: c.soft, font, grid: {stroke: c.grid, width: 1}, ticks: {show: false}, size: 52, gap: 6}, more);
  }

  function line(label, stroke, more) {
    return Object.assign({label, stroke, width: 1.75, points: {show: false}, spanGaps: false}, more);
  }

  const dashed = (label, stroke, more) => line(label, stroke, Object.assign({dash: [6, 4], width: 1.5}, more));

  // legendDash shows in the legend how a line is broken
  function legendDash(u, i) {
    const [on] = u.series[i].dash || [];
    return !on ? "solid" : on > 3 ? "dashed" : "dotted";
  }

  // idle hides the values of the legend while no cursor is on the chart
  const idle = (u) => u.root.classList.toggle("idle", u.cursor.idx == null);

  function options(c, xAxis, yAxis, series, more) {
    more.hooks = Object.assign({ready: [idle], setCursor: [idle]}, more.hooks);
    return Object.assign({
      height: 230, padding: [10, 24, 0, 0], axes: [axis(c, Object.assign({size: 34}, xAxis)), axis(c, yAxis)], series,
      cursor: {y: false, points: {size: 7}}, legend: {live: true, markers: {dash: legendDash}},
    }, more);
  }

  const stepped = () => uPlot.paths.stepped({align: -1});

  // times are on a logarithmic scale where they span more than a factor of 12
  function timeScale(columns) {
    const top = largest(columns), low = smallest(columns);
    if (low < Infinity && top / low > 12) {
      return {distr: 3, range: () => [low / 1.3, top * 1.3]};
    }
    return {range: () => [0, top > 0 ? top * 1.1 : 1]};
  }

  function logSplits(u, axisIndex, low, high) {
    const all = [];
    for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p++) {
      for (const m of [1, 2, 5]) {
        const x = m * 10 ** p;
        if (x >= low && x <= high) all.push(x);
      }
    }
    return all;
  }

  const timeAxis = (scale) => Object.assign({values: (u, all) => all.map(milliseconds), size: 62}, scale.distr === 3 ? {splits: logSplits, filter: (u, s) => s} : {});

  const shadeWarmup = (until, c) => (u) => {
    if (!(until > 0)) return;
    const left = u.bbox.left, right = Math.min(u.valToPos(until, "x", true), left + u.bbox.width);
    u.ctx.save();
    u.ctx.fillStyle = c.shade;
    u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
    u.ctx.restore();
  };

  // mark draws one of three shapes, so that colour is never needed to tell them apart
  function mark(ctx, tone, x, y, size, c, filled) {
    ctx.save();
    ctx.setLineDash([]);
    ctx.lineWidth = size / 3;
    ctx.strokeStyle = ctx.fillStyle = c[tone];
    ctx.beginPath();
    if (tone === "bad") {
      ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size);
      ctx.moveTo(x + size, y - size); ctx.lineTo(x - size, y + size);
    } else if (tone === "good") {
      ctx.arc(x, y, size, 0, 2 * Math.PI);
    } else {
      ctx.moveTo(x, y - size * 1.3); ctx.lineTo(x + size * 1.3, y); ctx.lineTo(x, y + size * 1.3); ctx.lineTo(x - size * 1.3, y);
      ctx.closePath();
    }
    if (tone !== "bad") {
      if (!filled) ctx.fillStyle = c.raised;
      ctx.fill();
    }
    ctx.stroke();
    ctx.restore();
  }

  function chain(data, key, c) {
    const d = data.chain, limit = d.limits[key];
    const columns = [d.trials, limit.values];
    const series = [{label: "trial"}, line(limit.name, c.blue, {paths: uPlot.paths.stepped({align: 1}), value: unit(limit.unit)})];
    if (limit.derived != null) {
      columns.push(constant(limit.derived, d.trials));
      series.push(dashed("derived", c.good, {value: unit(limit.unit)}));
    }
    const top = largest(columns.slice(1));
    const draw = (u) => d.trials.forEach((n, i) => {
      if (limit.values[i] == null) return;
      const changed = limit.changed[i] || i === 0;
      mark(u.ctx, d.tones[i], u.valToPos(n, "x", true), u.valToPos(limit.values[i], "y", true), (changed ? 5.5 : 3.5) * devicePixelRatio, c, changed);
    });
    const step = Math.max(1, Math.ceil(d.trials.length / 12));
    return {columns, options: options(c, {splits: () => d.trials.filter((n, i) => i % step === 0), values: (u, all) => all.map((n) => "#" + n), grid: {show: false}},
      {values: (u, all) => all.map((x) => x + limit.unit)}, series, {
        scales: {x: {time: false, range: () => [0.5, d.trials.length + 0.5]}, y: {range: () => [0, top * 1.12]}}, hooks: {draw: [draw]}})};
  }

  function rampThroughput(data, key, c) {
    const d = data.ramp, colours = [c.amber, c.blue];
    const columns = [d.offered, d.offered], series = [{label: "offered", value: unit("/s")}, dashed("all answered", c.grey, {value: unit("/s")})];
    d.trials.forEach((t, i) => {
      columns.push(t.throughput);
      series.push(line(t.name, colours[d.trials.length === 1 ? 1 : i], {points: {show: true, size: 7}, value: unit("/s")}));
    });
    return {columns, options: options(c, {values: (u, all) => all.map((x) => x + "/s")}, {values: (u, all) => all.map((x) => x + "/s")}, series,
      {scales: {x: {time: false}, y: {range: () => [0, largest(columns) * 1.08]}}, hooks: knees(d, c)})};
  }

  function rampResponse(data, key, c) {
    const d = data.ramp, colours = [c.amber, c.blue], ms = (u, x) => milliseconds(x);
    const columns = [d.offered], series = [{label: "offered", value: unit("/s")}];
    d.trials.forEach((t, i) => {
      const colour = colours[d.trials.length === 1 ? 1 : i];
      columns.push(t.p50, t.p99);
      series.push(line("p50, " + t.name, colour, {dash: [2, 3], value: ms}), line("p99, " + t.name, colour, {points: {show: true, size: 7}, value: ms}));
    });
    bounds(columns, series, d.bounds, d.offered, c);
    const scale = timeScale(columns.slice(1));
    return {columns, options: options(c, {values: (u, all) => all.map((x) => x + "/s")}, timeAxis(scale), series,
      {scales: {x: {time: false}, y: scale}, hooks: knees(d, c)})};
  }

  // knees shades, for each trial that has a knee, the rates between the last it kept up with and the first it did not; the
  // name of it is written over the grid
  function knees(d, c) {
    const each = (draw) => (u) => d.trials.filter((t) => t.knee.length === 2).forEach((t) => {
      const [from, to] = t.knee.map((x) => u.valToPos(x, "x", true));
      u.ctx.save();
      draw(u.ctx, u.bbox, from, to, t.name);
      u.ctx.restore();
    });
    return {drawClear: [each((ctx, bbox, from, to) => {
      ctx.fillStyle = c.amberWash;
      ctx.fillRect(from, bbox.top, Math.max(to - from, 2), bbox.height);
    })], draw: [each((ctx, bbox, from, to, name) => {
      ctx.fillStyle = c.soft;
      ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif";
      ctx.textAlign = "center";
      ctx.textBaseline = "top";
      ctx.fillText("knee of " + name, Math.max((from + to) / 2, bbox.left + 46 * devicePixelRatio), bbox.top + 3 * devicePixelRatio);
    })]};
  }

  function bounds(columns, series, all, like, c) {
    for (const b of all || []) {
      columns.push(constant(b.value, like));
      series.push(dashed(b.name, c.bad, {value: (u, x) => milliseconds(x)}));
    }
  }

  function distribution(data, key, c) {
    const d = data.distribution, colours = [c.amber, c.blue], names = {0: "min", 0.30103: "p50", 1: "p90", 2: "p99", 3: "p99.9", 4: "p99.99"};
    const columns = [d.x], series = [{label: "percentile", value: (u, x) => x == null ? "" : "p" + +(100 * (1 - 10 ** -x)).toFixed(x < 2 ? 1 : 3)}];
    d.trials.forEach((t, i) => {
      columns.push(t.time);
      series.push(line(t.name, colours[d.trials.length === 1 ? 1 : i], {value: (u, x) => milliseconds(x)}));
    });
    bounds(columns, series, d.bounds, d.x, c);
    const scale = timeScale(columns.slice(1)), end = largest([d.x]);
    return {columns, options: options(c, {splits: () => Object.keys(names).map(Number).sort((a, b) => a - b).filter((x) => x <= end && x >= d.x[0] - 0.01),
      values: (u, all) => all.map((x) => names[x])}, timeAxis(scale), series, {scales: {x: {time: false}, y: scale}})};
  }

  const overTime = {values: (u, all) => all.map(clock), grid: {show: false}};
  const time = {label: "time", value: (u, x) => clock(x)};

  function hits(d, key, c) {
    const columns = [d.t, d.offered, d.throughput], series = [time, line("offered", c.grey, {paths: stepped(), value: unit("/s")}),
      line("throughput", c.blue, {value: unit("/s")})];
    if (largest([d.failed]) > 0) {
      columns.push(d.failed);
      series.push(line("failed", c.bad, {paths: stepped(), fill: c.badWash, value: unit("/s")}));
    }
    const top = largest(columns.slice(1));
    return {columns, options: options(c, overTime, {values: (u, all) => all.map((x) => x + "/s")}, series,
      {scales: {x: {time: false}, y: {range: () => [0, top * 1.1 || 1]}}, hooks: {drawClear: [shadeWarmup(d.warmup, c)]}})};
  }

  function response(d, key, c) {
    const columns = [d.t, d.p50, d.p99], ms = (u, x) => milliseconds(x);
    const series = [time, line("p50", c.sky, {value: ms}), line("p99", c.blue, {value: ms})];
    bounds(columns, series, d.bounds, d.t, c);
    const scale = timeScale(columns.slice(1));
    return {columns, options: options(c, overTime, timeAxis(scale), series,
      {scales: {x: {time: false}, y: scale}, hooks: {drawClear: [shadeWarmup(d.warmup, c)]}})};
  }

  const shades = (c) => [c.blue, c.sky, c.plum, c.grey];

  function cpu(d, name, c) {
    const own = d.containers.filter((x) => x.name === name), columns = [d.t], series = [time];
    const throttled = d.t.map((_, i) => own.reduce((worst, x) => x.throttled[i] == null ? worst : Math.max(worst == null ? 0 : worst, x.throttled[i]), null));
    columns.push(throttled);
    series.push(line("throttled", c.amber, {scale: "%", fill: c.amberWash, width: 1, paths: stepped(), value: unit(" %")}));
    own.forEach((x, i) => {
      columns.push(x.cpu);
      series.push(line(own.length > 1 ? "replica " + x.replica : "usage", shades(c)[i % 4], {value: unit("m")}));
    });
    const limit = own.length ? own[0].cpu_limit : 0;
    if (limit > 0) {
      columns.push(constant(limit, d.t));
      series.push(dashed("limit", c.bad, {value: unit("m")}));
    }
    const top = largest(columns.slice(2)) * 1.12 || 1;
    const o = options(c, overTime, {values: (u, all) => all.map((x) => x + "m")}, series, {
      scales: {x: {time: false}, y: {range: () => [0, top]}, "%": {range: () => [0, 100]}}, hooks: {drawClear: [shadeWarmup(d.warmup, c)]}});
    o.padding[1] = 4;
    o.axes.push(axis(c, {scale: "%", side: 1, size: 44, grid: {show: false}, values: (u, all) => all.map((x) => x + " %")}));
    return {columns, options: o};
  }

  // slope draws the growth over a soak, with the band between the ends of its interval
  function slope(s, d, columns, series, c) {
    const at = (level) => d.t.map((t) => t < d.warmup ? null : level(t - s.at)), first = columns.length;
    columns.push(at((t) => s.level + Math.max(s.low * t, s.high * t)), at((t) => s.level + Math.min(s.low * t, s.high * t)), at((t) => s.level + s.slope * t));
    const edge = {width: 0.5, value: unit("Mi")};
    series.push(line("slope at most", c.plum, edge), line("slope at least", c.plum, edge), dashed("slope", c.plum, {value: unit("Mi")}));
    return {series: [first, first + 1], fill: c.plumWash};
  }

  function memory(d, name, c) {
    const own = d.containers.filter((x) => x.name === name), columns = [d.t], series = [time];
    own.forEach((x, i) => {
      columns.push(x.memory);
      series.push(line(own.length > 1 ? "replica " + x.replica : "working set", shades(c)[i % 4], {value: unit("Mi")}));
    });
    const limit = own.length ? own[0].memory_limit : 0;
    if (limit > 0) {
      columns.push(constant(limit, d.t));
      series.push(dashed("limit", c.bad, {value: unit("Mi")}));
    }
    const top = largest(columns.slice(1)) * 1.15 || 1;
    const bands = (d.slopes || []).filter((s) => s.container === name).map((s) => slope(s, d, columns, series, c));
    const kills = (d.kills || []).filter((k) => k.container === name);
    const draw = (u) => kills.forEach((k) => {
      const x = u.valToPos(k.at, "x", true), y = u.bbox.top + 10 * devicePixelRatio;
      u.ctx.save();
      u.ctx.strokeStyle = u.ctx.fillStyle = c.bad;
      u.ctx.lineWidth = devicePixelRatio;
      u.ctx.setLineDash([]);
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
      mark(u.ctx, "bad", x, y, 4.5 * devicePixelRatio, c, true);
      const late = x > u.bbox.left + u.bbox.width * 0.6;
      u.ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif";
      u.ctx.textAlign = late ? "right" : "left";
      u.ctx.textBaseline = "middle";
      u.ctx.fillText(k.text + ", replica " + k.replica, x + (late ? -10 : 10) * devicePixelRatio, y);
      u.ctx.restore();
    });
    return {columns, options: options(c, overTime, {values: (u, all) => all.map((x) => x + "Mi")}, series,
      {bands, scales: {x: {time: false}, y: {range: () => [0, top]}}, hooks: {drawClear: [shadeWarmup(d.warmup, c)], draw: [draw]}})};
  }

  // skew has a shape and a colour for each figure, so that colour is never needed to tell them apart
  function skew(d, key, c) {
    const columns = [d.skew.replicas], series = [{label: "replica"}], tones = ["good", "bad", "doubt"];
    const colours = [{good: c.blue, bad: c.plum, doubt: c.amber}, {good: c.sky, bad: c.grey, doubt: c.plum}].map((tones) => Object.assign({}, c, tones));
    columns.push(constant(100, d.skew.replicas));
    series.push(dashed("mean", c.grey, {value: unit(" %")}));
    d.skew.figures.forEach((f, i) => {
      columns.push(f.values);
      series.push(line(f.name, colours[i < 3 ? 0 : 1][tones[i % 3]], {width: 0, value: unit(" %"), dash: i >= 3 ? [2, 2] : []}));
    });
    const draw = (u) => d.skew.figures.forEach((f, i) => f.values.forEach((x, k) => {
      if (x == null) return;
      const at = u.valToPos(d.skew.replicas[k], "x", true) + (i - (d.skew.figures.length - 1) / 2) * 9 * devicePixelRatio;
      mark(u.ctx, tones[i % 3], at, u.valToPos(x, "y", true), 4 * devicePixelRatio, colours[i < 3 ? 0 : 1], i < 3);
    }));
    const last = d.skew.replicas.length - 1, top = Math.max(largest(columns.slice(1)) * 1.1, 120);
    const step = Math.max(1, Math.ceil((last + 1) / 12));
    return {apart: true, columns, options: options(c, {splits: () => d.skew.replicas.filter((n, i) => i % step === 0), grid: {show: false}, values: (u, all) => all.map((n) => "replica " + n)},
      {values: (u, all) => all.map((x) => x + " %")}, series,
      {scales: {x: {time: false, range: () => [-0.5, last + 0.5]}, y: {range: () => [0, top]}}, hooks: {draw: [draw]}})};
  }

  // shadeHold marks the hold of the trial beside autoscalers
  const shadeHold = (d, c) => (u) => {
    const from = u.valToPos(d.hold, "x", true), right = u.bbox.left + u.bbox.width;
    u.ctx.save();
    u.ctx.fillStyle = c.shade;
    u.ctx.fillRect(from, u.bbox.top, Math.max(right - from, 0), u.bbox.height);
    u.ctx.restore();
  };

  function besideReplicas(data, key, c) {
    const d = data.beside, columns = [d.t, d.offered, d.desired, d.ready];
    const series = [time, line("offered", c.grey, {scale: "hits", value: unit("/s")}), dashed("wanted", c.amber, {paths: stepped(), value: unit("")}),
      line("ready", c.blue, {paths: stepped(), value: unit("")})];
    const top = largest(columns.slice(2)) + 1, load = largest([d.offered]) * 1.1 || 1;
    const o = options(c, overTime, {splits: () => Array.from({length: Math.ceil(top)}, (_, i) => i).filter((n) => n % Math.ceil(top / 8) === 0), values: (u, all) => all},
      series, {scales: {x: {time: false}, y: {range: () => [0, top]}, hits: {range: () => [0, load]}}, hooks: {drawClear: [shadeHold(d, c)]}});
    o.axes.push(axis(c, {side: 1, scale: "hits", grid: {show: false}, values: (u, all) => all.map((x) => x + "/s")}));
    return {columns, options: o};
  }

  function besideRequest(data, key, c) {
    const d = data.beside, r = d.requests[key], columns = [d.t, constant(r.derived, d.t), r.least, r.most], value = unit(r.unit);
    const series = [time, dashed("derived", c.good, {value}), line("least", c.sky, {paths: stepped(), value}), line("most", c.blue, {paths: stepped(), value})];
    const top = largest(columns.slice(1)) * 1.15 || 1;
    return {columns, options: options(c, overTime, {values: (u, all) => all.map((x) => x + r.unit)}, series,
      {scales: {x: {time: false}, y: {range: () => [0, top]}}, hooks: {drawClear: [shadeHold(d, c)]}})};
  }

  return {"beside-replicas": besideReplicas, "beside-request": besideRequest, chain, "ramp-throughput": rampThroughput, "ramp-response": rampResponse, distribution, hits, response, cpu, memory, skew};
})();
