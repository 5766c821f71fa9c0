import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  CREDENTIALS,
  folder,
  put,
  type Ran,
  recording,
  run,
  serves,
  simulator,
  start,
} from '../support/cli.ts';
import { runHere } from '../support/here.ts';
import { until, watching } from '../support/watching.ts';

/*
 * Whoever may commit a recording file may not read this machine, nor run what he likes on it. Judged from outside:
 * what leaves for the service, what is printed, and what a program that a file names can find.
 */

const storage = (fields: string) => `storage: { vendor: s3, region: 0, bucket: b, ${fields} }\n`;
const KEYS = (accessKey: string, secretKey = '{ fromEnv: SK }') =>
  storage(`accessKey: ${accessKey}, secretKey: ${secretKey}`);
const SK = { SK: 'a-secret-key' };

interface Told {
  severity: string;
  code: string;
  summary: string;
  detail?: string;
  range: { filename: string; start: { line: number; column: number } };
}

async function told(args: readonly string[], options: { cwd: string; env?: Record<string, string> }) {
  const ran = await runHere([...args, '--json'], options);
  const { diagnostics, ...rest } = JSON.parse(ran.stdout) as { diagnostics: Told[]; applyable?: boolean };
  return { code: ran.code, diagnostics, ...rest, ran };
}

const codes = (diagnostics: Told[]) =>
  diagnostics.map(({ severity, code, range }) => [severity, code, range.filename]);

const said = ({ stdout, stderr }: Ran) => stdout + stderr;

function git(cwd: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], { cwd });
}

async function repository(files: Record<string, string>): Promise<string> {
  const cwd = await folder(files);
  git(cwd, 'init', '--quiet', '--initial-branch=main');
  git(cwd, 'add', '--all');
  git(cwd, 'commit', '--quiet', '--message', 'Files');
  return cwd;
}

async function script(cwd: string, name: string, text: string): Promise<void> {
  await put(cwd, { [name]: `#!/bin/sh\n${text}\n` });
  await chmod(join(cwd, name), 0o755);
}

const PRINTS = `echo '{"Version":1,"AccessKeyId":"ID123456","SecretAccessKey":"SECRET123456"}'`;

describe('variables', () => {
  it("that are reelstate's own are never values, in any command", async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', KEYS('{ fromEnv: AGORA_CUSTOMER_SECRET }')),
      'recordings/b.yaml': recording('b', KEYS('k', '{ fromEnv: PGPASSWORD }')),
      'recordings/c.yaml': recording('c', KEYS('k', '{ fromEnv: REELSTATE_HOOK_SECRET }')),
    });
    const env = { PGPASSWORD: 'of-the-database', REELSTATE_HOOK_SECRET: 'of-the-hook', ...SK };
    const sim = await simulator(cwd);
    const allowing = ['--allow-env', 'AGORA_*', '--allow-env', 'PG*', '--allow-env', 'SK'];
    for (const args of [['validate'], ['plan'], ['validate', '--untrusted'], ['plan', ...allowing]]) {
      const { code, diagnostics } = await told(args, { cwd, env });
      expect(code).toBe(1);
      expect(codes(diagnostics).filter(([severity]) => severity === 'error')).toEqual(
        ['a', 'b', 'c'].map((name) => ['error', 'reference-out-of-bounds', `recordings/${name}.yaml`]),
      );
      expect(diagnostics[0]).toMatchObject({ range: { filename: 'recordings/a.yaml', start: { line: 8 } } });
    }
    const applied = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env });
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain("AGORA_CUSTOMER_SECRET is reelstate's own");
    expect(await sim.requests()).toEqual([]);
    await sim.stop();
  });

  it('are no more than those of the environment', async () => {
    const names = ['constructor', 'toString', '__proto__'];
    const cwd = await folder(
      Object.fromEntries(
        names.map((name) => [`recordings/${name}.yaml`, recording(name, KEYS('k', `{ fromEnv: ${name} }`))]),
      ),
    );
    for (const args of [['validate'], ['plan']]) {
      const { code, diagnostics } = await told(args, { cwd });
      expect([code, codes(diagnostics)]).toEqual([
        0,
        [...names].sort().map((name) => ['warning', 'environment-unset', `recordings/${name}.yaml`]),
      ]);
    }
  });

  it('are narrowed to what --allow-env names', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', KEYS('{ fromEnv: S3_KEY }', '{ fromEnv: S3_SECRET }')),
      'recordings/b.yaml': recording('b', KEYS('{ fromEnv: OTHER }', '{ fromEnv: S3_SECRET }')),
    });
    const env = { S3_KEY: 'AKIA1234', S3_SECRET: 'secret12', OTHER: 'other123' };
    expect((await told(['validate'], { cwd, env })).diagnostics).toEqual([]);
    const refused = ['error', 'reference-out-of-bounds', 'recordings/b.yaml'];
    for (const flags of [
      ['--allow-env', 'S3_*'],
      ['--allow-env', 'S3_KEY', '--allow-env', 'S3_SECRET'],
    ])
      expect(codes((await told(['validate', ...flags], { cwd, env })).diagnostics)).toEqual([refused]);
    const byVariable = { ...env, REELSTATE_ALLOW_ENV: 'S3_KEY, S3_SECRET' };
    expect(codes((await told(['plan'], { cwd, env: byVariable })).diagnostics)).toEqual([refused]);
    const wrong = await run(['validate', '--allow-env', '*'], { cwd });
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining('--allow-env')]);
  });
});

