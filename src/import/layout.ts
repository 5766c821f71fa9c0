import { MIXED_VIDEO_LAYOUTS, RENDER_MODES } from '../agora/tables.ts';
import type { Section } from './section.ts';
import type { JsonObject } from './start-json.ts';

const REGION = ['uid', 'x_axis', 'y_axis', 'width', 'height', 'alpha', 'render_mode'];
const BACKGROUND = ['uid', 'image_url', 'render_mode'];

/**
 * The layout in a `transcodingConfig` (Agora Cloud Recording REST, start). What the service does not look at with
 * this kind of layout is left out: the file's format refuses it.
 */
export function convertLayout(transcoding: Section): JsonObject {
  const layout = transcoding.pick([
    'mixedVideoLayout',
    'backgroundColor',
    'backgroundImage',
    'defaultUserBackgroundImage',
  ]);
  const kind = layout.mixedVideoLayout ?? MIXED_VIDEO_LAYOUTS.floating;
  if (layout.mixedVideoLayout !== undefined)
    layout.mixedVideoLayout = nameOf(MIXED_VIDEO_LAYOUTS, layout.mixedVideoLayout);
  if (kind === MIXED_VIDEO_LAYOUTS.vertical) Object.assign(layout, transcoding.pick(['maxResolutionUid']));
  else transcoding.leaveOut('maxResolutionUid', 'counts only with mixedVideoLayout 2');
  if (kind === MIXED_VIDEO_LAYOUTS.custom) {
    const regions = transcoding.sections('layoutConfig')?.map((region) => entry(region, REGION));
    if (regions) layout.layoutConfig = regions;
  } else transcoding.leaveOut('layoutConfig', 'counts only with mixedVideoLayout 3');
  const backgrounds = transcoding.sections('backgroundConfig')?.map((one) => entry(one, BACKGROUND));
  if (backgrounds) layout.backgroundConfig = backgrounds;
  transcoding.finish();
  return layout;
}

function entry(section: Section, fields: readonly string[]): JsonObject {
  const values = section.pick(fields);
  section.finish();
  if (values.render_mode !== undefined) values.render_mode = nameOf(RENDER_MODES, values.render_mode);
  return values;
}

/** The name of an enumeration's number; anything else as it is, for the reader of the file to judge. */
function nameOf(names: Readonly<Record<string, number>>, value: unknown): unknown {
  return Object.keys(names).find((name) => names[name] === value) ?? value;
}
