import { isObject } from '../model/json.ts';
import type { SharedBlock } from '../model/recording.ts';
import type { Code } from './codes.ts';
import { FIELD_NAME } from './concealment.ts';
import { type Look, label } from './look.ts';
import { quoted } from './printable.ts';
import { suggest } from './suggest.ts';
import type { Tree } from './tree.ts';
import { formatHint, rangeHint, typeHint } from './type-hint.ts';
import { isLevelTooMany, meantField, wayOut } from './unknown-field.ts';
import { fields, type ShapeError, type ShapeValidator } from './validator.generated.js';

const TYPE_NAMES: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'fields',
  null: 'null',
};

/** Whether a file is checked that a block takes fields from. */
function isOfBlock(base: string): boolean {
  return base !== '' && base !== '/recording' && base !== '/settings';
}

/**
 * Checks a value against the schema and reports one problem for one mistake.
 * @param base JSON Pointer of what the validator checks, in a recording document; '/settings' is the settings file
 * @returns the pointers at which the value has not the shape that the types promise, or lacks what they do
 */
export function checkShape(
  validate: ShapeValidator,
  base: '' | '/recording' | '/settings' | `/${SharedBlock}`,
  tree: Tree,
  look: Look,
): string[] {
  if (validate(tree.value)) return [];
  const errors = validate.errors ?? [];
  for (const error of oneForEachMistake(errors, base)) {
    if (error.keyword === 'additionalProperties') {
      if (!isOfBlock(base) || !reportOfOthers(error, base.slice(1), look)) reportUnknown(error, base, look);
    } else if (base !== '' && error.keyword === 'type' && error.instancePath === '') {
      const file = isOfBlock(base)
        ? `a file of ${base.slice(1)}`
        : base === '/settings'
          ? 'the settings file'
          : 'a run file';
      look.report('document-not-mapping', '', `${file} consists of fields, not of ${found(tree.value)}`);
    } else reportShape(error, valueAt(tree.value, error.instancePath), look);
  }
  return errors
    .filter(breaksTypes)
    .map(({ keyword, instancePath, params }) =>
      keyword === 'required' ? `${instancePath}/${params.missingProperty}` : instancePath,
    );
}

/** Unknown fields and limits leave everything else as the types say. */
function breaksTypes({ keyword }: ShapeError): boolean {
  return ['type', 'enum', 'required', 'minProperties', 'maxProperties'].includes(keyword);
}

function oneForEachMistake(errors: readonly ShapeError[], base: string): ShapeError[] {
  const wrongType = new Set(
    errors.filter(({ keyword }) => keyword === 'type').map(({ instancePath }) => instancePath),
  );
  const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties');
  // A mistyped field is not reported as missing, too.
  const meant = new Set(unknown.map((error) => `${error.instancePath} ${suggestField(error, base) ?? ''}`));
  // What stands a level too low or too high is not missing as well.
  const misplaced = new Set(
    unknown.flatMap(({ instancePath, params }) =>
      levelAround(String(params.additionalProperty), base + instancePath).map(
        (name) => `${instancePath} ${name}`,
      ),
    ),
  );
  const holders = new Set(unknown.map(({ instancePath }) => instancePath));
  // A pasted API body gets one diagnostic for the whole.
  const isBody = unknown.some(
    ({ instancePath, params }) => instancePath === '' && params.additionalProperty === 'clientRequest',
  );
  return errors.filter(({ keyword, instancePath, params }) => {
    if (keyword === 'if') return false;
    // Their form has a rule of its own, which says what is wrong with it.
    if (base === '' && /^\/labels(\/|$)/.test(instancePath) && keyword !== 'type') return false;
    if (isBody && base === '' && isPartOfBody(keyword, instancePath, params)) return false;
    if (base === '/settings' && isOfAccountName(keyword, instancePath)) return false;
    if (keyword !== 'type' && wrongType.has(instancePath)) return false;
    if (keyword === 'maxProperties' && holders.has(instancePath)) return false;
    if (keyword !== 'required') return true;
    const missing = `${instancePath} ${params.missingProperty}`;
    if (misplaced.has(missing) || misplaced.has(`${instancePath} *`)) return false;
    return !meant.has(missing) && !meant.has(`${instancePath} fromFile`);
  });
}

