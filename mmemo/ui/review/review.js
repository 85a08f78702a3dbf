// Review: a grid of faces and one face large, with the same keys. Faces are named by the server and every press says
// which it means. All text goes through textContent. `element`, `props`, `watch`, `server`, `trigger` come from Gradio.
const root = element.querySelector('.mm-review');
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const grid = root.querySelector('#mm-grid'), panel = root.querySelector('#mm-focus'), form = root.querySelector('#mm-filters');
const OPINIONS = ['teacher', 'image', 'student', 'target'], USES = ['training', 'listener', 'unread', 'dropped'];
const DETAIL_MS = 110, PAGES_AHEAD = 4, PICTURES_AHEAD = 8, FACES_AHEAD = 8, DETAILS_KEPT = 300, TOLD_MS = 300, COUNT_MS = 350, COUNTS_MS = 5000, PLACE_MS = 1000;
fillWords(root);
let base = null, facts = null, labels = [], rows = new Map(), total = 0, of = 0, asOf = null, page = 0, at = 0, asked = 0;
let selected = new Map(), anchor = 0, selecting = false, picture = null, detail = null, detailTimer = 0, details = new Map(), undoable = [];
let busy = false, blind = localStorage.getItem('mm-review-blind') === 'yes', moveOn = localStorage.getItem('mm-review-stay') !== 'yes';

