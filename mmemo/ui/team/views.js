// Progress, agreement, rounds.
const bar = (value, of, css = '') => make('span', {class: `mm-meter ${css}`, 'aria-hidden': 'true'}, make('i', {width: of ? Math.min(100, (100 * value) / of) : 0}));
const soft = (text) => make('span', {class: 'soft small'}, text);
// A figure that is not there says why.
const shareCell = (measure, n, why) => (!n ? [soft(words(why))] : [make('span', {}, percent(measure.value)), make('span', {class: 'soft'}, range(measure, percent)), make('span', {class: 'soft small block'}, words('of', {n: number(n)}))]);
const drawProgress = async (panel) => {
  const busy = facts.progress.filter((row) => row.assigned || row.answered || row.skipped !== null);
  const fastest = Math.max(1, ...facts.progress.map((row) => row.an_hour || 0));
  const rows = facts.progress.map((row) => make('tr', {},
    make('th', {scope: 'row'}, row.name),
    cell(row.assigned ? make('span', {class: 'mm-measured'}, bar(row.done, row.assigned), words('done_of', {done: number(row.done), assigned: number(row.assigned)})) : make('span', {class: 'soft'}, words('not_assigned'))),
    cell(number(row.answered), 'num'),
    cell(row.an_hour === null ? soft(words('too_few_presses')) : make('span', {class: 'mm-measured'}, bar(row.an_hour, fastest, 'speed'), make('span', {}, number(Math.round(row.an_hour)), make('span', {class: 'soft small block'}, words('in_minutes', {n: number(Math.max(1, Math.round(row.active_s / 60)))}))))),
    make('td', {}, ...shareCell(row.alike, row.met, row.untold ? 'not_during' : 'none_met')),
    make('td', {}, ...shareCell(row.gold, row.golds, row.untold ? 'not_during' : 'none_tested')),
    cell(percent(row.skipped), 'num'), cell(percent(row.rejected), 'num')));
  const heads = [['person'], ['done'], ['answered', 'num'], ['an_hour'], ['alike'], ['on_gold'], ['skipped', 'num'], ['rejected', 'num']].map(([key, css]) => [words(key), css || null]);
  const mine = facts.progress.find((row) => row.name === facts.me);
  panel.replaceChildren(
    card('', busy.length ? stacked(heads, rows, words('progress')) : empty(words('nobody'), words('nobody_advice')),
      mine && mine.assigned > mine.done ? make('p', {}, button(words('to_review'), openReview, {class: 'mm-key mm-main', id: 'mm-to-review'})) : '',
      make('p', {class: 'small soft'}, facts.progress.some((row) => row.untold) ? `${words('why_progress')} ${words('why_untold')}` : words('why_progress'))),
    facts.alone ? howToAdd() : '');
};
const howToAdd = () => {
  const step = (command, why) => make('li', {}, make('code', {}, command), make('span', {class: 'soft small block'}, why));
  return card(words('alone'), make('p', {}, words('alone_advice')), make('ol', {class: 'mm-commands'},
    step('python app.py --people people.txt --add-person ADA --lead', words('alone_lead')),
    step('python app.py --people people.txt --add-person BEN', words('alone_person')),
    step('python app.py --people people.txt', words('alone_start'))));
};
// Review may not be in the page before its tab is opened for the first time: it looks for what is wanted then.
const openReview = () => {
  sessionStorage.setItem('mm-review-wanted', 'assigned');
  const tab = [...document.querySelectorAll('#mm-tabs [role="tab"]')].find((one) => !root.contains(one) && one.textContent.trim() === REVIEW[LANGUAGE]);
  if (tab) tab.click();
  document.dispatchEvent(new CustomEvent('mm-review-wanted'));
};

