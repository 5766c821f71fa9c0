/*
 * The demo: `npm run demo`. Walks through the main job against the local service, in a temporary folder, without an
 * account and without a network. Every command that it shows is the built command, run as shown, with its own
 * output; only the edits of the files are made here. A command that ends otherwise than expected ends the demo with 1.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import picocolors from 'picocolors';

const ROOT = join(import.meta.dirname, '../..');
const CLI = join(ROOT, 'dist/cli.js');

/** What the walk sets, as a person would with `export`; the values are made up, the service is local. */
const SETTINGS = {
  AGORA_CUSTOMER_ID: 'demo',
  AGORA_CUSTOMER_SECRET: 'demo-secret',
  S3_KEY: 'AKIADEMO',
  S3_SECRET: 'demo-s3-secret',
  CDN_URL: 'rtmp://cdn.example.com/live/demo-stream-key',
};

const { NO_COLOR, TERM } = process.env;
const { bold, cyan, dim, green, red } = picocolors.createColors(
  process.stdout.isTTY === true && !NO_COLOR && TERM !== 'dumb',
);

/** Everything that runs at the moment: ended with the demo, however it ends. */
const running = new Set();
const folder = await mkdtemp(join(tmpdir(), 'reelstate-demo-'));
// The walk must not depend on how the machine is set up for real recordings.
const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('REELSTATE_'));
const environment = { ...Object.fromEntries(inherited), ...SETTINGS };

let leaving = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => leave(128 + constants.signals[signal]));
// A reader that has gone (head, a pager) has seen enough.
process.stdout.on('error', () => leave(0));

try {
  await walk();
  await leave(0);
} catch (error) {
  // What a signal cut short has not gone wrong.
  if (!leaving) console.error(red(`\nThe demo did not go as it should: ${error.message}`));
  await leave(1);
}

async function walk() {
  if (!existsSync(CLI)) await build();
  await cp(join(ROOT, 'recordings'), join(folder, 'recordings'), { recursive: true });

  title('Six recordings are running');
  say(
    'The folder recordings/ says how each of them should be. The service is simulated',
    'on this machine: no account and no network is needed.',
  );
  await simulate();

  title('What would be sent?');
  await reelstate('plan');

  title('Send it');
  await reelstate('apply --yes');

  title('Tidying up');
  await edit('recordings/town-hall.yaml', '  backgroundColor: "#1B2A41"\n', '');
  say(
    'Calls override: what one leaves out goes back to its default at the service.',
    'In the plan that is a row of its own:',
  );
  await reelstate('plan');
  await reelstate('apply --yes');
  say('Now files and recordings agree:');
  await reelstate('plan');

  title('What is known?');
  await reelstate('status');

  title('A mistake');
  await edit(
    'recordings/town-hall.yaml',
    '  mixedVideoLayout: custom\n',
    '  mixedVideoLayout: custom\n  backgroundColour: "#1B2A41"\n',
  );
  await reelstate('validate', 1);

  title('What next?');
  say(
    `${bold('npm link')}                             puts reelstate on your path`,
    `${bold('reelstate preview town-hall')}          draws a layout`,
    `${bold('reelstate simulate --fault 503@0.3')}   is a local service that misbehaves`,
    `${bold('README.md')}                            leads to the first real recording`,
  );
}

function build() {
  say('Building dist/cli.js first …');
  return end(spawn('npm', ['run', '-s', 'build'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }), 0);
}

/** Starts the local service and sets what the commands find it by. */
async function simulate() {
  const args = ['simulate', '--listen', '127.0.0.1:0', '--recordings', 'recordings'];
  prompt(`reelstate ${args.join(' ')} &`);
  const child = start([...args, '--log-level', 'warn'], ['ignore', 'pipe', 'inherit']);
  const url = await firstLine(child);
  process.stdout.write(`${url}\n`);
  environment.REELSTATE_ENDPOINT = url;
  prompt(`export REELSTATE_ENDPOINT=${url}`);
  for (const [name, value] of Object.entries(SETTINGS)) prompt(`export ${name}=${value}`, false);
}

/** Shows a command and runs it; its output goes where the demo's goes. */
async function reelstate(command, expected = 0) {
  prompt(`reelstate ${command}`);
  await end(start(command.split(' '), ['ignore', 'inherit', 'inherit']), expected);
}

/** Changes a file of the walk and shows the change as a diff with a line on either side. */
async function edit(file, before, after) {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  const at = text.indexOf(before);
  if (at < 0) throw new Error(`${file} does not hold ${JSON.stringify(before)}`);
  await writeFile(path, text.slice(0, at) + after + text.slice(at + before.length));
  // What stands in both is shown as it is, once.
  const kept = after.startsWith(before) ? before : '';
  const lines = (stretch) => stretch.split('\n').filter(Boolean);
  const above = lines(text.slice(0, at)).slice(-1).concat(lines(kept));
  const below = lines(text.slice(at + before.length)).slice(0, 1);
  prompt(`$EDITOR ${file}`);
  for (const line of above) process.stdout.write(`  ${dim(line)}\n`);
  for (const line of lines(before.slice(kept.length))) process.stdout.write(`${red(`- ${line}`)}\n`);
  for (const line of lines(after.slice(kept.length))) process.stdout.write(`${green(`+ ${line}`)}\n`);
  for (const line of below) process.stdout.write(`  ${dim(line)}\n`);
}

function start(args, stdio) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env: environment, stdio });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

function end(child, expected) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === expected) resolve();
      else reject(new Error(`${child.spawnargs.slice(2).join(' ')} ended with ${code}, not ${expected}`));
    });
  });
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('close', () => reject(new Error('the local service ended')));
  });
}

/** Ends what still runs, takes the folder away and ends the demo; a second call has nothing left to do. */
async function leave(code) {
  if (leaving) return;
  leaving = true;
  const ended = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of running) child.kill('SIGTERM');
  // What still writes there would keep the folder from going.
  await Promise.all(ended);
  await rm(folder, { recursive: true, force: true });
  process.exit(code);
}

/** Every part of the walk begins with an empty line. */
function title(text) {
  say(bold(cyan(`── ${text} ${'─'.repeat(76 - text.length)}`)));
}

function say(...lines) {
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

function prompt(command, spaced = true) {
  process.stdout.write(`${spaced ? '\n' : ''}${dim('$')} ${bold(command)}\n`);
}
