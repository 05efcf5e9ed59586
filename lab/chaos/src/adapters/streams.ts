import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@paceline/shared/messaging';

interface Recorded {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

const maxRecorded = 300;
const streams = ['paceline.tick.>', 'paceline.command.>', 'paceline.event.>'];

/** Records the latest ticks, commands and events. */
export async function startRecorder(adminUrl: string) {
  const connection: NatsConnection = await connect(adminUrl, 'provision');
  const recorded: Recorded[] = [];
  for (const subject of streams) {
    connection.subscribe(subject, {
      callback: (_error, message) => {
        recorded.push({ subject: message.subject, data: message.data, headers: message.headers });
        // Ticks and commands are rarer than events, so they are kept longer.
        if (recorded.length > maxRecorded) recorded.splice(dispensable(recorded), 1);
      },
    });
  }
  const js = jetstream(connection, { timeout: 2_000 });
  return {
    /** The latest messages, oldest first. */
    latest: (count: number): readonly Recorded[] => recorded.slice(-count),
    /** Publishes a message again, ignoring failures; with its id the broker can deduplicate it. */
    async repeat({ subject, data, headers: carried }: Recorded, withId: boolean) {
      await js
        .publish(subject, data, carried && { headers: withId ? carried : withoutId(carried) })
        .catch(() => undefined);
    },
    close: () => connection.close(),
  };
}

const dispensable = (recorded: readonly Recorded[]): number =>
  Math.max(
    0,
    recorded.findIndex(({ subject }) => subject.startsWith('paceline.event.')),
  );

function withoutId(carried: MsgHdrs): MsgHdrs {
  const copy = headers();
  for (const [name, values] of carried) {
    if (name !== 'Nats-Msg-Id') for (const value of values) copy.append(name, value);
  }
  return copy;
}

/** Waiting work (`TICKS: 2`) and dead letters (`subject: reason`). @throws while the broker is unavailable */
export async function readStreams(adminUrl: string) {
  const connection = await connect(adminUrl, 'provision');
  try {
    const manager = await jetstreamManager(connection);
    const count = async (name: string) => (await manager.streams.info(name)).state.messages;
    const waiting: string[] = [];
    for (const name of ['TICKS', 'COMMANDS']) {
      const messages = await count(name);
      if (messages > 0) waiting.push(`${name}: ${messages}`);
    }
    const { state } = await manager.streams.info('DEAD_LETTERS');
    const deadLetters: string[] = [];
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
      const letter = await manager.streams.getMessage('DEAD_LETTERS', { seq });
      if (letter) deadLetters.push(`${letter.subject}: ${letter.header.get('Dead-Letter-Reason')}`);
    }
    return { waiting, deadLetters };
  } finally {
    await connection.close();
  }
}
