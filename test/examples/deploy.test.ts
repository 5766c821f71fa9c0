import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { CREDENTIALS, folder, NODE, put, recording, run, simulator, start } from '../support/cli.ts';
import { startServer, withoutServer } from '../support/postgres.ts';
import { registry } from '../support/registry.ts';
import { MANIFESTS } from './manifests.ts';

/*
 * The examples of where it runs: a container, Kubernetes, systemd. No engine is needed: each is run as far as a process
 * of this machine can.
 */

const ROOT = join(import.meta.dirname, '../..');
const DEPLOY = join(import.meta.dirname, 'deploy');
const execute = promisify(execFile);

describe('the Containerfile', () => {
  /** Its instructions by stage, comments left out and lines that go on joined. */
  const stages = readFileSync(join(DEPLOY, 'Containerfile'), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
      return { word, rest };
    })
    .reduce<{ word: string; rest: string }[][]>((all, each) => {
      if (each.word === 'FROM') all.push([]);
      all.at(-1)?.push(each);
      return all;
    }, []);
  const [build = [], final = []] = stages;
  const of = (word: string) => final.filter((each) => each.word === word).map(({ rest }) => rest);

  it('makes a program of a checkout, which runs', async () => {
    const disk = await mkdtemp(join(tmpdir(), 'reelstate-container-'));
    onTestFinished(() => rm(disk, { recursive: true, force: true }));
    const { url, close } = await registry();
    onTestFinished(close);
    /** A path of the image, as one of this machine. */
    const here = (text: string) => text.replace(/(?<=^|\s)\/(?=checkout|package|opt)/g, `${disk}/`);
    let cwd = disk;
    const ran: string[] = [];
    for (const { word, rest } of build) {
      if (word === 'WORKDIR') {
        cwd = here(rest);
        await mkdir(cwd, { recursive: true });
      } else if (word === 'COPY') {
        expect(rest).toBe('. .');
        const { stdout } = await execute('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT });
        for (const file of stdout.split('\n').filter((path) => path !== '' && existsSync(join(ROOT, path))))
          await cp(join(ROOT, file), join(cwd, file));
      } else if (word === 'RUN' && rest.startsWith('npm ci')) {
        // What it installs is there already, and needs a network; what follows it in a checkout is the build.
        await symlink(join(ROOT, 'node_modules'), join(cwd, 'node_modules'));
        const { scripts } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
        await execute('sh', ['-c', scripts.dependencies], { cwd });
      } else if (word === 'RUN') {
        const env = { ...process.env, npm_config_registry: url, npm_config_cache: join(disk, 'cache') };
        await execute('sh', ['-e', '-c', here(rest)], { cwd, env });
        ran.push(rest);
      } else expect(word).toBe('FROM');
    }
    expect(ran).toHaveLength(2);
    // The second stage takes nothing but this folder, so nothing but it may be needed.
    expect(of('COPY')).toEqual(['--from=build /opt/reelstate /opt/reelstate']);
    await rm(join(disk, 'checkout'), { recursive: true });
    const [, program = ''] = JSON.parse(of('ENTRYPOINT')[0] as string) as string[];
    const data = await folder({ 'recordings/a.yaml': recording('a') });
    expect(await run(['validate'], { cwd: data, cli: here(program) })).toMatchObject({ code: 0 });
  });

  it('has what git needs, and runs without root until it is told to end', () => {
    const [installed = ''] = of('RUN');
    for (const name of ['ca-certificates', 'git', 'gnupg', 'openssh-client'])
      expect(installed.split(' ')).toContain(name);
    expect(of('USER')).toEqual(['1000:1000']);
    expect(of('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(JSON.parse(of('CMD')[0] as string)).toEqual(['watch']);
    // As a list: a shell in between would not hand the signal on.
    expect(JSON.parse(of('ENTRYPOINT')[0] as string)[0]).toBe('node');
  });
});

interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: checked by the schemas
  spec?: any;
}

describe('the manifests for Kubernetes', () => {
  const manifests = parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes.yaml'), 'utf8')).map(
    (document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Manifest;
    },
  );
  const one = (kind: string) => manifests.find((each) => each.kind === kind) as Manifest;
  const pod = () => one('Deployment').spec.template;

  it('have only fields that there are, of the right kind', () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    for (const manifest of manifests) {
      const validate = ajv.compile(MANIFESTS[manifest.kind] ?? { not: {} });
      validate(manifest);
      expect(validate.errors ?? [], manifest.kind).toEqual([]);
    }
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
      'Deployment',
      'Service',
      'PodDisruptionBudget',
    ]);
    const validate = ajv.compile(MANIFESTS.Deployment as object);
    expect(validate({ ...one('Deployment'), spec: { ...one('Deployment').spec, replica: 2 } })).toBe(false);
  });

  it('name one another', () => {
    const { labels } = pod().metadata;
    for (const kind of ['Deployment', 'PodDisruptionBudget'])
      expect(one(kind).spec.selector.matchLabels).toEqual(labels);
    expect(one('Service').spec.selector).toEqual(labels);
    const [container] = pod().spec.containers;
    const volumes = pod().spec.volumes.map(({ name }: { name: string }) => name);
    expect(container.volumeMounts.map(({ name }: { name: string }) => name)).toEqual(volumes);
    expect(pod().spec.volumes[0].configMap.name).toBe(one('ConfigMap').metadata.name);
    expect(one('Service').spec.ports[0].targetPort).toBe(container.ports[0].name);
  });

  it.skipIf(withoutServer() !== undefined)(
    'run two daemons whose probes are green, of which one sends what the ConfigMap says',
    async () => {
      const server = await startServer();
      onTestFinished(() => server.stop(), 60_000);
      const cwd = await folder();
      await put(
        cwd,
        Object.fromEntries(
          Object.entries(one('ConfigMap').data ?? {}).map(([name, text]) => [`recordings/..1/${name}`, text]),
        ),
      );
      // As a kubelet lays out a ConfigMap.
      await symlink('..1', join(cwd, 'recordings/..data'));
      for (const name of Object.keys(one('ConfigMap').data ?? {}))
        await symlink(join('..data', name), join(cwd, 'recordings', name));
      const sim = await simulator(cwd);
      const [container] = pod().spec.containers;
      const address = await server.address();
      const args = (container.args as string[]).map((arg) =>
        arg
          .replace('/data/', `${cwd}/`)
          .replace(/^--state=.*/, `--state=${address}`)
          .replace('0.0.0.0:9464', '0.0.0.0:0'),
      );
      const env = { ...server.env, ...CREDENTIALS };
      const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'].map(
        (probe) => container[probe].httpGet.path as string,
      );
      const said: string[] = [];
      const daemons = [];
      for (let replica = 0; replica < one('Deployment').spec.replicas; replica++) {
        const daemon = start(args, { cwd, env });
        daemons.push(daemon);
        const port = /:(\d+)"/.exec(await daemon.shows(/"url":"[^"]*"/, 'stderr'))?.[1] as string;
        await daemon.shows(/"watching"/, 'stderr');
        for (const path of probes) expect((await ask(port, path, '127.0.0.1')).status).toBe(200);
        expect((await ask(port, '/readyz', 'reelstate')).status).toBe(200);
        expect((await ask(port, '/readyz', 'elsewhere.example.com')).status).toBe(403);
        said.push((await ask(port, '/readyz', '127.0.0.1')).text);
        if (replica === 0) await daemon.shows(/"applied"/, 'stderr');
      }
      expect(said[1]).toContain('standby');
      expect(await sim.requests()).toHaveLength(1);
      for (const { child, done } of daemons) {
        child.kill('SIGTERM');
        expect((await done).code).toBe(0);
      }
      await sim.stop();
    },
    60_000,
  );
});

