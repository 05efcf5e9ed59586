import type { RunDetail } from '@paceline/client';
import { expect, it } from 'vitest';
import { passOf } from './pass.ts';

type Call = RunDetail['calls'][number];
const call = (target: string, status = 200, budget: Call['budget'] = 'clubs') =>
  ({ target, status, budget }) as Call;

it('the progress of a club counts its fetched pages and names where the last one starts', () => {
  const calls = [
    call('20650'),
    call('20650 from rider 4501000', 503),
    call('20650 from rider 4501000'),
    call('7'),
    call('20650', 200, 'riders_bulk'),
  ];
  expect(passOf({ calls }, 20_650)).toEqual({ pages: 2, from: 4_501_000 });
  expect(passOf({ calls }, 7)).toEqual({ pages: 1, from: undefined });
  expect(passOf({ calls }, 8)).toBeUndefined();
});