describe('files', () => {
  const outside = () => folder({ secret: 'taken-from-elsewhere\n', 'run.json': '{ "stolen": "words" }' });

  it('stay within the folder that holds --dir, links resolved', async () => {
    const elsewhere = await outside();
    const cwd = await folder({
      'secrets/s3': 'within-the-folder\n',
      'recordings/a.yaml': recording('a', KEYS('{ fromFile: ../secrets/s3 }')),
      'recordings/b.yaml': recording('b', KEYS(`{ fromFile: ${elsewhere}/secret }`)),
      'recordings/c.yaml': recording('c', KEYS('{ fromFile: ../linked }')),
      'recordings/d.yaml': recording('d', KEYS('{ fromFile: ../../nothing-is-here }')),
      'recordings/e.yaml': `recording: { fromFile: ${elsewhere}/run.json }\nonhold: true\n`,
      'recordings/f.yaml': recording('f', KEYS('{ fromFile: ../.reelstate/state.db }')),
    });
    await symlink(join(elsewhere, 'secret'), join(cwd, 'linked'));
    const sim = await simulator(cwd);
    const refused = ['b', 'c', 'd', 'e', 'f'].map((name) => [
      'error',
      'reference-out-of-bounds',
      `recordings/${name}.yaml`,
    ]);
    for (const args of [['validate'], ['plan']]) {
      const { code, diagnostics, ran } = await told(args, { cwd, env: SK });
      expect([code, codes(diagnostics)]).toEqual([1, refused]);
      expect(said(ran)).not.toMatch(/taken-from|stolen|words/);
    }
    const applied = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env: SK });
    expect(applied.code).toBe(1);
    expect((await sim.requests()).map(({ sid }) => sid)).toEqual(['sid-a']);
    const allowed = await told(['validate', '--secrets-dir', elsewhere], { cwd, env: SK });
    expect(
      new Set(codes(allowed.diagnostics).map(([, code, file]) => `${code} ${basename(file as string)}`)),
    ).toEqual(
      new Set(['reference-out-of-bounds d.yaml', 'reference-out-of-bounds f.yaml', 'missing-field run.json']),
    );
    // The line itself is in a file outside of --dir.
    const text = await run(['validate'], {
      cwd,
      env: { ...SK, REELSTATE_SECRETS_DIR: `${elsewhere},/nowhere` },
    });
    expect(text.stdout).toContain('run.json');
    expect(said(text)).not.toContain('words');
    await sim.stop();
  });

  it("are never the daemon's own tokens", async () => {
    const cwd = await folder({
      token: 'a-token-of-the-daemon\n',
      'recordings/a.yaml': recording('a', KEYS('k', '{ fromFile: ../token }')),
    });
    const env = { REELSTATE_LISTEN_TOKEN_FILE: 'token' };
    const { code, diagnostics } = await told(['validate'], { cwd, env });
    expect([code, codes(diagnostics)]).toEqual([
      1,
      [['error', 'reference-out-of-bounds', 'recordings/a.yaml']],
    ]);
    expect((await told(['validate'], { cwd })).code).toBe(0);
  });

  it("may be in systemd's credentials folder", async () => {
    const credentials = await folder({ s3: 'from-systemd\n' });
    const cwd = await folder({
      'recordings/a.yaml': recording('a', KEYS(`{ fromFile: ${credentials}/s3 }`)),
    });
    const env = { ...SK, CREDENTIALS_DIRECTORY: credentials };
    expect((await told(['validate'], { cwd, env })).diagnostics).toEqual([]);
    expect((await told(['validate'], { cwd, env: SK })).code).toBe(1);
  });

  it('of a commit stay within the same folder of the repository', async () => {
    const elsewhere = await outside();
    const cwd = await repository({
      'ops/secrets/s3': 'committed-key\n',
      'other/secret': 'of-another-team\n',
      'ops/recordings/a.yaml': recording('a', KEYS('{ fromFile: ../secrets/s3 }')),
      'ops/recordings/b.yaml': recording('b', KEYS('{ fromFile: ../../other/secret }')),
      'ops/recordings/c.yaml': recording('c', KEYS(`{ fromFile: ${elsewhere}/secret }`)),
      'ops/recordings/d.yaml': recording('d', KEYS('{ fromFile: ../linked }')),
    });
    await symlink(join(elsewhere, 'secret'), join(cwd, 'ops/linked'));
    await symlink('../../other/secret', join(cwd, 'ops/recordings/e.yaml'));
    await symlink('/etc/passwd', join(cwd, 'ops/recordings/f.yaml'));
    git(cwd, 'add', '--all');
    git(cwd, 'commit', '--quiet', '--message', 'Links');
    const { diagnostics, ran } = await told(['plan', '--git', '--dir', 'ops/recordings'], { cwd, env: SK });
    expect(codes(diagnostics)).toEqual([
      ...['b', 'c', 'd'].map((name) => ['error', 'reference-out-of-bounds', `ops/recordings/${name}.yaml`]),
      ...['e', 'f'].map((name) => ['error', 'link-out-of-bounds', `ops/recordings/${name}.yaml`]),
    ]);
    expect(said(ran)).not.toMatch(/of-another-team|taken-from|root:/);
  });
});

