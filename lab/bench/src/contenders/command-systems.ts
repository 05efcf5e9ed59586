import { join } from 'node:path';
import { commandsEnded, onStack, raiseLimits } from '@paceline/kit/load';
import { processesOf } from '@paceline/kit/processes';
import type { TestStack } from '@paceline/kit/stack';
import { type ClockSetting, realTime } from '@paceline/shared/clock';
import { ours } from './all.ts';
import { handBuilt, peers } from './hand-built/all.ts';
import type { HandBuilt } from './hand-built/queue.ts';
import { type CommandSystem, onHandBuilt } from './hand-built/system.ts';

/** A system for commands, Paceline or hand-built. */
export interface CommandContender {
  readonly contender: { readonly name: string; readonly as: string };
  on<T>(work: (system: CommandSystem) => Promise<T>): Promise<T>;
}

const systemOf = (stack: TestStack): CommandSystem => ({
  urls: stack.apiUrls,
  processes: processesOf(stack),
  database: { url: stack.databaseUrl, logFile: join(stack.stateFolder, 'postgres', 'data.log') },
  ended: () => commandsEnded(stack),
});

const pacelineWith = (
  env: NodeJS.ProcessEnv,
  prepare: (stack: TestStack) => Promise<void>,
  options: { readonly clock?: ClockSetting } = {},
): CommandContender => ({
  contender: { name: ours, as: 'one process of each service, NATS, Postgres' },
  on: (work) =>
    onStack(
      env,
      async (stack) => {
        await prepare(stack);
        return work(systemOf(stack));
      },
      options,
    ),
});

const builtBy = (queue: HandBuilt): CommandContender => ({
  contender: queue,
  on: (work) => onHandBuilt(queue, work),
});

/** Under load, with limits so wide that they are not the bound. */
export const busyContenders: readonly CommandContender[] = [
  pacelineWith({}, raiseLimits),
  ...handBuilt.map(builtBy),
];

/** At the speed of real time, with the log levels of production. */
export const idleContenders: readonly CommandContender[] = [
  pacelineWith({ LOG_LEVEL: 'info' }, async () => undefined, { clock: realTime }),
  ...peers.map(builtBy),
];

/** Starts all systems, so that they can be measured in turn. @param work gets them in the same order */
export async function onAll<T>(
  contenders: readonly CommandContender[],
  work: (systems: readonly CommandSystem[]) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = contenders;
  if (!first) return work([]);
  return first.on((system) => onAll(rest, (systems) => work([system, ...systems])));
}
