/** What came back for one request, before it is judged. */
export type Answer =
  | {
      kind: 'answer';
      status: number;
      /** The parsed body; the text where it is no JSON, undefined where there is none. */
      body: unknown;
      /** Retry-After in milliseconds, if the service sent one that can be read. */
      retryAfter?: number;
      /** Which host answered. */
      host: string;
    }
  | {
      kind: 'failure';
      /** What went wrong on the way, such as "timed out after 10 s" or "connection reset". */
      message: string;
      /** Whether the request certainly never left: the connection could not be made. */
      unsent: boolean;
      host: string;
    };
