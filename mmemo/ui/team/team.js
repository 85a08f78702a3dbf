// Team: progress, where people differ, agreement, rounds, gold. Faces and people are named by the server, which also
// decides who may do what. All text goes through textContent. `element`, `props`, `watch`, `server` come from Gradio.
const root = element.querySelector('.mm-team');
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const panelOf = (view) => root.querySelector(`[data-panel="${view}"]`);
const SPOKEN = navigator.language.toLowerCase().split('-')[0], LANGUAGE = TEXT[SPOKEN] ? SPOKEN : 'en', WORDS = TEXT[LANGUAGE];
const REJECT = 'reject', WITHDRAW = 'withdraw', VIEWS = ['progress', 'conflicts', 'agreement', 'rounds', 'gold'];
const client = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
let base = null, facts = null, view = 'progress', all = false, presses = 0, asked = 0, stale = new Set(VIEWS);

const words = (key, values = {}) => Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, String(value)), WORDS[key]);
const number = (value) => value.toLocaleString(LANGUAGE);
const percent = (share) => (share === null || share === undefined ? '–' : `${Math.round(100 * share)} %`);
const figure = (value, digits = 2) => (value === null ? words('not_known') : value.toLocaleString(LANGUAGE, {minimumFractionDigits: digits, maximumFractionDigits: digits}));
const range = (measure, write) => (measure.low === null ? '' : ` [${write(measure.low)}${LANGUAGE === 'en' ? ',' : ';'} ${write(measure.high)}]`);
const counted = (key, n) => words(`${key}.${n === 1 ? 'one' : 'many'}`, {n: number(n)});
const inWords = (label) => (label === REJECT ? words('unusable') : label);
const nextPress = () => `team-${client}-${++presses}`;
const tell = (text, trouble = false) => {
  part('told').textContent = text;
  part('told').dataset.trouble = trouble ? 'yes' : 'no';
};
const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'tone') made.style.setProperty('--tone', `var(--emo-${facts && facts.labels.includes(value) ? value : 'neutral'})`);
    else if (name === 'width') made.style.width = `${value}%`;
    else made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return made;
};
const empty = (title, advice) => make('div', {class: 'mm-empty'}, make('strong', {}, title), advice);
const chip = (label, human = false) => make('span', {class: human ? 'mm-chip human' : 'mm-chip'}, make('i', {tone: label}), inWords(label));
const button = (text, act, attributes = {}) => {
  const made = make('button', {type: 'button', class: 'mm-key', ...attributes}, text);
  made.addEventListener('click', act);
  return made;
};
const card = (title, ...children) => make('section', {class: 'mm-card mm-stack'}, title ? make('h3', {}, title) : null, ...children);
const table = (heads, rows, name) => make('div', {class: 'mm-scroll', tabindex: '0', role: 'region', 'aria-label': name}, make('table', {class: 'mm-table'},
  make('thead', {}, make('tr', {}, ...heads.map(([text, css]) => make('th', {scope: 'col', class: css}, text)))), make('tbody', {}, ...rows)));
// On a phone a row is a block, in which each figure stands under its head: none is out of sight.
const stacked = (heads, rows, name) => {
  for (const row of rows) [...row.children].forEach((one, at) => { if (one.tagName === 'TD') { one.classList.add('num'); one.dataset.head = heads[at][0]; } });
  const made = table(heads.map(([text]) => [text, 'num']), rows, name);
  made.firstChild.classList.add('mm-stacked');
  made.querySelector('th').classList.remove('num');
  return made;
};
const cell = (content, css = null) => make('td', {class: css}, content);

