import { completeLayout } from '../../../src/agora/defaults.ts';
import type { Layout } from '../../../src/model/recording.ts';
import { type CanvasSize, type Placement, placeLayout } from '../../../src/render/picture/geometry.ts';

/** Layouts that pictures are tested with; each has something that the others lack. */
export const SAMPLES = {
  floating: {},
  bestFit: {
    mixedVideoLayout: 1,
    backgroundColor: '#102030',
    defaultUserBackgroundImage: 'https://cdn.example.com/images/nobody.jpg?signature=not-for-show',
  },
  vertical: { mixedVideoLayout: 2, backgroundColor: '#F0F0E8', maxResolutionUid: '527841' },
  verticalNobody: { mixedVideoLayout: 2, backgroundColor: '#003322' },
  townHall: {
    mixedVideoLayout: 3,
    backgroundColor: '#20304A',
    backgroundImage: 'https://cdn.example.com/stage.jpg',
    layoutConfig: [
      { uid: '1', x_axis: 0, y_axis: 0, width: 0.7, height: 1, render_mode: 1 },
      { uid: '2', x_axis: 0.72, y_axis: 0.02, width: 0.26, height: 0.3 },
      { x_axis: 0.72, y_axis: 0.35, width: 0.26, height: 0.3, alpha: 0.5 },
      { x_axis: 0.72, y_axis: 0.68, width: 0.26, height: 0.3 },
    ],
    backgroundConfig: [
      { uid: '2', image_url: 'https://cdn.example.com/people/two.jpg' },
      { uid: '9', image_url: 'https://cdn.example.com/people/nine.jpg' },
    ],
  },
  /** The town hall before a change: every kind of change leads from it to `townHallAfter`. */
  townHallBefore: {
    mixedVideoLayout: 3,
    layoutConfig: [
      { uid: '1', x_axis: 0, y_axis: 0, width: 0.5, height: 1, render_mode: 1 },
      { uid: '2', x_axis: 0.72, y_axis: 0.68, width: 0.26, height: 0.3 },
      { uid: '9', x_axis: 0.52, y_axis: 0.1, width: 0.18, height: 0.2 },
      { x_axis: 0.72, y_axis: 0.35, width: 0.26, height: 0.3, alpha: 0.5, render_mode: 1 },
      { uid: '4', x_axis: 0.52, y_axis: 0.8, width: 0.18, height: 0.2 },
    ],
  },
  townHallAfter: {
    mixedVideoLayout: 3,
    backgroundColor: '#20304A',
    layoutConfig: [
      { uid: '1', x_axis: 0, y_axis: 0, width: 0.7, height: 0.78, render_mode: 1 },
      { uid: '2', x_axis: 0.72, y_axis: 0.02, width: 0.26, height: 0.3 },
      { x_axis: 0.72, y_axis: 0.35, width: 0.26, height: 0.3, alpha: 0.5 },
      { uid: '7', x_axis: 0.72, y_axis: 0.68, width: 0.26, height: 0.3 },
      { uid: '4', x_axis: 0.52, y_axis: 0.8, width: 0.18, height: 0.2 },
    ],
  },
  /** Everything that a person should be warned of. */
  doubtful: {
    mixedVideoLayout: 3,
    backgroundColor: '#1E3A5F',
    layoutConfig: [
      { uid: '4294967295', x_axis: 0.05, y_axis: 0.05, width: 0.5, height: 0.5 },
      { uid: '2', x_axis: 0.4, y_axis: 0.4, width: 0.35, height: 0.35, alpha: 0.7, render_mode: 1 },
      { uid: '3', x_axis: 0.8, y_axis: 0.5, width: 0.4, height: 0.3 },
      { uid: '4', x_axis: 0.1, y_axis: 0.85, width: 0, height: 0.1 },
      { uid: '5', x_axis: 0.3, y_axis: 0.8, width: 0.1, height: 0.1 },
      { uid: '6', x_axis: 0.28, y_axis: 0.78, width: 0.15, height: 0.15 },
      { uid: '7', x_axis: 0.08, y_axis: 0.3, width: 0.12, height: 0.12 },
      { uid: '2', x_axis: 0.8, y_axis: 0.05, width: 0.1, height: 0.1, alpha: 0 },
    ],
  },
} satisfies Record<string, Layout>;

export function place(name: keyof typeof SAMPLES, users?: number, size?: CanvasSize): Placement {
  return placeLayout(completeLayout(SAMPLES[name]), users, size);
}

/** Where a golden file lies, as vitest's file snapshots want it: relative to the test. */
export function golden(file: string): string {
  return `../../fixtures/pictures/${file}`;
}
