// The words of the page in the language of the browser; WORDS holds them in all languages.
const wished = (navigator.language || '').toLowerCase().split('-')[0], LANGUAGE = wished in WORDS ? wished : 'en';
const word = (key, values = {}) => WORDS[LANGUAGE][key].replace(/\{(\w+)\}/g, (hole, name) => (name in values ? values[name] : hole));
const numbers = new Intl.NumberFormat(LANGUAGE), amount = (number) => numbers.format(number);
const plural = (key, number, values = {}) => word(`${key}.${number === 1 ? 'one' : 'many'}`, {n: amount(number), ...values});
const percent = (share) => `${Math.round(100 * share)} %`;
const REJECT = 'reject', SKIP = 'skip';
// An emotion keeps its English name, which is what is stored; what a mouse shows says it in the page's language.
const inWords = (label) => ({[REJECT]: word('unusable'), [SKIP]: word('skipped'), withdraw: word('withdrawn')})[label] ?? label;
const meant = (label) => (LANGUAGE === 'en' ? null : WORDS[LANGUAGE][`label.${label}`] ?? null);
// People without a name are numbered by the server.
const whom = (name) => {
  const found = /^person (\d+)(?: of (.*))?$/.exec(name);
  return found ? word(found[2] ? 'person.of' : 'person', {n: found[1], episode: found[2]}) : name;
};
const fillWords = (root) => {
  for (const one of root.querySelectorAll('[data-say]')) one.textContent = word(one.dataset.say);
  for (const one of root.querySelectorAll('[data-label]')) one.setAttribute('aria-label', word(one.dataset.label));
  for (const one of root.querySelectorAll('[data-title]')) one.title = word(one.dataset.title);
};
