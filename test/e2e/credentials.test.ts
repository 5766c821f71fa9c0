import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, put, recording, run, simulator } from '../support/cli.ts';
import { watching } from '../support/watching.ts';

const PROGRAM = `#!/bin/sh
echo '{"Version":1,"AccessKeyId":"key-id","SecretAccessKey":"very-secret","SessionToken":"token","Expiration":"2099-01-01T00:00:00Z"}'
`;
const LAYOUT = (color: string) => `layout: { backgroundColor: "${color}" }\n`;
const SECRETS = { accessKey: '(sensitive)', secretKey: '(sensitive)', stsToken: '(sensitive)' };

it('a patch leads to the body that is shown, also where a program gives the credentials', async () => {
  const room = (color: string) =>
    recording(
      'a',
      `layout: { backgroundColor: "${color}" }
storage: { vendor: s3, region: 0, bucket: b, fileNamePrefix: ["${color.slice(1)}"], credentials: { fromCommand: [../creds.sh] } }
`,
    );
  const cwd = await folder({ 'recordings/a.yaml': room('#000001'), 'creds.sh': PROGRAM });
  await chmod(join(cwd, 'creds.sh'), 0o755);
  const sim = await simulator(cwd);
  const planned = async (...args: string[]) => {
    const { stdout } = await run(['plan', '--json', ...args], { cwd });
    return JSON.parse(stdout).recordings[0].calls[0];
  };
  const first = await planned();
  expect(first.patch).toContainEqual({
    op: 'add',
    path: '/storageConfig',
    value: expect.objectContaining(SECRETS),
  });
  expect(first.body.clientRequest.storageConfig).toMatchObject(SECRETS);
  const applied = await run(['apply', '--endpoint', sim.url], { cwd });
  expect(applied).toMatchObject({ code: 0 });
  await writeFile(join(cwd, 'recordings/a.yaml'), room('#000002'));
  const second = await planned();
  expect(second.patch).toEqual([{ op: 'replace', path: '/storageConfig/fileNamePrefix/0', value: '000002' }]);
  expect(second.body.clientRequest.storageConfig).toMatchObject(SECRETS);
  expect((await planned('--resync')).patch).toEqual(second.patch);
  expect(JSON.stringify([first, second])).not.toMatch(/very-secret|key-id/);
  await sim.stop();
});

it('a line end behind the credentials comes from how they were put there, at both ends', async () => {
  const cwd = await folder({ 'recordings/a.yaml': recording('a') });
  const sim = await simulator(cwd, [], {
    AGORA_CUSTOMER_ID: 'someone\n',
    AGORA_CUSTOMER_SECRET: 'secret\r\n',
  });
  const env = { AGORA_CUSTOMER_ID: 'someone', AGORA_CUSTOMER_SECRET: 'secret\n' };
  expect(await run(['apply'], { cwd, env })).toMatchObject({ code: 0 });
  await sim.stop();
});

it('a secret that is not at hand is a warning to plan, and an error to apply', async () => {
  const cwd = await folder({
    'recordings/a.yaml': recording(
      'a',
      'storage: { vendor: s3, region: 0, bucket: b, accessKey: k, secretKey: { fromEnv: NOBODY_SET_IT } }\n',
    ),
    'recordings/b.yaml': recording('b', 'layout: { backgroundColor: "#000001" }\n'),
  });
  const sim = await simulator(cwd);
  const place = /recordings\/a\.yaml:\d+:\d+: /.source;
  const plan = await run(['plan'], { cwd });
  expect(plan.code).toBe(0);
  expect(plan.stderr).toMatch(new RegExp(`${place}warning\\[environment-unset\\]`));
  const applied = await run(['apply', '--endpoint', sim.url], { cwd });
  expect(applied.code).toBe(1);
  expect(applied.stderr).toMatch(new RegExp(`${place}error\\[environment-unset\\]`));
  expect(applied.stderr).not.toContain('warning');
  // All of it is planned, and no warning is to be seen.
  expect(plan.stdout).toContain('\n1 recording would be held back: see the warnings.\n');
  expect(applied.stdout).toContain('\n1 recording held back: see the errors.\n');
  expect(applied.stdout).not.toMatch(/could be planned|see the warnings|Nothing to do/);
  expect((await sim.requests()).length).toBe(1);
  const again = await run(['apply', '--json', '--endpoint', sim.url], { cwd });
  const [line] = again.stdout.split('\n').map((text) => text && JSON.parse(text));
  expect(line).toMatchObject({
    '@level': 'error',
    diagnostic: { severity: 'error', code: 'environment-unset' },
  });
  expect(again.code).toBe(1);
  await sim.stop();
});

