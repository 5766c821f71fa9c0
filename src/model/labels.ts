import type { Labels } from './recording.ts';

/** Characters of a label's key and of its value. */
export const MAX_LABEL_LENGTH = 63;

/** Whether a text can be a label's key or value. */
export function isLabelText(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && /^[A-Za-z0-9._-]+$/.test(text);
}

/** One condition on a recording's labels. */
export interface Selector {
  key: string;
  value: string;
  /** false: the recording must not have this value; without the key it has not. */
  isWanted: boolean;
}

/** "KEY=VALUE" or "KEY!=VALUE"; undefined for anything else. */
export function readSelector(text: string): Selector | undefined {
  const [, key = '', not, value = ''] = /^([^=!]*)(!?)=(.*)$/s.exec(text) ?? [];
  return isLabelText(key) && isLabelText(value) ? { key, value, isWanted: not === '' } : undefined;
}

/** Whether all conditions hold. */
export function isSelected(labels: Labels | undefined, selectors: readonly Selector[]): boolean {
  return selectors.every(
    ({ key, value, isWanted }) =>
      (labels !== undefined && Object.hasOwn(labels, key) && labels[key] === value) === isWanted,
  );
}

/** "show=evening,room=a", as `--select` takes them; empty where there are none. */
export function labelsText(labels: Labels | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
