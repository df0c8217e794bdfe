'use strict';
const PARTS = ['instructions', 'tools', 'system', 'user', 'digest', 'agent', 'thinking', 'calls', 'results', 'other'];
const EDGES = [0.7, 0.9, 0.95];
const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const FIRST = 12, MORE = 38;
let token = '', charts = [], days = [], seen = new Map(), older = [], oldest = null, opened = null;
let visible = FIRST, ended = false, listed = [[], 0];

// -- what is written: text only, never markup ------------------------------------------------------------------
function el(tag, props, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (name === 'style') for (const [key, one] of Object.entries(value)) made.style.setProperty(key, one);
    else if (name === 'class') made.className = value;
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  for (const one of children) if (one !== null && one !== undefined) made.append(one);
  return made;
}
function put(where, ...children) { where.replaceChildren(...children.filter((one) => one !== null)); }

// -- figures -----------------------------------------------------------------------------------------------------
const whole = new Intl.NumberFormat('en');
function short(n) {
  if (n === null || n === undefined) return '–';
  const size = Math.abs(n);
  if (size >= 1e9) return (n / 1e9).toFixed(1) + 'B';
  if (size >= 1e6) return (n / 1e6).toFixed(1) + 'M';
  if (size >= 1e4) return (n / 1e3).toFixed(0) + 'k';
  if (size >= 1e3) return (n / 1e3).toFixed(1) + 'k';
  return Number.isInteger(n) ? String(n) : n.toFixed(1);
}
function money(text, unpriced) {
  if (text === null || text === undefined) return 'unknown';
  const n = Number(text), digits = n === 0 || n >= 10 ? 2 : n >= 0.1 ? 3 : 4;
  return '$' + n.toLocaleString('en', { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits }) + (unpriced ? '+' : '');
}
function percent(share, digits) { return share === null || share === undefined ? '–' : (share * 100).toFixed(digits || 0) + '%'; }
function ago(at, now) {
  const s = Math.max(0, now - at);
  if (s < 5) return 'now';
  if (s < 60) return Math.floor(s) + ' s ago';
  if (s < 3600) return Math.floor(s / 60) + ' min ago';
  if (s < 86400) return Math.floor(s / 3600) + ' h ago';
  return Math.floor(s / 86400) + ' d ago';
}
function clock(at) { return new Date(at * 1000).toISOString().slice(5, 19).replace('T', ' '); }
function ofLimit(one) { return one.unit === 'usd' ? money(one.used) + ' of ' + money(one.limit) : short(Number(one.used)) + ' of ' + short(Number(one.limit)) + ' ' + one.unit; }

// -- asking ------------------------------------------------------------------------------------------------------
function ask(path) { return fetch(path, { headers: { Authorization: 'Bearer ' + token }, cache: 'no-store' }); }
async function get(path) {
  const answer = await ask(path);
  if (answer.status === 401) { gate(true); throw new Error('token'); }
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}
function state(on, text) { $('dot').className = 'dot ' + (on ? 'on' : 'off'); $('state').textContent = text; }
function gate(wrong) { $('gate').hidden = false; $('all').hidden = true; $('wrong').hidden = !wrong || !token; state(false, 'no token'); }

async function follow() {
  for (;;) {
    try {
      const answer = await ask('/api/live');
      if (answer.status === 401) return gate(true);
      if (!answer.ok) throw new Error(String(answer.status));
      state(true, 'live');
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        rest += value;
        const pieces = rest.split('\n\n');
        rest = pieces.pop();
        for (const piece of pieces) take(piece);
      }
    } catch (error) { /* asked again below */ }
    state(false, 'reconnecting');
    await new Promise((done) => setTimeout(done, 1500));
  }
}
function take(piece) {
  let name = '', data = '';
  for (const line of piece.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7);
    else if (line.startsWith('data: ')) data += line.slice(6);
  }
  if (name === 'live') { state(true, 'live'); live(JSON.parse(data)); }
  if (name === 'trouble') state(false, JSON.parse(data).error);
}

