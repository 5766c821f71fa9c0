import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections at a time. One more takes the place of the oldest that is not being answered. */
const MAX_CONNECTIONS = 256;

/**
 * The open connections, so that there are never too many: clients that open hundreds and say nothing must neither use
 * up the process's descriptors nor shut out other clients.
 */
export class Connections {
  /** The oldest first. */
  readonly #open = new Set<Socket>();
  /** Those that are being answered. */
  readonly #answered = new Set<Socket>();

  take(socket: Socket): void {
    if (this.#open.size >= MAX_CONNECTIONS) this.#makeRoom();
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#answered.delete(socket);
    });
  }

  answering(socket: Socket, response: ServerResponse): void {
    this.#answered.add(socket);
    response.once('close', () => this.#answered.delete(socket));
  }

  #makeRoom(): void {
    let leaving: Socket | undefined;
    for (const socket of this.#open) {
      leaving ??= socket;
      if (this.#answered.has(socket)) continue;
      leaving = socket;
      break;
    }
    if (!leaving) return;
    this.#open.delete(leaving);
    leaving.destroy();
  }
}
