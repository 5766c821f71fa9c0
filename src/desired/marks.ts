import type { DraftBlocks, Marks, RefusedDocument } from './checked.ts';
import type { Look } from './look.ts';
import type { SourceText } from './source-text.ts';

/** The places that later stages speak of. */
export function marksOf(
  blocks: DraftBlocks,
  source: SourceText,
  look: Look,
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
    ...Object.keys(blocks).map((block) => [`/${block}`, look.fieldSpan(`/${block}`)] as const),
    ...Object.keys(blocks.subscriptions ?? {}).map((medium) => {
      const pointer = `/subscriptions/${medium}`;
      return [pointer, look.fieldSpan(pointer)] as const;
    }),
    ...(blocks.rtmp?.outputs ?? []).map((_output, index) => {
      const pointer = `/rtmp/outputs/${index}/rtmpUrl`;
      return [pointer, look.valueSpan(pointer)] as const;
    }),
    ...['accessKey', 'secretKey', 'stsToken', 'stsExpiration', 'credentials']
      .filter((field) => Object.hasOwn(blocks.storage ?? {}, field))
      .map((field) => [`/storage/${field}`, look.valueSpan(`/storage/${field}`)] as const),
  ];
  return Object.fromEntries(
    spans.map(([pointer, span]) => {
      const range = source.range(span);
      const line = source.shownLine(range.start);
      return [pointer, { range, ...(line === undefined ? {} : { source: line }) }];
    }),
  );
}