describe('links among the recording files', () => {
  it('may stay within the folder where --dir itself is a link, on disk and in a commit', async () => {
    const cwd = await repository({
      'live/recordings/a/one.yaml': recording('a'),
      'live/recordings/b.txt': recording('b'),
      'ops/readme': '-',
    });
    await symlink('../live/recordings', join(cwd, 'ops/recordings'));
    await symlink('b.txt', join(cwd, 'live/recordings/b.yaml'));
    git(cwd, 'add', '--all');
    git(cwd, 'commit', '--quiet', '--message', 'Links');
    for (const flags of [[], ['--git']]) {
      const args = ['validate', '--dir', 'ops/recordings', ...flags];
      expect(await told(args, { cwd })).toMatchObject({ code: 0, diagnostics: [] });
    }
  });

  it('never lead out, wherever they lead, and hang nobody', async () => {
    const elsewhere = await folder({ 'passwords.yaml': 'root: hunter2-in-the-clear\n' });
    const cwd = await folder({
      'recordings/a.yaml': recording('a'),
      // In the folder that holds --dir, but not in --dir: read, and never quoted.
      'beside.yaml': 'root: "hunter2-beside" # hunter2\n',
    });
    execFileSync('mkfifo', [join(elsewhere, 'pipe')]);
    for (const [name, target] of Object.entries({
      'file.yaml': join(elsewhere, 'passwords.yaml'),
      folder: elsewhere,
      'pipe.yaml': join(elsewhere, 'pipe'),
      proc: '/proc',
      'environ.yaml': '/proc/self/environ',
      'zero.yaml': '/dev/zero',
      'beside.yaml': '../beside.yaml',
    }))
      await symlink(target, join(cwd, 'recordings', name));
    execFileSync('mkfifo', [join(cwd, 'recordings/own-pipe.yaml')]);
    const outside = ['environ.yaml', 'file.yaml', 'folder', 'pipe.yaml', 'proc', 'zero.yaml'];
    for (const args of [['validate'], ['plan'], ['validate', '--untrusted']]) {
      const { diagnostics } = await told(args, { cwd });
      expect(codes(diagnostics).filter(([, code]) => code === 'link-out-of-bounds')).toEqual(
        outside.map((name) => ['error', 'link-out-of-bounds', `recordings/${name}`]),
      );
      expect(codes(diagnostics)).toContainEqual(['error', 'file-unreadable', 'recordings/own-pipe.yaml']);
      expect(codes(diagnostics)).toContainEqual(['error', 'unknown-field', 'recordings/beside.yaml']);
    }
    for (const args of [['validate'], ['plan'], ['preview']]) {
      const words = said(await run(args, { cwd }));
      expect(words).toContain('put the file there, or take the link away');
      expect(words).not.toMatch(/hunter2|customer-secret/);
    }
    const w = await watching(cwd);
    await w.condition('a', 'Ready');
    // Led out while it is watched.
    await put(cwd, { 'kept.yaml': recording('k') });
    await symlink('../kept.yaml', join(cwd, 'recordings/kept.yaml'));
    await w.daemon.shows(/"file":"recordings\/proc"[^\n]*"code":"link-out-of-bounds"/, 'stderr');
    await rm(join(cwd, 'recordings/kept.yaml'));
    await symlink('/proc/self/environ', join(cwd, 'recordings/kept.yaml'));
    await w.daemon.shows(/"file":"recordings\/kept.yaml"[^\n]*"code":"link-out-of-bounds"/, 'stderr');
    const { stderr } = await w.stop();
    expect(stderr).not.toMatch(/hunter2|customer-secret/);
  });

  it('of Kubernetes, and of the folder itself, go on working', async () => {
    const cwd = await folder({
      'mount/..2026_01/a.yaml': recording('a', KEYS('{ fromFile: ../keys/s3 }')),
      'secrets/..one/s3': 'a-mounted-key',
    });
    await symlink('..2026_01', join(cwd, 'mount/..data'));
    await symlink('..data/a.yaml', join(cwd, 'mount/a.yaml'));
    await symlink('mount', join(cwd, 'recordings'));
    await symlink('..one', join(cwd, 'secrets/..data'));
    await mkdir(join(cwd, 'keys'));
    await symlink('../secrets/..data/s3', join(cwd, 'keys/s3'));
    const { code, diagnostics } = await told(['validate'], { cwd, env: SK });
    expect([code, diagnostics]).toEqual([0, []]);
  });
});

