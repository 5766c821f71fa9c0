import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { whenTestEnds } from './cli.ts';

/** A way to a database, through this process, that can be cut: nothing goes through it, and nothing says so. */
export async function cuttable(address: string) {
  const { hostname, port } = new URL(address);
  const pairs = new Set<[Socket, Socket]>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    const end = () => {
      for (const socket of pair) socket.destroy();
      pairs.delete(pair);
    };
    for (const [from, to] of [pair, [far, near]] as [Socket, Socket][]) {
      from.on('error', end);
      from.on('close', end);
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenTestEnds(() => {
    server.close();
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  });
  const proxied = new URL(address);
  proxied.port = String((server.address() as AddressInfo).port);
  return {
    proxied: proxied.href,
    /** Open connections go silent, and new ones are refused. */
    cut() {
      isCut = true;
      for (const pair of pairs)
        for (const socket of pair) {
          socket.unpipe();
          socket.pause();
        }
    },
    mend() {
      isCut = false;
      for (const pair of [...pairs]) for (const socket of pair) socket.destroy();
    },
  };
}
