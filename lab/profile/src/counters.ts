import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@paceline/shared/messaging';

export type MessageCounts = Awaited<ReturnType<typeof countMessages>>['counts'];

interface MeasuredBroker {
  readonly broker: { readonly adminUrl: string; readonly monitorUrls: readonly string[] };
}

/** Counts a broker's messages while the work runs: those that each stream stored, and all that it received and sent. */
export async function countMessages<T>({ broker }: MeasuredBroker, work: () => Promise<T>) {
  const connection = await connect(broker.adminUrl, 'provision');
  const manager = await jetstreamManager(connection);
  const stored = async () => {
    const all = new Map<string, number>();
    for await (const { config, state } of manager.streams.list()) all.set(config.name, state.last_seq);
    return all;
  };
  const passed = async () => {
    const pages = await Promise.all(
      broker.monitorUrls.map(async (url) => (await (await fetch(`${url}/varz`)).json()) as BrokerPage),
    );
    const total = (of: keyof BrokerPage) => pages.reduce((sum, page) => sum + page[of], 0);
    return { received: total('in_msgs'), sent: total('out_msgs') };
  };
  try {
    // In this order, so that the requests for the streams are not counted.
    const streamsBefore = await stored();
    const before = await passed();
    const result = await work();
    const after = await passed();
    const streams = [...(await stored())].map(
      ([name, last]) => [name, last - (streamsBefore.get(name) ?? 0)] as const,
    );
    const counts = {
      streams: streams.filter(([, messages]) => messages > 0),
      received: after.received - before.received,
      sent: after.sent - before.sent,
    };
    return { result, counts };
  } finally {
    await connection.close();
  }
}

interface BrokerPage {
  readonly in_msgs: number;
  readonly out_msgs: number;
}
