import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../src/state/postgres/address.ts';
import { folder } from '../support/cli.ts';

const HOME = { HOME: '/nowhere' };
const tls = (text: string, env = {}) => readAddress(text, { ...HOME, ...env }).tls;

describe('the address of a database', () => {
  it('says where it is, and leaves to the variables of PostgreSQL what it does not say', () => {
    const whole = readAddress('postgresql://ann%40x@db.example:6432/shows%20here', HOME);
    expect(whole).toMatchObject({ host: 'db.example', port: 6432, user: 'ann@x', database: 'shows here' });
    expect(whole.shown).toBe('postgres://ann%40x@db.example:6432/shows%20here');
    const env = { ...HOME, PGHOST: 'other', PGPORT: '7', PGUSER: 'bob', PGDATABASE: 'd', PGPASSWORD: 'p' };
    expect(readAddress('postgres://', env)).toMatchObject({
      ...{ host: 'other', port: 7, user: 'bob', database: 'd', password: 'p' },
    });
    expect(readAddress('postgres://ann@[::1]/x', env)).toMatchObject({ host: '::1', user: 'ann', port: 7 });
    expect(readAddress('postgres://ann@[::1]/x', env).shown).toBe('postgres://ann@[::1]:7/x');
    const socket = readAddress('postgres:///x?host=/var/run/postgresql', env);
    expect(socket).toMatchObject({ host: '/var/run/postgresql', tls: [undefined] });
    expect(readAddress('postgres://ann@h', HOME).database).toBe('ann');
  });

  it.each([
    'postgres://ann:hunter2@h/d',
    'postgres://ann:hunter2/2@h/d',
    'postgres://ann:hunter2@x@h/d',
    'postgres://h/d?password=hunter2',
    'postgres://h/d?user=a&sslpassword=hunter2',
  ])('has no password in it, and does not repeat one: %s', (text) => {
    try {
      readAddress(text, HOME);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        exitCode: 64,
        message: expect.stringContaining('must not be in the address'),
      });
      expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(
        'hunter2',
      );
    }
  });

  it.each([
    ['postgres://h/d?connect_timeout=3', 'connect_timeout'],
    ['postgres://h/d/e', 'one database'],
    ['postgres://h/d#x', 'fragment'],
    ['postgres:h/d', 'such as postgres://USER@HOST/DATABASE'],
    ['postgres://h%zz/d', '%25'],
    ['postgres://%zz@h/d', '%25'],
    ['postgres://h/d?sslmode=yes', 'must be one of disable'],
  ])('%s is refused', (text, why) => {
    expect(() => readAddress(text, HOME)).toThrow(why);
  });

  it('encrypts as libpq does', () => {
    expect(tls('postgres://h/d')).toEqual([{ servername: 'h', rejectUnauthorized: false }, undefined]);
    expect(tls('postgres://h/d', { PGSSLMODE: 'disable' })).toEqual([undefined]);
    expect(tls('postgres://h/d?sslmode=require', { PGSSLMODE: 'disable' })).toEqual([
      { servername: 'h', rejectUnauthorized: false },
    ]);
    const [signed] = tls('postgres://h/d?sslmode=verify-ca');
    expect(signed).toMatchObject({ servername: 'h' });
    expect(signed?.rejectUnauthorized).toBeUndefined();
    expect(signed?.checkServerIdentity).toBeDefined();
    expect(tls('postgres://h/d?sslmode=verify-full')).toEqual([{ servername: 'h' }]);
    expect(() => tls('postgres://h/d?sslmode=verify-full&sslrootcert=/nowhere.pem')).toThrow(
      'cannot be read',
    );
  });

  it('takes the first line of a password file that fits', async () => {
    const cwd = await folder();
    const file = join(cwd, 'pass');
    await writeFile(file, '# *:*:*:*:no\nh:5432:d:ann:with\\:colon\\\\\n*:*:*:ann:second\n*:*:*:*:last\n');
    await chmod(file, 0o600);
    const password = (text: string) => readAddress(text, { PGPASSFILE: file }).password;
    expect(password('postgres://ann@h/d')).toBe('with:colon\\');
    expect(password('postgres://ann@h/e')).toBe('second');
    expect(password('postgres://bob@h/d')).toBe('last');
    expect(readAddress('postgres://ann@h/d', { PGPASSFILE: file, PGPASSWORD: 'mine' }).password).toBe('mine');
    await chmod(file, 0o640);
    expect(() => password('postgres://ann@h/d')).toThrow('can be read by others');
    expect(() => readAddress('postgres://ann@h/d', { PGPASSFILE: join(cwd, 'none') })).toThrow(
      'cannot be read',
    );
    expect(readAddress('postgres://ann@h/d', { HOME: cwd }).password).toBe('');
  });
});
