import { expect, it } from 'vitest';
import type { Inflicted } from './evidence.ts';
import type { FaultKind } from './fault.ts';
import { recoveries } from './recovery.ts';

const broken = (kind: FaultKind, began: number, healed: number): Inflicted => ({
  fault: { kind, at: began, lasts: healed - began, targets: [], amount: 0 },
  began,
  healed,
});

it('a fault is over when all is ready, something is accepted and a call is made, whichever comes last', () => {
  const signs = { ready: [5, 110, 130], accepted: [90, 140], called: [100, 120] };
  expect(recoveries([broken('kill', 80, 95)], signs)).toEqual([{ kind: 'kill', took: 45 }]);
});

it('one that begins before the last one is over is felt with it', () => {
  const signs = { ready: [300, 900], accepted: [300, 900], called: [300, 900] };
  const inflicted = [broken('kill', 100, 100), broken('freeze', 200, 250), broken('database-away', 500, 600)];
  expect(recoveries(inflicted, signs)).toEqual([
    { kind: 'kill', took: 50 },
    { kind: 'freeze', took: 50 },
    { kind: 'database-away', took: 300 },
  ]);
});

it('a system that was never well again is told of', () => {
  const signs = { ready: [50], accepted: [150], called: [150] };
  expect(recoveries([broken('kill', 100, 100)], signs)).toEqual([{ kind: 'kill', took: undefined }]);
});
