/* One connection for events, shared by all tabs of the daemon's pages in this browser. */
const ports = new Set();
const events = new EventSource('/api/events');
let last;

function tell(heard) {
  last = heard;
  for (const port of ports) port.postMessage(heard);
}

for (const word of ['change', 'alive'])
  events.addEventListener(word, ({ data }) => tell({ word, data: JSON.parse(data) }));
events.addEventListener('error', () => tell({ word: 'lost' }));
self.onconnect = ({ ports: [port] }) => {
  ports.add(port);
  if (last) port.postMessage(last);
};
