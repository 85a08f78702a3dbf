// What was pressed and not yet acknowledged. Every press names its faces and has a number of its own, so it may be
// sent again until the server says that it is saved; it survives a reload of the page.
const UNSAVED = 'mm-review-unsaved', PATIENCE_MS = 15000, LONGEST_MS = 120000, MOST = 30;
const client = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
let seq = 0, sending = false, failures = 0, trouble = '', refusal = '', onSaved = () => {}, onState = () => {};
let queue = JSON.parse(sessionStorage.getItem(UNSAVED) || '[]');

const keepQueue = () => {
  try { sessionStorage.setItem(UNSAVED, JSON.stringify(queue)); } catch { /* a full or forbidden storage: the page still has them */ }
  onState(queue.length, trouble);
};
const enqueue = (press) => {
  const made = {id: `${client}-${++seq}`, seq, ...press};
  queue.push(made);
  keepQueue();
  send();
  return made.id;
};
const isUnsaved = (item) => queue.some((press) => (press.items || []).includes(item));
const later = (ms) => new Promise((done) => setTimeout(done, ms));

const settle = (answer, batch) => {
  const done = new Set([...answer.acks, ...answer.refused.map((one) => one.id)]);
  queue = queue.filter((press) => !done.has(press.id));
  failures = 0;
  trouble = '';
  if (answer.refused.length) refusal = word('refused', {why: answer.refused[0].why}); // until somebody has read it
  keepQueue();
  onSaved(answer, batch);
};
// One request at a time, the oldest presses first: so they are saved in the order in which they were made. An answer
// that comes after the patience is over counts all the same; a busy server is given more time.
const send = async () => {
  if (sending || !queue.length) return;
  sending = true;
  const batch = queue.slice(0, MOST), patience = Math.min(LONGEST_MS, PATIENCE_MS * 2 ** failures);
  let answer = null;
  const asked = Promise.resolve(server.review_save({presses: batch, blind})).catch(() => null);
  answer = await Promise.race([asked, later(patience).then(() => 'late')]);
  if (answer === 'late') asked.then((late) => { if (late && late.acks) settle(late, batch); });
  sending = false;
  if (answer && answer.acks) {
    settle(answer, batch);
    send();
    return;
  }
  failures += 1;
  trouble = answer && answer.error ? answer.error : word('silent');
  keepQueue();
  await later(Math.min(8000, 250 * 2 ** failures));
  send();
};
window.addEventListener('beforeunload', (event) => { if (queue.length) event.preventDefault(); });
window.addEventListener('online', () => send());