/** The names of accounts have a rule of their own as well. */
function isOfAccountName(keyword: string, instancePath: string): boolean {
  return instancePath === '/accounts' && (keyword === 'propertyNames' || keyword === 'pattern');
}

/** What stands around the `clientRequest` of a body, and what it lacks as a document. */
function isPartOfBody(keyword: string, instancePath: string, params: ShapeError['params']): boolean {
  if (instancePath !== '') return false;
  if (keyword === 'required') return params.missingProperty === 'recording';
  return keyword === 'additionalProperties' && ['cname', 'uid'].includes(String(params.additionalProperty));
}

/** What an unknown field has to say for what is missing beside it: the block that it belongs to, or "*" for all. */
function levelAround(field: string, where: string): string[] {
  if (isLevelTooMany(field, where)) return ['*'];
  return where === '' && fields['/recording']?.includes(field) ? ['recording'] : [];
}

/** The fields that the schema has where an error is. */
function knownFields({ instancePath }: ShapeError, base: string): string[] {
  const pointer = (base + instancePath).replace(/^\/settings\/accounts\/[^/]+/, '/settings/accounts/*');
  const known = fields[pointer.replace(/\/\d+(?=\/|$)/g, '/*')] ?? [];
  if (!isOfBlock(base) || instancePath !== '') return known;
  return known.filter((field) => field !== 'fromFile' && field !== 'seats');
}

function suggestField(error: ShapeError, base: string): string | undefined {
  return meantField(String(error.params.additionalProperty), knownFields(error, base));
}

function reportShape(error: ShapeError, value: unknown, look: Look): void {
  const { keyword, instancePath, params } = error;
  const name = label(instancePath);
  if (keyword === 'required')
    look.reportField(
      'missing-field',
      instancePath,
      `${params.missingProperty} is missing in ${name}`,
      instancePath === '' && isOfAnchors(value)
        ? 'Anchors reach no further than their document: put the x- fields into the one that uses them.'
        : undefined,
    );
  else if (keyword === 'type') reportType(instancePath, [params.type].flat() as string[], value, look);
  else if (keyword === 'enum')
    reportEnum(instancePath, params.allowedValues as (string | number)[], value, look);
  else if (keyword === 'minimum' || keyword === 'maximum') {
    const bound = keyword === 'minimum' ? 'at least' : 'at most';
    look.report(
      'out-of-range',
      instancePath,
      `${name} is ${value}, ${bound} ${params.limit} is allowed`,
      rangeHint(name),
    );
  } else if (keyword === 'exclusiveMinimum')
    look.report('out-of-range', instancePath, `${name} is ${value}, it must be above ${params.limit}`);
  else {
    const [code, summary] = limitWording(keyword, name, value, Number(params.limit));
    look.report(code, instancePath, summary, formatHint(name, value));
  }
}

/** The remaining keywords: each stands in the schema for few fields. */
function limitWording(keyword: string, name: string, value: unknown, limit: number): [Code, string] {
  const size = Array.isArray(value) ? value.length : 0;
  switch (keyword) {
    case 'maxItems':
      return name === 'layoutConfig'
        ? ['too-many-regions', `${size} regions, at most ${limit} are allowed`]
        : ['uid-list-too-long', `${size} UIDs, at most ${limit} are allowed`];
    case 'minItems':
      return ['list-empty', `${name} is empty`];
    case 'minLength':
      return name === 'name' ? ['name-format', 'the name is empty'] : ['text-empty', `${name} is empty`];
    case 'maxLength':
      return [
        'name-format',
        `the name has ${[...String(value)].length} characters, at most ${limit} are allowed`,
      ];
    case 'minProperties':
      return name.endsWith('UidList')
        ? ['uid-list-missing', `${name} holds no list`]
        : ['secret-reference', `${name} names neither fromEnv nor fromFile`];
    case 'maxProperties':
      return ['secret-reference', `${name} takes fromEnv or fromFile, not both`];
    default:
      if (name === 'fromEnv')
        return ['environment-name-format', 'this is not the name of an environment variable'];
      if (name === 'backgroundColor')
        return ['colour-format', `${quoted(String(value))} is not a colour like "#FF0000"`];
      return ['file-name-prefix-format', `${quoted(String(value))} may consist of letters and digits only`];
  }
}