describe('--untrusted', () => {
  it('reads no variable, no file that is named, and says what is not followed', async () => {
    const cwd = await folder({
      'secrets/s3': 'in the checkout\n',
      'run/r.json': '{ "words": "of the run file" }',
      'recordings/a.yaml': recording('a', KEYS('{ fromEnv: SK }', '{ fromFile: ../secrets/s3 }')),
      'recordings/b.yaml': recording('b', storage('credentials: { fromCommand: [../creds.sh] }')),
      'recordings/c.yaml': 'recording: { fromFile: ../run/r.json }\nonhold: true\n',
      'recordings/d.yaml': recording('d', KEYS('k', '{ fromFile: /etc/hostname }')),
    });
    await script(cwd, 'creds.sh', 'touch ran');
    const follow = (name: string) => ['warning', 'reference-not-followed', `recordings/${name}.yaml`];
    const outside = ['error', 'reference-out-of-bounds', 'recordings/d.yaml'];
    const validated = await told(['validate', '--untrusted'], { cwd, env: SK });
    expect(codes(validated.diagnostics).sort()).toEqual([
      outside,
      follow('a'),
      follow('a'),
      follow('b'),
      follow('c'),
    ]);
    await rm(join(cwd, 'recordings/d.yaml'));
    const planned = await told(['plan'], { cwd, env: { ...SK, REELSTATE_UNTRUSTED: '1' } });
    expect([planned.code, planned.applyable]).toEqual([0, false]);
    expect(codes(planned.diagnostics)).toEqual([follow('a'), follow('a'), follow('b'), follow('c')]);
    expect(said(planned.ran)).not.toMatch(/a-secret-key|in the checkout|of the run file/);
    await expect(readFile(join(cwd, 'ran'))).rejects.toThrow();
    const unclear = await run(['plan'], { cwd, env: { ...SK, REELSTATE_UNTRUSTED: 'on' } });
    expect([unclear.code, unclear.stderr]).toEqual([64, expect.stringContaining('REELSTATE_UNTRUSTED "on"')]);
  });
});

it('--untrusted at the top of a checkout follows no link to what is beside it', async () => {
  const cwd = await folder({
    'beside.yaml': recording('b'),
    'checkout/a.yaml': recording('a'),
    'checkout/.git/HEAD': 'ref: refs/heads/main\n',
  });
  await symlink('../beside.yaml', join(cwd, 'checkout/b.yaml'));
  for (const args of [['validate'], ['plan']]) {
    const at = { cwd: join(cwd, 'checkout') };
    expect((await told([...args, '--dir', '.'], at)).code).toBe(0);
    const { code, diagnostics } = await told([...args, '--untrusted', '--dir', '.'], at);
    expect([code, codes(diagnostics)]).toEqual([1, [['error', 'link-out-of-bounds', 'b.yaml']]]);
  }
});

it('what is out of bounds is told beside other mistakes', async () => {
  const cwd = await folder({
    'recordings/a.yaml': `colour: red\n${recording('a', storage('credentials: { fromCommand: [../creds.sh] }'))}`,
    'recordings/b.yaml': `colour: red\n${recording('b', KEYS('{ fromEnv: PGPASSWORD }', '{ fromFile: /etc/hostname }'))}`,
  });
  const { diagnostics } = await told(['validate', '--allow-command', 'other'], { cwd });
  expect(diagnostics.map(({ code, range: { filename, start } }) => [code, filename, start.line])).toEqual([
    ['unknown-field', 'recordings/a.yaml', 1],
    ['reference-out-of-bounds', 'recordings/a.yaml', 9],
    ['unknown-field', 'recordings/b.yaml', 1],
    ['reference-out-of-bounds', 'recordings/b.yaml', 9],
    ['reference-out-of-bounds', 'recordings/b.yaml', 9],
  ]);
  // Where it is allowed there is nothing to be said of it.
  const allowed = await told(['validate', '--allow-command', 'creds.sh', '--allow-command', './creds.sh'], {
    cwd,
  });
  expect(codes(allowed.diagnostics).filter(([, , file]) => file === 'recordings/a.yaml')).toHaveLength(1);
});

