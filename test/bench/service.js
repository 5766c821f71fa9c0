/*
 * A service for benchmarks, a process of its own: takes every call, and knows how many came and how close together.
 * Prints its port. GET /arrivals tells of the calls since it was last asked: { requests, most, span }, where `most` is the
 * most within any second and `span` the milliseconds from the first to the last. DELAY is the longest time that a request and its
 * answer take on the way, each, in milliseconds; how long is another one each time.
 */
import { createServer } from 'node:http';

const DELAY = Number(process.env.DELAY ?? 0);
let arrivals = [];

const server = createServer((request, response) => {
  if (request.url === '/arrivals') {
    response.end(JSON.stringify(summary(arrivals)));
    arrivals = [];
    return;
  }
  const [, , , , , resourceId, , sid] = request.url.slice(1).split('/');
  request.resume().on('end', () => {
    later(() => {
      arrivals.push(performance.now());
      later(() =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ resourceId, sid })),
      );
    });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

function later(act) {
  if (DELAY === 0) act();
  else setTimeout(act, Math.random() * DELAY);
}

function summary(times) {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while (times[to] - times[from] >= 1000) from++;
    most = Math.max(most, to - from + 1);
  }
  return { requests: times.length, most, span: times.length > 0 ? times.at(-1) - times[0] : 0 };
}
