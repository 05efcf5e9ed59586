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

describe('message catalog', () => {
  it('has no duplicate subjects', () => {
    const subjects = messages.map(({ subject }) => subject);
    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it('stores each persistent message in the one stream that it names', () => {
    for (const message of messages) {
      const matching = streams.filter(({ subjects }) =>
        subjects.some((pattern) => matches(pattern, subjectPattern(message))),
      );
      expect(matching.map(({ name }) => name)).toEqual('stream' in message ? [message.stream] : []);
    }
  });

  it('fills the tokens of a subject, and rejects a value that is not one token', () => {
    expect(subjectOf(catalog.requestPermits, { partition: 3 })).toBe('paceline.limiter.request.3');
    for (const token of ['', 'a.b', '>', '*', 'a b']) {
      expect(() => subjectOf(catalog.offer, { client: token })).toThrow('is not a valid token');
    }
  });

  it('gives every work message its own consumer', () => {
    const durables = messages.flatMap((message) => (message.kind === 'work' ? [durableOf(message)] : []));
    expect(new Set(durables).size).toBe(kindNames.length + 2);
  });
});

describe('service permissions', () => {
  it('allow publishing exactly the messages that the service sends', () => {
    for (const service of services) {
      const { publish } = permissionsOf(service);
      for (const message of messages) {
        const allowed = publish.some((pattern) => matches(pattern, subjectPattern(message)));
        expect({ service, subject: message.subject, allowed }).toMatchObject({
          allowed: message.from.includes(service),
        });
      }
    }
  });

  it('hide the replies to a service from all others', () => {
    for (const service of services) {
      const others = services.filter((other) => other !== service);
      for (const other of others) {
        const canSubscribe = permissionsOf(other).subscribe.some((pattern) =>
          matches(pattern, `_INBOX_${service}.x`),
        );
        expect(canSubscribe).toBe(false);
      }
    }
  });
});
