import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@paceline/shared/messaging';
import type { Stage } from './stage.ts';

/** What the streams of work still hold, and what was set aside. */
export interface Streams {
  /** `TICKS: 2` */
  readonly waiting: readonly string[];
  /** `paceline.dead-letter.…: the reason` */
  readonly deadLetters: readonly string[];
}

/** @throws {Error} while the broker can't say */
export async function lookAtStreams({ stack }: Stage): Promise<Streams> {
  const connection = await connect(stack.broker.adminUrl, 'provision');
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
