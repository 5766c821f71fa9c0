import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Turns an SVG document of ours into the bytes of a PNG file. */
export type PngRenderer = (svg: string) => Uint8Array;

/** The renderer can be initialised once in a process; the first call does it. */
let started: Promise<typeof import('@resvg/resvg-wasm')> | undefined;

/**
 * Loads the renderer and its font, both shipped inside packages, so that a picture comes out the same everywhere.
 * Characters that DejaVu Sans Mono lacks come out as empty boxes, unless one of the others has them.
 * @param scale pixels of the PNG for each unit of the SVG; 2 is sharp on the screens of today
 * @param others more fonts (`fontsFor`)
 */
export async function pngRenderer(scale = 2, others: readonly Uint8Array[] = []): Promise<PngRenderer> {
  const find = createRequire(import.meta.url).resolve;
  started ??= start(find('@resvg/resvg-wasm/index_bg.wasm'));
  const { Resvg } = await started;
  const faces = ['400', '700'].map((weight) =>
    readFile(find(`@fontsource/dejavu-mono/files/dejavu-mono-latin-${weight}-normal.woff2`)),
  );
  const fontBuffers = [...(await Promise.all(faces)), ...others];
  const family = 'DejaVu Sans Mono';
  const font = { fontBuffers, defaultFontFamily: family, monospaceFamily: family };
  return (svg) => {
    const renderer = new Resvg(svg, { font, fitTo: { mode: 'zoom', value: scale } });
    try {
      const image = renderer.render();
      try {
        return image.asPng();
      } finally {
        image.free();
      }
    } finally {
      renderer.free();
    }
  };
}

async function start(wasm: string): Promise<typeof import('@resvg/resvg-wasm')> {
  const renderer = await import('@resvg/resvg-wasm');
  await renderer.initWasm(await readFile(wasm));
  return renderer;
}
