/*
 * Keeps a page as the daemon has it: with each event the page is asked for again, and what differs is put in its place.
 * Without this script the page is the same, and stays as it was loaded.
 */

const status = document.getElementById('live');
let asked = false;
let isAsking = false;

/** Between two looks when nothing happens, in milliseconds: the graph moves on with time. */
const QUIET = 60_000;
let lookedAt = Date.now();

async function refresh() {
  asked = true;
  // A hidden tab waits until it is seen.
  if (isAsking || document.hidden) return;
  isAsking = true;
  while (asked && !document.hidden) {
    asked = false;
    try {
      const answer = await fetch(location.pathname + location.search);
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.title = page.title;
      replace(document.querySelector('main'), page.querySelector('main'));
      lookedAt = Date.now();
      say('Live.');
    } catch {
      say('The daemon does not answer. What is shown may be old.');
    }
  }
  isAsking = false;
}

/** Puts what differs in its place and leaves the rest as it is: focus, selection and what is being typed stay. */
function replace(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeType === Node.TEXT_NODE) old.data = now.data;
  else if (old.cloneNode().isEqualNode(now.cloneNode())) merge(old, now);
  else old.replaceWith(now);
}

/** The children of an element: those with a key are found by it, others by their place. */
function merge(old, now) {
  const wanted = new Set([...now.children].map(keyOf));
  for (const child of [...old.children]) if (keyOf(child) && !wanted.has(keyOf(child))) child.remove();
  const kept = new Map([...old.children].map((child) => [keyOf(child), child]));
  let at = old.firstChild;
  for (const each of [...now.childNodes]) {
    const key = keyOf(each);
    const inPlace = at && !keyOf(at) && at.nodeName === each.nodeName ? at : undefined;
    const same = key ? kept.get(key) : inPlace;
    if (!same) {
      old.insertBefore(each, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    replace(same, each);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function keyOf(node) {
  return node.dataset?.key;
}

function say(words) {
  if (status && status.textContent !== words) status.textContent = words;
}

/** Lets "3 min ago" go on. */
function tick() {
  for (const element of document.querySelectorAll('time[data-ago]')) {
    const words = `${duration(Date.now() - Date.parse(element.dateTime))} ago`;
    if (element.textContent !== words) element.textContent = words;
  }
  if (Date.now() - lookedAt > QUIET) refresh();
}

function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** What the daemon says: "change" and "alive" with numbers and times, "lost" where it says nothing. */
function heard({ word, data }) {
  if (word === 'lost') return say('The connection to the daemon is lost. What is shown may be old.');
  if (word === 'change') return refresh();
  say('Live.');
  const looked = document.querySelector('#looked time');
  if (looked && data.looked_at) looked.dateTime = data.looked_at;
}

// One worker has the events of all tabs, because a browser opens few connections to a server.
if (typeof SharedWorker === 'function') {
  const worker = new SharedWorker('/page/worker.js');
  worker.port.onmessage = ({ data }) => heard(data);
} else {
  const events = new EventSource('/api/events');
  for (const word of ['change', 'alive'])
    events.addEventListener(word, ({ data }) => heard({ word, data: JSON.parse(data) }));
  events.addEventListener('error', () => heard({ word: 'lost' }));
}
document.addEventListener('visibilitychange', () => {
  if (asked) refresh();
});
setInterval(tick, 1_000);
