// The face in the panel, the tools above, keys and clicks.
const key = (name, ...children) => make('button', {type: 'button', class: 'mm-key', 'data-do': name}, ...children);
const hint = (letter) => make('kbd', {'aria-hidden': 'true'}, letter);
const labelKey = (label, i, said) => {
  const made = key(label, hint(String(i + 1)), make('i', {tone: label}), label);
  made.setAttribute('aria-pressed', String(said === label));
  made.setAttribute('aria-keyshortcuts', String(i + 1));
  if (meant(label)) made.title = meant(label);
  return made;
};
const keysOf = (row) => {
  const said = picture && detail ? detail.frames[picture] ?? null : row.said;
  const reject = key(REJECT, hint('R'), word('unusable')), skip = key(SKIP, hint('S'), word('skip'));
  reject.title = word('unusable.why');
  reject.setAttribute('aria-pressed', String(said === REJECT));
  skip.setAttribute('aria-pressed', String(row.skipped));
  const proposal = blind ? null : row.proposal, accept = key('accept', hint('A'), proposal ? word('accept.what', {label: proposal}) : word('accept'));
  accept.disabled = !proposal;
  const moves = [key('previous', hint('K'), word('previous')), key('next', hint('J'), word('next')), key('undo', hint('U'), word('undo'))];
  moves[0].disabled = at === 0;
  moves[2].disabled = !undoable.length;
  const what = picture ? word('ask.picture') : row.said === null ? word(row.skipped ? 'ask.skipped' : 'ask') : word(row.who === facts.me ? 'ask.you' : 'ask.who', {who: row.who, label: inWords(row.said)});
  return make('div', {class: 'mm-stack mm-asked'}, make('h3', {role: 'status'}, what),
    make('div', {class: 'mm-keys', role: 'group', 'aria-label': word('labels')}, ...labels.map((label, i) => labelKey(label, i, said)), reject),
    make('div', {class: 'mm-keys moves'}, accept, skip, ...moves));
};
const titleOf = (source, top) => make('h4', {title: word(source === 'target' ? 'means.target' : `why.${source}`)}, word(`title.${source}`), top === undefined ? null : make('span', {}, top));
const barsOf = (source, probs) => {
  if (!probs) return make('div', {class: 'mm-opinion absent'}, titleOf(source), word(`absent.${source}`));
  const top = labels.reduce((best, label) => (probs[label] > probs[best] ? label : best), labels[0]), bars = make('dl', {class: 'mm-bars'});
  for (const label of labels) {
    const fill = make('i', {tone: label});
    fill.style.width = `${(100 * probs[label]).toFixed(1)}%`;
    bars.append(make('dt', {class: label === top ? 'top' : null}, label), make('dd', {class: 'track'}, fill), make('dd', {class: label === top ? 'value top' : 'value'}, percent(probs[label])));
  }
  return make('div', {class: 'mm-opinion', 'data-top': top}, titleOf(source, top), bars);
};
const strip = () => {
  if (!detail || detail.pictures.length < 2) return null;
  return make('div', {class: 'mm-frames', role: 'group', 'aria-label': word('pictures')}, ...detail.pictures.map((one, i) => {
    const said = detail.frames[one.face], shown = (picture || detail.shown) === one.face;
    const made = make('button', {type: 'button', class: `mm-frame${said === REJECT ? ' rejected' : ''}`, 'data-frame': one.face, 'aria-pressed': String(picture === one.face),
      'aria-label': `${word('picture', {i: i + 1, n: detail.pictures.length, time: clock(one.ms)})}${said ? `, ${inWords(said)}` : ''}`}, make('img', {src: one.url, alt: '', loading: 'lazy'}));
    if (said) made.append(make('span', {}, inWords(said)));
    made.classList.toggle('shown', shown);
    return made;
  }));
};
const linesOf = (row) => {
  const lines = make('div', {class: 'mm-lines'}, make('span', {class: 'small'}, `${word('face.at', {track: row.track, time: clock(row.ms)})}${row.character ? `, ${whom(row.character)}` : ''}`));
  if (blind) { lines.append(make('span', {class: 'small'}, word('hidden'))); return lines; }
  if (row.use !== 'training') lines.append(make('span', {class: 'small'}, word(`not_trained.${row.why ? 'dropped' : row.use === 'listener' ? 'listener' : 'unread'}`, {reason: row.why.replaceAll('_', ' ')})));
  const near = detail && detail.lines.length ? detail.lines : [{text: row.text, here: true}];
  for (const line of near) lines.append(make('span', {class: line.here ? 'said' : null}, line.text));
  return lines;
};
const wordsOf = () => {
  if (!detail || !detail.words.length) return null;
  const how = (one) => [one.scope === 'track' ? '' : word(one.scope === 'cue' ? 'words.cue' : 'words.frame'), one.way === 'accepted' ? word('accepted') : one.way === 'undone' ? word('words.undone') : '', one.blind ? word('words.blind') : ''].filter(Boolean).join(', ');
  return make('details', {class: 'mm-words'}, make('summary', {}, word('words', {n: amount(detail.words.length)})), make('ol', {}, ...detail.words.slice(-12).reverse().map((one) =>
    make('li', {}, `${word('said', {who: one.mine ? word('you') : one.who, label: inWords(one.label)})}${how(one) ? ` (${how(one)})` : ''}, `, make('time', {datetime: one.at}, new Date(one.at).toLocaleString(LANGUAGE))))));
};
const player = () => {
  if (blind) return ''; // what is said would tell
  return make('div', {class: 'mm-clip', 'data-item': current()?.item, 'data-keep': current()?.item}, make('button', {type: 'button', class: 'mm-key', id: 'mm-play-line', 'data-do': 'play'}, hint('P'), word('play')));
};
const drawPanel = () => {
  const row = current(), held = panel.contains(document.activeElement) ? document.activeElement.dataset.do : null;
  if (!row) {
    panel.removeAttribute('data-item');
    if (busy) { panel.replaceChildren(make('div', {class: 'mm-empty'}, make('strong', {}, word('moment')))); return; }
    panel.replaceChildren(make('div', {class: 'mm-empty'}, make('strong', {}, word(total ? 'end' : 'no_face')), total ? plural('end.advice', total) : word('nothing.advice')));
    return;
  }
  detail = details.get(row.item) || (detail?.item === row.item && detail.blind === blind ? detail : null);
  panel.dataset.item = row.item;
  const one = detail && picture ? detail.pictures.find((other) => other.face === picture) : null;
  const big = make('img', {class: 'mm-big', src: one ? one.url : row.url, alt: word('face', {track: row.track})});
  const bars = blind ? null : make('div', {class: 'mm-opinions'}, ...OPINIONS.map((source) => (detail ? barsOf(source, detail.opinions[source]) : make('div', {class: 'mm-opinion'}, titleOf(source, row.tops && row.tops[source] ? row.tops[source][0] : '')))));
  redrawInside(panel, [make('div', {class: 'mm-card mm-stack'},
    make('div', {class: 'mm-focus-top'}, make('div', {class: 'mm-face'}, big), linesOf(row)), make('div', {class: 'mm-media'}, strip(), player()), keysOf(row), bars ?? '', wordsOf() ?? '')]);
  if (held && !panel.contains(document.activeElement)) panel.querySelector(`[data-do="${held}"]`)?.focus({preventScroll: true});
};
// At once with what is known; in full when a person stays.
const showPanel = () => {
  drawPanel();
  clearTimeout(detailTimer);
  if (unknown(at) || unknown(at + 1)) detailTimer = setTimeout(fetchDetails, DETAIL_MS);
};
const unknown = (index) => rows.has(index) && !details.has(rows.get(index).item);
// What was said of a face since it was asked for is not in the answer.
const forgotten = new Map();
let moment = 0;
const forget = (item) => { details.delete(item); forgotten.set(item, moment += 1); };
// The faces that come next are asked for together with this one: each is drawn once and in full when its turn comes.
const fetchDetails = async () => {
  const wanted = [], mine = asked, since = moment;
  for (let i = at; i <= at + FACES_AHEAD; i += 1) if (unknown(i)) wanted.push(rows.get(i).item);
  const answer = wanted.length ? await server.review_faces({...query(), items: wanted}) : {faces: []};
  if (!answer || answer.error || mine !== asked) return;
  for (const one of answer.faces) if (one.blind === blind && !(forgotten.get(one.item) > since)) details.set(one.item, one);
  while (details.size > DETAILS_KEPT) details.delete(details.keys().next().value);
  const row = current(), known = row && details.get(row.item);
  if (known && known !== detail) drawPanel();
  if (row && forgotten.get(row.item) > since) showPanel();
};
const play = async () => {
  if (blind) return tell(word('play.hidden'));
  const row = current(), clip = panel.querySelector('.mm-clip');
  if (!row || !clip) return;
  clip.replaceChildren(make('span', {class: 'small soft', role: 'status'}, word('play.cutting')));
  const answer = await server.review_clip({...query(), item: row.item});
  if (blind || clip.dataset.item !== current()?.item) return;
  if (!answer || answer.error) { clip.replaceChildren(make('span', {class: 'small soft', role: 'alert'}, answer ? answer.error : word('told.silent'))); return; }
  const video = make('video', {src: answer.url, controls: true, playsinline: true, autoplay: true, 'aria-label': word('play.name')});
  clip.replaceChildren(video);
};

