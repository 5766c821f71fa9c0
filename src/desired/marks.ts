import type { DraftBlocks, Marks, RefusedDocument } from './checked.ts';
import type { TreeLook } from './look.ts';
import type { SourceText } from './source-text.ts';

/** The places that later stages speak of. */
export function marksOf(
  blocks: DraftBlocks,
  source: SourceText,
  look: TreeLook,
  recording?: RefusedDocument['recording'],
): Marks {
  const known = recording && 'fromFile' in recording ? recording.known : undefined;
  const start = look.fieldSpan('').start;
  const spans = [
    ['', { start, end: start }] as const,
    ['/name', look.valueSpan('/name')] as const,
    ['/recording', look.fieldSpan('/recording')] as const,
    ['/recording/fromFile', look.valueSpan('/recording/fromFile')] as const,
    ...(recording && 'fromFile' in recording
      ? []
      : [['/recording/appId', look.valueSpan('/recording/appId')] as const]),
    ...Object.keys(known ?? {}).map((field) => {
      const pointer = `/recording/${field}`;
      return [pointer, look.valueSpan(pointer)] as const;
    }),
    ...blockPlaces(blocks).map(
      ([pointer, part]) =>
        [pointer, part === 'key' ? look.fieldSpan(pointer) : look.valueSpan(pointer)] as const,
    ),
  ];
  return Object.fromEntries(
    spans.map(([pointer, span]) => {
      const range = source.range(span);
      const line = source.shownLine(range.start);
      return [pointer, { range, ...(line === undefined ? {} : { source: line }) }];
    }),
  );
}

/** What of the blocks later stages speak of: fields by their names, secrets by their values. */
export function blockPlaces(blocks: DraftBlocks): [pointer: string, part: 'key' | 'value'][] {
  return [
    ...Object.keys(blocks).map((block) => [`/${block}`, 'key'] as [string, 'key']),
    ...Object.keys(blocks.subscriptions ?? {}).map(
      (medium) => [`/subscriptions/${medium}`, 'key'] as [string, 'key'],
    ),
    ...(blocks.rtmp?.outputs ?? []).map(
      (_output, index) => [`/rtmp/outputs/${index}/rtmpUrl`, 'value'] as [string, 'value'],
    ),
    ...['accessKey', 'secretKey', 'stsToken', 'stsExpiration', 'credentials']
      .filter((field) => Object.hasOwn(blocks.storage ?? {}, field))
      .map((field) => [`/storage/${field}`, 'value'] as [string, 'value']),
  ];
}
