import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TIMINGS } from '../src/apply/timings.ts';
import { FAULT_ANSWERS, FAULT_CONNECTIONS } from '../src/simulator/fault-rule.ts';
import { CLI, CREDENTIALS, folder, NODE, put, recording, run, simulator, start } from './support/cli.ts';

/*
 * README.md and the pages of src/docs are true. The blocks of a section are carried out in their order, in a folder of their own: a ```yaml or
 * ```diff block that begins with a file's name makes or changes that file, a ```console block is run, and what it
 * shows must come out. A line of `…` stands for any lines; times may differ; "# ends with N" behind a command names its
 * exit code, 0 otherwise. Where the reader has the real service there is a simulated one. What the tables say is
 * compared with --help and with the code.
 */

const ROOT = join(dirname(CLI), '..');
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const README = read('README.md');
const DOCS = readdirSync(join(ROOT, 'src/docs'))
  .sort()
  .map((name) => `src/docs/${name}`);
const PAGES = ['README.md', ...DOCS];
/** All of it, for words that may stand on any page. */
const ALL = PAGES.map(read).join('\n');

interface Block {
  language: string;
  /** The file that its first line names, if it does. */
  file: string | undefined;
  text: string;
}

interface Section {
  page: string;
  /** Of the part before the first heading of the second level it is the page's. */
  title: string;
  text: string;
  blocks: Block[];
}

const sections: Section[] = PAGES.flatMap((page) =>
  read(page)
    .split(/^(?=## )/m)
    .map((text) => ({
      page,
      title: /^##? (.*)/.exec(text)?.[1] ?? '',
      text,
      blocks: [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
        language,
        file: /^# (\S+\.yaml)\n/.exec(body)?.[1],
        text: body,
      })),
    })),
);

function section(page: string, title: string): Section {
  const found = sections.find((each) => each.page === page && each.title === title);
  if (!found) throw new Error(`${page} has no section "${title}"`);
  return found;
}

/** The first file of the README: sections that show none of their own speak of it. */
const FIRST = sections.flatMap(({ blocks }) => blocks).find(({ file }) => file) as Block & { file: string };

interface Command {
  command: string;
  code: number;
  shown: string;
}

