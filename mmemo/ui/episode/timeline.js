// The drawn timeline of an episode. Two canvases' worth of marks and a handful of listeners, whatever the length:
// marks are looked up by time in sorted arrays, never one element or one handler a mark. All text goes through
// textContent. `element`, `props`, `watch` come from Gradio, WORDS from the app: {language: {key: text}}.
const root = element.querySelector('.mm-tl');
const [scroller, space, stage, canvas] = ['scroll', 'space', 'stage', 'canvas'].map((name) => root.querySelector(`.mm-tl-${name}`));
const [head, names, tip, shows, legend] = ['head', 'names', 'tip', 'shows', 'legend'].map((name) => root.querySelector(`.mm-tl-${name}`));
const pen = canvas.getContext('2d');
const HEIGHT = {speech: 10, cues: 26, shots: 12, tracks: 14, mood: 16, checks: 16};
const AXIS = 22, GAP = 7, ABOVE_MOOD = 9, MOOD_PX = 62, SHORTEST_MS = 30000, NEAR_PX = 4;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
let data = null, lanes = [], cues = null, width = 0, span = 1, chosen = -1, playing = -1, leftAloneUntil = 0, ownScroll = false, asked = false, following = false;

const words = WORDS[navigator.language.toLowerCase().split('-')[0]] || WORDS.en;
const say = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const speak = () => {
  for (const place of root.querySelectorAll('[data-say]')) place.textContent = words[place.dataset.say];
  for (const named of [root, ...root.querySelectorAll('[data-name]')]) {
    named.setAttribute('aria-label', words[named.dataset.name]);
    if (named.dataset.zoom) named.title = words[named.dataset.name];
  }
};
const video = () => document.querySelector('#mm-player video');
const pad = (number) => String(number).padStart(2, '0');
const clock = (ms) => {
  const s = Math.floor(ms / 1000), hours = Math.floor(s / 3600);
  return hours ? `${hours}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
};
const inWords = (ms) => (ms >= 120000 ? `${Math.round(ms / 60000)} min` : `${Math.round(ms / 1000)} s`);
const firstMs = () => (scroller.scrollLeft / width) * span;
const xOf = (ms) => ((ms - firstMs()) / span) * width;

// The first mark of a lane that may still be there at `ms`: ends are not in order, their running maximum is.
const firstAt = (lane, ms) => {
  let low = 0, high = lane.start.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane.lastEnd[middle] <= ms) low = middle + 1; else high = middle;
  }
  return low;
};

const build = () => {
  const next = props.value ? JSON.parse(props.value) : null, view = data && next && data.files === next.files ? [span, firstMs()] : null;
  data = next;
  root.hidden = !data || !data.duration;
  speak();
  playing = -1;
  hideTip();
  if (root.hidden) return;
  let top = AXIS;
  names.replaceChildren();
  lanes = data.lanes.map((lane, n) => {
    let last = 0;
    const low = lane.kind === 'tracks' && data.lanes[n + 1]?.kind === 'mood'; // with its emotions close below it
    const made = {...lane, top, height: low ? ABOVE_MOOD : HEIGHT[lane.kind], lastEnd: lane.end.map((end) => (last = Math.max(last, end)))};
    const label = document.createElement('div');
    label.textContent = label.title = lane.kind !== 'mood' ? lane.name : lane.name ? '' : words.lane_mood;
    label.dataset.lane = lane.kind;
    Object.assign(label.style, {top: `${top}px`, height: `${made.height}px`});
    names.append(label);
    top += made.height + (low ? 2 : GAP);
    return made;
  });
  cues = lanes.find((lane) => lane.kind === 'cues');
  root.style.setProperty('--tall', `${top}px`);
  stage.setAttribute('aria-valuemax', String(cues ? cues.start.length : 0));
  for (const mark of legend.children) mark.hidden = !data.legend.includes(mark.dataset.mark);
  root.dataset.marks = String(lanes.reduce((sum, lane) => sum + lane.start.length, 0));
  choose(-1);
  width = 0;
  measure();
  if (view && width) zoomTo(view[0], view[1], 0);
};

const measure = () => {
  const now = scroller.clientWidth;
  if (!data || !now || now === width) return;
  const from = width ? firstMs() : 0;
  width = now;
  zoomTo(span > 1 && from ? span : data.duration, from, 0);
};

// Scrolling that nobody did by hand, so that it does not stop the view from following the player.
const scrollTo = (px) => {
  const before = scroller.scrollLeft;
  scroller.scrollLeft = px;
  ownScroll = scroller.scrollLeft !== before;
  if (ownScroll) hideTip();
};

const zoomTo = (wanted, ms, x) => {
  span = Math.max(Math.min(SHORTEST_MS, data.duration), Math.min(data.duration, wanted));
  space.style.width = `${Math.round((width * data.duration) / span)}px`;
  stage.style.width = `${width}px`;
  scrollTo((ms / span) * width - x);
  shows.textContent = span >= data.duration ? words.whole_episode : say('across', {time: inWords(span)});
  root.querySelector('[data-zoom="in"]').disabled = span <= SHORTEST_MS;
  root.querySelector('[data-zoom="out"]').disabled = root.querySelector('[data-zoom="all"]').disabled = span >= data.duration;
  draw();
};

// Around the playhead while it can be seen, else around the middle.
const zoomBy = (factor) => {
  const player = video(), now = player ? player.currentTime * 1000 : -1, x = xOf(now);
  const anchor = chosen >= 0 && xOf(cues.start[chosen]) >= 0 && xOf(cues.start[chosen]) <= width ? xOf(cues.start[chosen]) : x >= 0 && x <= width ? x : width / 2;
  zoomTo(span * factor, firstMs() + (anchor / width) * span, anchor);
};

const draw = () => {
  if (!asked) requestAnimationFrame(paint);
  asked = true;
};

const paint = () => {
  asked = false;
  if (!data || !width) return;
  const ratio = window.devicePixelRatio || 1, tall = parseFloat(root.style.getPropertyValue('--tall'));
  const [wide, high] = [Math.round(width * ratio), Math.round(tall * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, tall);
  const style = getComputedStyle(root), tone = (name) => style.getPropertyValue(`--${name}`).trim();
  const from = firstMs(), scale = width / span;
  paintAxis(from, scale, tall, tone);
  for (const lane of lanes) (lane.kind === 'mood' ? paintMoods : paintLane)(lane, from, scale, tone);
  movePlayhead();
};

const paintAxis = (from, scale, tall, tone) => {
  const step = (STEPS_S.find((s) => s * 1000 * scale >= 74) || 7200) * 1000;
  pen.font = `12px ${getComputedStyle(root).fontFamily}`;
  pen.textBaseline = 'middle';
  for (let ms = Math.floor(from / step) * step; ms <= Math.min(from + span, data.duration); ms += step) {
    const x = Math.round((ms - from) * scale);
    pen.fillStyle = tone('mm-line');
    pen.fillRect(x, AXIS - 5, 1, tall);
    pen.fillStyle = tone('mm-soft');
    if (x + 40 < width) pen.fillText(clock(ms), x + (x ? -1 : 0) + 4, AXIS / 2 - 1);
  }
};

const paintLane = (lane, from, scale, tone) => {
  const colours = lane.tones.map((name) => tone(name)), until = from + span;
  const painted = colours.map(() => -Infinity);
  let filled = -1;
  for (let i = firstAt(lane, from); i < lane.start.length && lane.start[i] <= until; i++) {
    if (lane.end[i] < from) continue;
    const tint = lane.tone ? lane.tone[i] : i % colours.length;
    const x = (lane.start[i] - from) * scale, wide = Math.max(1.5, (lane.end[i] - lane.start[i]) * scale - (scale > 0.01 ? 1 : 0));
    if (x + wide < painted[tint] + 0.5) continue; // nothing of it would be seen
    painted[tint] = x + wide;
    if (tint !== filled) pen.fillStyle = colours[filled = tint];
    if (lane.kind === 'checks') paintCheck(lane, x);
    else {
      const low = lane.low && lane.low[i] ? Math.round(lane.height * 0.42) : 0;
      pen.fillRect(x, lane.top + low, wide, lane.height - low);
      if (lane.text && wide > 46) paintWords(lane, i, x, wide, low, tone);
      if (lane.text && wide > 46) filled = -1;
    }
  }
  const marked = lane === cues && chosen >= 0 ? chosen : -1;
  if (marked >= 0) outline(lane, marked, from, scale, tone('mm-ink'));
};

// Means over spans of time that are wide enough for a word, on a grid that stays while somebody scrolls.
const moodsOf = (lane, scale) => {
  const step = 1000 * (STEPS_S.find((s) => s * 1000 * scale >= MOOD_PX) || 7200);
  if (lane.moods?.step === step) return lane.moods;
  const spans = new Map();
  lane.start.forEach((start, i) => {
    const number = Math.floor((start + lane.end[i]) / 2 / step);
    if (!spans.has(number)) spans.set(number, {number, n: 0, sums: data.labels.map(() => 0)});
    const one = spans.get(number);
    one.n += 1;
    lane.shares[i].forEach((share, k) => { one.sums[k] += share; });
  });
  for (const one of spans.values()) one.order = data.labels.map((_, k) => k).sort((a, b) => one.sums[b] - one.sums[a]);
  return lane.moods = {step, spans};
};

// A pale block of the emotion's colour with a full line below and its name in the ink of the page.
const paintMoods = (lane, from, scale, tone) => {
  const {step, spans} = moodsOf(lane, scale), ink = tone('mm-ink');
  pen.font = `11.5px ${getComputedStyle(root).fontFamily}`;
  for (const one of spans.values()) {
    const start = one.number * step, x = (start - from) * scale, wide = Math.min(step, data.duration - start) * scale - 1.5;
    if (x + wide < 0 || x > width) continue;
    pen.fillStyle = tone(`emo-${data.labels[one.order[0]]}`);
    pen.globalAlpha = 0.28;
    pen.fillRect(x, lane.top, wide, lane.height - 3);
    pen.globalAlpha = 1;
    pen.fillRect(x, lane.top + lane.height - 3, wide, 3);
    pen.save();
    pen.beginPath();
    pen.rect(x, lane.top, wide, lane.height);
    pen.clip();
    pen.fillStyle = ink;
    pen.fillText(data.labels[one.order[0]], Math.max(x, 0) + 4, lane.top + lane.height / 2 - 0.5);
    pen.restore();
  }
};

const paintCheck = (lane, x) => {
  const y = lane.top + lane.height / 2, half = 5;
  pen.beginPath();
  pen.moveTo(x, y - half);
  pen.lineTo(x + half, y);
  pen.lineTo(x, y + half);
  pen.lineTo(x - half, y);
  pen.fill();
};

// A long mark carries the beginning of its line, also when its own beginning is out of sight.
const paintWords = (lane, i, x, wide, low, tone) => {
  const left = Math.max(x, 0), room = Math.min(x + wide, width) - left;
  if (room < 40) return;
  pen.save();
  pen.beginPath();
  pen.rect(left, lane.top, room - 3, lane.height);
  pen.clip();
  pen.font = `11.5px ${getComputedStyle(root).fontFamily}`;
  pen.fillStyle = tone(lane.inks[lane.tone[i]]);
  pen.fillText(lane.text[i], left + 5, lane.top + low + (lane.height - low) / 2 + 0.5);
  pen.restore();
};

const outline = (lane, i, from, scale, colour) => {
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.strokeRect((lane.start[i] - from) * scale - 1, lane.top - 1, Math.max(3, (lane.end[i] - lane.start[i]) * scale) + 2, lane.height + 2);
};

// What lies under a point: the mark that is hit, or the nearest one within a few pixels.
const under = (event) => {
  const box = stage.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const ms = firstMs() + (x / width) * span, near = (NEAR_PX / width) * span;
  const lane = lanes.find((one) => y >= one.top - GAP / 2 && y < one.top + one.height + GAP / 2);
  if (lane && lane.kind === 'mood') {
    const {step, spans} = moodsOf(lane, width / span), number = Math.floor(ms / step);
    return {ms: Math.max(0, Math.min(ms, data.duration)), x, lane, i: spans.has(number) ? number : -1};
  }
  let best = -1, closest = Infinity;
  for (let i = lane ? firstAt(lane, ms - near) : 0; lane && i < lane.start.length && lane.start[i] <= ms + near; i++) {
    const away = Math.max(lane.start[i] - ms, ms - lane.end[i], 0);
    if (away <= near && away <= closest) [best, closest] = [i, away];
  }
  return {ms: Math.max(0, Math.min(ms, data.duration)), x, lane, i: best};
};

const lineOf = (i) => {
  const who = cues.who[i] ? `${cues.who[i]}: ` : '';
  return `${who}${cues.text[i] || words.no_words}`;
};

// Heading, sentence, rest and picture of a mark.
const told = ({lane, i, ms}) => {
  if (!lane || i < 0) return null;
  if (lane.kind === 'mood') return toldMood(lane, i);
  const times = say('span', {start: clock(lane.start[i]), end: clock(lane.end[i])});
  if (lane.kind === 'cues') return [times, lineOf(i), data.outcomes[lane.tone[i] ? lane.why[i] : 0], lane.scene && lane.scene[i]];
  if (lane.kind === 'tracks') {
    const said = lane.cue[i] < 0 ? '' : lineOf(lane.cue[i]);
    return [say('face', {number: lane.track[i], time: clock(lane.start[i])}), said, data.roles[lane.role[i]], lane.crop[i]];
  }
  if (lane.kind === 'checks') return [`${lane.what[i]}, ${clock(lane.start[i])}`, lane.cue[i] < 0 ? '' : lineOf(lane.cue[i]), lane.words[i], null];
  if (lane.kind === 'shots') return [say('shot', {number: i + 1}), '', times, null];
  return [words.speech, '', times, null];
};

const toldMood = (lane, number) => {
  const {step, spans} = moodsOf(lane, width / span), {n, sums, order} = spans.get(number);
  const times = say('span', {start: clock(number * step), end: clock(Math.min((number + 1) * step, data.duration))});
  const most = order.slice(0, 3).filter((k) => sums[k] / n >= 5).map((k) => `${data.labels[k]} ${Math.round(sums[k] / n)} %`);
  const whose = words[data.legend.find((name) => name.startsWith('mood_'))];
  return [lane.name ? `${lane.name}, ${times}` : times, most.join(', '), `${n === 1 ? words.mean_one : say('mean_many', {count: n})}; ${whose}`, null];
};

const showTip = (mark, x) => {
  const parts = told(mark);
  if (!parts) return hideTip();
  const [picture, ...texts] = tip.children;
  picture.hidden = !parts[3];
  picture.classList.toggle('face', mark.lane.kind === 'tracks');
  if (parts[3] && picture.getAttribute('src') !== data.files + parts[3]) picture.src = data.files + parts[3];
  texts.forEach((text, n) => { text.textContent = parts[n]; text.hidden = !parts[n]; });
  tip.hidden = false;
  tip.style.left = '0px'; // its width, and so its height, depends on the room to the right
  const left = scroller.offsetLeft + x - tip.offsetWidth / 2, box = stage.getBoundingClientRect();
  const below = box.bottom + tip.offsetHeight + 20 < window.innerHeight || box.top < tip.offsetHeight;
  tip.style.top = `${below ? stage.offsetHeight + 14 : -tip.offsetHeight - 4}px`;
  tip.style.left = `${Math.max(0, Math.min(left, names.parentElement.clientWidth - tip.offsetWidth))}px`;
};
const hideTip = () => { tip.hidden = true; };

const choose = (i) => {
  chosen = i;
  const told = i < 0 ? words.no_line : say('line', {number: i + 1, total: cues.start.length, time: clock(cues.start[i]), words: lineOf(i), outcome: data.outcomes[cues.tone[i] ? cues.why[i] : 0]});
  stage.setAttribute('aria-valuenow', String(i + 1));
  stage.setAttribute('aria-valuetext', told);
};

const reveal = (ms) => {
  const x = xOf(ms);
  if (x >= 0 && x <= width * 0.95) return;
  scrollTo(scroller.scrollLeft + x - width * 0.15);
};

const play = (ms) => {
  const player = video();
  playing = chosen;
  root.querySelector('.mm-tl-note').hidden = Boolean(player);
  if (!player) return;
  const go = () => { player.currentTime = ms / 1000; player.play().catch(() => {}); };
  if (player.readyState >= 1) go(); else player.addEventListener('loadedmetadata', go, {once: true});
};

const movePlayhead = () => {
  const player = video(), now = player && player.readyState >= 1 ? player.currentTime * 1000 : -1, x = xOf(now);
  head.hidden = now < 0 || x < -1 || x > width + 1;
  if (!head.hidden) head.style.transform = `translateX(${x}px)`;
};

const follow = () => {
  const player = video();
  following = Boolean(player && data && width && !player.paused && !player.ended);
  if (!player || !data || !width) return;
  if (following && span < data.duration && performance.now() > leftAloneUntil) reveal(player.currentTime * 1000);
  if (following && cues) markSpoken(player.currentTime * 1000);
  movePlayhead();
  if (following) requestAnimationFrame(follow);
};

// The line that is spoken is the chosen one, unless somebody went elsewhere by keys; nothing is announced.
const markSpoken = (now) => {
  const i = firstAt(cues, now);
  if (chosen !== playing || i === chosen || i >= cues.start.length || cues.start[i] > now) return;
  chosen = playing = i;
  draw();
};

const step = (to) => {
  if (!cues || !cues.start.length) return;
  const player = video(), now = player ? player.currentTime * 1000 : 0;
  const here = chosen >= 0 ? chosen : Math.max(0, firstAt(cues, now)) - (to > 0 ? 1 : 0);
  choose(Math.max(0, Math.min(cues.start.length - 1, here + to)));
  reveal(cues.start[chosen]);
  draw();
  showTip({lane: cues, i: chosen}, xOf(cues.start[chosen]));
};

const KEYS = {
  ArrowRight: () => step(1), ArrowDown: () => step(1), ArrowLeft: () => step(-1), ArrowUp: () => step(-1),
  PageDown: () => step(10), PageUp: () => step(-10), Home: () => step(-Infinity), End: () => step(Infinity),
  Enter: () => { if (chosen >= 0) play(cues.start[chosen]); },
  ' ': () => { const player = video(); if (player) player.paused ? player.play().catch(() => {}) : player.pause(); },
  '+': () => zoomBy(0.5), '=': () => zoomBy(0.5), '-': () => zoomBy(2), Escape: hideTip,
};

stage.addEventListener('keydown', (event) => {
  const act = event.ctrlKey || event.metaKey || event.altKey ? null : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
stage.addEventListener('pointermove', (event) => {
  const mark = under(event);
  stage.style.cursor = mark.i >= 0 ? 'pointer' : 'crosshair';
  if (event.pointerType === 'mouse') showTip(mark, mark.x);
});
stage.addEventListener('pointerleave', hideTip);
stage.addEventListener('blur', hideTip);
stage.addEventListener('click', (event) => {
  const mark = under(event), {lane, i} = mark;
  const cue = !lane || i < 0 ? -1 : lane.kind === 'cues' ? i : lane.cue ? lane.cue[i] : -1;
  if (cue >= 0 && cues) choose(cue);
  draw();
  showTip(mark, mark.x);
  play(lane && i >= 0 && !['shots', 'speech', 'mood'].includes(lane.kind) ? lane.start[i] : mark.ms);
});
scroller.addEventListener('scroll', () => {
  if (!ownScroll) {
    leftAloneUntil = performance.now() + 4000;
    hideTip();
  }
  ownScroll = false;
  draw();
});
scroller.addEventListener('wheel', (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const {ms, x} = under(event);
  zoomTo(span * (event.deltaY > 0 ? 1.25 : 0.8), ms, x);
}, {passive: false});
root.querySelector('.mm-tl-bar').addEventListener('click', (event) => {
  const button = event.target.closest('[data-zoom]');
  if (button && button.dataset.zoom === 'all') zoomTo(data.duration, 0, 0);
  else if (button) zoomBy(button.dataset.zoom === 'in' ? 0.5 : 2);
});
document.addEventListener('mm-play', (event) => {
  play(event.detail);
  document.getElementById('mm-player')?.scrollIntoView({behavior: 'smooth', block: 'nearest'});
});
// Events of a player do not bubble, and the player itself is exchanged with the episode: so they are caught on the way down.
for (const name of ['play', 'seeked', 'timeupdate', 'loadedmetadata', 'emptied'])
  document.addEventListener(name, (event) => { if (event.target === video() && !following) follow(); }, true);
new ResizeObserver(measure).observe(scroller);
new MutationObserver(draw).observe(document.body, {attributes: true, attributeFilter: ['class']});
watch('value', build);
build();
