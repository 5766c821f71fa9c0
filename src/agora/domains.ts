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

/** The same origins in two orders, because what failed says which of them is likelier to answer. */
export interface Origins {
  /** After a 5xx, and where the name cannot be resolved: the other domain comes first. */
  readonly inTurn: readonly string[];
  /** After a failure of the network: the neighbouring region comes before the other domain. */
  readonly onNetworkFailure: readonly string[];
}

/**
 * Every origin to try: both domains, and with a region the names of its own area and of the neighbouring one under
 * both. In mainland China `api.sd-rtn.com` comes first (integration guide, Chinese edition).
 */
export function originsFor(region: string | undefined): Origins {
  const domains = region === 'cn' ? DOMAINS.toReversed() : DOMAINS;
  const areas = REGIONS[region ?? ''] ?? [];
  const origin = (domain: string, area?: string) =>
    `https://${area === undefined ? domain : domain.replace('api.', `api-${area}.`)}`;
  return {
    inTurn: [undefined, ...areas].flatMap((area) => domains.map((domain) => origin(domain, area))),
    onNetworkFailure: domains.flatMap((domain) => [undefined, ...areas].map((area) => origin(domain, area))),
  };
}

/** Every public origin of the service. */
export function allOrigins(): string[] {
  return Object.keys(REGIONS).flatMap((region) => originsFor(region).inTurn);
}

/** Addresses that were named one by one: whatever fails, they are tried in their order. */
export function inOrder(origins: readonly string[]): Origins {
  return { inTurn: origins, onNetworkFailure: origins };
}

/** Failures in a row after which the next origin is tried: once more on the same one, then on another. */
const FAILURES = 2;

/** What a call tells about its origin: an answer, a failure of the network on the way there, or any other failure. */
export type Reached = 'answered' | 'network' | 'failed';

/**
 * Which origin to send to. A failure is an answer that never came, a 5xx or none of the service's own words; after two in a row the next origin
 * that has not failed since the last answer has its turn. The first one gets a single call again after a rest, and
 * all of them once it answers.
 */
export class Domains {
  readonly #origins: Origins;
  readonly #first: string;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #rest: number;
  #current: string;
  #failures = 0;
  readonly #failed = new Set<string>();
  #tryFirstAt = 0;

  /** @param rest milliseconds before the first origin is tried again */
  constructor(origins: Origins, clock: Pick<Clock, 'monotonic'>, rest: number) {
    this.#origins = origins;
    this.#first = origins.inTurn[0] as string;
    this.#current = this.#first;
    this.#clock = clock;
    this.#rest = rest;
  }

  pick(): string {
    if (this.#current !== this.#first && this.#clock.monotonic() >= this.#tryFirstAt) {
      this.#tryFirstAt = this.#clock.monotonic() + this.#rest;
      return this.#first;
    }
    return this.#current;
  }

  report(origin: string, reached: Reached): void {
    if (reached === 'answered') {
      if (origin === this.#first) this.#current = this.#first;
      if (origin !== this.#current) return;
      this.#failures = 0;
      this.#failed.clear();
      return;
    }
    if (origin !== this.#current) return;
    this.#failures += 1;
    if (this.#failures >= FAILURES && this.#origins.inTurn.length > 1) this.#turn(reached);
  }

  #turn(reached: 'network' | 'failed'): void {
    this.#failures = 0;
    this.#failed.add(this.#current);
    const order = reached === 'network' ? this.#origins.onNetworkFailure : this.#origins.inTurn;
    const next = order.find((each) => !this.#failed.has(each));
    if (next === undefined) this.#failed.clear();
    this.#current = next ?? this.#first;
    this.#tryFirstAt = this.#clock.monotonic() + this.#rest;
  }
}
