import { byItself, type Inflict } from './inflict.ts';

/** What was said lately is said again at once: one half with its id, which the broker knows, one half as if it were new. */
export const doubled: Inflict = async ({ recorder }, { amount }) => {
  const messages = recorder.latest(amount);
  await Promise.all(messages.map((message, index) => recorder.repeat(message, index % 2 === 0)));
  return byItself;
};

/** What was said lately is said again when it is long over, and in the wrong order. */
export const reordered: Inflict = async ({ recorder }, { amount }) => {
  const messages = recorder.latest(amount).toReversed();
  return async () => {
    for (const message of messages) await recorder.repeat(message, false);
  };
};
