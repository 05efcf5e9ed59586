import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { services } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';

const command = join(import.meta.dirname, '../packages/chaos/src/main.ts');

interface Result {
  readonly seed: number;
  readonly faults: ReadonlyArray<{ readonly kind: string; readonly targets: readonly string[] }>;
  readonly breaches: Readonly<Record<string, readonly string[]>>;
  readonly figures: Readonly<Record<'accepted' | 'done' | 'runs' | 'failedRuns' | 'calls', number>>;
}

/** What `npm run chaos` says; it starts a whole system of its own. */
async function chaos(args: string): Promise<Result[]> {
  const child = spawn(process.execPath, [command, '--json', '--quiet', ...args.split(' ')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [results] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(results) as Result[];
}

const broken = ({ breaches }: Result) => Object.entries(breaches).filter(([, each]) => each.length > 0);

describe('Paceline', () => {
  it('loses nothing, doubles nothing and calls too much in no window while each service is killed', async () => {
    const [result] = await chaos(
      '--seed 4 --virtual-hours 0.45 --faults kill,kill-several --brokers 1 --replicas api=1',
    );
    const killed = new Set(result?.faults.flatMap(({ targets }) => targets));
    expect([...killed].toSorted()).toEqual([...services].toSorted());
    expect(broken(result as Result)).toEqual([]);
    // Those that a kill broke off were resumed, and have ended.
    expect(result?.figures).toMatchObject({ failedRuns: 0 });
    expect(result?.figures.runs).toBeGreaterThan(2);
    expect(result?.figures.done).toBeGreaterThan(10);
  });

  it('gets over whatever a seed breaks', async () => {
    const [result] = await chaos('--seed 5 --virtual-hours 0.4');
    expect(result?.faults.length).toBeGreaterThan(2);
    expect(broken(result as Result)).toEqual([]);
  });
}, 300_000);
