import type { Condition } from '../link.ts';
import type { Inflict } from './inflict.ts';

/** Links that are slow, stalled, half-open or cut, until they are clear again. */
export const badNetwork =
  (condition: (amount: number) => Condition): Inflict =>
  (stage, { targets, amount }) => {
    for (const link of targets) stage.links.become(link, condition(amount));
    const heal = () => {
      for (const link of targets) stage.links.become(link, { is: 'clear' });
      return Promise.resolve();
    };
    return Promise.resolve(heal);
  };