describe('programs', () => {
  it('count from the YAML file, and one that is missing is named', async () => {
    const cwd = await folder({
      'recordings/deep/a.yaml': recording(
        'a',
        storage('credentials: { fromCommand: [../../tools/creds.sh] }'),
      ),
      'recordings/b.yaml': recording('b', storage('credentials: { fromCommand: [./tools/creds.sh] }')),
      'recordings/c.yaml': recording('c', storage('credentials: { fromCommand: [no-such-program] }')),
    });
    await script(cwd, 'tools/creds.sh', PRINTS);
    const sim = await simulator(cwd);
    const { stderr } = await run(['apply', '--yes', '--endpoint', sim.url], { cwd });
    expect(stderr).toContain('there is no program "./recordings/tools/creds.sh"');
    expect(stderr).toContain('a path counts from the recording file');
    expect(stderr).toContain('there is no program "no-such-program" in PATH');
    const [one] = await sim.requests();
    expect([one?.sid, one?.body.clientRequest.storageConfig]).toEqual([
      'sid-a',
      expect.objectContaining({ accessKey: 'ID123456' }),
    ]);
    await sim.stop();
  });

  it('are narrowed to what --allow-command names', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', storage('credentials: { fromCommand: [../creds.sh] }')),
      'recordings/b.yaml': recording('b', storage('credentials: { fromCommand: [../other.sh] }')),
      'recordings/c.yaml': recording('c', storage('credentials: { fromCommand: [sh, -c, "touch ran"] }')),
    });
    await script(cwd, 'creds.sh', PRINTS);
    await script(cwd, 'other.sh', 'touch ran');
    const sim = await simulator(cwd);
    const refused = (name: string) => ['error', 'reference-out-of-bounds', `recordings/${name}.yaml`];
    const { diagnostics } = await told(
      ['validate', '--allow-command', 'creds.sh', '--allow-command', './creds.sh'],
      { cwd },
    );
    expect(codes(diagnostics)).toEqual([refused('b'), refused('c')]);
    const byName = await told(
      ['plan', '--allow-command', join(cwd, 'other.sh'), '--allow-command', '/bin/sh'],
      { cwd },
    );
    expect(codes(byName.diagnostics)).toEqual([refused('a')]);
    const env = { REELSTATE_ALLOW_COMMAND: join(cwd, 'creds.sh') };
    const applied = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env });
    expect(applied.code).toBe(1);
    expect((await sim.requests()).map(({ sid }) => sid)).toEqual(['sid-a']);
    await expect(readFile(join(cwd, 'ran'))).rejects.toThrow();
    await sim.stop();
  });

  it.skipIf(process.platform !== 'linux')(
    'find the secrets neither in their environment nor in that of any process of ours',
    async () => {
      const cwd = await repository({
        'recordings/a.yaml': recording('a', storage('credentials: { fromCommand: [../creds.sh] }')),
      });
      // The parent, and whatever else of ours runs in this folder: git, the simulated service.
      await script(
        cwd,
        'creds.sh',
        `env > env.txt
tr '\\0' '\\n' < /proc/$PPID/environ > parent.txt
for p in /proc/[0-9]*; do
  if [ "$(readlink $p/cwd)" = "$(pwd)" ]; then tr '\\0' '\\n' < $p/environ >> all.txt; fi
done 2> /dev/null
${PRINTS}`,
      );
      const env = {
        PGPASSWORD: 'the-postgres-password',
        REELSTATE_HOOK_SECRET: 'the-hook-secret',
        REELSTATE_GIT_TOKEN: 'the-git-token',
        ORDINARY: 'an-ordinary-value',
      };
      const w = await watching(cwd, ['--git'], { env });
      await w.condition('a', 'Ready');
      await w.stop();
      for (const name of ['env.txt', 'parent.txt', 'all.txt']) {
        const text = await readFile(join(cwd, name), 'latin1');
        expect(text).toContain('ORDINARY=an-ordinary-value');
        for (const secret of [CREDENTIALS.AGORA_CUSTOMER_SECRET, ...Object.values(env).slice(0, 3)])
          expect(text).not.toContain(secret);
      }
    },
  );
});

