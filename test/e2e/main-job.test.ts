import { existsSync } from 'node:fs';
import { chmod, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CREDENTIALS, folder, put, recording, run, sid, simulator, start } from '../support/cli.ts';

/*
 * The main job, through the built command: files, a plan, live recordings.
 */

const WEB = (onhold: boolean) =>
  recording('web', `onhold: ${onhold}\nrtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\n`, 'web');
const CDN_URL = 'rtmp://cdn.example.com/live/the-stream-key';

describe('from files to live recordings', () => {
  it('plans, applies, and then sees that nothing is left to do', async () => {
    const cwd = await folder({
      'recordings/town.yaml': recording(
        'town',
        'subscriptions:\n  audioUidList: { subscribeAudioUids: ["#allstream#"] }\n  videoUidList: { unSubscribeVideoUids: [444, 555] }\nlayout: { mixedVideoLayout: bestFit, backgroundColor: "#ff0000" }\n',
      ),
      'recordings/web.yaml': WEB(true),
    });
    const env = { CDN_URL };
    const sim = await simulator(cwd);
    const before = await run(['plan', '--json', '--detailed-exitcode'], { cwd, env });
    expect(before.code).toBe(2);
    expect(before.stderr).toBe('');
    expect(JSON.parse(before.stdout)).toMatchObject({
      format_version: '1.0',
      applyable: true,
      summary: { to_create: 2, calls: { update: 2, updateLayout: 1 }, seconds_at_rate: 0.3 },
    });
    expect(existsSync(join(cwd, '.reelstate'))).toBe(false);

    const applied = await run(['apply', '--endpoint', sim.url], { cwd, env });
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toMatch(/3 calls for 2 recordings applied\./);
    const [town, web] = (await sim.recordings()).sort((a, b) =>
      String(a.name) < String(b.name) ? -1 : 1,
    ) as never[] as Record<string, unknown>[];
    expect(town).toMatchObject({
      layout: { mixedVideoLayout: 1, backgroundColor: '#FF0000' },
      subscriptions: { videoUidList: { unSubscribeVideoUids: ['444', '555'] } },
    });
    expect(web).toMatchObject({ onhold: true, rtmp: { outputs: [{ rtmpUrl: CDN_URL }] } });

    const after = await run(['plan', '--detailed-exitcode'], { cwd, env });
    expect(after).toMatchObject({ code: 0, stderr: '' });
    expect(after.stdout).toMatch(/2 unchanged\.\nNothing to do\./);
    expect((await run(['apply', '--endpoint', sim.url], { cwd, env })).code).toBe(0);
    expect(await sim.requests()).toHaveLength(3);
    await sim.stop();
  });

  it('shows what goes back to its default, and makes it so', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording(
        'a',
        'layout: { mixedVideoLayout: bestFit, backgroundColor: "#FF0000" }\n',
      ),
    });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': recording('a', 'layout: { mixedVideoLayout: bestFit }\n') });
    const plan = JSON.parse((await run(['plan', '--json'], { cwd })).stdout);
    expect(plan.recordings).toEqual([
      expect.objectContaining({
        name: 'a',
        file: 'recordings/a.yaml',
        sid: sid('a'),
        mode: 'mix',
        action: 'update',
        calls: [
          {
            endpoint: 'updateLayout',
            reason: 'changed',
            changes: [
              { path: '/layout/backgroundColor', before: '#FF0000', after: '#000000', reason: 'reset' },
            ],
            patch: [{ op: 'replace', path: '/backgroundColor', value: '#000000' }],
            body: {
              cname: 'channel-a',
              uid: '527841',
              clientRequest: { mixedVideoLayout: 1, backgroundColor: '#000000' },
            },
          },
        ],
      }),
    ]);
    const text = await run(['plan'], { cwd });
    expect(text.stdout).toContain(
      'goes back to its default, because the file no longer sets it:\n      ! backgroundColor   "#FF0000" → "#000000"',
    );
    await run(['apply', '--endpoint', sim.url], { cwd });
    expect((await sim.recordings())[0]).toMatchObject({ layout: { backgroundColor: '#000000' } });
    await sim.stop();
  });

  it('gives --help on every command, and --version', async () => {
    const cwd = await folder();
    for (const command of ['validate', 'plan', 'diff', 'apply', 'status', 'preview', 'simulate']) {
      const help = await run([command, '--help'], { cwd });
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toMatch(/Usage: reelstate/);
      expect(help.stdout).toMatch(/--dir/);
    }
    for (const args of [['help'], ['help', 'plan']])
      expect(await run(args, { cwd })).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/Usage: /),
      });
    expect((await run(['--version'], { cwd })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('validate writes nothing, neither in the project nor in the home folder', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': 'name: [' });
    const before = await readdir(cwd, { recursive: true });
    for (const args of [[], ['--json'], ['--strict']])
      expect((await run(['validate', ...args], { cwd })).code).toBe(1);
    expect(await readdir(cwd, { recursive: true })).toEqual(before);
  });

  it('a wrong command line is 64, with a hint and no stack trace', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    for (const [args, message] of [
      [[], /Usage/],
      [['plam'], /Did you mean plan/],
      [['help', 'plam'], /Usage/],
      [['plan', '--nope'], /unknown option/],
      [['validate', 'a'], /too many arguments/],
      [['plan', '--output', 'xml'], /--output "xml": must be one of text, json, markdown/],
      [['plan', '--rate', 'fast'], /--rate "fast"/],
      [['apply', '--rate', '0'], /--rate "0"/],
      [['apply', '--endpoint', 'http://api.agora.io'], /plain HTTP/],
      [['apply', '--endpoint', 'ftp://x'], /--endpoint/],
      [['apply', '--retry-for', 'soon'], /--retry-for "soon"/],
      [['plan', 'b'], /no recording is called "b"/],
      [['status', 'b'], /no recording is called "b"/],
    ] as const) {
      const wrong = await run([...args], { cwd });
      expect({ args, code: wrong.code }).toEqual({ args, code: 64 });
      expect(wrong.stderr).toMatch(message);
      expect(wrong.stderr).not.toMatch(/^\s+at /m);
      expect(wrong.stdout).toBe('');
    }
  });

  it('takes its settings from the environment, and flags before them', async () => {
    const cwd = await folder({ 'shows/a.yaml': recording('a') });
    const env = { REELSTATE_DIR: 'shows', REELSTATE_OUTPUT: 'json', REELSTATE_STATE: 'elsewhere' };
    expect(JSON.parse((await run(['plan'], { cwd, env })).stdout)).toMatchObject({
      summary: { to_create: 1 },
    });
    expect((await run(['plan', '--output', 'text'], { cwd, env })).stdout).toMatch(/1 to create/);
    expect((await run(['--dir', 'shows', 'plan'], { cwd })).stdout).toMatch(/1 to create/);
    expect((await run(['plan'], { cwd, env: { REELSTATE_OUTPUT: 'xml' } })).code).toBe(64);
  });

  it('restricts itself to names', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a'),
      'recordings/b.yaml': recording('b'),
      'recordings/c.yaml': recording('c'),
    });
    const sim = await simulator(cwd);
    expect((await run(['apply', 'a', 'c', '--endpoint', sim.url], { cwd })).stdout).toMatch(
      /2 calls for 2 recordings/,
    );
    const status = JSON.parse((await run(['status', '--json'], { cwd })).stdout);
    expect(status.recordings.map(({ name }: { name: string }) => name)).toEqual(['a', 'c']);
    expect((await run(['plan', 'a', '--detailed-exitcode'], { cwd })).code).toBe(0);
    expect((await run(['status', 'a'], { cwd })).stdout).toMatch(/^a +Ready/);
    await sim.stop();
  });

  it('apply --resync sends the whole state of what has not changed, too', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd);
    for (const args of [[], ['--resync']]) await run(['apply', ...args, '--endpoint', sim.url], { cwd });
    expect((await sim.requests()).map(({ status }) => status)).toEqual([200, 200]);
    await sim.stop();
  });

  it('a block that is taken out goes back to the default; rtmp and storage stay, and the plan says so', async () => {
    const cwd = await folder({ 'recordings/web.yaml': WEB(true) });
    const env = { CDN_URL };
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd, env });
    await put(cwd, { 'recordings/web.yaml': recording('web', '', 'web') });
    const plan = await run(['plan'], { cwd });
    expect(plan.stdout).toMatch(/! onhold +true → false/);
    expect(plan.stdout).toMatch(/rtmp is no longer in the file/);
    await run(['apply', '--endpoint', sim.url], { cwd });
    expect((await sim.recordings())[0]).toMatchObject({
      onhold: false,
      rtmp: { outputs: [{ rtmpUrl: CDN_URL }] },
    });
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
    await sim.stop();
  });

  it('what a refused call would have let go of stays known, and the plan goes on saying so', async () => {
    const cwd = await folder({ 'recordings/web.yaml': WEB(true) });
    const env = { CDN_URL };
    const sim = await simulator(cwd, ['--fault', '400@nth=2']);
    await run(['apply', '--endpoint', sim.url], { cwd, env });
    await put(cwd, { 'recordings/web.yaml': recording('web', '', 'web') });
    for (const code of [1, 0]) {
      expect((await run(['plan'], { cwd })).stdout).toMatch(/rtmp is no longer in the file/);
      expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(code);
    }
    expect((await run(['plan'], { cwd })).stdout).not.toContain('rtmp');
    await sim.stop();
  });

  it('a recording whose file the backend has not written yet is waiting', async () => {
    const cwd = await folder({
      'recordings/a.yaml': 'recording: { fromFile: ../run/a.json }\nlayout: { mixedVideoLayout: bestFit }\n',
    });
    const waiting = await run(['plan', '--json', '--detailed-exitcode'], { cwd });
    expect(waiting.code).toBe(0);
    expect(JSON.parse(waiting.stdout).recordings).toMatchObject([
      { name: 'a', action: 'waiting', calls: [] },
    ]);
    await put(cwd, {
      'run/a.json': JSON.stringify({
        appId: 'app',
        cname: 'c',
        uid: '7',
        resourceId: 'r',
        sid: 's',
        mode: 'mix',
      }),
    });
    const sim = await simulator(cwd);
    expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(0);
    expect((await sim.recordings())[0]).toMatchObject({ sid: 's', layout: { mixedVideoLayout: 1 } });
    await sim.stop();
  });

  it('a changed sid is another recording; a suspended one is left alone', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, { 'recordings/a.yaml': recording('b') });
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).stdout).recordings).toMatchObject([
      { name: 'a', action: 'create', sid: sid('b'), calls: [{ reason: 'first-apply' }] },
    ]);
    await put(cwd, { 'recordings/a.yaml': `${recording('b')}suspend: true\n` });
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).stdout).recordings).toMatchObject([
      { name: 'a', action: 'suspended', calls: [] },
    ]);
    await sim.stop();
  });

  it('a deleted file is forgotten without a call; an empty folder is an error', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await rm(join(cwd, 'recordings/a.yaml'));
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).stdout)).toMatchObject({
      summary: { to_forget: 1, calls: { update: 0, updateLayout: 0 } },
    });
    await run(['apply', '--endpoint', sim.url], { cwd });
    expect(await sim.requests()).toHaveLength(2);
    await rm(join(cwd, 'recordings/b.yaml'));
    for (const args of [['plan'], ['apply', '--endpoint', sim.url]]) {
      const refused = await run(args, { cwd });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /error\[empty-set\]: no recording files in recordings, but 1 recording is known/,
      );
    }
    expect((await run(['plan', '--allow-empty', '--detailed-exitcode'], { cwd })).code).toBe(2);
    expect((await run(['apply', '--allow-empty', '--endpoint', sim.url], { cwd })).code).toBe(0);
    expect(JSON.parse((await run(['status', '--json'], { cwd })).stdout).recordings).toEqual([]);
    await sim.stop();
  });

  it('a broken file holds back nothing else, exits with 1, and is never taken for a deleted one', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd });
    await put(cwd, {
      'recordings/a.yaml': 'recording: [\n',
      'recordings/b.yaml': recording('b', 'layout: { mixedVideoLayout: floating }\n'),
    });
    const plan = await run(['plan', '--json'], { cwd });
    expect(plan.code).toBe(1);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      applyable: false,
      summary: { to_update: 1, to_forget: 0 },
      diagnostics: [{ severity: 'error', code: 'yaml-syntax', range: { filename: 'recordings/a.yaml' } }],
    });
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/1 call for 1 recording applied/);
    await sim.stop();
  });

  it('a secret that is not at hand warns in plan and holds back that recording alone in apply', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/web.yaml': WEB(false) });
    const sim = await simulator(cwd);
    const plan = await run(['plan', '--json'], { cwd });
    expect(plan.code).toBe(0);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      applyable: false,
      diagnostics: [{ severity: 'warning', range: { filename: 'recordings/web.yaml' } }],
    });
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(/Held back:\n {2}x web: .*CDN_URL/);
    expect((await sim.requests()).map(({ endpoint }) => endpoint)).toEqual(['updateLayout']);
    expect((await run(['apply', '--endpoint', sim.url], { cwd, env: { CDN_URL } })).code).toBe(0);
    await sim.stop();
  });

  it('says which credentials are missing, and needs none where nothing is to be sent', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const missing = await run(['apply', '--endpoint', 'http://127.0.0.1:9'], {
      cwd,
      env: { AGORA_CUSTOMER_SECRET: '' },
    });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/AGORA_CUSTOMER_SECRET is not set/);
    expect(
      (await run(['plan'], { cwd, env: { AGORA_CUSTOMER_ID: '', AGORA_CUSTOMER_SECRET: '' } })).code,
    ).toBe(0);
  });

  it('goes on with the others when one fails, and tells what was applied and what failed', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
    const sim = await simulator(cwd, [
      '--fault',
      JSON.stringify({ match: { sid: sid('a') }, answer: '400' }),
    ]);
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied.code).toBe(1);
    expect(applied.stdout).toMatch(
      /Failed:\n {2}x a {2}updateLayout: the service refuses the call \(400\): .*code 2/,
    );
    expect(applied.stdout).toMatch(/1 call for 1 recording applied, 1 failed\./);
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).stdout)).toMatchObject({
      summary: { to_create: 1, unchanged: 1 },
    });
    await sim.stop();
  });

  it('apply --json is a stream of events and nothing else', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a'), 'recordings/b.yaml': recording('b') });
    const sim = await simulator(cwd, [
      '--fault',
      JSON.stringify({ match: { sid: sid('b') }, answer: '400' }),
    ]);
    const applied = await run(['apply', '--json', '--endpoint', sim.url], { cwd });
    expect(applied.code).toBe(1);
    const events = applied.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type).sort()).toEqual([
      'apply_complete',
      'apply_errored',
      'apply_start',
      'apply_start',
      'change_summary',
    ]);
    expect(events.at(-1)).toMatchObject({
      type: 'change_summary',
      changes: { applied: 1, failed: 1, not_attempted: 0 },
    });
    await sim.stop();
  });

  it('a second writer is told who holds the state', async () => {
    const cwd = await folder({ 'recordings/a.yaml': recording('a') });
    const sim = await simulator(cwd, ['--latency', '3000']);
    const first = start(['apply', '--log-level', 'debug', '--endpoint', sim.url], { cwd });
    await first.shows(/updateLayout \(first-apply\)/, 'stderr');
    const second = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      new RegExp(`in use by process ${first.child.pid} on \\S+ \\(reelstate apply`),
    );
    expect((await first.done).code).toBe(0);
    await sim.stop();
  });

  it('keeps no secret anywhere', async () => {
    const url = 'rtmp://cdn.example.com/live/the-stream-key';
    const cwd = await folder({
      'secrets/s3': 'the-secret-key\n',
      'recordings/web.yaml': recording(
        'web',
        'rtmp: { outputs: [{ rtmpUrl: { fromEnv: CDN_URL } }] }\nstorage: { vendor: s3, region: 0, bucket: b, accessKey: the-access-key, secretKey: { fromFile: ../secrets/s3 } }\n',
        'web',
      ),
    });
    const env = { CDN_URL: url };
    const sim = await simulator(
      cwd,
      ['--fault', JSON.stringify({ match: { times: 1 }, answer: '400' })],
      env,
    );
    const all: string[] = [];
    for (const args of [
      ['validate'],
      ['plan'],
      ['plan', '--json'],
      ['plan', '--output', 'markdown'],
      ['apply', '--endpoint', sim.url, '--log-level', 'debug'],
      ['apply', '--json', '--endpoint', sim.url],
      ['status'],
      ['status', '--json'],
    ]) {
      const ran = await run(args, { cwd, env });
      all.push(ran.stdout, ran.stderr);
    }
    for (const name of await readdir(join(cwd, '.reelstate')))
      all.push(await readFile(join(cwd, '.reelstate', name), 'utf8'));
    for (const secret of [
      'the-stream-key',
      'the-access-key',
      'the-secret-key',
      CREDENTIALS.AGORA_CUSTOMER_SECRET,
    ])
      expect(all.join('\n')).not.toContain(secret);
    expect((await sim.recordings())[0]).toMatchObject({
      storage: { accessKey: 'the-access-key', secretKey: 'the-secret-key' },
    });
    await sim.stop();
  });

  it('a changed secret is a change, and the plan shows it masked', async () => {
    const cwd = await folder({ 'recordings/web.yaml': WEB(false) });
    const sim = await simulator(cwd);
    await run(['apply', '--endpoint', sim.url], { cwd, env: { CDN_URL } });
    const plan = JSON.parse(
      (await run(['plan', '--json'], { cwd, env: { CDN_URL: 'rtmp://cdn.example.com/live/another' } }))
        .stdout,
    );
    expect(plan.recordings[0].calls[0]).toMatchObject({
      changes: [
        {
          path: '/rtmp/outputs/0/rtmpUrl',
          before: 'rtmp://cdn.example.com/live/(sensitive)',
          after: 'rtmp://cdn.example.com/live/(sensitive)',
        },
      ],
      patch: [
        {
          op: 'replace',
          path: '/rtmpPublishConfig/outputs/0/rtmpUrl',
          value: 'rtmp://cdn.example.com/live/(sensitive)',
        },
      ],
    });
    // Where the variable is not set nobody can tell, and nothing is claimed.
    expect(JSON.parse((await run(['plan', '--json'], { cwd })).stdout)).toMatchObject({
      applyable: false,
      summary: { to_update: 0 },
    });
    await sim.stop();
  });

  it('storage credentials come from a program', async () => {
    const print = (value: object) =>
      `#!/bin/sh\necho run >> runs\ncat <<'END'\n${JSON.stringify(value)}\nEND\n`;
    const storage =
      'storage: { vendor: s3, region: 0, bucket: b, credentials: { fromCommand: [../creds.sh] } }\n';
    const cwd = await folder({
      'recordings/a.yaml': recording('a', storage),
      'recordings/b.yaml': recording('b', storage),
      'creds.sh': print({
        Version: 1,
        AccessKeyId: 'AKID',
        SecretAccessKey: 'from-the-program',
        SessionToken: 'token-token',
        Expiration: '2099-01-01T00:00:00Z',
      }),
    });
    await chmod(join(cwd, 'creds.sh'), 0o755);
    const sim = await simulator(cwd);
    expect((await run(['plan'], { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
    const applied = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout + applied.stderr).not.toMatch(/from-the-program|token-token/);
    expect(await readFile(join(cwd, 'runs'), 'utf8')).toBe('run\n');
    expect((await sim.recordings())[0]).toMatchObject({
      storage: {
        accessKey: 'AKID',
        secretKey: 'from-the-program',
        stsToken: 'token-token',
        stsExpiration: 4070908800,
      },
    });
    expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);

    await writeFile(join(cwd, 'creds.sh'), '#!/bin/sh\necho secret-words-on-stdout\nexit 3\n');
    await put(cwd, { 'recordings/a.yaml': recording('a', storage.replace('bucket: b', 'bucket: c')) });
    const failed = await run(['apply', '--endpoint', sim.url], { cwd });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/creds\.sh gave no storage credentials: it ended with 3/);
    expect(failed.stdout + failed.stderr).not.toContain('secret-words');
    await sim.stop();
  });
});

