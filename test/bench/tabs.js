/*
 * Open tabs of a daemon's status page, as many as are asked for: `node tabs.js URL NUMBER`. Each does what live.js does:
 * it follows the events, asks for the page again after each change, and once a minute. A dot on standard output for each.
 */
import { Agent, get } from 'node:http';

const [url, number] = process.argv.slice(2);

function tab() {
  const agent = new Agent({ keepAlive: true });
  let isAsking = false;
  let again = false;
  const look = () => {
    again = true;
    if (isAsking) return;
    isAsking = true;
    again = false;
    process.stdout.write('.');
    const over = () => {
      isAsking = false;
      if (again) look();
    };
    get(`${url}/`, { agent }, (response) => response.resume().on('end', over)).on('error', over);
  };
  get(`${url}/api/events`, { agent: false }, (events) => {
    let rest = '';
    events.setEncoding('utf8').on('data', (more) => {
      const parts = (rest + more).split('\n\n');
      rest = parts.pop();
      for (const part of parts) if (part.startsWith('event: change')) look();
    });
  });
  setInterval(look, 60_000);
}

for (let n = 0; n < Number(number); n++) tab();
