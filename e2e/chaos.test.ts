import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { services } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';

const command = join(import.meta.dirname, '../lab/chaos/src/main.ts');

interface Result {
  readonly seed: number;
  readonly faults: ReadonlyArray<{ readonly kind: string; readonly targets: readonly string[] }>;
  readonly breaches: Readonly<Record<string, readonly string[]>>;
  readonly figures: Readonly<Record<'accepted' | 'done' | 'runs' | 'failedRuns' | 'calls', number>>;
}

/** What `npm run lab -- chaos` says; it starts a whole system of its own. */
async function chaos(args: string): Promise<Result[]> {
  const child = spawn(process.execPath, [command, '--json', '--quiet', ...args.split(' ')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [results] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(results) as Result[];
}

const broken = ({ breaches }: Result) => Object.entries(breaches).filter(([, each]) => each.length > 0);

describe('Paceline', () => {
  it('loses nothing, doubles nothing and calls too much in no window while a seed breaks it', async () => {
    const [result] = await chaos(
      '--seed 3 --virtual-hours 0.45 --faults kill-several,broker-node-away,database-restart,network-cut',
    );
    const { faults = [], figures } = result ?? {};
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(4);
    const killed = faults
      .filter(({ kind }) => kind === 'kill-several')
      .flatMap(({ targets }) => targets.map((name) => name.replace(/-\d$/, '')));
    expect([...new Set(killed)].toSorted()).toEqual([...services].toSorted());
    expect(broken(result as Result)).toEqual([]);
    // Those that a kill broke off were resumed, and have ended.
    expect(figures).toMatchObject({ failedRuns: 0 });
    expect(figures?.runs).toBeGreaterThan(2);
    expect(figures?.done).toBeGreaterThan(10);
  });
});
