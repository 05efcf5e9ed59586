import type { Subscription } from '@nats-io/nats-core';
import { catalog } from '@paceline/shared/contracts';
import { type Bus, respond } from '@paceline/shared/messaging';
import type { Partition } from './partition.ts';

/** Answers for a partition on the broker for as long as these subscriptions last. */
export function serve(bus: Bus, index: number, partition: Partition): Subscription[] {
  const tokens = { partition: index };
  return [
    respond(bus, catalog.ask, tokens, ({ asks }, reply) =>
      partition.ask(asks, (answers) => reply({ answers: [...answers] })),
    ),
    respond(bus, catalog.operate, tokens, (operation, reply) => partition.operate(operation, reply)),
    respond(bus, catalog.status, tokens, ({ account }, reply) => {
      const status = partition.status(account);
      if (status) reply(status);
    }),
    respond(bus, catalog.windows, tokens, ({ account, waiting }, reply) => {
      const windows = partition.windows(account, waiting);
      if (windows) reply(windows);
    }),
  ];
}
