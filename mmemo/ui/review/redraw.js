// Puts what was made anew in the place of what is shown, and touches only what differs: a browser styles, lays out and
// paints only that again, pictures stay and what has the focus keeps it.
const sameKind = (one, other) => one.nodeName === other.nodeName
  && (one.nodeName !== 'DIV' || one.classList[0] === other.classList[0])
  && (one.nodeName !== 'IMG' || one.src === other.src); // a picture that still loads must not show the face before it
const redraw = (shown, made) => {
  if (!sameKind(shown, made)) { shown.replaceWith(made); return; }
  if (shown.nodeType === Node.TEXT_NODE) { if (shown.data !== made.data) shown.data = made.data; return; }
  if (shown.dataset.keep && shown.dataset.keep === made.dataset.keep) return; // a clip that plays
  for (const {name, value} of made.attributes) if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  for (const {name} of [...shown.attributes]) if (!made.hasAttribute(name) && name !== 'open') shown.removeAttribute(name);
  redrawInside(shown, [...made.childNodes]);
};
const redrawInside = (shown, made) => {
  let here = shown.firstChild;
  for (const child of made) {
    let match = here;
    while (match && !sameKind(match, child)) match = match.nextSibling;
    if (!match) { shown.insertBefore(child, here); continue; }
    while (here !== match) { const gone = here; here = here.nextSibling; gone.remove(); }
    here = here.nextSibling;
    redraw(match, child);
  }
  while (here) { const gone = here; here = here.nextSibling; gone.remove(); }
};
const write = (shown, text) => { if (shown.textContent !== text) shown.textContent = text; };
