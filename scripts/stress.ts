import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** `npm run test:stress`: runs the tests again and again on a busy machine, and once on a single core. */
const usage = `npm run test:stress -- [--rounds 10] [--busy 2] [--script test]

  --rounds   how often the tests run beside the busy loops (default 10); then once more on one core
  --busy     how many endless loops keep the processor busy meanwhile (default 2)
  --script   the npm script to run: test (default) or prove
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    busy: { type: 'string', default: '2' },
    script: { type: 'string', default: 'test' },
    help: { type: 'boolean', default: false },
  },
});
const rounds = count('rounds', values.rounds);
const busy = count('busy', values.busy);
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const canPin = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0;
const loops: ChildProcess[] = [];
let underTest: ChildProcess | undefined;
process.once('exit', () => {
  underTest?.kill();
  for (const loop of loops) loop.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

let failures = 0;
for (let index = 0; index < busy; index += 1) loops.push(spawn(process.execPath, ['-e', 'for (;;);']));
for (let round = 1; round <= rounds; round += 1)
  await run(`round ${round} of ${rounds}, beside ${busy} busy loops`, ['npm']);
for (const loop of loops.splice(0)) loop.kill('SIGKILL');
if (canPin) await run('on one core', ['taskset', '--cpu-list', '0', 'npm']);
else process.stdout.write('on one core: left out, there is no taskset here\n');
process.stdout.write(failures === 0 ? 'No failure in any round.\n' : `${failures} failures.\n`);
process.exitCode = failures === 0 ? 0 : 1;

interface Results {
  readonly numPassedTests: number;
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly message: string;
    readonly assertionResults: ReadonlyArray<{
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }>;
  }>;
}

/** Runs the script once, and prints what failed. @param npm how npm is called */
async function run(title: string, [program = 'npm', ...first]: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-stress-'));
  const file = join(folder, 'results.json');
  const began = performance.now();
  const args = [...first, 'run', values.script, '--', '--reporter=json', `--outputFile=${file}`];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  underTest = child;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const [code] = await once(child, 'exit');
  const took = Math.round((performance.now() - began) / 1_000);
  const results = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Results,
    () => undefined,
  );
  await rm(folder, { recursive: true, force: true });
  const failed = results ? failuresOf(results) : [`no results, exit code ${code}: ${said}`];
  if (failed.length === 0 && code !== 0) failed.push(`exit code ${code} although no test failed: ${said}`);
  failures += failed.length;
  const passed = results?.numPassedTests ?? 0;
  process.stdout.write(`${title}: ${passed} passed, ${failed.length} failed, ${took} s\n`);
  for (const each of failed) process.stdout.write(`  ${each}\n`);
}

function failuresOf({ testResults }: Results): string[] {
  const firstLine = (text = '') => text.split('\n', 1)[0] ?? '';
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && message) return [`${name}: ${firstLine(message)}`];
    return failed.map((each) => `${name} > ${each.fullName}: ${firstLine(each.failureMessages[0])}`);
  });
}

function count(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  process.stderr.write(`--${name} must be a whole number, not "${text}"\n\n${usage}`);
  process.exit(64);
}