describe('watch --git-url', () => {
  const files = {
    'recordings/a.yaml': recording('a', KEYS('{ fromEnv: AK }')),
    'recordings/b.yaml': recording('b', storage('credentials: { fromCommand: [../creds.sh] }')),
  };

  it('allows a remote nothing that is not named', async () => {
    const remote = await repository(files);
    const cwd = await folder(files);
    await script(cwd, 'creds.sh', `touch ran; ${PRINTS}`);
    const env = { ...SK, AK: 'AKIA123456' };
    const w = await watching(cwd, ['--git-url', `file://${remote}`, '--ref', 'main'], { env });
    await w.daemon.shows(/the variable AK is not allowed here/, 'stderr');
    await w.daemon.shows(/the program \\"..\/creds.sh\\" is not allowed here/, 'stderr');
    expect(await w.sim.requests()).toEqual([]);
    await w.stop();
    await expect(readFile(join(cwd, 'ran'))).rejects.toThrow();
    const named = ['--allow-env', 'AK', '--allow-env', 'SK', '--allow-command', './creds.sh'];
    const again = await watching(cwd, ['--git-url', `file://${remote}`, '--ref', 'main', ...named], { env });
    await again.condition('a', 'Ready');
    await again.condition('b', 'Ready');
    await again.stop();
  });

  it('shows no secret of the address, in the log, at the API, or where git quotes it', async () => {
    // Refuses everything, and quotes what it was asked.
    const server = createServer((request, response) => {
      response.statusCode = 403;
      response.end(`no access for ${request.url}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    for (const address of [
      `http://127.0.0.1:${port}/x.git?private_token=glpat-0123456789`,
      'ada:glpat-0123456789@127.0.0.1:x.git',
    ]) {
      const env = { GIT_SSH_COMMAND: 'sh -c \'echo "no access: $*" >&2; exit 1\' --' };
      const w = await watching(cwd, ['--git-url', address, '--ref', 'main'], { env, announced: false });
      const line = await w.daemon.shows(/"url":"http:[^"]+"/, 'stderr');
      await w.daemon.shows(/nothing can be fetched/, 'stderr');
      const told = await until(
        async () => (await fetch(`${line.slice(7, -1)}/api/recordings`)).text(),
        'the API',
      );
      expect(told).toContain('(sensitive)');
      expect(told).not.toContain('glpat');
      expect((await w.stop()).stderr).not.toContain('glpat');
    }
  });
});

describe('secrets', () => {
  it('lose line ends, and hold no other white space', async () => {
    const cwd = await folder({
      sk: 'sk-value\r\n\n',
      'recordings/a.yaml': recording('a', KEYS('{ fromEnv: AK }', '{ fromFile: ../sk }')),
      'recordings/w.yaml': recording('w', 'rtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN } }] }\n', 'web'),
    });
    const sim = await simulator(cwd);
    const env = { AK: 'AKIA123\n', CDN: 'rtmp://cdn.example.com/live/key1\n' };
    expect((await told(['validate'], { cwd, env })).diagnostics).toEqual([]);
    expect((await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env })).code).toBe(0);
    const bodies = (await sim.requests()).map(({ body }) => body.clientRequest as Record<string, object>);
    expect(bodies).toContainEqual(
      expect.objectContaining({
        storageConfig: expect.objectContaining({ accessKey: 'AKIA123', secretKey: 'sk-value' }),
      }),
    );
    expect(bodies).toContainEqual(
      expect.objectContaining({
        rtmpPublishConfig: { outputs: [{ rtmpUrl: 'rtmp://cdn.example.com/live/key1' }] },
      }),
    );
    await writeFile(join(cwd, 'sk'), 'sk-value \n');
    const wrong = await told(['validate'], {
      cwd,
      env: { AK: 'AK\tIA', CDN: 'rtmp://cdn.example.com/ live/k' },
    });
    expect(wrong.diagnostics.map(({ code, summary }) => [code, summary])).toEqual([
      ['secret-character', 'accessKey has a tab in it'],
      ['secret-character', 'secretKey has a space at its end'],
      ['secret-character', 'the address has a space in it'],
    ]);
    expect(said(wrong.ran)).not.toMatch(/sk-value|IA"/);
    await sim.stop();
  });

  it('that a program prints likewise; one with white space in it is an error that names the program', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', storage('credentials: { fromCommand: [../good.sh] }')),
      'recordings/b.yaml': recording('b', storage('credentials: { fromCommand: [../bad.sh] }')),
    });
    await script(cwd, 'good.sh', PRINTS.replace('ID123456', 'ID123456\\n').replace('echo', 'printf %s'));
    await script(cwd, 'bad.sh', PRINTS.replace('SECRET123456', 'SECRET 123456'));
    const sim = await simulator(cwd);
    const { stderr } = await run(['apply', '--yes', '--endpoint', sim.url], { cwd });
    expect(stderr).toContain('bad.sh did not print storage credentials: "SecretAccessKey" has a space in it');
    const [one] = await sim.requests();
    expect(one?.body.clientRequest.storageConfig).toMatchObject({ accessKey: 'ID123456' });
    await sim.stop();
  });

  it('that the service quotes, whole, cut off or encoded, are masked everywhere', async () => {
    const value = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
    const encoded = Buffer.from(`{"secretKey":"${value}"}`).toString('base64');
    const replies = [
      value.slice(0, 14),
      value.slice(-12),
      encodeURIComponent(value),
      Buffer.from(value).toString('hex'),
      Buffer.from(value).toString('hex').slice(0, 30),
      Buffer.from(value).toString('base64'),
      encoded,
      Buffer.from(value).toString('base64url').slice(0, 21),
    ];
    let n = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ code: 2, reason: `not good: ${replies[n++ % replies.length]}` }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const cwd = await folder({ 'recordings/a.yaml': recording('a', KEYS('AKIAIOSFODNN7EXAMPLE')) });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const _ of replies) {
      const ran = await run(['apply', '--yes', '--endpoint', url], { cwd, env: { SK: value } });
      expect(ran.code).toBe(1);
      expect(said(ran)).toContain('not good: ');
      expect(said(ran)).toContain('(sensitive)');
    }
    const everything = [
      said(await run(['status', '--json'], { cwd })),
      said(await run(['history', '--json'], { cwd })),
      execFileSync('sh', ['-c', 'cat .reelstate/* 2>/dev/null || true'], { cwd }).toString('latin1'),
    ].join('\n');
    expect(everything).toContain('not good: ');
    for (const reply of replies) expect(everything).not.toContain(reply);
    expect(everything).not.toMatch(/wJalrXUt|EXAMPLEK|774a616c|d0phbHJY/i);
  });
});