const ranged = (measure, write) => [make('span', {}, write(measure.value)), make('span', {class: 'soft small block'}, range(measure, write))];
const drawAgreement = async (panel) => {
  panel.replaceChildren(empty(words('moment'), ''));
  const found = await ask('team_agreement');
  if (!found) { panel.replaceChildren(); return; }
  const group = found.group, fact = (value, title, more = '') => make('div', {}, make('b', {}, value, make('small', {class: 'soft'}, more)), make('span', {}, title));
  const known = group.by_class.filter((one) => one.n);
  const emotions = known.map((one) => make('tr', {}, make('th', {scope: 'row'}, chip(one.label)), cell(make('span', {class: 'mm-measured'}, bar(one.value || 0, 1), percent(one.value))), cell(number(one.n), 'num')));
  const matrix = make('div', {class: 'mm-stack', id: 'mm-team-matrix'});
  const pairs = found.pairs.map((pair) => make('tr', {}, make('th', {scope: 'row'}, `${pair.a} · ${pair.b}`), cell(number(pair.faces), 'num'),
    make('td', {class: 'num'}, ...ranged(pair.kappa, figure)), make('td', {class: 'num'}, ...ranged(pair.same, percent)),
    cell(button(words('show_matrix'), () => drawMatrix(matrix, pair, found.answers), {'aria-label': `${words('show_matrix')}: ${pair.a} · ${pair.b}`}))));
  if (found.pairs.length) drawMatrix(matrix, found.pairs[0], found.answers);
  panel.replaceChildren(
    card('', group.few ? make('p', {class: 'mm-notice', id: 'mm-team-few'}, words('few', {n: number(group.faces)})) : '',
      group.faces ? make('div', {class: 'mm-facts', id: 'mm-team-alpha'}, fact(figure(group.alpha.value), words('alpha'), range(group.alpha, figure)), fact(percent(group.same.value), words('same'), range(group.same, percent)),
        fact(number(group.faces), words('both_faces')), fact(number(group.words), words('both_words'))) : '',
      make('p', {class: 'small soft'}, words('why_alpha')), make('p', {class: 'small soft'}, `${words('why_first')} ${found.left_out ? counted('left_out', found.left_out) : ''}`)),
    emotions.length ? make('div', {class: 'mm-two'}, card(words('by_emotion'), table([[words('why_emotion')], ['', null], [words('labels_n'), 'num']], emotions, words('by_emotion'))),
      card(words('pairs'), stacked([[words('pair')], [words('faces')], [words('kappa')], [words('same_short')], ['']], pairs, words('pairs')), make('p', {class: 'small soft'}, words('why_kappa')))) : '',
    found.pairs.length ? card('', matrix) : '');
};
const drawMatrix = (place, pair, answers) => {
  const most = Math.max(1, ...pair.counts.flat());
  const used = answers.map((_, at) => at).filter((at) => pair.counts[at].some(Boolean) || pair.counts.some((row) => row[at]));
  const heads = [[''], ...used.map((at) => [inWords(answers[at]), 'num'])].map(([text, css]) => [text, css || null]);
  const rows = used.map((at) => make('tr', {}, make('th', {scope: 'row'}, chip(answers[at])), ...used.map((to) => {
    const n = pair.counts[at][to], made = cell(n ? number(n) : '·', at === to ? 'num same' : 'num');
    if (n) made.style.setProperty('--share', `${Math.round(12 + (48 * n) / most)}%`);
    return made;
  })));
  const shown = table(heads, rows, `${pair.a} · ${pair.b}`);
  shown.classList.add('mm-counts');
  place.replaceChildren(make('p', {class: 'small soft'}, words('matrix', {a: pair.a, b: pair.b})), shown);
};

