import type { News } from '../daemon/news.ts';
import type { PagePorts, PageViews } from '../daemon/page-views.ts';
import type { Reader } from '../model/store.ts';
import { maskAddresses } from '../secrets/git-address.ts';
import type { Origin } from './watch-source.ts';

/** The pages of a daemon that listens, and what tells them that something has changed. */
export interface Pages {
  views: PageViews;
  news: News;
}

/**
 * Loaded only where they can be asked for.
 * @param store for the calls from before the start
 */
export async function openPages(
  ports: Omit<PagePorts, 'news' | 'source' | 'history'>,
  origin: Origin,
  store: Pick<Reader, 'history'>,
): Promise<Pages> {
  const [{ PageViews }, { News }] = await Promise.all([
    import('../daemon/page-views.ts'),
    import('../daemon/news.ts'),
  ]);
  const news = new News(ports.clock);
  const history: PagePorts['history'] = async (name, limit) => {
    const { calls } = await store.history({ names: name === undefined ? [] : [name], limit });
    return calls;
  };
  return { news, views: new PageViews({ ...ports, news, source: sourceOf(origin), history }) };
}

/** "recordings", "recordings at main", "recordings at main of https://git.example.com/shows.git" */
function sourceOf({ dir, git }: Origin): string {
  if (!git) return `folder ${dir}`;
  return `${dir} at ${git.ref}${git.url === undefined ? '' : ` of ${maskAddresses(git.url)}`}`;
}
