import schemaJson from '../schemas/recording.schema.json' with { type: 'json' };

/** The JSON Schema of recording files, for programs that import `reelstate/schema`. */
export const schema: typeof import('./schema-types.ts').schema = schemaJson;
