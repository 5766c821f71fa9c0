import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeMetrics } from '../../src/daemon/metrics.ts';

/*
 * The alert rules and the board: in the format that promtool checks, by Prometheus' own grammar, and about metrics and
 * labels that a daemon has.
 */

const FOLDER = join(import.meta.dirname, 'monitoring');
const ALERTS = join(FOLDER, 'alerts.yml');

/** The metrics that a daemon has, each with its labels. */
const metrics = await (async () => {
  const made = makeMetrics({
    conditions: () => ({ Ready: 1, Reconciling: 0, Stalled: 0 }),
    depth: () => 0,
    allowance: () => ({ inUse: 0, rate: 10 }),
    accounts: () => [],
    nextRenewal: () => undefined,
    disconnected: () => 0,
    ready: () => true,
    git: () => ({ broken: 0, away: false, refused: false }),
  });
  made.requests.inc({ code: '200', endpoint: 'update' });
  made.duration.observe({ endpoint: 'update' }, 1);
  made.reconciles.inc({ result: 'ok' });
  made.fetches.inc({ outcome: 'current' });
  made.drift.inc({ block: 'onhold' });
  made.failed.inc({ outcome: 'refused' });
  made.limiter.observe({}, 0);
  const found = new Map<string, Set<string>>();
  for (const line of (await made.registry.metrics()).split('\n')) {
    const [, name, labels = ''] = /^([a-z]\w+)(?:\{(.*)\})? /i.exec(line) ?? [];
    if (name === undefined) continue;
    const known = found.get(name) ?? new Set(['job', 'instance']);
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label as string);
    found.set(name, known);
  }
  return found;
})();

/** What is wrong with an expression. */
function problems(expression: string): string[] {
  // Grafana puts a duration there.
  const text = expression.replaceAll('$__rate_interval', '5m');
  const found: string[] = [];
  const said = (node: { from: number; to: number }) => text.slice(node.from, node.to);
  let labels = new Set<string>();
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) found.push(`syntax at ${node.from}`);
      if (node.name === 'VectorSelector') {
        const name = /^\w+/.exec(said(node))?.[0] ?? '';
        if (!metrics.has(name)) found.push(`no metric ${name}`);
        labels = metrics.get(name) ?? new Set();
      }
      if (node.name === 'LabelName' && node.matchContext(['LabelMatchers', 'UnquotedLabelMatcher']))
        if (!labels.has(said(node))) found.push(`no label ${said(node)}`);
    },
  });
  return found;
}

it('an expression that is wrong is found out', () => {
  expect(problems('sum(rate(reelstate_drift_total[5m])')).not.toEqual([]);
  expect(problems('reelstate_drift')).toEqual(['no metric reelstate_drift']);
  expect(problems('reelstate_recordings{state="Ready"}')).toEqual(['no label state']);
  expect(problems('reelstate_recordings{condition="Ready"} > 0')).toEqual([]);
});

describe('the alert rules', () => {
  interface Rule {
    alert: string;
    expr: string;
    for?: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
  }
  const { groups, ...rest } = parse(readFileSync(ALERTS, 'utf8')) as {
    groups: { name: string; rules: Rule[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it('have the form that Prometheus reads', () => {
    expect(rest).toEqual({});
    for (const group of groups) expect(Object.keys(group).sort()).toEqual(['name', 'rules']);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr: _, for: duration = '0s', labels, annotations, ...more } of rules) {
      expect([alert, more]).toEqual([alert, {}]);
      expect(alert).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(duration).toMatch(/^(\d+(ms|[smhdwy]))+$/);
      expect(labels.severity).toMatch(/^(critical|warning|info)$/);
      expect(annotations.summary?.length ?? 0).toBeGreaterThan(10);
      for (const [, what] of Object.values(annotations)
        .join(' ')
        .matchAll(/\{\{(.*?)\}\}/g))
        expect(what).toMatch(/^ \$(value|labels\.\w+) $/);
    }
  });

  it.each(rules)('$alert is about metrics that there are', ({ expr }) => {
    expect(problems(expr)).toEqual([]);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  it.runIf(promtool)('please promtool', () => {
    execFileSync('promtool', ['check', 'rules', ALERTS]);
  });
});

describe('the Grafana board', () => {
  const board = JSON.parse(readFileSync(join(FOLDER, 'grafana.json'), 'utf8')) as {
    uid: string;
    schemaVersion: number;
    templating: { list: { name: string; query: unknown }[] };
    panels: {
      id: number;
      title: string;
      gridPos: { x: number; y: number; w: number; h: number };
      targets: { expr: string; refId: string }[];
    }[];
  };

  it('has its panels side by side, each with a number of its own', () => {
    expect([board.uid, board.schemaVersion]).toEqual(['reelstate', 39]);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(board.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it.each(board.panels)('$title is about metrics that there are', ({ targets }) => {
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr } of targets) expect([expr, problems(expr)]).toEqual([expr, []]);
  });

  it('shows every metric of ours', () => {
    const shown = JSON.stringify(board);
    const ours = [...metrics.keys()].filter((name) => name.startsWith('reelstate_'));
    const names = new Set(ours.map((name) => name.replace(/_(sum|count|bucket)$/, '')));
    expect([...names].filter((name) => !shown.includes(name))).toEqual([]);
  });
});