const drawRounds = async (panel) => {
  const rows = facts.rounds.map((one) => make('tr', {}, make('th', {scope: 'row'}, one.title, make('span', {class: 'why'}, words('round_facts', {faces: words(`faces_${one.faces}`), share: Math.round(100 * one.overlap), by: one.by, seed: one.seed}))),
    cell(one.people.join(', ')), cell(one.episodes.join(', ')), cell(new Date(one.created_at).toLocaleDateString(LANGUAGE, {dateStyle: 'medium'})), cell(words(one.closed ? 'closed_round' : 'open_round')),
    cell(facts.lead && !one.closed ? button(words('close'), () => closeRound(one.id), {'aria-label': `${words('close')}: ${one.title}`}) : '')));
  const heads = [[words('round')], [words('whom')], [words('episodes')], ['', null], [words('state')], ['', null]].map(([text, css]) => [text, css || null]);
  panel.replaceChildren(rows.length ? card('', table(heads, rows, words('rounds'))) : empty(words('no_rounds'), words('no_rounds_advice')), facts.lead ? roundForm() : '');
  if (facts.lead) foresee();
};
const closeRound = async (round) => {
  const done = await save('team_close', {round});
  if (!done) return;
  await refresh();
  tell(words('closed'));
};
const field = (title, control, css = '') => make('label', {class: `mm-field ${css}`}, make('span', {}, title), control);
const ticks = (title, name, choices, chosen) => make('fieldset', {class: 'mm-ticks'}, make('legend', {}, title), ...choices.map((one) => make('label', {}, make('input', {type: 'checkbox', name, value: one, checked: chosen(one)}), one)));
const roundForm = () => {
  const form = make('form', {id: 'mm-round', class: 'mm-round'},
    field(words('round_title'), make('input', {name: 'title', maxlength: '80', value: words('round_default', {n: facts.rounds.length + 1}), autocomplete: 'off'})),
    field(words('which_faces'), make('select', {name: 'faces'}, ...['all', 'unlabelled', 'differ', 'issues'].map((one) => make('option', {value: one}, words(`faces_${one}`))))),
    field(words('most'), make('input', {name: 'most', type: 'number', min: '1', max: '100000', inputmode: 'numeric'})),
    facts.episodes.length > 1 ? ticks(words('episodes'), 'episodes', facts.episodes, (one) => all || one === facts.episode) : '',
    ticks(words('whom'), 'people', facts.names, () => true),
    facts.oauth ? field(words('more_names'), make('input', {name: 'more', autocomplete: 'off'})) : '',
    field(words('overlap'), make('input', {name: 'overlap', type: 'number', min: '0', max: '100', value: facts.names.length > 1 || facts.oauth ? '20' : '0'})),
    field(words('by'), make('input', {name: 'by', type: 'number', min: '2', max: '20', value: '2'})),
    make('p', {class: 'small soft wide'}, words('why_overlap')),
    make('label', {class: 'mm-tick wide'}, make('input', {name: 'gold', type: 'checkbox', checked: facts.gold > 0, disabled: facts.gold === 0}), words(facts.gold ? 'mix_gold' : 'no_gold_yet')),
    make('p', {class: 'wide mm-send'}, make('button', {type: 'submit', class: 'mm-key mm-main', id: 'mm-hand-out'}, words('hand_out')), make('span', {class: 'small soft', 'data-part': 'foreseen', role: 'status'})));
  form.addEventListener('submit', (event) => { event.preventDefault(); handOut(form); });
  form.addEventListener('change', () => foresee());
  return card(words('new_round'), form);
};
const roundOf = (form) => {
  const read = (name) => Math.trunc(Number(form.elements[name].value)) || 0;
  const ticked = (name) => [...form.querySelectorAll(`input[name="${name}"]:checked`)].map((one) => one.value);
  const more = form.elements.more ? form.elements.more.value.split(',').map((one) => one.trim()).filter(Boolean) : [];
  const people = [...new Set([...ticked('people'), ...more])];
  const several = people.length > 1;
  return {title: form.elements.title.value, faces: form.elements.faces.value, most: read('most'), people, episodes: facts.episodes.length > 1 ? ticked('episodes') : facts.episodes,
    overlap: several ? read('overlap') : 0, by: several ? Math.max(1, read('by')) : 1, seed: facts.rounds.length, gold: form.elements.gold.checked};
};
let foreseen = 0;
const foresee = async () => {
  const form = root.querySelector('#mm-round'), mine = ++foreseen;
  if (!form) return;
  let answer = null;
  try { answer = await server.team_preview({...base, ...roundOf(form)}); } catch { /* the form can be sent all the same */ }
  if (mine !== foreseen || !answer) return;
  const place = form.querySelector('[data-part="foreseen"]');
  place.textContent = answer.error || counted('would', answer.faces);
};
const handOut = async (form) => {
  const send = form.querySelector('#mm-hand-out');
  send.disabled = true;
  const done = await save('team_assign', roundOf(form));
  send.disabled = false;
  if (!done) return;
  await refresh();
  tell(words('handed_out', {faces: number(done.faces), several: number(done.several), questions: number(done.questions)}));
};
