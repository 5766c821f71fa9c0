import type { Diagnostic, Use } from '../model/diagnostic.ts';
import type { Layout, SeatNames, SharedBlock } from '../model/recording.ts';
import {
  type CheckedBlocks,
  type DraftBlocks,
  type Mark,
  type Marks,
  type OwnPlace,
  ownMark,
  type SecretSource,
  type Share,
  type Stretch,
} from './checked.ts';
import type { Code } from './codes.ts';
import { diagnosticAt } from './diagnostic-at.ts';
import { readLayout } from './layout.ts';
import type { Look, Report } from './look.ts';
import { blockPlaces } from './marks.ts';
import type { Place } from './places.ts';
import { quoted } from './printable.ts';
import { blocksIn } from './refused.ts';
import { readRtmp } from './rtmp.ts';
import type { LayoutBlock, RtmpBlock, StorageBlock, SubscriptionsBlock } from './schema.generated.ts';
import { readSharedFile, type SharedBytes, type SharedFile } from './shared-file.ts';
import { type IsSound, soundness } from './soundness.ts';
import type { Span } from './source-text.ts';
import { readStorage } from './storage.ts';
import { readSubscriptions } from './subscriptions.ts';

/*
 * Blocks that take fields from a file: these and the ones of a recording are put together, and the rules of the block are
 * looked at in the whole.
 */

/** A block whose fields are put together. */
export interface JoinedBlock {
  /** It, and the seats of a layout; undefined where a mistake is in it. */
  blocks: CheckedBlocks | undefined;
  /** It, as far as others look at it where there is one. */
  draft: DraftBlocks;
  marks: Marks;
  diagnostics: Diagnostic[];
}

/** What a block needs, wherever it stands. */
const NEEDED: Partial<Record<SharedBlock, readonly string[]>> = {
  rtmp: ['outputs'],
  storage: ['vendor', 'bucket'],
};

/**
 * Puts together what a file gives to a block and what stands beside it, which wins, whole fields at a time. What is
 * wrong in the file names the recording as well.
 */
export function readShare(share: Share, from: SharedBytes): JoinedBlock {
  return new Joining(share, readSharedFile(from, share.block)).join();
}

/** A layout by itself, whose seats nothing fills; undefined where it cannot be drawn. */
export function readLayoutFile(from: SharedBytes): {
  layout?: { layout: Layout; seats?: SeatNames };
  diagnostics: Diagnostic[];
} {
  const nothing = { own: {}, unsound: [], places: {}, lines: {}, file: '' };
  const share: Share = { block: 'layout', fromFile: from.file, ...nothing };
  const joined = new Joining(share, readSharedFile(from, 'layout'));
  const layout = joined.layout();
  return { ...(layout ? { layout } : {}), diagnostics: joined.diagnostics };
}

/** The rules ask for places in two files: those beside `fromFile`, and the rest. */
class Joining implements Look {
  readonly diagnostics: Diagnostic[];
  readonly #share: Share;
  readonly #shared: SharedFile;
  readonly #base: string;
  readonly #use?: Use;

  constructor(share: Share, shared: SharedFile) {
    this.#share = share;
    this.#shared = shared;
    this.#base = `/${share.block}`;
    const [line, column] = share.places[`${this.#base}/fromFile`]?.value ?? [];
    if (line !== undefined && column !== undefined) this.#use = { filename: share.file, line, column };
    const uses = this.#use && { uses: [this.#use] };
    this.diagnostics = shared.diagnostics.map((each) => ({ ...each, ...uses }));
  }

  readonly report: Report = (code, pointer, summary, detail) =>
    this.#add(code, pointer, 'value', summary, detail);

  readonly reportUse: Report = (code, pointer, summary, detail) =>
    this.#add(code, pointer, 'alias', summary, detail);

  readonly reportField: Report = (code, pointer, summary, detail) =>
    this.#add(code, pointer, 'key', summary, detail);