const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'tone') made.style.setProperty('--tone', `var(--emo-${labels.includes(value) ? value : 'neutral'})`);
    else made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return made;
};
const pad = (number) => String(number).padStart(2, '0');
const clock = (ms) => {
  const s = Math.floor(ms / 1000), hours = Math.floor(s / 3600);
  return hours ? `${hours}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
};
const chip = (label, text, human) => make('span', {class: human ? 'mm-chip human' : 'mm-chip'}, make('i', {tone: label}), text);
const tell = (words) => { part('told').textContent = words; };
const size = () => (facts ? facts.page : 48);
const current = () => rows.get(at) || null;
const isFocus = () => root.dataset.mode === 'focus';

// Filters ------------------------------------------------------------------------------------------
const fill = (name, choices) => {
  const field = form.elements[name], before = field.options.length ? field.value : null;
  field.replaceChildren(...choices.map(([value, words]) => make('option', {value}, words)));
  if (choices.some(([value]) => value === before)) field.value = before;
};
const filters = () => {
  const read = (name) => form.elements[name].value;
  const share = (name) => Math.min(100, Math.max(0, Number(read(name)) || 0)) / 100;
  return {
    ...Object.fromEntries(['use', 'status', 'character', 'teacher', 'image', 'student', 'target', 'person', 'annotator', 'source', 'differ', 'order'].map((name) => [name, read(name)])),
    text: form.elements.text.value.slice(0, 200), issues: form.elements.issues.checked, assigned: form.elements.assigned.checked, confidence_from: share('from'), confidence_to: share('to'), blind,
  };
};
const query = () => ({...base, all: form.elements.all.value === 'all', filters: filters()});
const fillFilters = () => {
  const any = [['', word('any')]], emotions = [...any, ...labels.map((label) => [label, label])], sum = Object.values(facts.uses).reduce((a, b) => a + b, 0);
  fill('all', [['', facts.episode], ...(facts.episodes.length > 1 ? [['all', word('episodes.all', {n: amount(facts.episodes.length)})]] : [])]);
  form.elements.all.closest('label').hidden = facts.episodes.length < 2;
  const drops = Object.entries(facts.drops).map(([reason, n]) => [reason, word('use.reason', {reason: reason.replaceAll('_', ' '), n: amount(n)})]);
  const uses = USES.filter((use) => use === 'training' || facts.uses[use]).map((use) => [use, word(`use.${use}`, {n: amount(facts.uses[use] || 0)})]);
  fill('use', [...uses, ...(drops.length > 1 ? drops : []), ['', word('use.all', {n: amount(sum)})]]);
  fill('character', [['', word('anybody')], ...Object.entries(facts.characters).map(([name, n]) => [name, `${whom(name)} (${amount(n)})`])]);
  fill('annotator', [['', word('anybody')], ...facts.people.map((name) => [name, name === facts.me ? word('you.named', {name}) : name])]);
  form.elements.assigned.closest('label').hidden = !facts.asked;
  if (!facts.asked) form.elements.assigned.checked = false;
  for (const name of ['teacher', 'image', 'student', 'target']) fill(name, emotions);
  fill('person', [...emotions, [REJECT, word('unusable')]]);
};
const fieldWords = (field) => (field.type === 'checkbox' ? '' : field.tagName === 'SELECT' ? field.selectedOptions[0]?.textContent.replace(/ \([\d.,]+\)$/, '') : field.value);
const isSet = (field) => (field.type === 'checkbox' ? field.checked : field.tagName === 'SELECT' ? field.value !== (field.options[0]?.value ?? '') : field.value !== field.defaultValue);
const showFilters = () => {
  for (const field of form.elements) {
    if (!field.name) continue;
    field.disabled = blind && field.closest('[data-tells]') !== null;
  }
  const set = [...form.elements].filter((field) => field.name && !field.disabled && isSet(field) && field.name !== 'order' && field.name !== 'source');
  part('chips').replaceChildren(...set.map((field) => {
    const title = field.closest('label').querySelector('span').textContent, words = `${title}${fieldWords(field) ? `: ${fieldWords(field)}` : ''}`;
    return make('button', {type: 'button', class: 'mm-filter', 'data-clear': field.name, 'aria-label': word('filters.remove', {filter: words})}, words, make('span', {'aria-hidden': 'true'}, '×'));
  }), ...(set.length > 1 ? [make('button', {type: 'button', class: 'mm-filter all', 'data-clear': '*'}, word('filters.clear'))] : []));
  part('chips').hidden = !set.length;
  const hidden = set.filter((field) => field.closest('details')).length;
  part('more').textContent = hidden ? word('filters.more.set', {n: amount(hidden)}) : word('filters.more');
  part('cards').textContent = blind ? '' : word('means.card', {source: word(`source.${form.elements.source.value}`)});
};
// Where a person was comes back with a reload of the page.
const KEPT = 'mm-review-place';
let place = null, placeTimer = 0;
const writePlace = () => {
  placeTimer = 0;
  try { sessionStorage.setItem(KEPT, JSON.stringify(place)); } catch { /* then it begins anew */ }
};
const keepPlace = () => {
  const values = Object.fromEntries([...form.elements].filter((field) => field.name).map((field) => [field.name, field.type === 'checkbox' ? field.checked : field.value]));
  place = {...base, values, at, asOf};
  placeTimer ||= setTimeout(writePlace, PLACE_MS);
};
window.addEventListener('pagehide', () => { if (placeTimer) writePlace(); });
const backToPlace = () => {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEPT)); } catch { /* nothing that can be read */ }
  if (!kept || kept.episode !== base.episode || kept.run !== base.run) return false;
  for (const [name, value] of Object.entries(kept.values)) {
    const field = form.elements[name];
    if (field && field.type === 'checkbox') field.checked = value;
    else if (field && (field.tagName !== 'SELECT' || [...field.options].some((one) => one.value === value))) field.value = value;
  }
  [at, asOf] = [kept.at, kept.asOf];
  page = Math.floor(at / size());
  return true;
};
const clear = (name) => {
  for (const field of form.elements) {
    if (!field.name || (name !== '*' && field.name !== name) || (name === '*' && field.name === 'order')) continue;
    if (field.type === 'checkbox') field.checked = false;
    else if (field.tagName === 'SELECT') field.selectedIndex = 0;
    else field.value = field.defaultValue;
  }
  search();
};

// Pages --------------------------------------------------------------------------------------------
const search = async (keep = false) => {
  if (!base) return;
  asked += 1;
  const mine = asked, before = `${seq} ${at}`;
  grid.setAttribute('aria-busy', 'true');
  showFilters();
  const answer = await Promise.resolve(server.review_page({...query(), as_of: keep ? asOf : null, offset: keep ? page * size() : 0, limit: size()})).catch(() => null);
  if (mine !== asked) return;
  grid.removeAttribute('aria-busy');
  if (keep && rows.size && before !== `${seq} ${at}`) return; // somebody went on meanwhile: what is shown stays
  if (!answer || answer.error) return tell(answer ? answer.error : word('told.silent'));
  if (!keep) { page = 0; at = 0; anchor = 0; selected = new Map(); }
  [rows, total, of, asOf] = [new Map(), answer.total, answer.of, answer.as_of];
  page = Math.floor(answer.offset / size());
  at = Math.min(Math.max(at, answer.offset), Math.max(0, answer.offset + answer.rows.length - 1));
  [details, detail] = [new Map(), null];
  take(answer);
  showAll();
  keepPlace();
  ahead();
};
const take = (answer) => answer.rows.forEach((row, i) => rows.set(answer.offset + i, row));
const load = async (number, pages = 1) => {
  const offset = number * size();
  if (offset >= total || number < 0 || rows.has(offset)) return;
  const mine = asked, answer = await server.review_page({...query(), as_of: asOf, offset, limit: pages * size()});
  if (mine === asked && answer && answer.rows) take(answer);
};
// So many faces are known ahead that fast fingers do not reach the end of what is known; the next pictures are there.
let fetching = false;
const ahead = async () => {
  const missing = [1, 2, 3].find((step) => (page + step) * size() < total && !rows.has((page + step) * size()));
  if (fetching || missing === undefined) return;
  fetching = true;
  await load(page + missing, PAGES_AHEAD);
  fetching = false;
};
const warmed = new Set();
const warm = () => {
  for (let i = at + 1; i <= at + PICTURES_AHEAD; i += 1) {
    const url = rows.get(i)?.url;
    if (!url || warmed.has(url)) continue;
    warmed.add(url);
    new Image().src = url;
  }
};
const move = async (to) => {
  if (busy) return;
  to = Math.max(0, Math.min(to, total));
  if (to < total && !rows.has(to)) {
    busy = true; // until the face is there, no key may mean it
    await load(Math.floor(to / size()));
    busy = false;
    if (!rows.has(to)) return tell(word('told.page'));
  }
  at = to;
  anchor = at;
  picture = null;
  const turned = to < total && Math.floor(to / size()) !== page;
  if (turned) page = Math.floor(to / size());
  if (turned) { showGrid(); reveal(); } else markTile();
  ahead();
  showPanel();
  warm();
  keepPlace();
};
const turn = (number) => move(Math.max(0, Math.min(number, Math.ceil(total / size()) - 1)) * size());

// Saying -------------------------------------------------------------------------------------------
const rowsOf = (items) => { const wanted = new Set(items); return [...rows.values()].filter((row) => wanted.has(row.item)); };
const remember = (row) => ({item: row.item, said: row.said, who: row.who, skipped: row.skipped});
const set = (row, label) => {
  if (label === SKIP) row.skipped = row.said === null;
  else Object.assign(row, {said: label, who: facts.me, skipped: false});
};
const press = async (label, line, way) => {
  if (busy) return tell(word('told.busy'));
  const many = selected.size > 0 && !line, targets = many ? [...selected.values()] : [current()].filter(Boolean);
  if (!targets.length) return tell(word(total ? 'told.last' : 'told.none'));
  const wanted = targets.filter((row) => way !== 'accepted' || row.proposal);
  if (way === 'accepted' && blind) return tell(word('told.blind'));
  if (!wanted.length) return tell(word('told.no_opinion'));
  const frame = picture && !many && !line ? picture : null, scope = frame ? 'frame' : line ? 'cue' : 'track';
  if (frame && label === SKIP) return tell(word('told.no_skip'));
  const chosen = wanted.map((row) => (way === 'accepted' ? row.proposal : label));
  const lines = new Set(wanted.map((row) => row.line)), shown = line ? [...rows.values()].filter((row) => lines.has(row.line)) : wanted;
  const before = shown.map(remember), items = wanted.map((row) => row.item);
  if (!frame) shown.forEach((row) => set(row, line ? chosen[0] : chosen[wanted.indexOf(row)]));
  const id = enqueue({items, labels: chosen, scope, way, blind, me: facts.me, ...(frame ? {face: frame} : {})});
  undoable.push({press: id, items: shown.map((row) => row.item), before, blind});
  const what = way === 'accepted' && many ? word('accepted') : inWords(chosen[0]);
  tell(frame ? word('told.picture', {label: what}) : many ? plural('told.faces', wanted.length, {label: what}) : line ? word('told.line', {label: what}) : word('told.face', {track: wanted[0].track, label: what}));
  shown.forEach((row) => forget(row.item));
  if (many) { selected = new Map(); showGrid(); showPanel(); }
  else if (moveOn && !frame) { await move(at + 1); shown.forEach(markRow); } else { shown.forEach(markRow); showPanel(); }
  showTools();
};
// What a row showed before a press; a hidden row shows other words than an open one.
const putBack = (row, pressed) => {
  const before = pressed.blind === blind && (pressed.before || []).find((one) => one.item === row.item);
  if (before) Object.assign(row, before);
  forget(row.item);
  markRow(row);
};
const undo = async () => {
  const last = undoable.pop();
  if (!last) return tell(word('told.no_undo'));
  enqueue({undoes: last.press, items: last.items, me: facts.me});
  rowsOf(last.items).forEach((row) => putBack(row, last));
  const first = [...rows].find(([, row]) => row.item === last.items[0]);
  if (first && last.items.length === 1) await move(first[0]); else showPanel();
  tell(plural('told.undone', last.items.length));
  showTools();
};
onSaved = (answer) => {
  const refused = answer.refused.map((no) => no.id), wrong = undoable.filter((one) => refused.includes(one.press));
  undoable = undoable.filter((one) => !wrong.includes(one));
  for (const pressed of wrong.reverse()) rowsOf(pressed.items).filter((row) => !isUnsaved(row.item)).forEach((row) => putBack(row, pressed));
  const asShown = Boolean(answer.blind) === blind;
  if (!asShown) search(true);
  for (const [item, now] of Object.entries(answer.now || {})) {
    if (isUnsaved(item) || !asShown) continue;
    forget(item);
    for (const row of rowsOf([item])) { Object.assign(row, now); markRow(row); }
  }
  const row = current(), changed = [...Object.keys(answer.now || {}), ...wrong.flatMap((one) => one.items)];
  if (row && changed.includes(row.item)) showPanel();
  if (refused.length) { showTools(); search(true); }
  clearTimeout(onSaved.timer);
  if (!queue.length) onSaved.timer = setTimeout(count, Math.max(COUNT_MS, counted + COUNTS_MS - performance.now()));
};
onState = (unsaved, why) => {
  const shown = part('saved'), waiting = unsaved ? word(why ? 'unsaved.why' : 'unsaved', {n: amount(unsaved), why}) : '';
  const gone = refusal && make('button', {type: 'button', 'data-do': 'heard', 'aria-label': word('close')}, '×');
  const state = why || refusal ? 'trouble' : unsaved ? 'unsaved' : 'saved', before = shown.dataset.shown;
  const told = [[refusal, waiting].filter(Boolean).join(' ') || word('saved'), ...(gone ? [gone] : [])];
  const show = () => {
    shown.dataset.shown = state;
    if (gone || shown.textContent !== told[0]) shown.replaceChildren(...told);
  };
  shown.dataset.state = state;
  clearTimeout(onState.timer);
  // Most saves are answered before one could read that they wait; that they do is told only of those that last.
  if (state === 'unsaved' && before === 'saved') onState.timer = setTimeout(show, TOLD_MS); else show();
};

// Grid ---------------------------------------------------------------------------------------------
const tile = (row, index) => {
  const chips = make('span', {class: 'chips'}), source = form.elements.source.value, top = !blind && row.tops && row.tops[source];
  if (top) chips.append(chip(top[0], `${top[0]} ${percent(top[1])}`));
  if (row.said !== null) chips.append(chip(row.said, word('said', {who: row.who === facts.me ? word('you') : row.who, label: inWords(row.said)}), true));
  if (row.skipped) chips.append(make('span', {class: 'mm-chip'}, word('skipped')));
  const named = blind || !row.text ? word('face', {track: row.track}) : word('face.line', {track: row.track, line: row.text}), name = row.said === null ? named : `${named}, ${inWords(row.said)}`;
  const made = make('button', {type: 'button', class: 'mm-tile', 'data-track': row.track, 'data-item': row.item, 'data-at': index, 'aria-label': name, tabindex: index === at ? 0 : -1},
    make('img', {src: row.url, alt: '', loading: 'lazy', width: 138, height: 138}),
    make('span', {class: 'body'}, chips, blind ? null : make('span', {class: 'line'}, row.text)));
  made.classList.toggle('chosen', index === at);
  made.classList.toggle('picked', selected.has(row.item));
  made.classList.toggle('rejected', row.said === REJECT);
  if (index === at) made.setAttribute('aria-current', 'true');
  if (selected.size || selecting) made.setAttribute('aria-pressed', String(selected.has(row.item)));
  return made;
};
const showGrid = () => {
  const tiles = [], held = grid.contains(document.activeElement);
  for (let i = page * size(); i < Math.min(total, (page + 1) * size()); i += 1) if (rows.has(i)) tiles.push(tile(rows.get(i), i));
  const nothing = busy ? make('div', {class: 'mm-empty'}, make('strong', {}, word('moment'))) : make('div', {class: 'mm-empty'}, make('strong', {}, word('nothing')), word('nothing.advice'));
  grid.replaceChildren(...(tiles.length ? tiles : [nothing]));
  const pages = Math.max(1, Math.ceil(total / size())), shown = total === of ? plural('hits', of) : plural('hits.of', of, {some: amount(total)});
  part('hits').textContent = shown;
  part('pages').textContent = word('pager.at', {page: amount(page + 1), pages: amount(pages)});
  part('back').disabled = page === 0;
  part('forward').disabled = page + 1 >= pages;
  if (held) grid.querySelector('.chosen')?.focus();
  showTools();
};
const markRow = (row) => {
  const old = [...grid.children].find((one) => one.dataset.item === row.item);
  if (!old) return;
  redraw(old, tile(row, Number(old.dataset.at)));
};
const markTile = () => {
  const held = grid.contains(document.activeElement);
  for (const one of grid.querySelectorAll('.mm-tile')) {
    const here = Number(one.dataset.at) === at;
    if (!here && !one.classList.contains('chosen')) continue;
    one.classList.toggle('chosen', here);
    one.tabIndex = here ? 0 : -1;
    if (here) one.setAttribute('aria-current', 'true'); else one.removeAttribute('aria-current');
    if (here && held) one.focus({preventScroll: true});
  }
  reveal();
};
// Scrolls only as far as it must, and keeps clear of the bar above and of the panel over the lower edge on a phone. It
// measures when the frame is laid out anyway: at once, everything would be laid out once more for it.
let revealing = 0;
const reveal = () => { revealing ||= requestAnimationFrame(revealChosen); };
const revealChosen = () => {
  revealing = 0;
  const one = isFocus() ? null : grid.querySelector('.chosen');
  if (!one || one.offsetParent === null) return;
  const box = one.getBoundingClientRect(), over = panel.getBoundingClientRect(), top = part('bar').offsetHeight + 6;
  const bottom = getComputedStyle(panel).position === 'fixed' ? over.top : window.innerHeight;
  if (box.bottom > bottom - 6) window.scrollBy(0, box.bottom - bottom + 6); else if (box.top < top) window.scrollBy(0, box.top - top);
};
new ResizeObserver(() => root.style.setProperty('--mm-bar', `${part('bar').offsetHeight}px`)).observe(part('bar'));
const pick = (index, on) => {
  const row = rows.get(index);
  if (!row) return;
  if (on === undefined ? selected.has(row.item) : !on) selected.delete(row.item); else if (selected.size < 400) selected.set(row.item, row);
};
