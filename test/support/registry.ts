import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** The folders of all that is installed here, by name; of some there are several versions. */
function installed(): Map<string, string[]> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  const folders = new Map<string, string[]>();
  for (const path of Object.keys(packages)) {
    const name = path.split('node_modules/').at(-1) as string;
    if (path !== '' && existsSync(join(ROOT, path, 'package.json')))
      folders.set(name, [...(folders.get(name) ?? []), join(ROOT, path)]);
  }
  return folders;
}

/** A registry on this machine that has what is installed here, and nothing else: an install needs no network. */
export async function registry(): Promise<{ url: string; close: () => Promise<void> }> {
  const packages = installed();
  const server = createServer((request, response) => {
    const [name = '', wanted] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const manifests = (packages.get(name) ?? []).map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
    }));
    const found = manifests.find(({ manifest: { version } }) => wanted === `${version}.tgz`);
    if (manifests.length === 0 || (wanted !== undefined && !found)) return response.writeHead(404).end('{}');
    if (found)
      return response.end(
        execFileSync('tar', ['-czf', '-', '--transform', 's,^\\.,package,', '-C', found.folder, '.'], {
          maxBuffer: 1 << 28,
        }),
      );
    const versions = manifests.map(({ manifest }) => {
      const dist = { tarball: `${url}/${name}/-/${manifest.version}.tgz` };
      return [manifest.version, { ...manifest, dist }];
    });
    response.setHeader('content-type', 'application/json');
    return response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: versions[0]?.[0] },
        versions: Object.fromEntries(versions),
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
