import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { services } from '@paceline/shared/contracts';
import { canRunCluster } from '@paceline/shared/testing';
import { describe, expect, it } from 'vitest';

const command = join(import.meta.dirname, '../lab/chaos/src/main.ts');

interface ChaosResult {
  readonly seed: number;
  readonly faults: ReadonlyArray<{ readonly kind: string; readonly targets: readonly string[] }>;
  readonly violations: Readonly<Record<string, readonly string[]>>;
  readonly figures: Readonly<
    Record<'accepted' | 'done' | 'runs' | 'failedRuns' | 'calls' | 'journalsLost', number>
  >;
}

/** The results of `npm run lab -- chaos`, which starts its own system. */
async function chaos(args: string): Promise<ChaosResult[]> {
  const child = spawn(process.execPath, [command, '--json', '--quiet', ...args.split(' ')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [results] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(results) as ChaosResult[];
}

const violatedLaws = ({ violations }: ChaosResult) =>
  Object.entries(violations).filter(([, each]) => each.length > 0);

// It runs a cluster.
describe.runIf(await canRunCluster())('Paceline under random faults', () => {
  it('loses nothing, duplicates nothing and exceeds no window', async () => {
    const [result] = await chaos(
      '--seed 3 --virtual-hours 0.45 --faults kill-several,broker-node-away,database-restart,network-cut',
    );
    const { faults = [], figures } = result ?? {};
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(4);
    const killed = faults
      .filter(({ kind }) => kind === 'kill-several')
      .flatMap(({ targets }) => targets.map((name) => name.replace(/-\d$/, '')));
    expect([...new Set(killed)].toSorted()).toEqual([...services].toSorted());
    expect(violatedLaws(result as ChaosResult)).toEqual([]);
    // Runs interrupted by a kill were resumed and finished.
    expect(figures).toMatchObject({ failedRuns: 0 });
    expect(figures?.runs).toBeGreaterThan(2);
    expect(figures?.done).toBeGreaterThan(10);
  });

  it('makes no call too early when brokers lose what they have acknowledged', async () => {
    const [result] = await chaos(
      '--seed 9 --virtual-hours 0.7 --faults power-cut,journal-rewound,journal-truncated,journal-bit-flipped,node-replaced',
    );
    const { faults = [], figures } = result ?? {};
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(5);
    expect(violatedLaws(result as ChaosResult)).toEqual([]);
    expect(figures?.journalsLost).toBeGreaterThan(0);
    expect(figures?.done).toBeGreaterThan(10);
  });
});