// Asks the server; null where it failed, which is told then.
const ask = async (name, more = {}) => {
  let answer = null;
  try { answer = await server[name]({...base, all, ...more}); } catch { /* told below */ }
  if (answer && !answer.error) return answer;
  tell(answer ? answer.error : words('silent'), true);
  return null;
};
// The same again until it is saved: a press that arrives twice is one.
// One after the other: what was pressed last is what counts, and a request that is sent again must not come after it.
let saving = Promise.resolve();
const save = (name, more) => {
  const asked = {...base, all, press: nextPress(), ...more};
  unsaved += 1;
  const done = saving.then(() => send(name, asked)).finally(() => { unsaved -= 1; });
  saving = done.catch(() => null);
  return done;
};
// Whoever leaves before the answer is here is asked first.
let unsaved = 0;
window.addEventListener('beforeunload', (event) => { if (unsaved) event.preventDefault(); });
const send = async (name, asked) => {
  for (const pauseMs of [0, 400, 1600]) {
    await new Promise((done) => setTimeout(done, pauseMs));
    let answer = null;
    try { answer = await server[name](asked); } catch { continue; }
    if (answer && !answer.error) return answer;
    if (answer) { tell(answer.error, true); return null; }
  }
  tell(words('silent'), true);
  return null;
};

const drawTop = () => {
  const who = make('p', {}, make('strong', {}, words('you', {name: facts.me})), make('span', {class: 'soft'}, ` · ${words(facts.lead ? 'lead' : 'annotator')}`));
  if (!facts.alone && !facts.oauth) who.append(' · ', make('a', {href: 'logout?all_session=false', id: 'mm-sign-out'}, words('sign_out')));
  const scope = make('select', {'aria-label': words('scope'), id: 'mm-team-scope'}, make('option', {value: ''}, words('one_episode')), make('option', {value: 'all'}, words('all_episodes', {n: facts.episodes ? facts.episodes.length : 0})));
  scope.value = all ? 'all' : '';
  scope.addEventListener('change', () => { all = scope.value === 'all'; refresh(); });
  part('top').replaceChildren(who, facts.episodes && facts.episodes.length > 1 ? scope : '');
};
const drawNav = () => {
  const counts = {conflicts: facts.conflicts, gold: facts.gold};
  for (const tab of part('nav').children) {
    const name = tab.dataset.view, chosen = name === view;
    tab.hidden = !facts.lead && !['progress', 'rounds'].includes(name);
    tab.replaceChildren(words(name), counts[name] ? make('span', {class: 'mm-count'}, number(counts[name])) : '');
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  part('nav').setAttribute('aria-label', words('sections'));
  part('nav').hidden = false;
};
const show = async (name) => {
  if (name !== view) tell('');  // what was done there is no news here
  view = name;
  for (const other of VIEWS) panelOf(other).hidden = other !== name;
  drawNav();
  if (!stale.has(name)) return;
  stale.delete(name);
  await DRAW[name](panelOf(name));
};
// What somebody else did since is shown when the tab is opened again.
const refresh = async () => {
  const mine = ++asked, answer = await ask('team_open');
  if (mine !== asked) return;
  if (!answer) return;
  facts = answer;
  tell('');
  if (!facts.episode) {
    part('top').replaceChildren();
    part('nav').hidden = true;
    for (const name of VIEWS) panelOf(name).hidden = name !== 'progress';
    panelOf('progress').replaceChildren(empty(words('nothing'), words('nothing_advice')));
    return;
  }
  stale = new Set(VIEWS);
  drawTop();
  await show(facts.lead || ['progress', 'rounds'].includes(view) ? view : 'progress');
};
// How much is open, after something that this page did itself.
const recount = (changes) => {
  for (const [name, by] of Object.entries(changes)) facts[name] = Math.max(0, facts[name] + by);
  if (changes.gold) stale.add('rounds');  // whose form asks whether to mix some in
  drawNav();
};

part('nav').addEventListener('click', (event) => {
  const tab = event.target.closest('[data-view]');
  if (tab) show(tab.dataset.view);
});
part('nav').addEventListener('keydown', (event) => {
  const tabs = [...part('nav').children].filter((tab) => !tab.hidden), at = tabs.indexOf(document.activeElement);
  const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1}[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const next = tabs[(to + tabs.length) % tabs.length];
  show(next.dataset.view);
  next.focus();
});
const isVisible = () => root.offsetParent !== null;
let seen = false;
new IntersectionObserver(() => {
  const now = isVisible();
  if (now && !seen && base) refresh();
  seen = now;
}).observe(root);
watch('value', () => {
  if (!props.value) return;
  base = JSON.parse(props.value);
  if (isVisible()) { seen = true; refresh(); }
});