describe('bad input ends in a diagnostic', () => {
  it.each([
    ['an empty file', '', 'empty-file'],
    ['broken YAML', 'recording: {', 'yaml-syntax'],
    ['duplicate keys', `${recording('x')}layout: {}\n`, 'duplicate-key'],
    ['__proto__', `${recording('x')}__proto__: { a: 1 }\n`, 'unknown-field'],
    ['20,000 nested brackets', `${recording('x')}name: ${'['.repeat(20_000)}\n`, 'nested-too-deep'],
    ['a NUL byte', `${recording('x')}# \u0000\n`, 'control-character'],
    ['a tag of its own', `${recording('x')}name: !boom y\n`, 'unknown-tag'],
  ])('%s', async (_, text, code) => {
    const cwd = await folder({ 'recordings/x.yaml': text, 'recordings/good.yaml': recording('good') });
    const ran = await run(['validate', '--json'], { cwd });
    expect(ran.code).toBe(1);
    const { diagnostics, recordings } = JSON.parse(ran.stdout);
    expect(diagnostics.map((each: { code: string }) => each.code)).toContain(code);
    expect(recordings).toBe(1);
    expect(ran.stderr).toBe('');
    const text2 = await run(['plan'], { cwd });
    expect(text2.code).toBe(1);
    expect(text2.stderr).not.toMatch(/^\s+at |defect/m);
  });

  it('an alias bomb, bytes that are not UTF-8, a link that leads nowhere, a missing folder', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
      .split('')
      .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join()}]`)
      .join('\n')}\n`;
    const cwd = await folder({ 'recordings/bomb.yaml': bomb });
    await writeFile(join(cwd, 'recordings/bytes.yaml'), Buffer.from([0x6e, 0x3a, 0x20, 0xff, 0xfe]));
    await symlink('nowhere', join(cwd, 'recordings/link.yaml'));
    const { code, stdout } = await run(['validate', '--json'], { cwd });
    expect(code).toBe(1);
    const files = new Set(
      JSON.parse(stdout).diagnostics.map(({ range }: { range: { filename: string } }) => range.filename),
    );
    expect([...files].sort()).toEqual([
      'recordings/bomb.yaml',
      'recordings/bytes.yaml',
      'recordings/link.yaml',
    ]);
    const missing = await run(['plan', '--dir', 'nowhere'], { cwd });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/error\[directory-not-found\]/);
  });

  it('shows the place: file, line, column, code, the source line and a caret', async () => {
    const uids = Array.from({ length: 33 }, (_, i) => `"${i + 1}"`).join(', ');
    const cwd = await folder({
      'recordings/a.yaml': recording(
        'a',
        `subscriptions:\n  audioUidList: { subscribeAudioUids: [${uids}] }\n  videoUidList: { subscribeVideoUids: ["1"] }\n`,
      ),
    });
    const { stdout } = await run(['validate'], { cwd });
    expect(stdout).toMatch(
      /^recordings\/a\.yaml:9:\d+: error\[uid-list-too-long\]: 33 UIDs, at most 32 are allowed\n9 \| {3}audioUidList.*\n {2}\| +\^/,
    );
  });

  it('--strict makes warnings errors', async () => {
    const cwd = await folder({
      'recordings/a.yaml': recording('a', 'layout: { mixedVideoLayout: vertical }\n'),
    });
    expect((await run(['validate'], { cwd })).code).toBe(0);
    expect((await run(['validate', '--strict'], { cwd })).code).toBe(1);
  });
});
