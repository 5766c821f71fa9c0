import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fontsFor } from '../../../src/render/picture/fonts.ts';
import { pngRenderer } from '../../../src/render/picture/png.ts';
import { pictureSvg } from '../../../src/render/picture/svg.ts';
import { folder, put, recording, run } from '../../support/cli.ts';
import { fontOf } from '../../support/font.ts';
import { place } from './samples.ts';

const titled = (title: string) => pictureSvg(place('townHall'), { title });
const FONTS = ['~/.fonts'];

/** A home folder with these fonts, each of which has one character. */
async function home(fonts: Record<string, string>): Promise<string> {
  const path = await folder();
  await mkdir(join(path, '.fonts/sub'), { recursive: true });
  for (const [name, character] of Object.entries(fonts))
    await writeFile(join(path, '.fonts', name), fontOf(character));
  return path;
}

test('a name in a script that our font lacks is drawn with a font of the system', async () => {
  const svg = titled('\u665a');
  const boxed = (await pngRenderer(1))(svg);
  const { fonts, missing } = await fontsFor(
    svg,
    [],
    await home({ 'sub/NotoSansCJK-Regular.ttc': '\u665a' }),
    FONTS,
  );
  expect({ count: fonts.length, missing }).toEqual({ count: 1, missing: [] });
  expect((await pngRenderer(1, fonts))(svg)).not.toEqual(boxed);
  // The rest of the picture stays as our font draws it.
  expect((await pngRenderer(1, fonts))(titled('uid 1'))).toEqual((await pngRenderer(1))(titled('uid 1')));
});

test('no font of the system is looked at for what ours has', async () => {
  const all = await home({ 'NotoSansCJK-Regular.ttc': 'a' });
  expect(await fontsFor(titled('Gala \u00e9\u0416\u03a9 \u2192'), [], all, FONTS)).toEqual({
    fonts: [],
    missing: [],
  });
});

test('the best font for each script is taken, and what none has is told', async () => {
  const all = await home({
    'unifont.ttf': 'x',
    'NotoSansThai-Bold.ttf': '\u0e01',
    'NotoSansThai-Regular.ttf': '\u0e02',
    'NotoSansCJK-Bold.ttc': 'y',
    'other.ttf': 'z',
  });
  const { fonts, missing } = await fontsFor(titled('\u0e01 \u05d0'), [], all, FONTS);
  expect(missing).toEqual([]);
  expect(fonts.map((font) => Buffer.from(font))).toEqual(
    ['x', '\u0e02'].map((character) => Buffer.from(fontOf(character))),
  );
  // A font of coloured pictures draws nothing here.
  const party = titled('party \u{1f389}');
  const colour = await home({ 'NotoColorEmoji.ttf': 'c', 'unifont.ttf': 'x' });
  expect(await fontsFor(party, [], colour, FONTS)).toEqual({ fonts: [], missing: ['emoji'] });
  const outlines = await fontsFor(party, [], await home({ 'Symbola_hint.ttf': '\u{1f389}' }), FONTS);
  expect([outlines.fonts.length, outlines.missing]).toEqual([1, []]);
  const none = await fontsFor(titled('\u665a \ud55c'), [], await home({ 'other.ttf': 'z' }), FONTS);
  expect(none).toEqual({ fonts: [], missing: ['Han', 'Hangul'] });
});

test('a font that is named is drawn with, and what is none is refused', async () => {
  const name = '\u665a';
  const cwd = await folder({ 'recordings/a.yaml': `name: ${name}\n${recording('a')}` });
  await writeFile(join(cwd, 'own.ttf'), fontOf(name));
  const draw = (...flags: string[]) => run(['preview', name, '--out', 'x.png', ...flags], { cwd });
  expect(await draw('--font', 'own.ttf')).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('No font'),
  });
  const drawn = await readFile(join(cwd, 'x.png'));
  await writeFile(join(cwd, 'own.ttf'), fontOf('\u665b'));
  expect(await draw('--font', 'own.ttf')).toMatchObject({ code: 0 });
  expect(await readFile(join(cwd, 'x.png'))).not.toEqual(drawn);
  await put(cwd, { 'old.woff': 'wOFF and so on' });
  for (const font of ['old.woff', 'nowhere.ttf']) {
    const refused = await draw('--font', font);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(font) });
  }
});
