import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/**
 * Whether an empty folder is where a submodule belongs. Git keeps no empty folder for any other reason, and says in
 * .gitmodules at the top of a checkout where they are (gitmodules(5)).
 */
export async function isSubmodule(folder: string): Promise<boolean> {
  for (let top = dirname(folder); ; top = dirname(top)) {
    const text = await readFile(join(top, '.gitmodules'), 'utf8').catch(() => undefined);
    const path = relative(top, folder).split(sep).join('/');
    const paths = [...(text ?? '').matchAll(/^[ \t]*path[ \t]*=[ \t]*"?(.*?)"?[ \t]*$/gm)].map(
      (found) => found[1],
    );
    if (paths.includes(path)) return true;
    if (top === dirname(top) || text !== undefined) return false;
    const hasGit = await stat(join(top, '.git')).catch(() => undefined);
    if (hasGit) return false;
  }
}
