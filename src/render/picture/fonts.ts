import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../model/failure.ts';

/*
 * Fonts of the system, for what the font in our package lacks: one that has Chinese is 16 MB and more, ten times what
 * all of reelstate takes.
 */

/** Where systems keep fonts: Linux, macOS, Windows. "~" is the home folder. */
const FOLDERS = [
  '/usr/share/fonts',
  '/usr/local/share/fonts',
  '~/.local/share/fonts',
  '~/.fonts',
  '/System/Library/Fonts',
  '/Library/Fonts',
  '~/Library/Fonts',
  'C:\\Windows\\Fonts',
] as const;

/** Fonts that have every character of one plane, whatever the script, for what no better one is found for. */
const OF_MANY = ['Arial Unicode', 'ArialUni', 'FreeSerif', 'FreeSans', 'Code2000', 'unifont'];
const OF_EAST_ASIA = [
  'NotoSansCJK',
  'NotoSerifCJK',
  'SourceHanSans',
  'DroidSansFallbackFull',
  'wqy-',
  'WenQuanYi',
];
const OF_INDIA = ['Nirmala', 'Kohinoor', 'Lohit-'];

const EMOJI = 'emoji';

/**
 * Scripts that DejaVu Sans Mono lacks, with how the files of fonts for them begin, the best first. `NotoSans` and the
 * script's name is looked for besides. Sources: what Debian, Fedora, Alpine, macOS and Windows install.
 */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  Han: [
    ...OF_EAST_ASIA,
    'NotoSansSC',
    'NotoSansTC',
    'PingFang',
    'Hiragino Sans GB',
    'msyh',
    'simsun',
    'uming',
  ],
  Hiragana: [
    ...OF_EAST_ASIA,
    'NotoSansJP',
    'Hiragino',
    '\u30d2\u30e9\u30ae\u30ce',
    'YuGoth',
    'meiryo',
    'msgothic',
    'ipag',
  ],
  Katakana: [
    ...OF_EAST_ASIA,
    'NotoSansJP',
    'Hiragino',
    '\u30d2\u30e9\u30ae\u30ce',
    'YuGoth',
    'meiryo',
    'msgothic',
    'ipag',
  ],
  Bopomofo: [...OF_EAST_ASIA, 'NotoSansTC', 'PingFang', 'msjh', 'uming'],
  Hangul: [...OF_EAST_ASIA, 'NotoSansKR', 'AppleSDGothicNeo', 'malgun', 'NanumGothic', 'UnDotum'],
  Hebrew: ['DejaVuSans.', 'arial', 'Arial'],
  Thai: ['Loma', 'Garuda', 'Thonburi', 'LeelawUI', 'tahoma'],
  Lao: ['DejaVuSans.', 'LeelawUI'],
  Khmer: ['LeelawUI', 'Khmer'],
  Myanmar: ['mmrtext', 'Padauk'],
  Tibetan: ['himalaya', 'Jomolhari', 'DDC_Uchen'],
  Devanagari: OF_INDIA,
  Bengali: OF_INDIA,
  Gurmukhi: OF_INDIA,
  Gujarati: OF_INDIA,
  Oriya: OF_INDIA,
  Tamil: OF_INDIA,
  Telugu: OF_INDIA,
  Kannada: OF_INDIA,
  Malayalam: OF_INDIA,
  Sinhala: ['Nirmala', 'LKLUG'],
  Ethiopic: ['ebrima', 'Kefa', 'Abyssinica'],
  // No script, and of all the fonts that have them those with outlines: coloured pictures are not drawn.
  [EMOJI]: ['NotoEmoji', 'Symbola', 'seguiemj'],
};

/**
 * Reads the fonts that a picture needs besides ours.
 * @param named font files that stand for those of the system; they are taken to have all that is asked for
 * @param home the home folder, where there is one
 * @param folders where fonts are looked for, with all that is below
 * @returns the fonts, and the scripts that none was found for, by their names in Unicode
 * @throws Failure for a named file that is no font
 */
export async function fontsFor(
  svg: string,
  named: readonly string[],
  home: string | undefined,
  folders: readonly string[] = FOLDERS,
): Promise<{ fonts: Uint8Array[]; missing: string[] }> {
  if (named.length > 0) return { fonts: await Promise.all(named.map(namedFont)), missing: [] };
  const { paths, missing } = await findFonts(scriptsIn(svg), inHome(folders, home));
  return { fonts: await Promise.all(paths.map((path) => readFile(path))), missing };
}

/** How files begin that the renderer takes (OpenType, "Organizing an OpenType Font"; WOFF2); of any other it says nothing. */
const FONT_MARKS = ['\0\u0001\0\0', 'true', 'OTTO', 'ttcf', 'wOF2'];

async function namedFont(file: string): Promise<Uint8Array> {
  const shown = `--font ${JSON.stringify(file)}`;
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new Failure(`${shown}: ${cause.message}`, { cause });
  });
  if (!FONT_MARKS.includes(bytes.toString('latin1', 0, 4)))
    throw new Failure(`${shown} is no font that can be drawn with`, {
      hint: 'It must be a TrueType, OpenType or WOFF2 file (.ttf, .ttc, .otf, .woff2).',
    });
  return bytes;
}

/** Which of these scripts a text has characters of, by their names in Unicode. */
function scriptsIn(text: string): string[] {
  // What every picture of ours is: nothing is compiled for it.
  if (/^[\u0000-\u052f\u2000-\u2bff\ufffd]*$/.test(text)) return [];
  return Object.keys(SCRIPTS).filter((script) =>
    (script === EMOJI ? /[\u{1f000}-\u{1faff}]/u : new RegExp(`\\p{Script=${script}}`, 'u')).test(text),
  );
}

/**
 * Finds a font for each of these scripts in these folders.
 * @returns the paths of the fonts, and the scripts that none was found for
 */
async function findFonts(
  scripts: readonly string[],
  folders: readonly string[],
): Promise<{ paths: string[]; missing: string[] }> {
  if (scripts.length === 0) return { paths: [], missing: [] };
  const files = (await Promise.all(folders.map(fontsIn))).flat();
  const found = scripts.map((script) => {
    const starts = [`NotoSans${script}`, ...(SCRIPTS[script] ?? []), ...(script === EMOJI ? [] : OF_MANY)];
    const hits = starts.flatMap((start) => files.filter(({ name }) => name.startsWith(start)));
    // A thin or bold face of a family only where there is no plain one.
    return hits.find(({ name }) => /regular|\.ttc$/i.test(name)) ?? hits[0];
  });
  return {
    paths: [...new Set(found.flatMap((font) => font?.path ?? []))],
    missing: scripts.filter((_, index) => found[index] === undefined),
  };
}

/** Folders with the home folder for "~"; left out where there is none. */
function inHome(folders: readonly string[], home: string | undefined): string[] {
  return folders.flatMap((folder) => {
    if (!folder.startsWith('~')) return [folder];
    return home ? [join(home, folder.slice(1))] : [];
  });
}

/** The fonts in a folder, in the order of their names; none where it is not there. */
async function fontsIn(folder: string): Promise<{ name: string; path: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter(({ name }) => /\.(ttf|ttc|otf|otc)$/i.test(name))
    .map(({ name, parentPath }) => ({ name, path: join(parentPath, name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
