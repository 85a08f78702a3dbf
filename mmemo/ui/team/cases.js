// Where people differ, and gold questions.
let cases = [], total = 0, from = 0, at = 0, ofDecided = false, hideNames = localStorage.getItem('mm-team-names') === 'hidden', page = 48, undoable = [];

const drawConflicts = async (panel) => {
  panel.replaceChildren(empty(words('moment'), ''));
  const found = await ask('team_conflicts', {decided: ofDecided, offset: from});
  if (!found) { panel.replaceChildren(); return; }
  ({cases, total, page} = found);
  from = found.offset;
  at = Math.min(at, Math.max(0, cases.length - 1));
  showCase();
};
const current = () => cases[at] || null;
const showCase = () => {
  const panel = panelOf('conflicts'), held = panel.contains(document.activeElement) ? document.activeElement.dataset.do : null;
  const which = make('select', {'aria-label': words('which_cases'), id: 'mm-team-which'}, make('option', {value: ''}, `${words('show_open')} (${number(facts.conflicts)})`), make('option', {value: 'yes'}, `${words('show_decided')} (${number(facts.decided)})`));
  which.value = ofDecided ? 'yes' : '';
  which.addEventListener('change', () => { ofDecided = which.value === 'yes'; from = 0; at = 0; drawConflicts(panel); });
  const names = button(words('hide_names'), () => { hideNames = !hideNames; localStorage.setItem('mm-team-names', hideNames ? 'hidden' : 'shown'); showCase(); }, {'aria-pressed': String(hideNames), 'data-do': 'names'});
  const bar = make('div', {class: 'mm-tools'}, which, names, total > page ? pager(from, total, page, (to) => { from = to; at = 0; drawConflicts(panel); }, () => (ofDecided ? page : cases.filter((one) => !one.decision).length)) : '', make('span', {class: 'soft small', 'data-part': 'place'}, cases.length ? words('case', {n: number(from + at + 1), of: number(total)}) : ''));
  const shown = current();
  if (!shown) {
    panel.replaceChildren(bar, ofDecided ? empty(words('no_decided'), words('no_decided_advice')) : empty(words('no_conflicts'), words('no_conflicts_advice')), make('p', {class: 'small soft'}, words('why_conflicts')));
  } else {
    panel.replaceChildren(bar, make('div', {class: 'mm-cases', role: 'group', 'aria-label': words('conflicts')}, ...cases.map(caseTile)), caseCard(shown), make('p', {class: 'small soft'}, words('why_conflicts')));
    panel.querySelector('.mm-case.chosen')?.scrollIntoView({block: 'nearest', inline: 'nearest'});
  }
  if (held) panel.querySelector(`[data-do="${held}"]`)?.focus({preventScroll: true});
};
// What is decided leaves the list of what is open, so the next page begins after what is left of this one: `step`.
const pager = (offset, of, size, go, step = () => size) => make('span', {class: 'mm-pages'}, button('←', () => go(Math.max(0, offset - size)), {'aria-label': words('back'), disabled: offset === 0}), button('→', () => go(offset + step()), {'aria-label': words('next'), disabled: offset + size >= of}));
const caseTile = (one, place) => {
  const tile = make('button', {type: 'button', class: `mm-case${place === at ? ' chosen' : ''}${one.decision ? (one.decision.saving ? ' saving' : ' decided') : ''}`, 'aria-label': words('face_alt', {n: one.track}), 'aria-current': place === at ? 'true' : null},
    make('img', {src: one.url, alt: '', loading: 'lazy'}), one.decision && !one.decision.saving ? make('i', {tone: one.decision.label}) : '', one.gold ? make('b', {'aria-hidden': 'true'}, '★') : '');
  tile.addEventListener('click', () => { at = place; showCase(); });
  return tile;
};
const caseCard = (one) => {
  const called = (name, place) => (hideNames ? words('person_n', {n: place + 1}) : name);
  const said = make('ul', {class: 'mm-said', 'aria-label': words('words')}, ...one.words.map((word, place) => make('li', {}, make('strong', {}, called(word.who, place)), chip(word.label, true), make('span', {class: 'small soft'}, words(word.alone ? 'alone_said' : 'in_sight')))));
  const decided = make('p', {id: 'mm-decision', class: one.decision ? 'mm-decided' : 'soft'}, one.decision && one.decision.saving ? words('saving') : one.decision ? words('decided_as', {label: inWords(one.decision.label), name: one.decision.by}) : words('undecided'));
  const key = (name, text, label, more = {}) => {
    const made = make('button', {type: 'button', class: 'mm-key', 'data-do': label, 'aria-pressed': one.decision && one.decision.label === label ? 'true' : null, ...more}, make('kbd', {'aria-hidden': 'true'}, name), facts.labels.includes(label) ? make('i', {tone: label}) : '', text);
    made.addEventListener('click', () => act(label));
    return made;
  };
  const keys = make('div', {class: 'mm-keys', role: 'group', 'aria-label': words('decide')}, ...facts.labels.map((label, place) => key(String(place + 1), label, label)), key('R', words('unusable'), REJECT));
  const moves = make('div', {class: 'mm-keys moves'}, key('K', words('back'), 'back'), key('J', words('next'), 'next'), key('U', words('undo'), 'undo', {disabled: !one.decision && !undoable.length}), key('G', words('as_gold'), 'gold', {'aria-pressed': String(Boolean(one.gold))}));
  const frames = one.pictures.length > 1 ? make('div', {class: 'mm-frames'}, ...one.pictures.map((url) => make('img', {src: url, alt: ''}))) : '';
  return make('div', {class: 'mm-card mm-casecard', 'data-item': one.item},
    make('div', {class: 'mm-stack'}, make('img', {class: 'mm-big', src: one.url, alt: words('face_alt', {n: one.track})}), frames),
    make('div', {class: 'mm-stack'}, make('p', {class: 'mm-said-line'}, one.character ? make('strong', {}, `${one.character}: `) : '', one.text), said, decided, keys, moves));
};
const act = (what) => {
  if (what === 'next' || what === 'back') return move(what === 'next' ? 1 : -1);
  if (what === 'undo') return takeBack();
  if (what === 'gold') return turnGold();
  return decide(current(), what);
};
const move = (by) => {
  at = Math.min(Math.max(0, at + by), Math.max(0, cases.length - 1));
  showCase();
};
// Which face is meant is fixed when the key is pressed, whatever is shown when the answer comes.
const decide = async (one, label) => {
  if (!one) return;
  const before = Boolean(one.decision);
  if (label !== WITHDRAW) {
    undoable.push(one.item);
    one.decision = {label, by: facts.me, saving: true};
    const open = cases.findIndex((other, place) => place > at && !other.decision);
    at = ofDecided ? at : open < 0 ? at : open;
    showCase();
  }
  const done = await save('team_decide', {item: one.item, label});
  if (!done) { drawConflicts(panelOf('conflicts')); return; }
  const place = cases.findIndex((other) => other.item === done.case.item);
  if (place >= 0) cases[place] = done.case;
  stale.add('gold');
  tell(label === WITHDRAW ? words('taken_back') : words('saved', {label: inWords(label)}));
  const more = Number(Boolean(done.case.decision)) - Number(before);
  recount({conflicts: -more, decided: more});
  showCase();
};
const takeBack = () => {
  const shown = current(), item = shown && shown.decision ? shown.item : undoable.pop();
  const place = cases.findIndex((one) => one.item === item);
  if (place < 0) return;
  undoable = undoable.filter((one) => one !== item);
  at = place;
  decide(cases[place], WITHDRAW);
};
// A decision moves on to the next face; the key for gold still means the face that was decided.
const turnGold = async () => {
  const shown = current(), last = cases.find((one) => one.item === undoable[undoable.length - 1]);
  const one = !shown || shown.decision || shown.gold || !last ? shown : last;
  if (!one) return;
  const done = await save('team_mark', {item: one.item, label: one.gold ? WITHDRAW : null});
  if (!done) return;
  recount({gold: Number(Boolean(done.gold)) - Number(Boolean(one.gold))});
  one.gold = done.gold;
  stale.add('gold');
  tell(words(done.gold ? 'is_gold' : 'no_gold'));
  showCase();
};
document.addEventListener('keydown', (event) => {
  if (view !== 'conflicts' || !facts || !facts.lead || !isVisible() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest && event.target.closest('input, select, textarea, [contenteditable="true"]')) return;
  const key = event.key.toLowerCase(), label = /^[1-9]$/.test(key) ? facts.labels[Number(key) - 1] : null;
  const what = label || {r: REJECT, j: 'next', k: 'back', u: 'undo', g: 'gold'}[key];
  if (!what || !current()) return;
  event.preventDefault();
  act(what);
});

