import { label } from './look.ts';
import { placeholderIn } from './placeholder.ts';
import { quoted } from './printable.ts';
import { ALL_STREAMS_IN_QUOTES } from './syntax.ts';
import { NOT_FILLED_IN } from './unfilled.ts';

/** The way out where a number is too large or too small. */
export function rangeHint(name: string): string | undefined {
  if (name === 'stsExpiration') return 'It counts seconds since 1970, not milliseconds.';
  if (name === 'alpha') return 'It is a share: 0.5 for half.';
  return ['x_axis', 'y_axis', 'width', 'height'].includes(name)
    ? 'It is a share of the canvas, not pixels: 640 of 1280 is 0.5.'
    : undefined;
}

/** The way out where a text is not of the form that the field takes. */
export function formatHint(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (!placeholderIn(value)) return name === 'backgroundColor' ? colourHint(value) : undefined;
  return name === 'fromEnv' ? 'Write the name alone, without $ and brackets.' : NOT_FILLED_IN;
}

function colourHint(text: string): string {
  const digits = /^(?:#|0x)?([\da-f]{6}|[\da-f]{3})$/i.exec(text)?.[1];
  if (digits === undefined) return COLOUR_WAY;
  return `Write "#${digits.length === 6 ? digits : digits.replace(/./g, '$&$&')}".`;
}

const COLOUR_WAY = 'Write a # and six digits from 0 to F in quotes: red, green, blue.';

/** The way out where a value is of another kind than the field takes. @param types those that it takes */
export function typeHint(pointer: string, types: readonly string[], value: unknown): string | undefined {
  if (value === null) return emptyHint(pointer);
  if (typeof value === 'string' && placeholderIn(value)) return NOT_FILLED_IN;
  if (types.includes('array')) return listHint(pointer, value);
  if (types.includes('object') && !types.includes('string')) return fieldsHint(pointer, value);
  if (types.includes('boolean')) return booleanHint(pointer, value);
  if (types.includes('string') && !types.includes('integer') && typeof value !== 'object')
    return label(pointer) === 'backgroundColor' ? COLOUR_WAY : 'Write it in quotes.';
  if (typeof value !== 'string' || types.includes('string')) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(value)) return 'Write it without quotes.';
  if (/^\d+(\.\d+)?\s*px$/i.test(value)) return rangeHint(label(pointer));
  if (/^\d+,\d+$/.test(value)) return `Write a point, not a comma: ${value.replace(',', '.')}.`;
  if (label(pointer) === 'stsExpiration')
    return 'It counts seconds since 1970: 1893456000 is the first of January 2030.';
  return /^\d+(\.\d+)?\s*(%|\/\s*\d+)$/.test(value) ? 'Write it as a fraction: 0.5 for half.' : undefined;
}

function emptyHint(pointer: string): string | undefined {
  if (label(pointer) === 'backgroundColor')
    return 'In YAML # begins a comment: write the colour in quotes, "#FF0000".';
  return /Uids\/\d+$/.test(pointer) ? ALL_STREAMS_IN_QUOTES : undefined;
}

function listHint(pointer: string, value: unknown): string {
  if (typeof value === 'string' && /^[-\u2010-\u2015\u2022\u2212*]\s*\S/.test(value))
    return 'Each entry begins with "- ": a plain hyphen and a space.';
  if (/Uids$/.test(pointer) || label(pointer) === 'fileNamePrefix') {
    const parts = typeof value === 'string' || typeof value === 'number' ? partsOf(String(value)) : [];
    return `A list is needed: write [${parts.length > 0 ? parts.map((part) => quoted(part)).join(', ') : '…'}].`;
  }
  if (label(pointer) === 'outputs') return 'A list is needed: [{rtmpUrl: ADDRESS}].';
  if (label(pointer) === 'fromCommand') return 'A list is needed: [PROGRAM, ARGUMENT…].';
  return 'A list is needed: its entries begin with "- ".';
}

function partsOf(text: string): string[] {
  const parts = text.split(/[\s,;/[\]"']+/).filter(Boolean);
  return parts.length > 8 ? [] : parts;
}

function fieldsHint(pointer: string, value: unknown): string | undefined {
  const medium = /\/(audio|video)UidList$/.exec(pointer)?.[1];
  if (medium && typeof value !== 'object')
    return `Write {subscribe${medium === 'audio' ? 'Audio' : 'Video'}Uids: ["101"]}.`;
  if (medium && Array.isArray(value))
    return `Write the list as subscribe${medium === 'audio' ? 'Audio' : 'Video'}Uids within it.`;
  if (/^\/rtmp\/outputs\/\d+$/.test(pointer)) return 'Write {rtmpUrl: ADDRESS}.';
  if (pointer === '/recording' && typeof value === 'string')
    return 'Write {fromFile: PATH} for a file that says it.';
  return undefined;
}

function booleanHint(pointer: string, value: unknown): string | undefined {
  if (typeof value === 'object') return `Write ${label(pointer)}: true or ${label(pointer)}: false.`;
  if (typeof value !== 'string') return undefined;
  return /^(true|false)$/i.test(value) ? 'Write it without quotes.' : 'YAML 1.2 knows only true and false.';
}
