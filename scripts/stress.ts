import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { count } from '../packages/shared/src/words.ts';
import { oneOf, runCommand, terminal, wholeNumberOf } from '../lab/kit/src/arguments.ts';

const usage = `npm run lab -- stress [--rounds N] [--busy N] [--script NAME]

Runs the tests repeatedly on a busy machine, then once on a single core.

  --rounds N     runs with busy loops (default 10)
  --busy N       endless loops that keep the processor busy (default 2)
  --script NAME  the npm script to run: test (default) or prove

Exit codes: 0 no failures, 1 a failure, 2 wrong usage.`;

const options = {
  rounds: { type: 'string', default: '10' },
  busy: { type: 'string', default: '2' },
  script: { type: 'string', default: 'test' },
} as const;

const loops: ChildProcess[] = [];
let underTest: ChildProcess | undefined;
process.once('exit', () => {
  underTest?.kill();
  for (const loop of loops) loop.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

process.exitCode = await runCommand({ usage, options }, process.argv.slice(2), terminal, async (values) => {
  const rounds = wholeNumberOf('--rounds', values.rounds, 0);
  const busy = wholeNumberOf('--busy', values.busy, 0);
  const script = oneOf('--script', values.script, ['test', 'prove']);
  for (let index = 0; index < busy; index += 1) loops.push(spawn(process.execPath, ['-e', 'for (;;);']));
  let failures = 0;
  for (let round = 1; round <= rounds; round += 1)
    failures += await run(`round ${round} of ${rounds} with ${busy} busy loops`, script, ['npm']);
  for (const loop of loops.splice(0)) loop.kill('SIGKILL');
  const canPin = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0;
  if (canPin) failures += await run('on one core', script, ['taskset', '--cpu-list', '0', 'npm']);
  else terminal.out('on one core: skipped, taskset not found');
  terminal.out(failures === 0 ? 'No failures.' : `${count(failures, 'failure')}.`);
  return failures === 0 ? 0 : 1;
});

interface TestResults {
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

/** Runs the script once, prints the failures and returns their number. @param npm the command for npm */
async function run(title: string, script: string, npm: readonly string[]): Promise<number> {
  const [program = 'npm', ...first] = npm;
  const folder = await mkdtemp(join(tmpdir(), 'paceline-stress-'));
  const file = join(folder, 'results.json');
  const startedAt = performance.now();
  const args = [...first, 'run', script, '--', '--reporter=json', `--outputFile=${file}`];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  underTest = child;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4_000)));
  const [code] = await once(child, 'exit');
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const results = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as TestResults,
    () => undefined,
  );
  await rm(folder, { recursive: true, force: true });
  const failed = results ? failuresOf(results) : [`no results, exit code ${code}: ${stderr}`];
  if (failed.length === 0 && code !== 0) failed.push(`exit code ${code} without a failed test: ${stderr}`);
  const passed = results?.numPassedTests ?? 0;
  terminal.out(`${title}: ${passed} passed, ${failed.length} failed, ${seconds} s`);
  for (const each of failed) terminal.out(`  ${each}`);
  return failed.length;
}

function failuresOf({ testResults }: TestResults): string[] {
  const firstLine = (text = '') => text.split('\n', 1)[0] ?? '';
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && message) return [`${name}: ${firstLine(message)}`];
    return failed.map((each) => `${name} > ${each.fullName}: ${firstLine(each.failureMessages[0])}`);
  });
}