function commandsOf(text: string): Command[] {
  return text.split(/^(?=\$ )/m).map((part) => {
    const end = part.indexOf('\n');
    const first = part.slice('$ '.length, end);
    return {
      command: first,
      code: Number(/ # ends with (\d+)$/.exec(first)?.[1] ?? 0),
      shown: part.slice(end + 1),
    };
  });
}

/** Where a line is `…` any lines may stand, and times, ports and places of temporary folders are not compared. */
function pattern(shown: string): RegExp {
  const lines = shown.split('\n').map((line) =>
    line === '…'
      ? '(?:.*\\n)*?'
      : `${line
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replace(/\d+ ms\b/g, '\\d+ ms')
          .replace(/\d+ s ago/g, '\\d+ s ago')}\\n`,
  );
  // The last piece is what follows the last line feed: nothing.
  return new RegExp(`^${lines.slice(0, -1).join('')}$`);
}

/** Applies the lines of a ```diff block: what it takes away must be there, once. */
async function change(cwd: string, { file = '', text }: Block): Promise<void> {
  const lines = text.split('\n').slice(1, -1);
  const side = (sign: string) =>
    lines
      .filter((line) => line.startsWith(' ') || line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('\n');
  const parts = (await readFile(join(cwd, file), 'utf8')).split(side('-'));
  expect(parts, `${file} holds, once, what the diff shows`).toHaveLength(2);
  await writeFile(join(cwd, file), parts.join(side('+')));
}

/** Runs a command line as a shell does, both streams as a terminal shows them. */
function shell(
  command: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number | null; shown: string }> {
  const child = spawn('bash', ['-c', `exec 2>&1\n${command}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, shown })));
}

/** Carries out a section. */
class Walk {
  #cwd: string;
  readonly #env: Record<string, string>;
  /** What the README's words mean here: the port that the local service really has. */
  readonly #meant: [string, string][] = [];

  private constructor(cwd: string, env: Record<string, string>) {
    this.#cwd = cwd;
    this.#env = env;
  }

  static async through({ blocks }: Section): Promise<void> {
    const cwd = await folder({ 'bin/reelstate': `#!/bin/sh\nexec "${NODE}" "${CLI}" "$@"\n` });
    await chmod(join(cwd, 'bin/reelstate'), 0o755);
    const env = { ...CREDENTIALS, HOME: cwd, PATH: `${join(cwd, 'bin')}:${process.env.PATH}`, TMPDIR: cwd };
    const walk = new Walk(cwd, env);
    if (!blocks.some(({ file }) => file)) await put(cwd, { [FIRST.file]: FIRST.text });
    for (const block of blocks) await walk.#block(block);
  }

  async #block(block: Block): Promise<void> {
    const { language, file, text } = block;
    if (language === 'yaml' && file) await put(this.#cwd, { [file]: text });
    if (language === 'diff') await change(this.#cwd, block);
    if (language === 'console') for (const each of commandsOf(text)) await this.#command(each);
  }

  #here(text: string): string {
    return this.#meant.reduce((words, [from, to]) => words.replaceAll(from, to), text);
  }

  async #command({ command, code, shown }: Command): Promise<void> {
    const exported = /^export (.*)$/.exec(this.#here(command))?.[1];
    if (exported) {
      for (const each of exported.split(' ')) {
        const [name = '', value = ''] = each.split('=');
        this.#env[name] = value;
      }
      return;
    }
    // Each command has a shell of its own, so where one leads to is remembered here.
    const [, made, entered] = /^mkdir -p ~\/(\S+) && cd ~\/(\S+)$/.exec(command) ?? [];
    if (made && entered) {
      await mkdir(join(this.#cwd, made), { recursive: true });
      this.#cwd = join(this.#cwd, entered);
      return;
    }
    if (!this.#env.REELSTATE_ENDPOINT && /^reelstate (?!simulate)/.test(command))
      this.#env.REELSTATE_ENDPOINT = (await simulator(this.#cwd)).url;
    if (command.endsWith(' &'))
      return this.#background(command.slice('reelstate '.length, -' &'.length), shown);
    const ran = await shell(this.#here(command), this.#cwd, this.#env);
    expect(ran.shown, command).toMatch(pattern(this.#here(shown)));
    expect(ran.code, command).toBe(code);
  }

  /** The README's port may be taken: the service gets a free one, and from then on that is meant. */
  async #background(command: string, shown: string): Promise<void> {
    const [words = '', log] = command.split(' 2> ');
    const options = { cwd: this.#cwd, env: this.#env };
    if (words.startsWith('simulate')) {
      const url = await start([...words.split(' '), '--listen', '127.0.0.1:0'], options).shows(/^.*\n/);
      expect(shown).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
      this.#meant.push([shown.trim(), url.trim()]);
    } else {
      expect([words, log, shown]).toEqual(['watch --listen 127.0.0.1:9464', 'watch.log', '']);
      const daemon = start(['watch', '--listen', '127.0.0.1:0'], options);
      const url = await daemon.shows(/http:\/\/127\.0\.0\.1:\d+/, 'stderr');
      // By the time that a reader types the next command, all is applied.
      await daemon.shows(/"updateLayout".*\n/, 'stderr');
      this.#meant.push(['http://127.0.0.1:9464', url]);
    }
  }
}

describe('commands and what they show', () => {
  const walked = sections.filter(({ blocks }) => blocks.some(({ language }) => language === 'console'));
  it.each(walked)('$page: $title', async (each) => Walk.through(each));

  it('is a good deal of the pages', () => {
    expect(walked.map(({ title }) => title)).toEqual([
      'Ten minutes with the simulator',
      'Exit codes',
      'The local service',
      'The daemon',
    ]);
  });

  it("the README's example is none of the recordings in the checkout, and stands beside them", async () => {
    const cwd = await folder();
    cpSync(join(ROOT, 'recordings'), join(cwd, 'recordings'), { recursive: true });
    const before = await run(['plan', '--json'], { cwd });
    expect(existsSync(join(cwd, FIRST.file))).toBe(false);
    await put(cwd, { [FIRST.file]: FIRST.text });
    const after = await run(['plan', '--json'], { cwd });
    expect(after.stderr).toBe(before.stderr);
    const recordings = ({ stdout }: { stdout: string }): number => JSON.parse(stdout).summary.to_create;
    expect(recordings(after)).toBe(recordings(before) + 1);
  });

  it('every recording file in it is valid', async () => {
    const files = sections.flatMap(({ blocks }) =>
      blocks.filter(({ language, file }) => language === 'yaml' && file),
    );
    const isRecording = ({ file = '' }) => file.startsWith('recordings/');
    const isSettings = ({ file }: { file?: string }) => file === 'reelstate.yaml';
    const shared = files.filter((each) => !isRecording(each) && !isSettings(each));
    expect(files.filter(isRecording).length).toBeGreaterThan(1);
    expect(shared.length).toBeGreaterThan(1);
    expect(files.some(isSettings)).toBe(true);
    const beside = Object.fromEntries(shared.map(({ file = '', text }) => [file, text]));
    for (const { file = '', text } of files.filter((each) => !shared.includes(each))) {
      const secrets = { 'secrets/s3': 'secret', 'shared/keys/s3': 'secret' };
      // Settings are valid beside a recording of one of their accounts.
      const own: Record<string, string> = isSettings({ file })
        ? { 'recordings/hall.yaml': recording('hall') }
        : beside;
      const cwd = await folder({ ...own, [file]: text, ...secrets });
      const env = { S3_KEY: 'key', CDN_URL: 'rtmp://cdn.example.com/live/key' };
      expect(await run(['validate', '--strict'], { cwd, env })).toMatchObject({ code: 0 });
    }
  });

  it.each([...PAGES, 'test/examples/ci/github.yml', 'test/examples/ci/gitlab.yml'])(
    '%s installs nothing that is not published',
    (page) => {
      expect(read(page)).not.toMatch(/npm (install|i)( -\S+)* reelstate\b|npx reelstate/);
    },
  );

  it('names the two commands to begin with', () => {
    for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) expect(README).toContain(command);
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [, script = ''] of ALL.matchAll(/\bnpm run ([\w:-]+)/g))
      expect(scripts).toHaveProperty(script);
  });
});

/** The cells of the tables in a section, backticks kept, without heads and rules. */
function rowsOf({ text }: { text: string }): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const plain = (cell: string): string => cell.replaceAll('`', '');
const ticked = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string);

interface Flag {
  /** "--dir <dir>" */
  term: string;
  variables: string[];
  fallback: string;
  commands: string[];
}

const COMMANDS = 'src/docs/commands.md';
const common = rowsOf(section(COMMANDS, 'Flags of every command'));
const commands = rowsOf(section(COMMANDS, 'Commands')).flatMap(
  ([first = '']) => /^\[`reelstate (\w+)/.exec(first)?.[1] ?? [],
);
/** Each command's own part, those of `state` included. */
const parts = new Map(
  section(COMMANDS, 'Each command, and its own flags')
    .text.split(/^### /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
);
/** A flag of several commands once, where its term, variable and default are the same. */
const flags: Flag[] = [];
for (const [command, text] of parts)
  for (const [terms = '', variable = '', fallback = ''] of [...common, ...rowsOf({ text })]) {
    if (!terms.startsWith('`--')) continue;
    const flag = { term: plain(terms), variables: ticked(variable), fallback };
    const same = flags.find(
      (each) =>
        each.term === flag.term && each.variables[0] === flag.variables[0] && each.fallback === flag.fallback,
    );
    if (same) same.commands.push(command);
    else flags.push({ ...flag, commands: [command] });
  }

describe('the command line', () => {
  const helps = new Map<string, Map<string, string>>();
  let overview = '';
  beforeAll(async () => {
    const cwd = await folder();
    overview = (await run(['--help'], { cwd })).stdout;
    for (const command of parts.keys()) {
      const { stdout } = await run([...command.split(' '), '--help'], { cwd });
      // Its own, then those of every command.
      const options = [...stdout.matchAll(/^(?:Options|Flags of every command):\n((?: .*\n)*)/gm)];
      const entries = options
        .map(([, lines]) => lines)
        .join('')
        .split(/^ {2}(?=-)/m)
        .filter(Boolean);
      // A term and its description are two spaces apart; both go on over several lines.
      helps.set(
        command,
        new Map(
          entries.map(
            (entry) =>
              entry
                .trim()
                .replace(/\s*\n\s+/g, ' ')
                .split(/ {2,}/) as [string, string],
          ),
        ),
      );
    }
  });

  it('has the commands of the page, and the page those of --help', () => {
    const listed = [...(/^Commands:\n((?: .*\n)*)/m.exec(overview)?.[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(
      ([, name]) => name,
    );
    expect([...commands, 'help'].sort()).toEqual(listed.sort());
    expect([...parts.keys()].filter((name) => !name.includes(' '))).toEqual(commands);
  });

  it.each([...parts.keys()])('%s has the flags of the page, and the page those of --help', (command) => {
    const shown = [...(helps.get(command)?.keys() ?? [])].filter((term) => !term.startsWith('-h'));
    const written = flags.filter((flag) => flag.commands.includes(command)).map(({ term }) => term);
    expect(written.sort()).toEqual(shown.sort());
  });

  it('has the defaults of the page', () => {
    const named = flags.flatMap(({ term, commands: which }) =>
      which.map((command) => [
        `${command} ${term}`,
        /\(default: (.*)\)/.exec(helps.get(command)?.get(term) ?? '')?.[1],
      ]),
    );
    const written = new Map(
      flags.flatMap(({ term, fallback, commands: which }) =>
        which.map((command) => [`${command} ${term}`, fallback]),
      ),
    );
    const told = named.filter(([, fallback]) => fallback !== undefined);
    expect(told.length).toBeGreaterThan(10);
    expect(told.map(([flag = '']) => [flag, written.get(flag)])).toEqual(told);
  });

  it('has the variables of the page, and the page those of --help', () => {
    const named = flags.flatMap(({ term, commands: which }) =>
      which.map((command) => [
        `${command} ${term}`,
        /\[\$(.*)\]$/.exec(helps.get(command)?.get(term) ?? '')?.[1],
      ]),
    );
    const written = flags.flatMap(({ term, variables: [variable], commands: which }) =>
      which.map((command) => [`${command} ${term}`, variable]),
    );
    expect(named).toEqual(written);
  });

  it('every flag that the pages speak of is one', () => {
    const known = new Set(flags.map(({ term }) => term.split(' ')[0]));
    // The command that is wrong on purpose.
    const own = ALL.replace(/```(ini|dockerfile|yaml)\n[\s\S]*?```/g, '')
      // The flags of other programs.
      .replace(/^docker (?:.*\\\n)*.*$/gm, '')
      .replace(/`npm [^`]*`/g, '');
    const spoken = own.replace(/^\$ .* # ends with 64\n.*\n/gm, '').matchAll(/(?<![\w-])--[a-z][\w-]*/g);
    expect([...spoken].map(([flag]) => flag).filter((flag) => !known.has(flag) && flag !== '--help')).toEqual(
      [],
    );
  });

  it('every variable is named after its flag, and no other is spoken of', () => {
    for (const { term, variables } of flags)
      for (const variable of variables)
        expect(variable).toBe(
          `REELSTATE_${term
            .replace(/^--| .*/g, '')
            .replaceAll('-', '_')
            .toUpperCase()}`,
        );
    // Secrets come from the environment alone.
    const secrets = [
      'REELSTATE_GIT_TOKEN',
      'REELSTATE_HOOK_SECRET',
      'REELSTATE_NOTIFY_SECRET',
      'REELSTATE_STATE_KEY',
    ];
    const known = new Set([...secrets, ...flags.flatMap(({ variables }) => variables)]);
    expect(
      [...ALL.matchAll(/REELSTATE_\w+/g)].map(([name]) => name).filter((name) => !known.has(name)),
    ).toEqual([]);
  });

  /** Variables whose values are checked: a value that makes no sense is refused by its flag's name. */
  const checked = flags.filter(
    // What is an address for git only git can say.
    ({ variables, term }) =>
      variables.length > 0 && / <(?!dir|file|commit)/.test(term) && !term.startsWith('--git-url'),
  );
  it.each(checked)(
    'the variable of $term is read',
    async ({ variables: [variable = ''], term, commands: [first = ''], commands: which }) => {
      const cwd = await folder({ [FIRST.file]: FIRST.text });
      const command = which.includes('plan') ? 'plan' : first;
      const { code, stderr } = await run([command], {
        cwd,
        env: {
          [variable]: '?',
          REELSTATE_ENDPOINT: 'http://127.0.0.1:9',
          ...(variable === 'REELSTATE_ENDPOINT' ? { [variable]: '?' } : {}),
        },
      });
      expect(stderr).toContain(`reelstate: ${term.split(' ')[0]}`);
      expect(code).toBe(64);
    },
  );
});

const SIMULATOR = 'src/docs/simulator.md';

describe('facts', () => {
  it('every exit code of the table is shown by a command', () => {
    const shown = section(COMMANDS, 'Exit codes').blocks.flatMap(({ text }) =>
      commandsOf(text).map(({ code }) => String(code)),
    );
    const listed = rowsOf(section(COMMANDS, 'Exit codes'))
      .map(([code = '']) => code)
      .filter((code) => /^\d+$/.test(code));
    expect(listed.sort()).toEqual(['0', '1', '2', '64']);
    expect([...new Set(shown)].sort()).toEqual(listed);
  });

  it('waits are those of the program', () => {
    const seconds = (waits: readonly number[]) => waits.map((wait) => wait / 1000);
    const [one, two, three] = seconds(TIMINGS.unknown);
    const [first, second, third, fourth] = seconds(TIMINGS.notFound);
    const [short, long] = seconds(TIMINGS.unfinished);
    for (const words of [
      `after ${one}, ${two} and ${three} s, then twice as long each time up to ${TIMINGS.cap / 1000} s`,
      `tried again after ${TIMINGS.domainRest / 1000} s`,
      `after ${short} and ${long} s, then as above`,
      `after ${first}, ${second}, ${third} and then every ${fourth} s`,
      `after more than ${TIMINGS.endedAfter / 1000} s the recording has ended`,
      `or else ${TIMINGS.throttled / 1000} s, twice as long each time in a row`,
      `one request a second more every ${TIMINGS.recovery / 1000} s`,
    ])
      expect(read('src/docs/failures.md')).toContain(words);
    expect(flags.find(({ term }) => term.startsWith('--timeout'))?.fallback).toBe(
      `${TIMINGS.request / 1000}s`,
    );
  });

  it('every kind of fault is listed, and every one that is listed exists', () => {
    const [, listed = ''] = /The kinds are ([\s\S]*?)\. Conditions:/.exec(read(SIMULATOR)) ?? [];
    expect(ticked(listed).sort()).toEqual(
      [...FAULT_ANSWERS, ...FAULT_CONNECTIONS, 'latency', 'failover', 'late'].sort(),
    );
  });

  it('rules of faults are taken as they are written there', async () => {
    const cwd = await folder({ [FIRST.file]: FIRST.text });
    const sim = await simulator(cwd);
    const conditions = rowsOf(section(SIMULATOR, 'Faults'))
      .flatMap(([cell = '']) => ticked(cell))
      .filter((each) => !each.includes('/_sim'));
    expect(conditions.length).toBeGreaterThan(10);
    const values: Record<string, string> = {
      endpoint: 'update',
      status: '418',
      retryAfter: '2',
      dripMs: '50',
    };
    for (const condition of conditions) {
      const name = condition.split('=')[0] as string;
      const kind = name === 'for' ? 'failover' : '400';
      const rule = `${kind}@${condition.replace('…', values[name] ?? 'standup')}`;
      await expect(
        sim.json('/_sim/faults', { method: 'PUT', body: JSON.stringify(rule) }),
        rule,
      ).resolves.toHaveLength(1);
    }
    await sim.stop();
  });

  it('the endpoints of the local service are there', async () => {
    const cwd = await folder({ [FIRST.file]: FIRST.text });
    const sim = await simulator(cwd);
    const [{ sid }] = (await sim.json('/_sim/recordings')) as [{ sid: string }];
    const listed = rowsOf(section(SIMULATOR, 'For tests of your own'))
      .flatMap(([cell = '']) => ticked(cell))
      .filter((each) => each.includes('/_sim'));
    expect(listed.length).toBeGreaterThan(8);
    for (const each of listed) {
      const [method = '', where = ''] = each.split(' ');
      const path = where.replace('SID', sid).replace('ID', 'f').replace('=N', '=0');
      await sim.json('/_sim/faults', { method: 'PUT', body: '[{"id":"f","answer":"503"}]' });
      const response = await fetch(`${sim.url}${path}`, { method });
      // Without a body a change is refused, but by the endpoint that it is meant for.
      expect([200, 201, 400], `${method} ${path}`).toContain(response.status);
      expect(await response.text()).not.toContain('is not an endpoint');
    }
    await sim.stop();
  });

  it('the state folder holds what is listed', async () => {
    const listed = rowsOf(section('src/docs/state.md', 'The state')).flatMap((cells) =>
      cells
        .slice(0, 2)
        .flatMap((cell) =>
          ticked(cell).filter((name) => /^[\w.-]+(db|db-wal|db-shm|ignore|0\.1\/)$/.test(name)),
        ),
    );
    const cwd = await folder({ [FIRST.file]: FIRST.text });
    const sim = await simulator(cwd, ['--latency', '300']);
    const applying = start(['apply', '--endpoint', sim.url, '--log-level', 'debug'], { cwd });
    await applying.shows(/first-apply/, 'stderr');
    const { shown } = await shell('ls -A .reelstate', cwd, { PATH: process.env.PATH ?? '' });
    const found = shown.trim().split('\n');
    expect([...found, 'journal-0.1/'].sort()).toEqual([...new Set(listed)].sort());
    expect((await applying.done).code).toBe(0);
    await sim.stop();
  });

  it.each([
    ...PAGES,
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'src/README.md',
    'src/decisions.md',
    'src/dictionary.md',
    'schemas/README.md',
    'test/soak/README.md',
  ])('the links of %s lead somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
    const inside = links.filter((link) => !/^https?:/.test(link));
    const dead = inside.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path ? posix.join(dirname(page), path) : page;
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('every page is linked from the README', () => {
    expect(DOCS.filter((page) => !README.includes(`](${page})`))).toEqual([]);
  });
});

/** What a link to a heading says, as GitHub makes it. */
function anchorsOf(page: string): Set<string> {
  const prose = read(page).replace(/^```[\s\S]*?^```$/gm, '');
  return new Set(
    [...prose.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('npm run generate', () => {
  const document = (root: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'src/document.js'), ...args], { encoding: 'utf8' });

  it('has nothing to write', () => {
    expect(document(ROOT, '--check')).toMatchObject({ status: 0, stderr: '' });
  });

  it('notices a flag that is not on the page, and writes it', async () => {
    const root = await folder();
    for (const path of ['package.json', 'src'])
      cpSync(join(ROOT, path), join(root, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const definitions = join(root, 'src/commands/commands.ts');
    const text = await readFile(definitions, 'utf8');
    await writeFile(definitions, text.replace("'--strict'", "'--stern'"));
    const page = join(root, COMMANDS);
    const before = await readFile(page, 'utf8');
    expect(document(root, '--check').status).toBe(1);
    expect(await readFile(page, 'utf8')).toBe(before);
    expect(document(root).status).toBe(0);
    expect(document(root, '--check').status).toBe(0);
    expect(await readFile(page, 'utf8')).toBe(
      before.replace('| `--strict` | `REELSTATE_STRICT` |', '| `--stern` | `REELSTATE_STERN` |'),
    );
  });
});
