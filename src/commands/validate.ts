import { randomBytes } from 'node:crypto';
import { type Diagnostic, gathered } from '../model/diagnostic.ts';
import type { Io } from '../model/ports.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import { diagnosticJson } from '../render/plan-json.ts';
import { count, styleFor } from '../render/style.ts';
import { Vault } from '../secrets/vault.ts';
import { ReadCacheFile } from '../sources/read-cache-file.ts';
import { readBounds } from './bounds.ts';
import { desiredFiles, refOf } from './desired-files.ts';
import { isSet, type RawOptions, readSettings } from './settings.ts';

/** `reelstate validate`: every problem of every file. Nothing is sent, nothing is written; what others have kept is used. */
export async function validate(raw: RawOptions, io: Io): Promise<number> {
  const settings = await readSettings(raw, io);
  const { dir, output, color, cache: isCaching, accounts } = settings;
  const ref = refOf(raw, io);
  const cache =
    isCaching && ref === undefined ? new ReadCacheFile({ dir, cwd: io.cwd, env: io.env }) : undefined;
  const vault = new Vault(randomBytes(32));
  const bounds = readBounds(raw, settings, io);
  const desired = await desiredFiles({
    dir,
    ref,
    io,
    vault,
    bounds,
    accounts,
    readCache: cache?.readCache,
    findUnused: true,
  });
  const strict = isSet('strict', raw, io);
  const diagnostics: Diagnostic[] = gathered([
    ...desired.diagnostics,
    ...desired.recordings.flatMap(({ unresolved }) => unresolved),
  ]).map((diagnostic) => (strict ? { ...diagnostic, severity: 'error' } : diagnostic));
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const sums = {
    files: desired.files,
    recordings: desired.recordings.length,
    errors,
    warnings: diagnostics.length - errors,
  };
  if (output === 'json')
    await io.out(
      `${JSON.stringify({ format_version: '1.0', valid: errors === 0, ...sums, diagnostics: diagnostics.map(diagnosticJson) }, null, 2)}\n`,
    );
  else {
    const found =
      output === 'markdown'
        ? (await import('../render/plan-markdown.ts')).diagnosticsMarkdown(diagnostics)
        : diagnosticsText(diagnostics, styleFor(color));
    const all = `${count(sums.recordings, 'recording')} in ${count(sums.files, 'file')}`;
    const verdict =
      errors > 0 ? `Not valid: ${count(errors, 'error')}; what can be used: ${all}.` : `Valid: ${all}.`;
    await io.out(`${found}${found ? '\n' : ''}${verdict}\n`);
  }
  return errors > 0 ? 1 : 0;
}
