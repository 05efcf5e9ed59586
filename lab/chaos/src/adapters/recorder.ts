import { jetstream } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@paceline/shared/messaging';

/** What was said lately over the streams that others work from. */
export interface Recorder {
  /** The newest ones, oldest first. */
  latest(count: number): readonly Recorded[];
  /** Says it once more; with its id the broker may know it. Fails silently while the broker is away. */
  repeat(message: Recorded, withId: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface Recorded {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

const kept = 300;
const streams = ['paceline.tick.>', 'paceline.command.>', 'paceline.event.>'];

export async function startRecorder(adminUrl: string): Promise<Recorder> {
  const connection: NatsConnection = await connect(adminUrl, 'provision');
  const recorded: Recorded[] = [];
  for (const subject of streams) {
    connection.subscribe(subject, {
      callback: (_error, message) => {
        recorded.push({ subject: message.subject, data: message.data, headers: message.headers });
        // Ticks and commands are few beside the news: they are kept for longer.
        if (recorded.length > kept) recorded.splice(dispensable(recorded), 1);
      },
    });
  }
  const js = jetstream(connection, { timeout: 2_000 });
  return {
    latest: (count) => recorded.slice(-count),
    async repeat({ subject, data, headers: carried }, withId) {
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
