import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What is asked of one request before its first byte is written. */
export interface Opening {
  /** How long its connection may take to be open, in milliseconds. */
  patience: number;
  /** It has a connection, which may not be open yet. */
  found: (socket: Socket) => void;
  /** Its connection is open. @returns whether it goes on */
  open: () => Promise<boolean>;
  /** What its request ends with when the connection is not open in time. */
  late: () => Error;
}

/** Node's own, by which an agent gives a request its connection. */
type Assigned = Omit<ClientRequest, 'onSocket'> & { onSocket(socket: Socket | null, error?: Error): void };

/** Why a request ends that does not go on. */
export class HeldBackError extends Error {
  override name = 'HeldBackError';
}

/**
 * An agent for one request, which gets its connection only once that is open and `way.open` agrees: all of the request
 * is written in the tick after that, and nothing of it before. Until then it holds the connection, and gives it back
 * where it does not go on.
 */
export function waitingAgent<T extends Agent>(agent: T, way: Opening): T {
  const addRequest = (request: Assigned, ...rest: unknown[]) => {
    const assign = request.onSocket.bind(request);
    request.onSocket = (socket, error) => {
      if (error || !socket) assign(socket, error);
      else holdBack(request, socket, way, () => assign(socket));
    };
    (agent as T & { addRequest(...args: unknown[]): void }).addRequest(request, ...rest);
  };
  return Object.create(agent, { addRequest: { value: addRequest } }) as T;
}

function holdBack(request: Assigned, socket: Socket, way: Opening, assign: () => void): void {
  let isAssigned = false;
  const goOn = () => {
    if (isAssigned) return;
    isAssigned = true;
    socket.off('error', fail);
    // A request that has ended gives its connection back, or ends it.
    assign();
  };
  const destroy = request.destroy.bind(request);
  request.destroy = (error?: Error) => {
    destroy(error);
    goOn();
    return request;
  };
  const fail = (error: Error) => void request.destroy(error);
  socket.on('error', fail);
  if (request.destroyed) {
    goOn();
    return;
  }
  way.found(socket);
  opened(socket, way)
    .then(() => way.open())
    .then((isOpen) => {
      if (!isOpen) fail(new HeldBackError('held back'));
      // The other end may close an idle connection at any time, and nothing more would be heard of it.
      else if (socket.destroyed || !socket.writable) fail(cut());
      else goOn();
    })
    .catch(fail);
}

/** Resolves when a connection is open, and secure where it is to be. */
function opened(socket: Socket, way: Opening): Promise<void> {
  const { secureConnecting } = socket as TLSSocket & { secureConnecting?: boolean };
  if (!socket.connecting && !secureConnecting) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const done = (act: () => void) => () => {
      clearTimeout(timer);
      act();
    };
    const timer = setTimeout(() => reject(way.late()), way.patience);
    socket.once(secureConnecting === undefined ? 'connect' : 'secureConnect', done(resolve));
    socket.once(
      'close',
      done(() => reject(cut())),
    );
  });
}

function cut(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
