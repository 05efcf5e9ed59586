import { kindNames } from '../definition/index.ts';
import { describe, expect, it } from 'vitest';
import {
  catalog,
  durableOf,
  type Message,
  permissionsOf,
  services,
  streams,
  subjectOf,
  subjectPattern,
} from './index.ts';

const messages: readonly Message[] = Object.values(catalog);

/** Whether a NATS subject pattern matches a subject. */
const matches = (pattern: string, subject: string) =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+')}$`).test(subject);

describe('the catalog', () => {
  it('has each subject once', () => {
    const subjects = messages.map(({ subject }) => subject);
    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it('keeps everything that must survive in exactly one stream, the one that it names', () => {
    for (const message of messages) {
      const keeping = streams.filter(({ subjects }) =>
        subjects.some((pattern) => matches(pattern, subjectPattern(message))),
      );
      expect(keeping.map(({ name }) => name)).toEqual('stream' in message ? [message.stream] : []);
    }
  });

  it('fills the tokens of a subject in, and refuses what is not one token', () => {
    expect(subjectOf(catalog.requestPermits, { partition: 3 })).toBe('paceline.limiter.request.3');
    for (const token of ['', 'a.b', '>', '*', 'a b']) {
      expect(() => subjectOf(catalog.offer, { client: token })).toThrow("can't be the token");
    }
  });

  it('gives every work message a consumer of its own', () => {
    const durables = messages.flatMap((message) => (message.kind === 'work' ? [durableOf(message)] : []));
    expect(new Set(durables).size).toBe(kindNames.length + 2);
  });
});

describe("a service's permissions", () => {
  it('let it publish what the catalog says that it sends, and nothing else of the flow', () => {
    for (const service of services) {
      const { publish } = permissionsOf(service);
      for (const message of messages) {
        const may = publish.some((pattern) => matches(pattern, subjectPattern(message)));
        expect({ service, subject: message.subject, may }).toMatchObject({
          may: message.from.includes(service),
        });
      }
    }
  });

  it('keep the replies to one service from all others', () => {
    for (const service of services) {
      const others = services.filter((other) => other !== service);
      for (const other of others) {
        const hears = permissionsOf(other).subscribe.some((pattern) =>
          matches(pattern, `_INBOX_${service}.x`),
        );
        expect(hears).toBe(false);
      }
    }
  });
});
