import type { Command } from 'commander';
import type { Io } from '../model/ports.ts';
import { addHelp } from './help.ts';
import type { RawOptions } from './settings.ts';
import {
  bounded,
  common,
  fromGit,
  planning,
  selecting,
  sending,
  several,
  spelling,
  untrusting,
} from './shared-flags.ts';

/*
 * The command line: names, flags and help. In the help a command's flags stand as they do here: what it alone has comes
 * before what several have (shared-flags.ts). Each command is loaded when it is called, so that a command costs
 * only what it uses. Nothing is checked or defaulted here (settings.ts does), so that flags and variables meet
 * the same rules.
 */

type Finish = (exitCode: number) => void;

/** Adds all commands; each hands its exit code to `finish`. */
export function addCommands(program: Command, io: Io, finish: Finish): void {
  const run = (work: (names: string[], raw: RawOptions) => Promise<number>) =>
    async function (this: Command, ...args: unknown[]): Promise<void> {
      const names = args
        .slice(0, -2)
        .flat()
        .filter((name) => typeof name === 'string');
      // A command of a command takes the flags of both.
      const [outer, own] = [{ ...program.opts(), ...(this.parent?.opts() ?? {}) }, this.opts()];
      // commander's default for a flag with no- is true, which must not hide the flag before the command's name.
      const [color, cache] = (['color', 'cache'] as const).map(
        (no) => outer[no] !== false && own[no] !== false,
      );
      finish(await work(names, { ...outer, ...own, color, cache }));
    };

  untrusting(
    bounded(
      fromGit(
        command(program, 'validate', 'check the files; nothing is sent, nothing is written').option(
          '--strict',
          'make warnings errors',
        ),
      ),
    ),
  ).action(run(async (_names, raw) => (await import('./validate.ts')).validate(raw, io)));

  untrusting(
    planning(
      command(program, 'plan [names...]', 'show what apply would send')
        .alias('diff')
        .option('--detailed-exitcode', 'exit with 2 where there are changes')
        .option('--out <file>', 'save the plan, to be applied exactly as it is or not at all')
        .option('--from <commit>', 'what the change from this commit would send, whatever the state says')
        .option('--to <commit>', 'with --from: the change to this commit (default: HEAD)')
        .option('--from-dir <dir>', 'with --from: what the folder was called then (default: as git tells)')
        .option('--against <url>', 'take what is applied from a running reelstate watch instead of the state')
        .option('--daemon-token-file <file>', 'with --against: the token that the daemon asks for')
        .option('--pictures', 'draw each layout that changes, before and after')
        .option('--pictures-dir <dir>', 'write an SVG for each layout that changes; markdown links to them')
        .option('--pictures-url <url>', 'where the files will be found, for the links (default: the folder)')
        .option('--users <number>', 'draw predefined layouts with so many people, 1 to 17 (default: 5)')
        .option(
          '--size <WxH>',
          "the canvas of the pictures in pixels (default: the recording's own, else 1280x720)",
        )
        .option('--comment-limit <number>', 'characters that markdown may have (default: 65536)'),
    ),
  ).action(run(async (names, raw) => (await import('./plan.ts')).plan(names, raw, io)));

  sending(
    planning(
      command(program, 'apply [names...]', 'send it; takes names, or a plan from plan --out')
        .option(
          '--yes',
          'do not ask; without a terminal nothing is sent without it, but for a plan in a file',
        )
        .option('--retry-for <duration>', 'how long a call without a clear answer is repeated (default: 30s)')
        .option(
          '--lock-timeout <duration>',
          'how long another process is waited for that sends for the account (default: 10s)',
        ),
    ),
  ).action(run(async (names, raw) => (await import('./apply.ts')).apply(names, raw, io)));

  bounded(
    fromGit(
      selecting(
        command(program, 'status [names...]', 'the state of each recording, and what is pending')
          .option('--daemon <url>', 'ask a running reelstate watch instead of the state')
          .option('--daemon-token-file <file>', 'with --daemon: the token that it asks for'),
      ),
    ),
  ).action(run(async (names, raw) => (await import('./status.ts')).status(names, raw, io)));

  command(program, 'history [names...]', 'which commit led to which call, with what answer, when')
    .option('--limit <number>', 'the newest so many calls, 0 for all (default: 100)')
    .action(run(async (names, raw) => (await import('./history.ts')).history(names, raw, io)));

  spelling(
    bounded(
      sending(
        command(program, 'watch', 'keep the recordings as the files say; runs until SIGINT or SIGTERM')
          .option(
            '--listen <host:port>',
            'serve a status page, /healthz, /readyz, /metrics and /api/recordings there (default: nothing)',
          )
          .option(
            '--listen-host <name>',
            'a name or address that the daemon goes by beside those of loopback; may be given several times',
            several,
          )
          .option(
            '--listen-token-file <file>',
            'what other machines must send to read more than /healthz, /readyz and /metrics',
          )
          .option(
            '--notify <url>',
            'post there when a recording is Stalled, is Ready again, or drifts; may be given several times',
            several,
          )
          .option(
            '--resync <duration>',
            'the duration in which every recording is checked once, 0 for never (default: 10m)',
          )
          .option('--no-self-heal', 'report drift, and leave it')
          .option('--resync-force', 'with each resync send again what cannot be read back')
          .option(
            '--sweep <duration>',
            'read all files this often, whatever events say (default: 5s, with git 1s)',
          )
          .option('--git', 'take only what is committed, whatever the working tree looks like')
          .option('--ref <commit>', 'the branch or tag to follow (default: HEAD)')
          .option('--git-url <url>', 'follow a remote, through a shallow mirror in the state folder')
          .option(
            '--interval <duration>',
            'with --git-url: fetch this often, give or take a tenth (default: 30s)',
          )
          .option('--verify-signatures', 'with --git-url: take only commits that git verify-commit accepts')
          .option('--log-format <form>', 'json or pretty (default: json)'),
      ),
    ),
  ).action(run(async (_names, raw) => (await import('./watch.ts')).watch(raw, io)));

  bounded(
    selecting(
      command(
        program,
        'preview [names...]',
        "draw a recording's layout; takes names or files, also of a layout that recordings share",
      )
        .option('--users <number>', 'draw predefined layouts with so many people, 1 to 17 (default: 5)')
        .option('--size <WxH>', "canvas in pixels (default: the recording's own, else 1280x720)")
        .option(
          '--out <file>',
          'write to a file; its ending chooses the form: .txt, .json, .md, .svg, .png or .html',
        )
        .option(
          '--font <file>',
          "a font for PNG that has what ours lacks, such as Chinese; may be given several times (default: the system's)",
          several,
        )
        .option('--all', 'all recordings on a contact sheet, as without a name'),
    ),
  ).action(run(async (names, raw) => (await import('./preview.ts')).preview(names, raw, io)));

  command(program, 'import <start-json...>', 'write recording files from the JSON given to `start`')
    .option('--app-id <id>', 'the App ID (default: as the JSON has it)')
    .option('--resource-id <id>', 'what acquire answered (default: as the JSON has it)')
    .option('--sid <id>', 'what start answered (default: as the JSON has it)')
    .option('--mode <mode>', 'individual, mix or web (default: as the JSON has it)')
    .option('--cname <channel>', "the channel's name (default: as the JSON has it)")
    .option('--uid <uid>', 'the UID of the recording client (default: as the JSON has it)')
    .option('--name <name>', "what to call the recording (default: after --out, else the channel's name)")
    .option(
      '--out <path>',
      'the file to write, or for several bodies the folder; nothing is overwritten (default: standard output)',
    )
    .option('--share', 'write equal blocks of several recordings once, to shared/ and layouts/ beside --out')
    .option('--only <blocks>', 'take only these blocks, such as layout,subscriptions (default: all)')
    .option('--applied', 'record it as what is applied, so that the first plan is empty')
    .action(run(async (names, raw) => (await import('./import.ts')).importRecordings(names, raw, io)));

  command(program, 'init [dir]', 'make a folder with an example, the schema, a .gitignore and a CI file')
    .option(
      '--schema <where>',
      'local: a copy in the folder; or the address of a schema that editors can read (default: local)',
    )
    .option('--ci <host>', 'github, gitlab or none: the CI file that checks each change (default: github)')
    .action(run(async ([folder], raw) => (await import('./init.ts')).init(folder, raw, io)));

  addStateCommands(command(program, 'state', 'what is known: list, show, correct, bind, copy it'), run, io);

  command(program, 'schema', 'print the JSON Schema of recording files')
    .option('--settings', 'that of the settings file (reelstate.yaml)')
    .action(run(async (_names, raw) => (await import('./schema.ts')).schema(raw, io)));

  command(program, 'simulate', 'run a local service that behaves like the real one')
    .option('--listen <host:port>', 'a loopback address; port 0 takes a free one (default: 127.0.0.1:8799)')
    .option('--recordings <dir>', 'a folder of recording files: what they name is running')
    .option('--latency <ms>', 'milliseconds that each answer takes, such as 100 or 50-200')
    .option('--fault <rule>', 'misbehave by a rule, such as 503@0.1; may be given several times', several)
    .option('--seed <number>', 'of everything that is drawn at random (default: 1)')
    .action(run(async (_names, raw) => (await import('./simulate.ts')).simulate(raw, io)));

  command(program, 'completion <shell>', 'print what bash, zsh or fish completes reelstate by').action(
    run(async ([shell]) => (await import('./completion.ts')).completion(shell, program, io)),
  );

  complete(program);
}

