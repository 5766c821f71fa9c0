/**
 * Every wait in one place, in milliseconds. The schedules are from Agora's integration guide for Cloud
 * Recording REST ("ensure the reliability of the service") unless said otherwise.
 */
export const TIMINGS = {
  /** Failed requests in general: waits before the first repetitions; afterwards the wait doubles up to `cap`. */
  unknown: [1_000, 3_000, 6_000],
  cap: 30_000,
  /** Share of a doubled wait that is drawn at random, so that many recordings do not come back at once. */
  jitter: 0.25,
  /** 206 with code 65, the request was not completed. */
  unfinished: [3_000, 6_000],
  /** What is not in the service's words (a redirect, a proxy's page): a choice of our own, as no document names one. */
  foreign: [5_000, 15_000, 30_000, 60_000],
  foreignCap: 300_000,
  /** 404 "failed to find worker": a recording is moved to another server within 30 to 90 s. */
  notFound: [5_000, 10_000, 15_000, 30_000],
  /** Only a 404 that lasts longer than this means that the recording has ended. */
  endedAfter: 90_000,
  /** After a 429 without Retry-After the whole account is held back this long, twice as long each time in a row, up to `cap`. */
  throttled: 1_000,
  /** After a 429 the rate is halved; this long without another one, and it is raised by one request a second. */
  recovery: 5_000,
  /** The longest Retry-After that is obeyed as it stands. */
  retryAfterCap: 10 * 60_000,
  /** Time for a connection to come about, and for the whole of a call. The reference names none: the service answers within a second. */
  connect: 5_000,
  request: 10_000,
  /** A 400 that is no verdict holds the account back so many times in a row for one call; then it is that call's own trouble. */
  throttledBy400: 3,
  /** A domain that failed is tried again after this long. */
  domainRest: 30_000,
  /**
   * Beyond the second in which the service counts, for a request that is not answered by then. Measured at the receiving
   * end: with a window of 1,000 ms up to 19 requests arrived within one second; with 1,050 ms 11 did on a machine that
   * kept its server waiting for 82 ms, and with 1,150 ms on one that did so for 250 ms.
   */
  windowMargin: 1_000,
  /** The same for what an earlier process sent: it has ended, so what it sent is on its way at the latest. */
  earlierMargin: 150,
  /** The same, counted from the answer: only for what the two clocks round away. */
  answerMargin: 2,
  /**
   * A recording's second call has a place kept for it while the first is under way, where answers take no longer than this. The
   * place lies idle meanwhile: with answers after 250 ms a long apply of such recordings takes 10 % longer.
   */
  near: 500,
  /**
   * Answers after which the shortest time from a departure to its answer is known, and what of it is certain to lie
   * behind every arrival: three quarters, less 10 ms. On a near service that is nothing.
   */
  answersKnown: 20,
  knownShare: 0.75,
  knownLess: 10,
} as const;
