import type { BriefView } from './views.ts';

/*
 * Which recordings a list shows. All of it is in the address, so that a link shows the same to everyone.
 */

/** What is asked for in the address. */
export interface ListQuery {
  /** Every word must occur in the name, the file, the condition's words or a label ("key=value"). */
  q: string;
  condition: '' | 'Ready' | 'Reconciling' | 'Stalled';
  mode: '' | 'individual' | 'mix' | 'web';
  /** From 1. */
  page: number;
}

export interface Selection {
  shown: readonly BriefView[];
  /** How many match. */
  total: number;
  page: number;
  pages: number;
}

/** Recordings on a page. */
const PAGE = 50;

export const CONDITIONS = ['Ready', 'Reconciling', 'Stalled'] as const;
export const MODES = ['individual', 'mix', 'web'] as const;

/** What makes no sense is passed over. */
export function readQuery(search: URLSearchParams): ListQuery {
  const one = <T extends string>(name: string, values: readonly T[]) =>
    values.find((value) => value === search.get(name)) ?? '';
  const page = Number(search.get('page'));
  return {
    q: (search.get('q') ?? '').slice(0, 200),
    condition: one('condition', CONDITIONS),
    mode: one('mode', MODES),
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

/** The address of a list, from the root. */
export function addressOf(query: Partial<ListQuery>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== '' && !(name === 'page' && value === 1)) search.set(name, String(value));
  return search.size === 0 ? '/' : `/?${search}`;
}

/** The page of a list that a query asks for, by name; past its end the last one. */
export function select(recordings: Iterable<BriefView>, query: ListQuery): Selection {
  const words = query.q.toLowerCase().split(/\s+/).filter(Boolean);
  const matches: BriefView[] = [];
  for (const recording of recordings) if (isWanted(recording, query, words)) matches.push(recording);
  matches.sort((a, b) => (a.name < b.name ? -1 : 1));
  const pages = Math.max(1, Math.ceil(matches.length / PAGE));
  const page = Math.min(query.page, pages);
  return { shown: matches.slice((page - 1) * PAGE, page * PAGE), total: matches.length, page, pages };
}

function isWanted(recording: BriefView, query: ListQuery, words: readonly string[]): boolean {
  const { name, file, mode, labels, condition } = recording;
  if (query.condition !== '' && condition.type !== query.condition) return false;
  if (query.mode !== '' && mode !== query.mode) return false;
  if (words.length === 0) return true;
  const labelled = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const text = [name, file, condition.reason, condition.message, ...labelled].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}
