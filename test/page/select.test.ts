import { describe, expect, it } from 'vitest';
import { addressOf, readQuery, select } from '../../src/page/select.ts';
import type { BriefView } from '../../src/page/views.ts';

function brief(name: string, more: Partial<BriefView> = {}): BriefView {
  return {
    name,
    file: `recordings/${name}.yaml`,
    mode: 'mix',
    labels: {},
    condition: { type: 'Ready', reason: 'Applied', message: 'as its file says', since: 0 },
    ...more,
  };
}

const query = (text: string) => readQuery(new URLSearchParams(text));

describe('a query', () => {
  it('is read from the address, and what makes no sense is passed over', () => {
    expect(query('q=key&condition=Stalled&mode=web&page=3')).toEqual({
      ...{ q: 'key', condition: 'Stalled', mode: 'web', page: 3 },
    });
    for (const nonsense of ['', 'condition=x&mode=MIX&page=-1', 'page=1.5', 'page=NaN', 'page=1e99&q='])
      expect(query(nonsense)).toMatchObject({ q: '', condition: '', mode: '', page: expect.any(Number) });
    expect(query(`q=${'x'.repeat(1_000)}`).q).toHaveLength(200);
  });

  it('and its address say the same', () => {
    expect(addressOf({})).toBe('/');
    for (const text of ['q=a+b%26c%3Dd&condition=Ready', 'mode=web&page=2', 'q=%22%3E%3Cscript%3E'])
      expect(query(addressOf(query(text)).slice(2))).toEqual(query(text));
  });
});

describe('a list', () => {
  const all = [
    brief('panel', { mode: 'web' }),
    brief('keynote', { labels: { stage: 'main', year: '2026' } }),
    brief('town-hall', {
      condition: { type: 'Stalled', reason: 'Refused', message: 'code 2: no such UID', since: 0 },
    }),
  ];
  const names = (text: string) => select(all, query(text)).shown.map(({ name }) => name);

  it('has what matches, by name', () => {
    expect(names('')).toEqual(['keynote', 'panel', 'town-hall']);
    expect(names('condition=Stalled')).toEqual(['town-hall']);
    expect(names('mode=web&condition=Ready')).toEqual(['panel']);
    expect(names('q=TOWN')).toEqual(['town-hall']);
    expect(names('q=stage%3Dmain')).toEqual(['keynote']);
    expect(names('q=refused+uid')).toEqual(['town-hall']);
    expect(names('q=panel.yaml')).toEqual(['panel']);
    expect(names('q=keynote+panel')).toEqual([]);
  });

  it('has pages, and never one past its end', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => brief(`r${String(n).padStart(5, '0')}`));
    const begun = performance.now();
    const last = select(many, query('page=200'));
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect([last.page, last.pages, last.total, last.shown.length]).toEqual([200, 200, 10_000, 50]);
    expect(last.shown.at(-1)?.name).toBe('r09999');
    expect(select(many, query('page=999')).shown).toEqual(last.shown);
    expect(select([], query('page=2'))).toEqual({ shown: [], total: 0, page: 1, pages: 1 });
  });
});
