import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What `npm run lab` can run: its program, what it does, and its options unless it has a `--help` of its own. */
const commands: Readonly<Record<string, readonly [file: string, about: string, options?: string]>> = {
  bench: ['lab/bench/src/main.ts', 'compare the limiter and a whole command with seven packages'],
  door: ['lab/bench/src/door.ts', 'measure what a call through the door takes longer than a direct one'],
  chaos: ['lab/chaos/src/main.ts', 'break a whole system, repeatably by seed, and check the invariants'],
  fuzz: ['lab/fuzz/src/main.ts', 'send malformed input to every route and subject'],
  soak: ['lab/soak/src/main.ts', 'run for weeks of project time and report what grows'],
  scale: ['lab/scale/src/main.ts', 'measure throughput with more processes, a broker cluster and bursts'],
  profile: ['lab/profile/src/main.ts', 'measure the work of one added rider and of the system at rest'],
  plans: ['lab/simulation/src/plans-main.ts', 'measure how long one plan of the next calls takes'],
  day: ['lab/simulation/src/day-main.ts', "simulate a day at twice an upstream's limits"],
  stress: ['scripts/stress.ts', 'run the tests repeatedly on a busy machine'],
  upgrade: ['e2e/upgrade-trial.ts', 'upgrade a running system from an older commit', '--from COMMIT'],
  screenshots: ['e2e/screenshots.ts', 'take screenshots of every dashboard page', '[API_URL]'],
  walk: ['e2e/walk.ts', "take the README's pictures of a system with months of data", ''],
  dependencies: ['lab/supply/src/audit.ts', 'check licences and advisories of every package', '[REGISTRY]'],
  sbom: ['lab/supply/src/sbom.ts', 'write the bill of materials (CycloneDX)', ''],
};

const width = Math.max(...Object.keys(commands).map(({ length }) => length));
const usage = `npm run lab -- COMMAND [options]    (--help after a command lists its options)

${Object.entries(commands)
  .map(([name, [, about]]) => `  ${name.padEnd(width)}  ${about}`)
  .join('\n')}`;

const [name, ...args] = process.argv.slice(2);
const command = name === undefined ? undefined : commands[name];
const options = command?.[2];
if (command && options !== undefined && args.includes('--help')) {
  console.log(`npm run lab -- ${`${name} ${options}`.trim()}    (${command[1]})`);
} else if (command) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', command[0]), ...args], {
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child by itself; it decides when to stop.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill());
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 130;
} else if (name === undefined || name === '--help') console.log(usage);
else {
  console.error(`Unknown command "${name}".\n\n${usage}`);
  process.exitCode = 2;
}