/** Fields of the recording, at the top of a file that a block takes fields from. @returns whether it is one */
function reportOfOthers(error: ShapeError, block: string, look: Look): boolean {
  const field = String(error.params.additionalProperty);
  if (error.instancePath !== '') return false;
  if (field === 'fromFile') {
    const way = 'There is one level: write the fields out here, or name the other file in the recording.';
    look.reportField('shared-file-nested', '/fromFile', 'this file takes fields from another one', way);
    return true;
  }
  const way =
    field === block
      ? `Leave this level out: what is inside it stands at the top of this file.`
      : field === 'seats'
        ? 'The recording says who sits where: layout: { fromFile: PATH, seats: { … } }.'
        : field !== '' && fields['']?.includes(field)
          ? `This file holds the fields of ${block} alone; ${field} belongs in the recording.`
          : undefined;
  if (way === undefined) return false;
  look.reportField('unknown-field', `/${field}`, `unknown field ${quoted(field)} in ${block}`, way);
  return true;
}

function reportUnknown(error: ShapeError, base: string, look: Look): void {
  const field = String(error.params.additionalProperty);
  const pointer = `${error.instancePath}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const known = knownFields(error, base);
  if (known.includes(field)) {
    // The schema knows two forms of `recording`, and this field belongs to the other one.
    look.reportField(
      'identity-beside-file',
      pointer,
      `${field} cannot stand beside fromFile`,
      'Keep one of the two.',
    );
    return;
  }
  // Only what looks like a field's name is repeated: in the wrong place it might be anything.
  const name = FIELD_NAME.test(field) ? `field ${quoted(field)}` : 'field';
  // Recordings and settings are told apart: a field of one has no place in the other.
  const isOfSettings = (place: string) => place.startsWith('/settings');
  const homes = Object.keys(fields).filter(
    (place) => fields[place]?.includes(field) && isOfSettings(place) === isOfSettings(base),
  );
  const inside = isOfBlock(base) ? base + error.instancePath : error.instancePath;
  const where = label(inside.replace(/\/\d+$/, ''));
  const way = wayOut(field, base + error.instancePath, homes, known);
  look.reportField('unknown-field', pointer, `unknown ${name} in ${where}`, way);
}

function reportType(pointer: string, types: string[], value: unknown, look: Look): void {
  const name = label(pointer);
  if (
    /\/(secretKey|stsToken|customerSecret)$/.test(pointer) &&
    (typeof value === 'string' || typeof value === 'number')
  ) {
    const detail =
      'Use {fromEnv: NAME} or {fromFile: PATH}, and replace the secret if others have seen this file.';
    look.report('secret-in-file', pointer, `${name} must not be written into the file`, detail);
  } else if (pointer === '') {
    look.report(
      'document-not-mapping',
      pointer,
      `a recording document consists of fields, not of ${found(value)}`,
      documentHint(value),
    );
  } else {
    const expected = types.map((type) => TYPE_NAMES[type]).join(' or ');
    look.report(
      'wrong-type',
      pointer,
      `${name} takes ${expected}, not ${found(value)}`,
      typeHint(pointer, types, value),
    );
  }
}

function isOfAnchors(value: unknown): boolean {
  return isObject(value) && Object.keys(value).every((field) => field.startsWith('x-'));
}

function documentHint(value: unknown): string | undefined {
  if (Array.isArray(value))
    return 'Leave the list out: each recording is a document of its own, with a line --- between two of them.';
  if (typeof value !== 'string') return undefined;
  if (/^\S+\.(ya?ml|json)$/i.test(value.trim()))
    return 'This may be a link that git has checked out as text (core.symlinks=false): put the file itself there.';
  return 'It begins with `recording:` or `name:`.';
}

function found(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value))
    return Number.isFinite(value) ? 'a fraction' : 'infinity or NaN';
  return TYPE_NAMES[typeof value] ?? 'this';
}

function reportEnum(pointer: string, allowed: (string | number)[], value: unknown, look: Look): void {
  const names = allowed.filter((one) => typeof one === 'string');
  const near = typeof value === 'string' ? suggest(value, names) : undefined;
  look.report(
    'value-not-allowed',
    pointer,
    `${quoted(value as string | number)} is not allowed for ${label(pointer)}`,
    typeof value === 'string' && value !== '' && allowed.includes(Number(value))
      ? 'Write it without quotes.'
      : near
        ? `Did you mean ${near}?`
        : (formatHint('', value) ?? `Allowed: ${allowed.join(', ')}.`),
  );
}

function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1))
    value = (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  return value;
}