type Run = (
  work: (names: string[], raw: RawOptions) => Promise<number>,
) => (this: Command, ...args: unknown[]) => Promise<void>;

/** `reelstate state …`. None of them calls the service. */
function addStateCommands(state: Command, run: Run, io: Io): void {
  const load = () => import('./state.ts');
  const copy = () => import('./state-copy.ts');
  const asking = (command: Command) => command.option('--yes', 'do not ask');
  command(state, 'list', 'the recordings in the state, and the service that they were applied to').action(
    run(async (_names, raw) => (await load()).stateList(raw, io)),
  );
  command(state, 'show <name>', 'all that is known of a recording, as JSON').action(
    run(async (names, raw) => (await load()).stateShow(names, raw, io)),
  );
  asking(command(state, 'rm <names...>', 'forget recordings; they go on as they are')).action(
    run(async (names, raw) => (await load()).stateRemove(names, raw, io)),
  );
  command(state, 'mv <old> <new>', 'call a recording by another name').action(
    run(async (names, raw) => (await load()).stateMove(names, raw, io)),
  );
  asking(
    command(
      state,
      'rebind',
      'bind the state to the service of --endpoint and the account of AGORA_CUSTOMER_ID, or those of --config',
    ),
  ).action(run(async (_names, raw) => (await load()).stateRebind(raw, io)));
  command(state, 'export', 'write all of the state as JSON, with fingerprints in place of secrets')
    .option('--out <file>', 'the file to write, readable by you alone (default: standard output)')
    .action(run(async (_names, raw) => (await copy()).stateExport(raw, io)));
  asking(command(state, 'import <file>', 'read what export wrote; - is standard input')).action(
    run(async (names, raw) => (await copy()).stateImport(names, raw, io)),
  );
  asking(command(state, 'unlock', 'end what keeps others from writing a shared state')).action(
    run(async (_names, raw) => (await load()).stateUnlock(raw, io)),
  );
}

function command(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).allowExcessArguments(false);
}

/** What every command has, below its own flags. */
function complete(command: Command): void {
  common(command);
  addHelp(command);
  command.commands.forEach(complete);
}
