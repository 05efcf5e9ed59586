import type { Budget } from '../definition/index.ts';
import { type Machine, pause } from '../clock/index.ts';
import { catalog, type Policy } from '../contracts/index.ts';
import { type Bus, request } from '../messaging/index.ts';
import { partitionOf } from './account.ts';

/** Real ms that the limiter is given to answer, and after which it is asked again. */
const answerMs = 2_000;
const askAgainAfter = 250;

/** The limit that an account's limiter keeps now. Asks until it answers. @throws the signal's reason */
export async function policyOf(
  bus: Bus,
  machine: Machine,
  account: string,
  endpoint: Budget,
  closing: AbortSignal,
): Promise<Policy> {
  for (;;) {
    closing.throwIfAborted();
    try {
      const at = { partition: partitionOf(account) };
      const { windows } = await request(bus, catalog.windows, at, { account }, answerMs);
      const window = windows.find((each) => each.endpoint === endpoint);
      if (window) return window.policy;
    } catch (error) {
      bus.log.warn({ err: error, endpoint }, 'the limiter did not say which limit it keeps, asking again');
    }
    await pause(machine, askAgainAfter, closing);
  }
}