// Tools --------------------------------------------------------------------------------------------
const showTools = () => {
  const many = selected.size;
  part('bulk').hidden = !many && !selecting;
  write(part('picked'), many ? plural('bulk.selected', many) : word('bulk.how'));
  for (const button of part('bulk').querySelectorAll('[data-do]')) button.disabled = !many && button.dataset.do !== 'page';
  part('undo').disabled = !undoable.length;
  write(part('focus').lastChild, word(isFocus() ? 'tool.focus.back' : 'tool.focus'));
  part('focus').setAttribute('aria-pressed', String(isFocus()));
  part('blind').setAttribute('aria-pressed', String(blind));
  part('stay').setAttribute('aria-pressed', String(moveOn));
  part('select').setAttribute('aria-pressed', String(selecting || many > 0));
};
const setMode = (mode) => {
  root.dataset.mode = mode;
  drawPanel();
  showTools();
  if (mode === 'focus') { panel.tabIndex = -1; panel.focus({preventScroll: true}); root.querySelector('.mm-tools').scrollIntoView({block: 'nearest'}); } else grid.querySelector('.chosen')?.focus();
};
// Nothing that was shown before stays, and no key means a face until the server says how it is shown now.
const setBlind = async () => {
  blind = !blind;
  localStorage.setItem('mm-review-blind', blind ? 'yes' : 'no');
  tell(word(blind ? 'told.hidden' : 'told.shown'));
  [rows, details, selected, picture, detail, busy] = [new Map(), new Map(), new Map(), null, null, true];
  showAll();
  try { await search(true); } finally { busy = false; }
  if (!rows.size) showAll();
};
const dropSelection = () => { selected = new Map(); selecting = false; showGrid(); };
const DO = {
  previous: () => move(at - 1), next: () => move(at + 1), undo, play,
  focus: () => setMode(isFocus() ? 'grid' : 'focus'), blind: setBlind,
  stay: () => { moveOn = !moveOn; localStorage.setItem('mm-review-stay', moveOn ? 'no' : 'yes'); showTools(); },
  select: () => { if (selecting || selected.size) dropSelection(); else { selecting = true; showGrid(); } },
  page: () => { for (let i = page * size(); i < (page + 1) * size(); i += 1) pick(i, true); showGrid(); },
  none: dropSelection, back: () => turn(page - 1), forward: () => turn(page + 1),
  filters: () => form.querySelector('.mm-open-filters').setAttribute('aria-expanded', String(form.classList.toggle('opened'))),
  heard: () => { refusal = ''; onState(queue.length, trouble); },
  retrain: () => trigger('retrain', {}),
  toggle: () => { pick(at); showGrid(); },
};
const act = (name, line) => {
  if (DO[name]) return DO[name]();
  return press(name, line, name === 'accept' ? 'accepted' : 'chosen');
};
const LETTERS = {j: 'next', k: 'previous', u: 'undo', r: REJECT, s: SKIP, a: 'accept', f: 'focus', x: 'toggle', p: 'play', b: 'blind'};
const escape = () => {
  if (picture) { picture = null; drawPanel(); } else if (selected.size || selecting) dropSelection(); else if (isFocus()) setMode('grid');
};
const picturesBy = (step) => {
  const at = detail.pictures.findIndex((one) => one.face === (picture || detail.shown));
  picture = detail.pictures[(at + step + detail.pictures.length) % detail.pictures.length].face;
  drawPanel();
};
const columns = () => getComputedStyle(grid).gridTemplateColumns.split(' ').length;
const onKey = (event) => {
  if (!facts || event.ctrlKey || event.metaKey || event.altKey || root.offsetParent === null || event.isComposing) return;
  const target = event.target, field = target.closest('input, textarea, select, [contenteditable], [role="listbox"], [role="combobox"]');
  if (field || (target.closest('video') && event.key.length > 1)) return;
  const digit = /^(Digit|Numpad)([1-9])$/.exec(event.code), number = digit ? Number(digit[2]) : 0;
  const inGrid = grid.contains(target), onButton = target.closest('button, a, summary, [role="tab"]');
  const steps = inGrid ? {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns()} : {};
  const letter = LETTERS[event.key.toLowerCase()];
  let done = null;
  if (number && number <= labels.length) done = () => press(labels[number - 1], event.shiftKey, 'chosen');
  else if (event.key in steps) done = () => move(Math.min(total - 1, Math.max(0, at + steps[event.key])));
  else if (isFocus() && ['ArrowLeft', 'ArrowRight'].includes(event.key) && detail && detail.pictures.length > 1) done = () => picturesBy(event.key === 'ArrowRight' ? 1 : -1);
  else if (event.key === 'Enter' && (inGrid || !onButton)) done = () => act('focus');
  else if (event.key === 'Escape') done = escape;
  else if (letter) done = () => act(letter, event.shiftKey);
  if (!done) return;
  event.preventDefault();
  if (event.repeat && !['next', 'previous'].includes(letter) && !(event.key in steps)) return; // a key that is held down means one face
  done();
};
document.addEventListener('keydown', onKey);
grid.addEventListener('click', (event) => {
  const one = event.target.closest('[data-at]');
  if (!one) return;
  const index = Number(one.dataset.at);
  if (event.shiftKey) { for (let i = Math.min(anchor, index); i <= Math.max(anchor, index); i += 1) pick(i, true); showGrid(); return; }
  if (event.ctrlKey || event.metaKey || selecting) { anchor = index; pick(index); showGrid(); return; }
  if (index === at && window.innerWidth < 700) return setMode('focus');
  move(index);
});
grid.addEventListener('dblclick', (event) => { if (event.target.closest('[data-at]') && !event.shiftKey && !selecting) setMode('focus'); });
root.addEventListener('click', (event) => {
  const frame = event.target.closest('[data-frame]'), button = event.target.closest('[data-do]'), gone = event.target.closest('[data-clear]');
  if (gone) return clear(gone.dataset.clear);
  if (frame) { picture = picture === frame.dataset.frame ? null : frame.dataset.frame; drawPanel(); return; }
  if (!button || button.disabled) return;
  act(button.dataset.do, event.shiftKey);
});
let typing = 0;
// Team sends a person here, to the faces that are waiting.
const isWanted = () => sessionStorage.getItem('mm-review-wanted') === 'assigned';
const onlyAssigned = () => {
  sessionStorage.removeItem('mm-review-wanted');
  form.reset();
  form.elements.assigned.checked = facts.asked > 0;
  form.elements.status.value = facts.asked ? 'unlabelled' : '';
};
document.addEventListener('mm-review-wanted', () => { if (base && isWanted()) open(); });
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('change', (event) => { if (event.target.name !== 'text') search(); });
form.elements.text.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => search(), 200); });