function ask(
  port: string,
  path: string,
  host: string,
): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    get({ port, path, headers: { host: `${host}:9464` } }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    }).on('error', reject);
  });
}

describe('the unit for systemd', () => {
  const unit = readFileSync(join(DEPLOY, 'reelstate.service'), 'utf8');
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

  it('starts a command that is one', async () => {
    // Nothing tells systemd when the process is ready, so it may not wait for that.
    expect(value('Type')).toBe('exec');
    const [, program = '', ...args] = value('ExecStart').split(' ');
    expect(program).toMatch(/^\/opt\/reelstate\/node_modules\/reelstate\/dist\/cli\.js$/);
    const { stdout } = await execute(NODE, [join(ROOT, 'dist/cli.js'), args[0] as string, '--help']);
    for (const flag of args.filter((arg) => arg.startsWith('--'))) expect(stdout).toContain(`${flag} <`);
  });

  it.skipIf(spawnSync('systemd-analyze', ['--version']).error !== undefined)(
    'is one to systemd',
    async () => {
      const cwd = await folder();
      const file = join(cwd, 'reelstate.service');
      // Programs and users of another machine are not looked for.
      const local = unit
        .replace(/\/usr\/bin\/node \S+/, process.execPath)
        .replace('User=reelstate', `User=${process.getuid?.()}`);
      await writeFile(file, local);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      expect({
        status,
        about: stderr.split('\n').filter((line) => line.includes('reelstate.service')),
      }).toEqual({
        status: 0,
        about: [],
      });
    },
  );
});

it('nothing says that the package is in a registry', () => {
  const places = [
    'README.md',
    'CONTRIBUTING.md',
    'src/docs',
    'src/commands',
    'test/examples',
    'recordings',
    'schemas',
  ];
  const files = places.flatMap((place) =>
    place.includes('.')
      ? [join(ROOT, place)]
      : readdirSync(join(ROOT, place), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name)),
  );
  const saying = files.filter((file) =>
    /\bnpm (i|install|exec)\b[^\n]* reelstate(@\S+)?\s*$|\bnpx( -\S+)* reelstate\b/m.test(
      readFileSync(file, 'utf8'),
    ),
  );
  expect(saying).toEqual([]);
});
