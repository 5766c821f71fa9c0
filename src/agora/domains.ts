import type { Clock } from '../model/ports.ts';

/**
 * The public domains, first choice first. Both serve the same API; which is nearer is for DNS to say
 * (Agora Cloud Recording REST, integration guide: switch the domain when a request fails twice).
 */
export const DOMAINS = ['api.agora.io', 'api.sd-rtn.com'] as const;

/** Regional names of both domains, by area; the neighbour comes after the area's own (integration guide). */
export const REGIONS: Readonly<Record<string, readonly string[]>> = {
  us: ['us-west-1', 'us-east-1'],
  ap: ['ap-southeast-1', 'ap-northeast-1'],
  eu: ['eu-west-1', 'eu-central-1'],
  cn: ['cn-east-1', 'cn-north-1'],
};

/** Every origin to try, in order: both domains, then with a region both domains of its own and of the neighbouring one. */
export function originsFor(region: string | undefined): string[] {
  const regional = (REGIONS[region ?? ''] ?? []).flatMap((area) =>
    DOMAINS.map((domain) => domain.replace('api.', `api-${area}.`)),
  );
  return [...DOMAINS, ...regional].map((domain) => `https://${domain}`);
}

/** Failures in a row after which the next origin is tried: once more on the same one, then on the other. */
const FAILURES = 2;

/**
 * Which origin to send to. A failure is an answer that never came or a 5xx; after two in a row the next origin
 * has its turn. The first one gets a single call again after a rest, and all of them once it answers.
 */
export class Domains {
  readonly #origins: readonly string[];
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #rest: number;
  #current = 0;
  #failures = 0;
  #tryFirstAt = 0;

  /** @param rest milliseconds before the first origin is tried again */
  constructor(origins: readonly string[], clock: Pick<Clock, 'monotonic'>, rest: number) {
    this.#origins = origins;
    this.#clock = clock;
    this.#rest = rest;
  }

  pick(): string {
    if (this.#current !== 0 && this.#clock.monotonic() >= this.#tryFirstAt) {
      this.#tryFirstAt = this.#clock.monotonic() + this.#rest;
      return this.#origins[0] as string;
    }
    return this.#origins[this.#current] as string;
  }

  report(origin: string, answered: boolean): void {
    if (answered && origin === this.#origins[0]) this.#current = 0;
    if (origin !== this.#origins[this.#current]) return;
    this.#failures = answered ? 0 : this.#failures + 1;
    if (this.#failures < FAILURES || this.#origins.length === 1) return;
    this.#failures = 0;
    this.#current = (this.#current + 1) % this.#origins.length;
    this.#tryFirstAt = this.#clock.monotonic() + this.#rest;
  }
}