  isAliased(pointer: string): boolean {
    return (this.#own(pointer) ?? this.#inShared(pointer))?.alias !== undefined;
  }

  numberText(pointer: string): string | undefined {
    return (this.#own(pointer) ?? this.#inShared(pointer))?.text;
  }

  join(): JoinedBlock {
    const { block, own } = this.#share;
    const { fields } = this.#shared;
    // Where everything stands a level too low nothing is missing.
    if (!fields || fields[block] !== undefined)
      return { blocks: undefined, draft: {}, marks: {}, diagnostics: this.diagnostics };
    const joined = this.#fields(fields);
    const isSound = this.#soundness(joined);
    const draft = blocksIn({ [block]: joined }, isSound);
    const read = this.#read(joined, isSound);
    for (const held of [draft, read ?? {}]) this.#nameOrigin(held, own);
    const hasError = this.diagnostics.some(({ severity }) => severity === 'error');
    const marks = blockPlaces(read ?? draft)
      .filter(([pointer]) => pointer.startsWith(this.#base))
      .map(([pointer, part]) => [pointer, this.#mark(pointer, part)]);
    return {
      ...{ blocks: hasError ? undefined : read, draft, marks: Object.fromEntries(marks) },
      diagnostics: this.diagnostics,
    };
  }

  layout(): ReturnType<typeof readLayout> {
    const { fields } = this.#shared;
    if (!fields) return undefined;
    const joined = this.#fields(fields);
    return readLayout(joined as LayoutBlock, this, this.#soundness(joined), true);
  }

  #fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const given = Object.entries(fields).filter(([field]) => !field.startsWith('x-'));
    return { ...Object.fromEntries(given), ...this.#share.own, fromFile: this.#share.fromFile };
  }

  /** A field that stands in both files is the recording's. */
  #soundness(joined: Readonly<Record<string, unknown>>): IsSound {
    const { block, own, unsound } = this.#share;
    const isOwn = (pointer: string) => Object.hasOwn(own, fieldOf(pointer));
    const missing = (NEEDED[block] ?? []).filter((field) => joined[field] === undefined);
    if (!this.diagnostics.some(({ severity }) => severity === 'error'))
      for (const field of missing)
        this.reportField(
          'missing-field',
          this.#base,
          `${field} is missing in ${block}`,
          `Neither ${quoted(this.#shared.source.filename)} has it, nor what stands beside fromFile.`,
        );
    return soundness([
      ...unsound,
      ...this.#shared.unsound.filter((pointer) => !isOwn(pointer)),
      ...missing.map((field) => `${this.#base}/${field}`),
    ]);
  }

  #read(joined: Record<string, unknown>, isSound: IsSound): CheckedBlocks | undefined {
    switch (this.#share.block) {
      case 'subscriptions': {
        const subscriptions = readSubscriptions(joined as SubscriptionsBlock, this, isSound);
        return subscriptions && { subscriptions };
      }
      case 'layout':
        return readLayout(joined as LayoutBlock, this, isSound);
      case 'rtmp': {
        const rtmp = readRtmp(joined as unknown as RtmpBlock, this, isSound);
        return rtmp && { rtmp };
      }
      case 'storage': {
        const storage = readStorage(joined as unknown as StorageBlock, this, isSound);
        return storage && { storage };
      }
    }
  }

  /** Paths of references count from the file that they are written in. */
  #nameOrigin({ rtmp, storage }: DraftBlocks, own: Share['own']): void {
    const writtenIn = this.#shared.source.filename;
    const outputs = own.outputs === undefined ? (rtmp?.outputs ?? []) : [];
    for (const { rtmpUrl } of outputs) if (isFile(rtmpUrl)) rtmpUrl.writtenIn = writtenIn;
    for (const key of ['accessKey', 'secretKey', 'stsToken'] as const) {
      const source = storage?.[key];
      if (own[key] === undefined && isFile(source)) source.writtenIn = writtenIn;
    }
    if (storage?.credentials && own.credentials === undefined) storage.credentials.writtenIn = writtenIn;
  }

  #add(code: Code, pointer: string, part: keyof OwnPlace, summary: string, detail?: string): void {
    this.diagnostics.push(diagnosticAt(this.#mark(pointer, part), code, summary, detail));
  }

  #mark(pointer: string, part: keyof OwnPlace): Mark {
    const own = this.#own(pointer);
    if (own) return ownMark(this.#share, stretchIn(own, part));
    const place = this.#inShared(pointer);
    if (place) return this.#sharedMark(spanIn(place, part));
    const block = this.#share.places[this.#base];
    return block ? ownMark(this.#share, stretchIn(block, 'key')) : this.#sharedMark({ start: 0, end: 0 });
  }

  #sharedMark(span: Span): Mark {
    const { source, isQuoted } = this.#shared;
    const range = source.range(span);
    const line = isQuoted ? source.shownLine(range.start) : undefined;
    return {
      range,
      ...(line === undefined ? {} : { source: line }),
      ...(this.#use ? { uses: [this.#use] } : {}),
    };
  }

  #own(pointer: string): OwnPlace | undefined {
    const { own, places } = this.#share;
    const field = fieldOf(pointer);
    const isOwn = field === '' || field === 'fromFile' || Object.hasOwn(own, field);
    return isOwn ? places[pointer] : undefined;
  }

  #inShared(pointer: string): Place | undefined {
    const field = fieldOf(pointer);
    if (field === '' || Object.hasOwn(this.#share.own, field)) return undefined;
    return this.#shared.places?.get(pointer.slice(this.#base.length));
  }
}

/** '/layout/layoutConfig/0' → 'layoutConfig' */
function fieldOf(pointer: string): string {
  return pointer.split('/')[2] ?? '';
}

function isFile(source: SecretSource | undefined): source is { fromFile: string; writtenIn?: string } {
  return source !== undefined && 'fromFile' in source;
}

function stretchIn({ key, value, alias }: OwnPlace, part: keyof OwnPlace): Stretch {
  return (part === 'key' ? key : part === 'alias' ? alias : undefined) ?? value;
}

function spanIn({ key, value, alias }: Place, part: keyof OwnPlace): Span {
  if (part === 'alias') return alias ?? value;
  if (part === 'value') return value;
  return key ?? { start: value.start, end: value.start };
}
