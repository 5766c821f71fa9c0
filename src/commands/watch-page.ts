import type { News } from '../daemon/news.ts';
import type { PagePorts, PageViews } from '../daemon/page-views.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import { pastCalls, readHistory } from '../state/history.ts';
import type { Origin } from './watch-source.ts';

/** The pages of a daemon that listens, and what tells them that something has changed. */
export interface Pages {
  views: PageViews;
  news: News;
}

/**
 * Loaded only where they can be asked for.
 * @param state the state folder, for the calls from before the start
 */
export async function openPages(
  ports: Omit<PagePorts, 'news' | 'source' | 'history'>,
  origin: Origin,
  state: string,
): Promise<Pages> {
  const [{ PageViews }, { News }] = await Promise.all([
    import('../daemon/page-views.ts'),
    import('../daemon/news.ts'),
  ]);
  const news = new News(ports.clock);
  const history: PagePorts['history'] = async (name, limit) => {
    const calls = pastCalls((await readHistory(state)).entries);
    const wanted = name === undefined ? calls : calls.filter((call) => call.name === name);
    return wanted.slice(-limit).reverse();
  };
  return { news, views: new PageViews({ ...ports, news, source: sourceOf(origin), history }) };
}

/** "recordings", "recordings at main", "recordings at main of https://git.example.com/shows.git" */
function sourceOf({ dir, git }: Origin): string {
  if (!git) return `folder ${dir}`;
  return `${dir} at ${git.ref}${git.url === undefined ? '' : ` of ${maskAddresses(git.url)}`}`;
}
