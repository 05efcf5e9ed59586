import { describe, expect, it } from 'vitest';
import { thisMachine } from '../clock/index.ts';
import type { Outcome } from '../contracts/index.ts';
import { PermitSpent } from './permit.ts';
import { startedPermit } from './started-permit.ts';

const soon = () => performance.now() + 60_000;

function permitUntil(sendBy: number) {
  const outcomes: Outcome[] = [];
  return {
    ...startedPermit('1-1-t', 'clubs', sendBy, thisMachine, (outcome) => outcomes.push(outcome)),
    outcomes,
  };
}

describe('a started permit', () => {
  it('is good for one call', () => {
    const { permit } = permitUntil(soon());
    permit.use();
    expect(() => permit.use()).toThrow(PermitSpent);
  });

  it('is good for none once its time to send is over', () => {
    const { permit, finish, outcomes } = permitUntil(performance.now());
    expect(() => permit.use()).toThrow(PermitSpent);
    finish();
    expect(outcomes).toEqual([{ result: 'not_sent' }]);
  });

  it('is settled once, by who says it first', () => {
    const { permit, finish, outcomes } = permitUntil(soon());
    permit.use();
    permit.settle({ result: 'answered', status: 200 });
    permit.settle({ result: 'unanswered' });
    finish();
    expect(outcomes).toEqual([{ result: 'answered', status: 200 }]);
  });

  it('that was used and not settled counts as unanswered', () => {
    const { permit, finish, outcomes } = permitUntil(soon());
    permit.use();
    finish();
    expect(outcomes).toEqual([{ result: 'unanswered' }]);
  });

  it('can not be given back once its call has left', () => {
    const { permit, outcomes } = permitUntil(soon());
    permit.use();
    permit.settle({ result: 'not_sent' });
    expect(outcomes).toEqual([{ result: 'unanswered' }]);
  });
});