/** A service that takes what no simulated one would: everything. */
async function willing(cwd: string) {
  const bodies: Record<string, unknown>[] = [];
  /** How often it says that a recording is not there. */
  const gap = { left: 0 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(JSON.parse(Buffer.concat(chunks).toString()).clientRequest);
    if (gap.left > 0) {
      gap.left -= 1;
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ code: 404, reason: 'failed to find worker' }));
      return;
    }
    const [, resourceId, sid] = /resourceid\/([^/]+)\/sid\/([^/]+)/.exec(request.url ?? '') ?? [];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ resourceId, sid }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = serves(cwd, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { url, bodies, gap };
}

describe('a token of the file', () => {
  const lists = (uid: string) =>
    `subscriptions: { audioUidList: { subscribeAudioUids: ["${uid}"] }, videoUidList: { subscribeVideoUids: ["${uid}"] } }\n`;
  const sts = (expiration: number, bucket = 'b') =>
    `storage: { vendor: s3, region: 0, bucket: ${bucket}, accessKey: AKIA1234, secretKey: { fromEnv: SK }, stsToken: { fromEnv: STS }, stsExpiration: ${expiration} }\n`;
  const env = { ...SK, STS: 'the-session-token' };
  const now = () => Math.floor(Date.now() / 1000);

  it('that has expired holds its recording back, and no other', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', lists('5') + sts(now() - 60)),
      'recordings/b.yaml': recording('b', lists('5')),
    });
    const sim = await simulator(cwd);
    const expired = (severity: string) => [severity, 'sts-expired', 'recordings/a.yaml'];
    const validated = await told(['validate'], { cwd, env });
    expect([validated.code, codes(validated.diagnostics)]).toEqual([0, [expired('warning')]]);
    const planned = await told(['plan'], { cwd, env });
    expect([planned.applyable, codes(planned.diagnostics)]).toEqual([false, [expired('warning')]]);
    const applied = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env });
    expect(applied.code).toBe(1);
    expect(applied.stderr).toMatch(/recordings\/a\.yaml:9:\d+: error\[sts-expired\]/);
    expect((await sim.requests()).map(({ sid }) => sid)).toEqual(['sid-b']);
    const w = await watching(cwd, [], { env, at: sim });
    await w.condition('a', 'Stalled', 'SecretUnresolved');
    await w.condition('b', 'Ready');
    await w.daemon.shows(/"code":"sts-expired"/, 'stderr');
    expect((await w.sim.requests()).filter(({ sid }) => sid === 'sid-a')).toEqual([]);
    await w.stop();
  });

  it('that expired since takes no other change with it: the update goes without storage', async () => {
    const soon = now() + 4;
    const cwd = await folder({ 'recordings/a.yaml': recording('a', lists('5') + sts(soon)) });
    const sim = await willing(cwd);
    const first = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env });
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/warning\[sts-expires-soon\]: the token expires in 0 minutes/);
    await until(async () => now() > soon, 'the expiry');
    await put(cwd, { 'recordings/a.yaml': recording('a', lists('6') + sts(soon)) });
    const planned = await run(['plan', '--json'], { cwd, env });
    const plan = JSON.parse(planned.stdout);
    expect(plan).toMatchObject({
      applyable: true,
      diagnostics: [{ severity: 'warning', code: 'sts-expired' }],
    });
    expect(plan.recordings[0].calls[0].body.clientRequest).toEqual({ streamSubscribe: expect.anything() });
    expect(plan.recordings[0].notes[0]).toMatch(
      /storage is unchanged and stays out of the update: the token has expired/,
    );
    expect((await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env })).code).toBe(0);
    expect(sim.bodies.map((body) => Object.keys(body))).toEqual([
      ['streamSubscribe', 'storageConfig'],
      ['streamSubscribe'],
    ]);
    // What is known of the storage stands: nothing is left to do.
    const after = await told(['plan', '--detailed-exitcode'], { cwd, env });
    expect(after).toMatchObject({ code: 0, applyable: true });
    const resync = await told(['plan', '--resync'], { cwd, env });
    expect(JSON.stringify(resync)).not.toContain('storageConfig');
    // Storage that has changed cannot be sent: nothing of the recording goes.
    await put(cwd, { 'recordings/a.yaml': recording('a', lists('7') + sts(soon, 'other')) });
    expect((await told(['plan'], { cwd, env })).applyable).toBe(false);
    const held = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env });
    expect([held.code, sim.bodies.length]).toEqual([1, 2]);
  });

  it('that expired since stays out of what is sent once more after a gap, too', async () => {
    const soon = now() + 4;
    const file = (uid: string, color: string) =>
      recording('a', `${lists(uid)}layout: { backgroundColor: "${color}" }\n${sts(soon)}`);
    const cwd = await folder({ 'recordings/a.yaml': file('5', '#000001') });
    const sim = await willing(cwd);
    expect((await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env })).code).toBe(0);
    await until(async () => now() > soon, 'the expiry');
    await put(cwd, { 'recordings/a.yaml': file('5', '#000002') });
    sim.bodies.length = 0;
    sim.gap.left = 1;
    const { code, stderr } = await run(['apply', '--yes', '--endpoint', sim.url], { cwd, env });
    expect([code, stderr]).toEqual([0, expect.stringContaining('404')]);
    expect(sim.bodies.map((body) => Object.keys(body).filter((key) => !/layout/i.test(key)))).toEqual([
      expect.not.arrayContaining(['storageConfig']),
      expect.not.arrayContaining(['storageConfig']),
      ['streamSubscribe'],
    ]);
    expect(await told(['plan', '--detailed-exitcode'], { cwd, env })).toMatchObject({ code: 0 });
  });

  it('that is about to expire stays out of what a daemon sends, too', async () => {
    const soon = now() + 3_600;
    const cwd = await folder({ 'recordings/a.yaml': recording('a', lists('5') + sts(soon)) });
    const sim = await willing(cwd);
    const w = start(['watch', '--endpoint', sim.url], { cwd, env });
    await w.shows(/"msg":"applied"/, 'stderr');
    await w.shows(/"code":"sts-expires-soon"[^\n]*the token expires in 59 minutes/, 'stderr');
    await put(cwd, { 'recordings/a.yaml': recording('a', lists('6') + sts(soon)) });
    await until(async () => sim.bodies.length === 2, 'the second call');
    expect(Object.keys(sim.bodies[1] ?? {})).toEqual(['streamSubscribe']);
    w.child.kill('SIGTERM');
    await w.done;
  });

  it('and one of a program are told where they live for less than four hours', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', sts(now() + 3_600)),
      'recordings/b.yaml': recording('b', storage('credentials: { fromCommand: [../creds.sh] }')),
      'recordings/c.yaml': recording('c', sts(now() + 5 * 3_600)),
    });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await script(
      cwd,
      'creds.sh',
      `echo '{"Version":1,"AccessKeyId":"ID123456","SecretAccessKey":"SECRET123456","SessionToken":"TOKEN123456","Expiration":"${until}"}'`,
    );
    const sim = await willing(cwd);
    const { stdout, code } = await run(['apply', '--yes', '--json', '--endpoint', sim.url], { cwd, env });
    expect(code).toBe(0);
    const found = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'diagnostic')
      .map(({ diagnostic }) => [
        diagnostic.severity,
        diagnostic.code,
        diagnostic.range.filename,
        diagnostic.summary,
      ]);
    expect(found.sort()).toEqual([
      ['warning', 'sts-expires-soon', 'recordings/a.yaml', 'the token expires in 59 minutes'],
      ['warning', 'sts-expires-soon', 'recordings/b.yaml', '../creds.sh: the token expires in 59 minutes'],
    ]);
  });
});
