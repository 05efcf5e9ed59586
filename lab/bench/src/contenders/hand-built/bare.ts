import { AckPolicy, type JsMsg, jetstream, jetstreamManager, PersistMode } from '@nats-io/jetstream';
import { connect } from '@paceline/shared/messaging';
import { concurrency, type HandBuilt } from './queue.ts';
import { type AddCommand, openStore } from './store.ts';

const subjects = {
  commands: 'bare.commands',
  ended: 'bare.ended',
  journal: 'bare.journal',
  permit: 'bare.permit',
};
const worker = 'worker';
const open = (url: string) => connect(url, 'provision');
/** About the size of a permit's journal entry. */
const entry = new Uint8Array(256);

const markRunning = {
  name: 'mark-running',
  text: `update commands set state = 'running' where command_id = $1`,
};

/**
 * The processes, messages and statements of Paceline's command path with nothing around them: what is left to save. The permit is
 * granted at once, after its journal entry is on disk.
 */
export const bare: HandBuilt = {
  id: 'bare',
  name: 'bare path',
  as: "Paceline's processes, messages and statements without what they decide: Hono, NATS, pg",
  broker: 'nats',
  async migrate({ brokerUrl }) {
    const connection = await open(brokerUrl);
    const { streams, consumers } = await jetstreamManager(connection);
    const persist_mode = PersistMode.Async;
    await streams.add({ name: 'COMMANDS', subjects: [subjects.commands], persist_mode });
    await streams.add({ name: 'EVENTS', subjects: [subjects.ended], persist_mode });
    await streams.add({ name: 'JOURNAL', subjects: [subjects.journal] });
    await consumers.add('COMMANDS', { durable_name: worker, ack_policy: AckPolicy.Explicit });
    await connection.close();
  },
  async openServer({ databaseUrl, brokerUrl }) {
    const store = openStore(databaseUrl);
    const connection = await open(brokerUrl);
    const stream = jetstream(connection);
    const waiters = new Map<string, () => void>();
    connection.subscribe(subjects.ended, { callback: (_, message) => waiters.get(message.string())?.() });
    return {
      store,
      async submit(command, waitMs) {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        if (waitMs !== undefined) waiters.set(command.commandId, () => resolve(true));
        const timer = setTimeout(() => resolve(false), waitMs ?? 0);
        try {
          await store.insert(command);
          await stream.publish(subjects.commands, JSON.stringify(command), { msgID: command.commandId });
          return waitMs === undefined ? false : await promise;
        } finally {
          clearTimeout(timer);
          waiters.delete(command.commandId);
        }
      },
    };
  },
  async openLimiter({ brokerUrl }) {
    const connection = await open(brokerUrl);
    const stream = jetstream(connection);
    connection.subscribe(subjects.permit, {
      callback: (_, message) => {
        void stream.publish(subjects.journal, entry).then(() => message.respond(entry));
      },
    });
  },
  async openWorker({ databaseUrl, brokerUrl }, run) {
    const store = openStore(databaseUrl);
    const connection = await open(brokerUrl);
    const stream = jetstream(connection);
    const consumer = await stream.consumers.get('COMMANDS', worker);
    const handle = async (message: JsMsg) => {
      const command = message.json<AddCommand>();
      await connection.request(subjects.permit, entry);
      await store.pool.query({ ...markRunning, values: [command.commandId] });
      await run(store, command);
      await stream.publish(subjects.ended, command.commandId);
      message.ack();
    };
    await consumer.consume({ max_messages: concurrency, callback: (message) => void handle(message) });
  },
};
