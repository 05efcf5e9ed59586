import { describe, expect, it } from 'vitest';
import { asyncApi } from './async-api.ts';
import { catalog } from './catalog.ts';

const document = asyncApi();

/** Resolves a reference of the document. */
const at = (path: string): unknown =>
  path
    .slice(2)
    .split('/')
    .reduce<unknown>((place, name) => (place as Record<string, unknown> | undefined)?.[name], document);

const referencesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
};

describe('AsyncAPI document', () => {
  it('has every message of the catalog with its subject, senders and receivers', () => {
    for (const [name, message] of Object.entries(catalog)) {
      expect(at(`#/channels/${name}`)).toMatchObject({ address: message.subject });
      expect(at(`#/components/messages/${name}/payload`)).toMatchObject({});
      for (const service of message.from)
        expect(at(`#/operations/${service}-send-${name}`)).toMatchObject({ action: 'send' });
      for (const service of message.to)
        expect(at(`#/operations/${service}-receive-${name}`)).toMatchObject({ action: 'receive' });
    }
  });

  it('has no dangling references, and declares the parameters of subjects', () => {
    const references = referencesIn(document);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of references) expect(at(reference), reference).toBeDefined();
    expect(at('#/channels/requestPermits')).toMatchObject({ parameters: { partition: {} } });
    expect(at('#/operations/api-send-status')).toMatchObject({ reply: { channel: {} } });
  });
});
