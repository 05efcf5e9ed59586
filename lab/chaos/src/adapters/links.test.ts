import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { eventually } from '@paceline/shared/testing';
import { expect, it } from 'vitest';
import { openLink } from './links.ts';

/** A link to somebody who says everything back, and what came back so far. */
async function talk() {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const link = await openLink('127.0.0.1', (echo.address() as AddressInfo).port);
  const dial = () => {
    const socket = connect(link.port, '127.0.0.1');
    const heard = { text: '', reset: false };
    socket.on('data', (bytes) => (heard.text += String(bytes)));
    socket.on('error', () => (heard.reset = true));
    return { say: (text: string) => socket.write(text), heard };
  };
  return { link, dial, [Symbol.dispose]: () => (link.close(), echo.close()) };
}

it('a clear link carries everything', async () => {
  using stage = await talk();
  const { say, heard } = stage.dial();
  say('hello');
  await eventually(() => expect(heard.text).toBe('hello'));
});

it('what is said over a stalled one arrives, in order, when it is clear again', async () => {
  using stage = await talk();
  const { say, heard } = stage.dial();
  say('a');
  await eventually(() => expect(heard.text).toBe('a'));
  stage.link.become({ is: 'stalled' });
  say('b');
  say('c');
  stage.link.become({ is: 'slow', ms: 5 });
  stage.link.become({ is: 'clear' });
  await eventually(() => expect(heard.text).toBe('abc'));
});

it('a half-open one says nothing, and breaks what it held when it is over', async () => {
  using stage = await talk();
  const { say, heard } = stage.dial();
  say('a');
  await eventually(() => expect(heard.text).toBe('a'));
  stage.link.become({ is: 'half-open' });
  say('b');
  stage.link.become({ is: 'clear' });
  await eventually(() => expect(heard.reset).toBe(true));
  expect(heard.text).toBe('a');
});

it('a cut one resets every connection, old and new, until it is clear', async () => {
  using stage = await talk();
  const old = stage.dial();
  old.say('a');
  await eventually(() => expect(old.heard.text).toBe('a'));
  stage.link.become({ is: 'cut' });
  await eventually(() => expect(old.heard.reset).toBe(true));
  const late = stage.dial();
  await eventually(() => expect(late.heard.reset).toBe(true));
  stage.link.become({ is: 'clear' });
  const next = stage.dial();
  next.say('b');
  await eventually(() => expect(next.heard.text).toBe('b'));
});