let ableFrom = 0;
const drawGold = async (panel) => {
  panel.replaceChildren(empty(words('moment'), ''));
  const found = await ask('team_gold', {offset: ableFrom});
  if (!found) { panel.replaceChildren(); return; }
  ableFrom = found.offset;
  const tile = (one, text, label, more) => make('figure', {class: 'mm-tile'}, make('img', {src: one.url, alt: words('face_alt', {n: one.track}), loading: 'lazy'}), make('figcaption', {class: 'body'}, chip(one.label, true), more, button(text, () => markGold(one.item, label), {'aria-label': `${text}: ${words('face_alt', {n: one.track})}`})));
  panel.replaceChildren(
    card('', make('p', {class: 'small soft'}, words('why_gold')), found.gold.length ? make('div', {class: 'mm-grid', id: 'mm-team-questions'}, ...found.gold.map((one) => tile(one, words('take_off'), WITHDRAW, make('span', {class: 'small soft'}, words('right_of', {right: number(one.right), answered: number(one.answered)}))))) : empty(words('no_questions'), words('no_questions_advice'))),
    card(words('able'), found.able.length ? make('div', {class: 'mm-grid', id: 'mm-team-able'}, ...found.able.map((one) => tile(one, words('make_gold'), null, make('span', {class: 'line'}, one.text)))) : empty(words('no_able'), words('no_able_advice')),
      found.total > found.page ? pager(found.offset, found.total, found.page, (to) => { ableFrom = to; drawGold(panel); }) : ''));
};
const markGold = async (item, label) => {
  const done = await save('team_mark', {item, label});
  if (!done) return;
  tell(words(done.gold ? 'is_gold' : 'no_gold'));
  recount({gold: done.gold ? 1 : -1});
  stale.add('conflicts');
  await drawGold(panelOf('gold'));
};

const DRAW = {progress: drawProgress, conflicts: drawConflicts, agreement: drawAgreement, rounds: drawRounds, gold: drawGold};
if (props.value) { base = JSON.parse(props.value); if (isVisible()) { seen = true; refresh(); } }
