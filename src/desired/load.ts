import type { DesiredSet } from '../model/recording.ts';
import type { Vault } from '../secrets/vault.ts';
import { type Bounds, boundsOf } from './bounds.ts';
import type { IntakeOptions } from './changes.ts';
import { isPassing, onDisk, readFile, readNow, sharedOnDisk } from './disk.ts';
import { findRecordingFiles } from './find.ts';
import { Intake } from './intake.ts';
import { shownPath } from './paths.ts';

export interface LoadOptions extends Pick<IntakeOptions, 'readCache' | 'isEnough'> {
  /** The folder of the recording files. */
  dir: string;
  /** Relative paths count from here, and are shown from here. */
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  vault: Vault;
  /** What files may name; left out, the folder that holds `dir`, every program, and every variable but our own. */
  bounds?: Bounds;
  /** Seconds since 1970; left out, no expiry is looked at. */
  now?: number;
  /** Is told what each recording file, and each that blocks take fields from, held when it was read, by its name as the user would type it. */
  onFile?: (shown: string, bytes: Uint8Array) => void;
}

/** Everything that the files of a folder ask for. A mistake of the user is a diagnostic, never an exception. */
export async function loadRecordings(options: LoadOptions): Promise<DesiredSet> {
  const { dir, cwd, onFile } = options;
  const bounds = options.bounds ?? boundsOf(options);
  const search = await findRecordingFiles(dir, cwd, bounds.links);
  const readShared = sharedOnDisk(bounds, (path, bytes) => onFile?.(shownPath(path, cwd), bytes));
  const surroundings = { ...options, ...onDisk(bounds), readShared, bounds };
  const intake = new Intake({ ...options, bounds });
  const changes = intake.begin();
  try {
    for (const { path, shown, isOrdinary } of search.found) {
      let bytes = readNow(path, isOrdinary, bounds.links);
      // Without a promise for each: of ten thousand they would cost as much as reading does.
      if (isPassing(bytes)) bytes = await readFile(path, isOrdinary, bounds.links);
      if (bytes instanceof Uint8Array) onFile?.(shown, bytes);
      const pause = changes.put(shown, bytes);
      if (pause) await pause;
    }
    return (await intake.refresh(changes, search, () => surroundings)).set;
  } finally {
    changes.close();
  }
}
