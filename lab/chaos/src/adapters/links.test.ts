import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { eventually } from '@paceline/shared/testing';
import { expect, it } from 'vitest';
import { openLink } from './links.ts';

/** A link to an echo server. */
async function startEcho() {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const link = await openLink('127.0.0.1', (echo.address() as AddressInfo).port);
  const dial = () => {
    const socket = connect(link.port, '127.0.0.1');
    const received = { text: '', reset: false };
    socket.on('data', (bytes) => (received.text += String(bytes)));
    socket.on('error', () => (received.reset = true));
    return { send: (text: string) => socket.write(text), received };
  };
  return { link, dial, [Symbol.dispose]: () => (link.close(), echo.close()) };
}

it('a clear link carries all data', async () => {
  using stage = await startEcho();
  const { send, received } = stage.dial();
  send('hello');
  await eventually(() => expect(received.text).toBe('hello'));
});

it('a stalled link delivers its data in order when it is clear again', async () => {
  using stage = await startEcho();
  const { send, received } = stage.dial();
  send('a');
  await eventually(() => expect(received.text).toBe('a'));
  stage.link.set({ state: 'stalled' });
  send('b');
  send('c');
  stage.link.set({ state: 'slow', ms: 5 });
  stage.link.set({ state: 'clear' });
  await eventually(() => expect(received.text).toBe('abc'));
});

it('a half-open link delivers nothing and resets its connections when it is clear again', async () => {
  using stage = await startEcho();
  const { send, received } = stage.dial();
  send('a');
  await eventually(() => expect(received.text).toBe('a'));
  stage.link.set({ state: 'half-open' });
  send('b');
  stage.link.set({ state: 'clear' });
  await eventually(() => expect(received.reset).toBe(true));
  expect(received.text).toBe('a');
});

it('a cut link resets old and new connections until it is clear', async () => {
  using stage = await startEcho();
  const old = stage.dial();
  old.send('a');
  await eventually(() => expect(old.received.text).toBe('a'));
  stage.link.set({ state: 'cut' });
  await eventually(() => expect(old.received.reset).toBe(true));
  const late = stage.dial();
  await eventually(() => expect(late.received.reset).toBe(true));
  stage.link.set({ state: 'clear' });
  const next = stage.dial();
  next.send('b');
  await eventually(() => expect(next.received.text).toBe('b'));
});