let counted = -Infinity;
const count = async () => {
  counted = performance.now();
  const answer = base && await server.review_count(base), button = part('retrain');
  if (!answer || answer.error) return;
  button.disabled = !answer.corrections || !answer.run;
  write(button, plural(button.disabled ? 'corrections' : 'retrain', answer.corrections));
};
const showAll = () => { showGrid(); showPanel(); };
// What can be taken back, the last press last: what the server knows, and what it has not been told yet.
const undoStack = (known) => {
  const own = new Map(undoable.map((one) => [one.press, one])), gone = queue.map((one) => one.undoes);
  const waiting = queue.filter((one) => !one.undoes).map((one) => ({press: one.id, items: one.items}));
  const stack = [...known, ...waiting].filter((one, i, all) => !gone.includes(one.press) && all.findIndex((other) => other.press === one.press) === i);
  return stack.map((one) => own.get(one.press) || one);
};
let lastOpened = -Infinity;
const open = async () => {
  const next = props.value ? JSON.parse(props.value) : null;
  root.dataset.empty = next && next.episode ? 'no' : 'yes';
  if (!next || !next.episode) { base = null; return; }
  const same = base && base.episode === next.episode && base.run === next.run;
  base = {episode: next.episode, run: next.run};
  lastOpened = performance.now();
  const before = seq, answer = await server.review_open(base);
  if (!answer || answer.error) return tell(answer ? answer.error : word('told.silent'));
  [facts, labels] = [answer, answer.labels];
  if (!same || (seq === before && !queue.length)) undoable = undoStack(answer.undo);
  part('resting').textContent = answer.resting;
  part('resting').hidden = !answer.resting;
  fillFilters();
  if (!same) root.dataset.mode = 'grid';
  const wanted = isWanted();
  if (wanted) onlyAssigned();
  await search(!wanted && (same || backToPlace()));
  count();
  onState(queue.length, trouble);
  send();
};
watch('value', open);
const REOPEN_MS = 5000;
// Names and labels may have changed while another tab was open.
let wasSeen = false;
new IntersectionObserver(([entry]) => {
  if (entry.isIntersecting && !wasSeen && facts && performance.now() - lastOpened > REOPEN_MS) open();
  wasSeen = entry.isIntersecting;
}).observe(root);
open();
