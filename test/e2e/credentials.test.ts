import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, recording, run, simulator } from '../support/cli.ts';

const PROGRAM = `#!/bin/sh
echo '{"Version":1,"AccessKeyId":"key-id","SecretAccessKey":"very-secret","SessionToken":"token","Expiration":"2099-01-01T00:00:00Z"}'
`;
const SECRETS = { accessKey: '(sensitive)', secretKey: '(sensitive)', stsToken: '(sensitive)' };

it('a patch leads to the body that is shown, also where a program gives the credentials', async () => {
  const room = (color: string) =>
    recording(
      'a',
      `layout: { backgroundColor: "${color}" }
storage: { vendor: s3, region: 0, bucket: b, fileNamePrefix: ["${color.slice(1)}"], credentials: { fromCommand: [./creds.sh] } }
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