// -- parts of the page -------------------------------------------------------------------------------------------
function tiles(today) {
  $('t-cost').textContent = money(today.cost, today.unpriced_requests);
  $('t-unpriced').textContent = today.unpriced_requests ? whole.format(today.unpriced_requests) + ' of unknown price' : 'UTC day';
  $('t-tokens').textContent = short(today.tokens);
  $('t-inout').textContent = short(today.prompt_tokens) + ' in, ' + short(today.completion_tokens) + ' out';
  $('t-requests').textContent = whole.format(today.requests);
  $('t-failed').textContent = today.failed_requests ? whole.format(today.failed_requests) + ' failed' : 'none failed';
  $('t-read').textContent = percent(today.provider_cache_read_rate);
}
function rail(context, big) {
  const made = el('div', { class: 'rail' + (big ? ' big' : '') });
  if (!context) return made;
  const sum = Object.values(context.parts).reduce((a, b) => a + b, 0);
  const scale = sum ? Math.max(sum, context.tokens) : 1, top = Math.max(context.window, scale);
  for (const name of PARTS) {
    const n = context.parts[name];
    if (n) made.append(el('div', { class: 'fill', title: name + ': ' + whole.format(n), style: { width: (100 * n / top) + '%', 'min-width': '0', background: 'var(--' + name + ')' } }));
  }
  return made;
}
function gaugeText(context) {
  return context ? short(context.tokens) + ' of ' + short(context.window) + ' (' + percent(context.tokens / context.window) + ')' : 'context not recorded';
}
function row(one, now) {
  const cut = one.compactions ? one.compactions + (one.compactions === 1 ? ' compaction' : ' compactions') : 'not compacted';
  const made = el('div', { class: 'session', tabindex: '0', role: 'button', onclick: () => show(one.id), onkeydown: (event) => { if (event.key === 'Enter') show(one.id); } },
    el('div', { class: 'who' }, el('b', {}, one.agent || '(no agent)'), el('small', { title: one.name }, one.name)),
    el('div', { class: 'gauge' }, rail(one.context), el('small', {}, gaugeText(one.context) + ' · ' + one.model)),
    el('div', { class: 'num tokens' }, short(one.input_tokens + one.output_tokens), el('small', {}, one.requests + (one.requests === 1 ? ' request' : ' requests'))),
    el('div', { class: 'num' }, money(one.cost, one.unpriced_requests), el('small', {}, one.failed ? one.failed + ' failed' : one.tasks + (one.tasks === 1 ? ' task' : ' tasks'))),
    el('div', { class: 'num cut' }, one.saved > 0 ? short(one.saved) + ' saved' : '', el('small', {}, cut)),
    el('div', { class: 'num when' }, el('small', {}, ago(one.ended, now))));
  const known = seen.get(one.id);
  if (known !== undefined && known !== one.ended) made.classList.add('fresh');
  return made;
}
function sessions(list, now) {
  const ids = new Set(list.map((one) => one.id));
  const all = [...list, ...older.filter((one) => !ids.has(one.id))];
  const first = seen.size === 0;
  listed = [list, now];
  put($('sessions'), ...(all.length ? all.slice(0, visible).map((one) => row(one, now)) : [el('p', { class: 'empty' }, 'No session yet: an agent with Compactor(store=...) writes its requests here.')]));
  for (const one of list) if (first || seen.get(one.id) !== one.ended) seen.set(one.id, one.ended);
  for (const one of list) if (!seen.has(one.id)) seen.set(one.id, one.ended);
  oldest = all.length ? Math.min(...all.map((one) => one.ended)) : null;
  $('older').hidden = all.length <= visible && (list.length < 50 || ended);
}
function budgets(list) {
  put($('budgets'), ...(list.length ? list.map(budget) : [el('p', { class: 'empty' }, 'No budget is set: compactor budget set NAME --limit N.')]));
}
function budget(one) {
  const going = one.projected === null ? '' : ', ' + percent(one.projected) + ' at this pace';
  return el('div', { class: 'budget' },
    el('div', { class: 'top' }, el('span', { class: 'name' }, one.name), el('span', {}, ofLimit(one) + ' a ' + one.period)),
    el('div', { class: 'rail' },
      el('div', { class: 'fill', style: { width: Math.min(100, 100 * one.share) + '%', background: 'var(--' + one.level + ')' } }),
      ...EDGES.map((edge) => el('span', { class: 'edge', title: percent(edge), style: { left: (100 * edge) + '%' } }))),
    el('small', {}, el('span', { class: 'level ' + one.level }, one.level + ' ' + percent(one.share)), going + ', begins anew ' + clock(one.resets).slice(0, 11) + ' UTC'));
}
function alerts(list, now) {
  put($('alerts'), ...(list.length ? list.slice(0, 8).map((one) => el('div', { class: 'alert' },
    el('span', { class: 'level ' + (one.level === 'error' ? 'critical' : 'hot') }, '●'),
    el('span', {}, one.alert + (one.subject ? ' (' + one.subject + ')' : '') + ': ' + one.measure + ' ' + (one.measure === 'cost' ? money(one.value) : one.measure === 'budget' ? percent(one.value) : short(one.value)) + ', above ' + (one.measure === 'cost' ? money(one.above) : one.measure === 'budget' ? percent(one.above) : short(one.above))),
    el('time', {}, ago(one.at, now)))) : [el('p', { class: 'empty' }, 'Nothing was told since this page is served.')]));
}
function agents(found) {
  const rows = Object.entries(found);
  put($('agents'), el('thead', {}, el('tr', {}, ...['agent', 'input', 'output', 'cost', 'tokens/$', 'requests'].map((name) => el('th', {}, name)))),
    el('tbody', {}, ...rows.map(([name, one]) => el('tr', {}, el('td', { title: name }, name || '(no agent)'), el('td', {}, short(one.tokens.input)), el('td', {}, short(one.tokens.output)),
      el('td', {}, money(one.cost, one.unpriced_requests)), el('td', {}, one.free ? 'free' : short(one.tokens_per_dollar)), el('td', {}, whole.format(one.requests))))));
}
function live(view) {
  tiles(view.today); budgets(view.budgets); alerts(view.alerts, view.now); sessions(view.sessions, view.now);
  const last = days[days.length - 1];
  if (last && new Date(view.now * 1000).toISOString().slice(0, 10) === last.day) {
    Object.assign(last, { requests: view.today.requests, input_tokens: view.today.prompt_tokens, output_tokens: view.today.completion_tokens, cost: view.today.cost, unpriced_requests: view.today.unpriced_requests });
    redraw();
  }
  if (opened && view.sessions.some((one) => one.id === opened.id && one.ended !== opened.ended)) show(opened.id);
}

