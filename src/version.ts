import manifest from '../package.json' with { type: 'json' };

/** As package.json has it. */
export const version: string = manifest.version;

/** The oldest Node.js that runs this, such as "20.19.0". */
export const oldestNode: string = manifest.engines.node.replace(/^>=/, '');
