/*
 * What `reelstate/schema` declares, as it ships: the build copies this file.
 */

export type * from './desired/schema.generated.ts';

/** The JSON Schema (draft-07) of recording files: the one definition of their format. */
export declare const schema: {
  readonly $schema: string;
  readonly title: string;
  readonly definitions: Readonly<Record<string, object>>;
  readonly [keyword: string]: unknown;
};