// -- charts ------------------------------------------------------------------------------------------------------
function ink(name) { return getComputedStyle(root).getPropertyValue('--' + name).trim(); }
function axes(format, line) {
  const stroke = ink('soft'), grid = { stroke: ink('line'), width: 1 }, font = '12px system-ui, sans-serif';
  const written = (_, all) => all.map((at) => line ? clock(at).slice(6, 14) : clock(at).slice(0, 5));
  return [{ stroke, font, grid: { show: false }, ticks: { show: false }, size: 30, space: line ? 76 : 52, incrs: line ? undefined : [86400, 172800, 259200, 432000, 604800, 1209600], values: written }, { stroke, font, grid, ticks: { show: false }, size: 58, values: (_, all) => all.map(format) }];
}
function chart(where, data, series, format, told, extra) {
  const made = new uPlot({
    width: where.clientWidth || 300, height: where.clientHeight || 190, padding: [8, 8, 0, 0],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'), legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: (_, low, high) => extra && extra.line ? [low, Math.max(high, low + 1)] : [low - 43200, high + 43200] }, y: { range: (_, low, high) => [0, Math.max(high * 1.08, 1e-6)] } },
    axes: axes(format, Boolean(extra && extra.line)), series: [{}, ...series],
    hooks: { setCursor: [(u) => told(u.cursor.idx)], draw: extra && extra.draw ? [extra.draw] : [] },
  }, data, where);
  charts.push([made, where]);
  watching.observe(where);
  return made;
}
function bars(color) { return { fill: color, stroke: color, width: 0, paths: uPlot.paths.bars({ size: [0.68, 40], radius: 0.2 }), points: { show: false } }; }
let byDay = [];
function dayData() {
  const at = days.map((one) => one.start);
  return [[at, days.map((one) => one.input_tokens + one.output_tokens), days.map((one) => one.input_tokens)], [at, days.map((one) => Number(one.cost))]];
}
function draw() {
  for (const [made] of charts) made.destroy();
  charts = [];
  put($('c-tokens')); put($('c-cost'));
  const [tokens, costs] = dayData();
  const last = days.length - 1;
  const told = (i) => {
    const one = days[i === null || i === undefined ? last : i];
    if (!one) return;
    $('r-tokens').textContent = one.day + ': ' + short(one.input_tokens) + ' in, ' + short(one.output_tokens) + ' out';
    $('r-cost').textContent = one.day + ': ' + money(one.cost, one.unpriced_requests) + ', ' + whole.format(one.requests) + ' requests';
  };
  byDay = [chart($('c-tokens'), tokens, [bars(ink('out')), bars(ink('in'))], short, told), chart($('c-cost'), costs, [bars(ink('cost'))], (n) => '$' + short(n), told)];
  told(last);
}
function redraw() { dayData().forEach((data, i) => byDay[i] && byDay[i].setData(data)); }
const watching = new ResizeObserver((all) => {
  for (const { target } of all) for (const [made, where] of charts) {
    if (where === target && target.clientWidth && made.width !== target.clientWidth) made.setSize({ width: target.clientWidth, height: target.clientHeight });
  }
});

