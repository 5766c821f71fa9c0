import { basename, extname, resolve } from 'node:path';
import { completeLayout } from '../agora/defaults.ts';
import { isRecordingFileName } from '../desired/find.ts';
import { Failure, usage } from '../model/failure.ts';
import type { Io } from '../model/ports.ts';
import { previewPage, sheetPage } from '../page/preview.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import { type CanvasSize, DEFAULT_SIZE, DEFAULT_USERS, placeLayout } from '../render/picture/geometry.ts';
import { pictureSvg } from '../render/picture/svg.ts';
import { type SheetEntry, sheetSvg } from '../render/picture/svg-sheet.ts';
import { pictureText } from '../render/picture/terminal.ts';
import { sheetText } from '../render/picture/terminal-sheet.ts';
import { printable, styleFor } from '../render/style.ts';
import { readBounds } from './bounds.ts';
import { readCanvas } from './canvas.ts';
import { findSubjects, type PreviewSubjects } from './preview-source.ts';
import { selectOf, selectorsOf, tellNothingSelected } from './select.ts';
import { isSet, listOf, type RawOptions, readFlags, readSettings, textOf } from './settings.ts';
import { whyNotWritten, writeOver } from './write-file.ts';

const FORMS = ['text', 'json', 'markdown', 'svg', 'png', 'html'] as const;
const PICTURES: readonly Form[] = ['svg', 'png', 'html'];
type Form = (typeof FORMS)[number];

/** What `preview` was asked for, checked. */
export interface PreviewOptions {
  /** Files or names of recordings. */
  targets: readonly string[];
  dir: string;
  all: boolean;
  /** Conditions on labels, as the user typed them. */
  select: readonly string[];
  /** 1 to 17; undefined: as many as show what a layout is about. */
  users: number | undefined;
  /** Undefined: each recording's own, else 1280 × 720. */
  size: CanvasSize | undefined;
  /** Absolute: font files for what ours lacks; none: the system's. */
  fonts: readonly string[];
  form: Form;
  /** Absolute; undefined: standard output. */
  out: string | undefined;
  color: boolean;
}

/**
 * `reelstate preview`: draws the mixed layout of recordings, or all of them on a contact sheet. Reads the files,
 * sends nothing; nothing that a file names is loaded.
 * @param targets files of recordings or of a layout that they share, or names of recordings; none: all
 * @returns 0, or 1 where a file is wrong or what is named cannot be drawn
 */
export async function preview(targets: string[], raw: RawOptions, io: Io): Promise<number> {
  const asked = readPreviewOptions(targets, raw, io);
  const settings = await readSettings(raw, io, FORMS);
  const boundsFor = (dir: string) => readBounds(raw, settings, io, { dir });
  const selectors = selectorsOf(asked.select);
  const found = await findSubjects(asked.targets, asked.dir, selectors, boundsFor, io);
  // Without arguments a single recording is drawn large.
  const options = { ...asked, all: asked.all || (targets.length === 0 && found.subjects.length !== 1) };
  await tellAbout(found, options, io);
  const entries = found.subjects.map(
    ({ name, layout, canvas, seats }): SheetEntry => ({
      name,
      placement: placeLayout(
        completeLayout(layout),
        options.users ?? DEFAULT_USERS,
        options.size ?? canvas ?? DEFAULT_SIZE,
        seats,
      ),
    }),
  );
  const code = found.diagnostics.some(({ severity }) => severity === 'error') ? 1 : 0;
  const isNoneSelected = selectors.length > 0 && entries.length + found.omitted.length === 0;
  if (isNoneSelected) await tellNothingSelected(asked.select, io);
  if (isNoneSelected && options.form !== 'json') return code;
  // A named recording that cannot be drawn is an error; without names there may be none to draw.
  if (entries.length === 0 && !isNoneSelected && (targets.length > 0 || options.form !== 'json'))
    return targets.length > 0 ? 1 : code;
  await deliver(
    entries,
    found.omitted.map(({ name }) => name),
    options,
    io,
  );
  return code;
}

/** @throws Failure (64) naming the flag and what it takes */
export function readPreviewOptions(targets: readonly string[], raw: RawOptions, io: Io): PreviewOptions {
  const { dir, color, output } = readFlags(raw, io, FORMS);
  const out = textOf('out', raw, io);
  const isSaid = raw.json === true || textOf('output', raw, io) !== undefined || output !== 'text';
  if (out !== undefined && isRecordingFileName(basename(out)))
    throw usage(`--out ${JSON.stringify(out)}: that is the name of a recording file, not of a picture`);
  const form = isSaid ? output : formOf(out);
  const all = isSet('all', raw, io);
  if (all && targets.length > 0) throw usage('--all draws everything: name no recordings with it');
  if (out === undefined && form === 'png') throw usage('--output png needs --out FILE');
  if (out === undefined && PICTURES.includes(form) && io.outIsTerminal)
    throw usage(`--output ${form} needs --out FILE where standard output is a terminal`);
  return {
    ...{ targets, dir, all, form, select: selectOf(raw, io) },
    ...readCanvas(raw, io),
    fonts: (listOf('font', raw, io) ?? []).map((file) => resolve(io.cwd, file)),
    out: out === undefined ? undefined : resolve(io.cwd, out),
    color: color && out === undefined && form === 'text',
  };
}

