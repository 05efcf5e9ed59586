import { manualMachine } from '@paceline/shared/clock';
import { expect, it } from 'vitest';
import { streamTokens } from './stream-tokens.ts';

const operator = 'a-token-of-sixteen-or-more';
const start = Date.UTC(2026, 10, 24, 18);
const hour = 3_600_000;

it('a token for streams is valid for an hour, in every process with the same operator token', () => {
  const machine = manualMachine(start);
  const [here, there] = [streamTokens(operator, machine), streamTokens(operator, machine)];
  const { token } = here.create();
  expect(there.check(token)).toBe('valid');
  machine.moveTo(start + hour - 1);
  expect(there.check(token)).toBe('valid');
  machine.moveTo(start + hour);
  expect(there.check(token)).toBe('expired');
});

it('a token for streams cannot be prolonged, made up or used with another operator token', () => {
  const tokens = streamTokens(operator, manualMachine(start));
  const { token } = tokens.create();
  const [expiresAt, signature] = token.split('.');
  expect(tokens.check(`${Number(expiresAt) + 1}.${signature}`)).toBe('wrong');
  for (const made of ['', '.', `${expiresAt}.`, `${expiresAt}.AAAA`, `${expiresAt}`, operator])
    expect(tokens.check(made)).toBe('wrong');
  // Other texts that decode to the same parts.
  for (const variant of [`${token}.1`, `${token}=`, `${token}*`, ` ${token}`, `0${token}`])
    expect(tokens.check(variant), variant).toBe('wrong');
  expect(streamTokens('another-operator-token', manualMachine(start)).check(token)).toBe('wrong');
  expect(streamTokens(undefined, manualMachine(start)).check(token)).toBe('wrong');
});