// -- one session -------------------------------------------------------------------------------------------------
async function show(id) {
  const one = await get('/api/session?id=' + encodeURIComponent(id));
  opened = one;
  const context = one.context, steps = one.steps.filter((step) => step.tokens);
  const keys = context ? PARTS.filter((name) => context.parts[name]).map((name) => el('span', { class: 'key', style: { '--swatch': 'var(--' + name + ')' } }, name + ' ' + short(context.parts[name]))) : [];
  const place = el('div', { class: 'chart' });
  put($('inside'),
    el('button', { class: 'close', type: 'button', onclick: () => $('detail').close() }, 'Close'),
    el('h2', {}, one.agent || '(no agent)'),
    el('p', { class: 'facts' }, one.name + ' · ' + one.model),
    el('p', { class: 'facts' }, whole.format(one.requests) + ' requests, ' + whole.format(one.tasks) + ' tasks, ' + short(one.input_tokens) + ' tokens in, ' + short(one.output_tokens) + ' out, ' + money(one.cost, one.unpriced_requests) + (one.saved > 0 ? ', ' + short(one.saved) + ' saved' : '')),
    rail(context, true), el('p', { class: 'facts' }, gaugeText(context)), el('p', { class: 'keys' }, ...keys),
    steps.length > 1 ? el('h3', {}, 'Context by request') : null, steps.length > 1 ? place : null,
    el('h3', {}, 'What was compacted, and when'),
    one.compacted.length ? el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ...['when (UTC)', 'before', 'after', 'freed', 'strategies'].map((name) => el('th', {}, name)))),
      el('tbody', {}, ...one.compacted.slice().reverse().map((cut) => el('tr', {}, el('td', {}, clock(cut.at)), el('td', {}, whole.format(cut.before)), el('td', {}, whole.format(cut.after)), el('td', {}, percent(1 - cut.after / cut.before)), el('td', {}, cut.strategies.join(', '))))))) : el('p', { class: 'empty' }, 'Nothing yet.'));
  if (!$('detail').open) $('detail').showModal();
  if (steps.length > 1) {
    charts = charts.filter(([made, where]) => where.isConnected);
    const cuts = new Set(one.compacted.map((cut) => cut.at));
    chart(place, [steps.map((step) => step.at), steps.map((step) => step.tokens)], [{ stroke: ink('accent'), width: 2, fill: ink('accent') + '22', points: { show: false } }], short, () => {}, {
      line: true,
      draw: (u) => {
        u.ctx.save();
        u.ctx.strokeStyle = ink('digest'); u.ctx.lineWidth = 2; u.ctx.setLineDash([5, 4]);
        for (const step of steps) if (cuts.has(step.at)) {
          const x = Math.round(u.valToPos(step.at, 'x', true));
          u.ctx.beginPath(); u.ctx.moveTo(x, u.bbox.top); u.ctx.lineTo(x, u.bbox.top + u.bbox.height); u.ctx.stroke();
        }
        u.ctx.restore();
      },
    });
  }
}
$('detail').addEventListener('close', () => { opened = null; charts = charts.filter(([, where]) => where.isConnected && !$('detail').contains(where)); });
$('detail').addEventListener('click', (event) => { if (event.target === $('detail')) $('detail').close(); });