/** By the file's ending. @throws Failure (64) for one that says nothing */
function formOf(out: string | undefined): Form {
  if (out === undefined) return 'text';
  const form = FORMS.find((each) => extname(out).toLowerCase() === ENDINGS[each]);
  if (form) return form;
  throw usage(
    `--out ${JSON.stringify(out)}: its ending says the form: ${Object.values(ENDINGS).join(', ')}`,
    'Any other goes with --output.',
  );
}

const ENDINGS: Record<Form, string> = {
  text: '.txt',
  json: '.json',
  markdown: '.md',
  svg: '.svg',
  png: '.png',
  html: '.html',
};

/** Everything besides the picture, to standard error. */
async function tellAbout(
  { subjects, omitted, diagnostics }: PreviewSubjects,
  options: PreviewOptions,
  io: Io,
): Promise<void> {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    await io.err(`${diagnosticsText(errors, styleFor(io.errIsTerminal && options.color))}\n`);
  const lines = [
    ...subjects
      .filter(({ draft }) => draft)
      .map(({ name }) => `${name} is drawn as far as it can be read; apply would refuse it.`),
    ...(options.all ? [] : omitted.map(({ name, why }) => `${name} is not drawn: ${why}.`)),
  ];
  const custom = subjects.every(({ layout }) => layout.mixedVideoLayout === 3);
  if (options.users !== undefined && subjects.length > 0 && custom)
    lines.push('A custom layout shows all its regions: --users changes nothing.');
  if (options.all && subjects.length === 0 && (options.select.length === 0 || omitted.length > 0))
    lines.push('There is no mixed layout to draw.');
  for (const line of lines) await io.err(`${printable(line)}\n`);
}

async function deliver(
  entries: SheetEntry[],
  omitted: string[],
  options: PreviewOptions,
  io: Io,
): Promise<void> {
  const { out } = options;
  const columns = out === undefined && io.outIsTerminal ? io.columns : 80;
  const content = await draw(entries, omitted, { ...options, columns }, io);
  if (out === undefined) return io.out(typeof content === 'string' ? content : '');
  try {
    await writeOver(out, content);
  } catch (cause) {
    throw new Failure(`cannot write ${JSON.stringify(out)}: ${whyNotWritten(cause)}`, { cause });
  }
  await io.err(`Wrote ${printable(out)}.\n`);
}

async function draw(
  entries: SheetEntry[],
  omitted: string[],
  options: Pick<PreviewOptions, 'all' | 'form' | 'color' | 'fonts'> & { columns: number },
  io: Io,
): Promise<string | Uint8Array> {
  const { all, form, color, columns, fonts } = options;
  if (form === 'json')
    return `${JSON.stringify((await import('../render/preview-json.ts')).previewJson(entries, omitted), null, 2)}\n`;
  if (form === 'html') return all ? sheetPage(entries, omitted) : previewPage(entries, omitted);
  if (form === 'text' || form === 'markdown') {
    const room = { columns, style: styleFor(color) };
    const text = all
      ? sheetText(entries, omitted, room)
      : entries.map(({ name, placement }) => pictureText(placement, name, room)).join('\n\n');
    return form === 'text' ? `${text}\n` : `\`\`\`text\n${text}\n\`\`\`\n`;
  }
  const [only] = entries;
  const svg =
    !all && only && entries.length === 1
      ? pictureSvg(only.placement, { title: only.name })
      : sheetSvg(entries, omitted);
  if (form === 'svg') return svg;
  // Loaded only here: the renderer is a few megabytes.
  const [{ pngRenderer }, { fontsFor }] = await Promise.all([
    import('../render/picture/png.ts'),
    import('../render/picture/fonts.ts'),
  ]);
  const found = await fontsFor(svg, fonts, io.env.HOME ?? io.env.USERPROFILE);
  if (found.missing.length > 0) await io.err(boxesNote(found.missing));
  return (await pngRenderer(2, found.fonts))(svg);
}

function boxesNote(scripts: readonly string[]): string {
  return (
    `No font was found here that has ${scripts.join(' or ')} characters: they are boxes in the picture.\n` +
    '  Give one with --font FILE, install one (fonts-noto-cjk has Chinese, Japanese and Korean, fonts-symbola emoji), or write .svg or .html.\n'
  );
}
