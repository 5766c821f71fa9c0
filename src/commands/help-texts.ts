import { EDITOR_HELP } from './editor-help.ts';

/** What the help of a command ends with. */
export interface HelpText {
  /** What is to be known beside the flags; lines are wrapped. */
  notes?: string;
  /** What 0 and 1 mean here, and further exit codes; 64 is the same everywhere. */
  exits: Readonly<Record<number, string>>;
  /** A command line, without `reelstate`. */
  example: string;
}

const DONE = { 0: 'done', 1: 'it could not be done' };

/** By what follows `reelstate` on the command line; "" is reelstate itself. */
export const HELP_TEXTS: Readonly<Record<string, HelpText>> = {
  '': {
    exits: {
      0: 'done, or nothing to do',
      1: 'something failed',
      2: 'plan --detailed-exitcode found changes',
    },
    example: 'plan --help',
  },
  validate: {
    exits: { 0: 'no errors (with --strict no warnings either)', 1: 'there are errors' },
    example: 'validate --strict',
  },
  plan: {
    notes:
      'A recording to create is one to adopt: it runs already, and this is the first apply to it.\n' +
      'Here --output may be html, too: one page with all pictures, for a review.\n' +
      'In markdown the pictures are drawn with characters unless --pictures-dir is given.',
    exits: {
      0: 'planned, whether there are changes or not',
      1: 'there are errors; what they do not concern is planned all the same',
      2: 'with --detailed-exitcode: planned, and there are changes',
    },
    example: 'plan --select show=evening --out evening.json',
  },
  apply: {
    exits: {
      0: 'all of it is applied, or there was nothing to do',
      1: 'something failed, has errors or was held back, or the answer was not yes',
    },
    example: 'apply town-hall',
  },
  status: { exits: { 0: 'told', 1: 'the state or the daemon cannot be read' }, example: 'status --json' },
  history: { exits: { 0: 'told', 1: 'the state cannot be read' }, example: 'history town-hall --limit 10' },
  watch: {
    notes:
      'With REELSTATE_HOOK_SECRET set, POST /hooks/git on --listen looks for new commits at once: for the webhooks of ' +
      'GitHub, GitLab, Bitbucket, Gitea and Forgejo, and Standard Webhooks. REELSTATE_GIT_TOKEN is sent to a remote ' +
      'that asks for a token. REELSTATE_NOTIFY_SECRET signs what --notify posts. With --git-url files may name only ' +
      'what --allow-env and --allow-command allow.',
    exits: {
      0: 'ended by SIGINT or SIGTERM',
      1: 'it could not start, or its state was lost; nothing is sent after that',
    },
    example: 'watch --listen 127.0.0.1:9464',
  },
  preview: {
    notes: 'Here --output may be svg, png or html, too.',
    exits: { 0: 'drawn', 1: 'there are errors' },
    example: 'preview town-hall --out town-hall.png',
  },
  import: {
    notes:
      'Takes files, folders and - for standard input; each JSON is a body, a list of bodies, or a body a line. The files ' +
      'of several are called after their channels.',
    exits: { 0: 'everything is written', 1: 'something could not be taken; the rest is written' },
    example: 'import start.json --out recordings/town-hall.yaml',
  },
  init: {
    notes: 'Nothing is ever written over: where a file is in the way, nothing is written at all.',
    exits: DONE,
    example: 'init shows --ci gitlab',
  },
  state: { exits: DONE, example: 'state list' },
  'state list': { exits: { 0: 'told', 1: 'the state cannot be read' }, example: 'state list' },
  'state show': { exits: { 0: 'told', 1: 'the state cannot be read' }, example: 'state show town-hall' },
  'state rm': {
    exits: { ...DONE, 1: 'it could not be done, or the answer was not yes' },
    example: 'state rm town-hall',
  },
  'state mv': { exits: DONE, example: 'state mv town-hall plenary' },
  'state rebind': {
    notes: 'What is known counts as applied there: nothing is sent again because of it.',
    exits: { ...DONE, 1: 'it could not be done, or the answer was not yes' },
    example: 'state rebind --endpoint http://127.0.0.1:8799',
  },
  'state export': {
    notes: 'It holds the key of the fingerprints, unless REELSTATE_STATE_KEY gives it.',
    exits: DONE,
    example: 'state export --out state.json',
  },
  'state import': {
    notes: 'A state that has recordings is replaced as a whole, after asking.',
    exits: { ...DONE, 1: 'it could not be done, or the answer was not yes' },
    example: 'state import state.json',
  },
  'state unlock': {
    exits: { ...DONE, 1: 'it could not be done, or the answer was not yes' },
    example: 'state unlock --state postgres://reelstate@db.example.com/reelstate',
  },
  schema: { notes: EDITOR_HELP, exits: { 0: 'printed' }, example: 'schema > recording.schema.json' },
  completion: {
    notes:
      'bash: source <(reelstate completion bash), in ~/.bashrc to keep it.\n' +
      'zsh: source <(reelstate completion zsh), in ~/.zshrc after compinit.\n' +
      'fish: reelstate completion fish > ~/.config/fish/completions/reelstate.fish\n' +
      'Names of recordings are those of the files in --dir, or in $REELSTATE_DIR.',
    exits: { 0: 'printed' },
    example: 'completion bash > ~/.local/share/bash-completion/completions/reelstate',
  },
  simulate: {
    exits: { 0: 'ended by SIGINT or SIGTERM', 1: 'it could not start' },
    example: 'simulate --recordings recordings --fault 503@0.1',
  },
};