// -- controls ----------------------------------------------------------------------------------------------------
$('older').addEventListener('click', async () => {
  visible += MORE;
  const [list, now] = listed;
  if (visible > list.length + older.length && oldest !== null && !ended) {
    const more = await get('/api/sessions?before=' + oldest), known = new Set([...list, ...older].map((one) => one.id));
    ended = !more.length;
    older.push(...more.filter((one) => !known.has(one.id)));
  }
  sessions(list, now);
});
$('search').addEventListener('submit', async (event) => {
  event.preventDefault();
  const found = await get('/api/search?q=' + encodeURIComponent($('q').value));
  put($('hits'), ...(found.hits.length ? found.hits.map((one) => el('div', { class: 'hit' },
    el('small', {}, one.scope + ' · ' + one.handle + ' · ' + whole.format(one.characters) + ' characters · ' + clock(one.at)), el('pre', {}, one.excerpt))) : [el('p', { class: 'empty hit' }, 'Nothing in the archive holds all of these words.')]));
});
function themed(name) { root.dataset.theme = name; }
$('theme').addEventListener('click', () => { themed(root.dataset.theme === 'dark' ? 'light' : 'dark'); localStorage.setItem('theme', root.dataset.theme); if (!$('all').hidden) draw(); if (opened) show(opened.id); });
$('gate').addEventListener('submit', (event) => { event.preventDefault(); token = $('token').value.trim(); start(); });

async function start(session) {
  try {
    const view = await get('/api/overview');
    sessionStorage.setItem('token', token);
    $('gate').hidden = true; $('all').hidden = false;
    $('store').textContent = view.store + (view.tenant ? ' · ' + view.tenant : '');
    $('t-sessions').textContent = whole.format(view.sessions_total);
    put($('legend'), ...PARTS.map((name) => el('span', { class: 'key', style: { '--swatch': 'var(--' + name + ')' } }, name)));
    days = view.days;
    agents(view.agents); draw(); live(view);
    if (session) await show(session);
    follow();
  } catch (error) { if (error.message !== 'token') { state(false, 'not reached, trying again'); setTimeout(() => start(session), 1500); } }
}
const given = new URLSearchParams(location.hash.slice(1));
themed(given.get('theme') || localStorage.getItem('theme') || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
token = given.get('token') || sessionStorage.getItem('token') || '';
if (location.hash) history.replaceState(null, '', location.pathname);  // the token stays out of what is shown and kept
if (given.get('q')) $('q').value = given.get('q');
if (token) start(given.get('session')); else gate(false);
