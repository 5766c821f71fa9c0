/**
 * A TrueType font that has one character, a filled square, and nothing else (OpenType specification: cmap, glyf, head,
 * hhea, hmtx, loca, maxp, name).
 */
export function fontOf(character: string): Uint8Array {
  const u16 = (...values: number[]) => values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]);
  const u32 = (...values: number[]) =>
    values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
  const side = 800;
  const square = [
    ...u16(1, 0, 0, side, side, 3, 0),
    // On the curve, each coordinate in two bytes.
    ...[1, 1, 1, 1],
    ...u16(0, side, 0, -side),
    ...u16(0, 0, side, 0),
    ...u16(0),
  ];
  const family = [...'Square'].flatMap((letter) => u16(letter.charCodeAt(0)));
  const point = character.codePointAt(0) as number;
  const tables: Record<string, number[]> = {
    cmap: [...u16(0, 1, 3, 10), ...u32(12), ...u16(12, 0), ...u32(28, 0, 1, point, point, 1)],
    glyf: square,
    head: [
      ...u32(0x10000, 0x10000, 0, 0x5f0f3cf5),
      ...u16(0, 1000),
      ...u32(0, 0, 0, 0),
      ...u16(0, 0, side, side, 0, 8, 2, 0, 0),
    ],
    hhea: [...u32(0x10000), ...u16(side, 0, 0, 1000, 0, 0, side, 1, 0, 0, 0, 0, 0, 0, 0, 2)],
    hmtx: u16(1000, 0, 1000, 0),
    loca: u16(0, 0, square.length / 2),
    maxp: [...u32(0x10000), ...u16(2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)],
    // The family, and the name for PostScript.
    name: [...u16(0, 2, 30), ...[1, 6].flatMap((id) => u16(3, 1, 0x409, id, family.length, 0)), ...family],
  };
  const names = Object.keys(tables);
  let offset = 12 + names.length * 16;
  const bodies: number[] = [];
  const directory = names.flatMap((name) => {
    const body = tables[name] as number[];
    const entry = [...[...name].map((letter) => letter.charCodeAt(0)), ...u32(0, offset, body.length)];
    const padded = [...body, ...Array((4 - (body.length % 4)) % 4).fill(0)];
    bodies.push(...padded);
    offset += padded.length;
    return entry;
  });
  return new Uint8Array([...u32(0x10000), ...u16(names.length, 128, 3, 0), ...directory, ...bodies]);
}