describe('a program that gives no credentials', () => {
  const file = recording(
    'a',
    `layout: { backgroundColor: "#000001" }
storage: { vendor: s3, region: 0, bucket: b, credentials: { fromCommand: [../creds.sh] } }
`,
  );
  const EXPIRED = PROGRAM.replace('2099', '2020');

  it.each([
    ['fails', '#!/bin/sh\nexit 3\n', 'creds.sh gave no storage credentials: it ended with 3'],
    [
      'prints expired ones',
      EXPIRED,
      'creds.sh did not print storage credentials: they have expired, at 2020-',
    ],
  ])(
    '%s: its recording is held back, at the place of the program, and nothing of it is sent',
    async (_, script, why) => {
      const cwd = await folder({
        'recordings/a.yaml': file,
        'recordings/b.yaml': recording('b', 'layout: { backgroundColor: "#000001" }\n'),
        'creds.sh': script,
      });
      await chmod(join(cwd, 'creds.sh'), 0o755);
      const sim = await simulator(cwd);
      const text = await run(['apply', '--endpoint', sim.url], { cwd });
      expect(text.code).toBe(1);
      expect(text.stderr).toContain('recordings/a.yaml:9:59: error[credentials-unavailable]: ');
      expect(text.stderr).toContain(why);
      expect(text.stdout).toMatch(
        /Held back:\n {2}x a: .*creds\.sh .*\nApply: 1 call for 1 recording applied, 1 recording held back\./,
      );
      const json = await run(['apply', '--json', '--endpoint', sim.url], { cwd });
      expect(json.code).toBe(1);
      const lines = json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toEqual([
        expect.objectContaining({
          type: 'diagnostic',
          diagnostic: expect.objectContaining({
            severity: 'error',
            code: 'credentials-unavailable',
            range: expect.objectContaining({ start: { line: 9, column: 59 } }),
          }),
        }),
        expect.objectContaining({
          type: 'change_summary',
          changes: { applied: 0, failed: 0, not_attempted: 0, held_back: 1, forgotten: 0 },
          held_back: [{ recording: 'a', reason: expect.stringContaining(why) }],
        }),
      ]);
      expect((await sim.requests()).map((request) => request.sid)).toEqual(['sid-b']);
      // As soon as it gives some, all of it is sent.
      await writeFile(join(cwd, 'creds.sh'), PROGRAM);
      expect((await run(['apply', '--endpoint', sim.url], { cwd })).code).toBe(0);
      expect((await run(['plan', '--detailed-exitcode'], { cwd })).code).toBe(0);
      await sim.stop();
    },
  );

  it('a daemon says where, and leaves the program alone for a while', async () => {
    const cwd = await folder({
      'recordings/a.yaml': file,
      'creds.sh': `#!/bin/sh\necho run >> runs\n${EXPIRED}`,
    });
    await chmod(join(cwd, 'creds.sh'), 0o755);
    await put(cwd, { 'recordings/b.yaml': recording('b', LAYOUT('#000001')) });
    const w = await watching(cwd);
    await w.condition('a', 'Stalled', 'CredentialsUnavailable');
    await w.condition('b', 'Ready');
    await put(cwd, { 'recordings/b.yaml': recording('b', LAYOUT('#000002')) });
    await w.atService('sid-b', (each) => JSON.stringify(each.layout).includes('#000002'));
    const { stderr } = await w.stop();
    const told = stderr.split('\n').filter((line) => line.includes('have expired'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] as string)).toMatchObject({
      file: 'recordings/a.yaml',
      line: 9,
      column: 59,
      code: 'credentials-unavailable',
    });
    expect(await readFile(join(cwd, 'runs'), 'utf8')).toBe('run\n');
  });
});
