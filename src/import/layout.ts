import { MIXED_VIDEO_LAYOUTS, RENDER_MODES } from '../agora/tables.ts';
import type { Section } from './section.ts';
import type { JsonObject } from './start-json.ts';

const NUMBERS = ['x_axis', 'y_axis', 'width', 'height', 'alpha'];

/**
 * The layout in a `transcodingConfig` (Agora Cloud Recording REST, start). What the service does not look at with
 * this kind of layout is left out: the file's format refuses it.
 */
export function convertLayout(transcoding: Section): JsonObject {
  const kind = transcoding.number('mixedVideoLayout') ?? MIXED_VIDEO_LAYOUTS.floating;
  const layout: JsonObject = {
    ...(transcoding.isThere('mixedVideoLayout')
      ? { mixedVideoLayout: nameOf(MIXED_VIDEO_LAYOUTS, kind) }
      : {}),
    ...filled(transcoding, ['backgroundColor', 'backgroundImage', 'defaultUserBackgroundImage']),
  };
  // Of a kind that there is not, what it would look at is not known: all of it is looked at.
  const isKnown = Object.values(MIXED_VIDEO_LAYOUTS).some((each) => each === kind);
  if (kind === MIXED_VIDEO_LAYOUTS.vertical) Object.assign(layout, filled(transcoding, ['maxResolutionUid']));
  else transcoding.leaveOut('maxResolutionUid', 'counts only with mixedVideoLayout 2');
  if (kind === MIXED_VIDEO_LAYOUTS.custom || !isKnown) {
    const regions = transcoding.sections('layoutConfig')?.map(region);
    if (regions) layout.layoutConfig = regions;
  } else transcoding.leaveOut('layoutConfig', 'counts only with mixedVideoLayout 3');
  const backgrounds = transcoding.sections('backgroundConfig')?.map(background);
  if (backgrounds && backgrounds.length > 0) layout.backgroundConfig = backgrounds;
  transcoding.finish();
  return layout;
}

function region(section: Section): JsonObject {
  // A region without a UID takes users as they join; the official Go client sends an empty text for that.
  const values = filled(section, ['uid']);
  for (const field of NUMBERS) {
    const value = section.number(field);
    if (value !== undefined) values[field] = value;
  }
  return { ...values, ...renderMode(section) };
}

function background(section: Section): JsonObject {
  return { ...section.pick(['uid', 'image_url']), ...renderMode(section) };
}

/** The last field of an entry. */
function renderMode(section: Section): JsonObject {
  const mode = section.number('render_mode');
  section.finish();
  return mode === undefined ? {} : { render_mode: nameOf(RENDER_MODES, mode) };
}

function filled(section: Section, names: readonly string[]): JsonObject {
  const values = names.map((name) => [name, section.filled(name)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The name of an enumeration's number; anything else as it is, for the reader of the file to judge. */
function nameOf(names: Readonly<Record<string, number>>, value: unknown): unknown {
  return Object.keys(names).find((name) => names[name] === value) ?? value;
}
