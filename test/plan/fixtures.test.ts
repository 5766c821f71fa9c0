import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planJson } from '../../src/render/plan-json.ts';
import { planMarkdown } from '../../src/render/plan-markdown.ts';
import { planText } from '../../src/render/plan-text.ts';
import { styleFor } from '../../src/render/style.ts';
import { emptyState } from '../../src/state/fold.ts';
import { applied, desiredOf, planOf } from '../support/planning.ts';

/*
 * A case is a folder: before/ and after/ hold recording files (before/ may be missing: nothing is known), in .shared/ what
 * these take blocks from, and
 * plan.txt, plan.json, plan.md what is planned from the one to the other. A new case adds files and no code; with
 * UPDATE_FIXTURES=1 the expectations are written, to be read before they are committed.
 */

const CASES = join(import.meta.dirname, '../fixtures/plans');
const ENV = {
  S3_KEY: 'AKIA0123456789',
  S3_SECRET: 'very-secret-key',
  CDN_URL: 'rtmp://cdn.example.com/live/stream-key',
  CDN_URL_2: 'rtmps://other.example.com/app/another-key?token=x',
};

function filesOf(folder: string): Record<string, string> {
  try {
    return Object.fromEntries(
      readdirSync(folder)
        .filter((name) => name !== '.shared')
        .sort()
        .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    );
  } catch {
    return {};
  }
}

/** By absolute path, as the recordings find them. */
function sharedOf(folder: string): Record<string, string> {
  const files = filesOf(join(folder, '.shared'));
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/recordings/.shared/${name}`, text]),
  );
}

describe('a plan', () => {
  it.each(readdirSync(CASES))('%s', async (name) => {
    const folder = join(CASES, name);
    const state = emptyState();
    const before = filesOf(join(folder, 'before'));
    const was = await desiredOf(before, ENV, sharedOf(join(folder, 'before')));
    if (Object.keys(before).length > 0) await applied(planOf(was), state);
    const desired = () => desiredOf(filesOf(join(folder, 'after')), ENV, sharedOf(join(folder, 'after')));
    const plan = planOf(await desired(), state.known);
    const text = planText(plan, styleFor(false), 80);
    const json = `${JSON.stringify(planJson(plan), null, 2)}\n`;
    const markdown = planMarkdown(plan);
    await expect(text).toMatchFileSnapshot(join(folder, 'plan.txt'));
    await expect(json).toMatchFileSnapshot(join(folder, 'plan.json'));
    await expect(markdown).toMatchFileSnapshot(join(folder, 'plan.md'));
    for (const secret of Object.values(ENV)) expect(text + json + markdown).not.toContain(secret);
    expect(text + json + markdown).not.toMatch(/stream-key|another-key/);
    // What is planned, once applied, leaves nothing to do.
    await applied(plan, state);
    expect(planOf(await desired(), state.known).summary).toMatchObject({
      to_create: 0,
      to_update: 0,
      to_forget: 0,
    });
  });
});
