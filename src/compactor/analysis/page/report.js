'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const short = (n) => n === null || n === undefined ? '' : n >= 1e6 ? +(n / 1e6).toFixed(2) + 'M' : n >= 1e3 ? +(n / 1e3).toFixed(1) + 'k' : String(n);
  const axis = (more) => ({ stroke: colour('quiet'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif', ...more });
  const bars = (label, fill, width) => ({ label, fill: colour(fill), stroke: colour(fill), width: 1, points: { show: false }, paths: uPlot.paths.bars({ size: [width, 60, 1] }), value: (u, v) => v === null ? '-' : v.toLocaleString('en') });
  const target = (u) => {
    const y = u.valToPos(data.target, 'y', true), box = u.bbox, ctx = u.ctx;
    if (y < box.top || y > box.top + box.height) return;
    ctx.save();
    ctx.strokeStyle = colour('target'); ctx.lineWidth = 1.5 * devicePixelRatio; ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath(); ctx.moveTo(box.left, y); ctx.lineTo(box.left + box.width, y); ctx.stroke();
    ctx.restore();
  };
  const from0 = (least) => (u, low, high) => [0, Math.max(high || 0, least) * 1.08 || 1];
  const day = '{YYYY}-{MM}-{DD}', clock = '{HH}:{mm}', below = '\n{MM}-{DD}';
  const times = [[86400 * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1], [86400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
    [60, clock, '\n' + day, null, below, null, null, null, 1], [1, clock + ':{ss}', '\n' + day, null, below, null, null, null, 1]];
  const drawn = [];
  const draw = () => {
    drawn.splice(0).forEach((u) => u.destroy());
    const place = (id, rows, options) => {
      const box = document.getElementById(id);
      if (!box) return;
      if (!rows[0].length) { box.style.display = 'none'; return; }
      box.style.height = 'auto';
      drawn.push(new uPlot({ width: Math.max(260, box.clientWidth), height: 220, cursor: { drag: { x: true, y: false } }, ...options }, rows, box));
    };
    const pad = data.seconds, t = data.minutes[0];
    place('minutes-chart', data.minutes, {
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), data.zone),
      scales: { x: { range: () => [t[0] - pad, t[t.length - 1] + 2 * pad] }, y: { range: from0(0) } },
      axes: [axis({ size: 44, values: times }), axis({ size: 58, values: (u, some) => some.map(short) })],
      series: [{ label: 'from', value: '{YYYY}-{MM}-{DD} {HH}:{mm}' }, bars('busiest minute', 'peak', 0.9), bars('mean', 'mean', 0.9)],
    });
    const d = data.costs[0], money = (n) => n === null || n === undefined ? '' : '$' + (n >= 1000 ? short(n) : n >= 1 || n === 0 ? +n.toFixed(2) : +n.toPrecision(2));
    place('costs-chart', data.costs, {
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), data.zone),
      scales: { x: { range: () => [d[0] - 43200, d[d.length - 1] + 43200] }, y: { range: from0(0) } },
      axes: [axis({ size: 44, values: times, incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400, 365 * 86400] }), axis({ size: 58, values: (u, some) => some.map(money) })],
      series: [{ label: 'day', value: day }, { ...bars('cost', 'mean', 0.7), value: (u, v) => v === null ? '-' : '$' + v.toLocaleString('en', { maximumFractionDigits: 6 }) }],
    });
    const n = data.sessions[0];
    place('sessions-chart', data.sessions, {
      scales: { x: { time: false, range: () => [n[0] - 0.6, n[n.length - 1] + 0.6] }, y: { range: from0(data.target) } },
      axes: [axis({ size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }), axis({ size: 58, values: (u, some) => some.map(short) })],
      series: [{ label: 'session' }, bars('input a request', 'mean', 0.6)],
      hooks: { draw: [target] },
    });
  };
  let waiting;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 100); };
  addEventListener('resize', later);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  matchMedia('print').addEventListener('change', draw);
  draw();
})();
