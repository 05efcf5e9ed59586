import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hideKey } from './hide-key.ts';

it('hides the key wherever chunks divide it, and passes everything else on', async () => {
  // A small alphabet, so that most texts have the key or nearly have it.
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 60 });
  const key = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      text,
      key,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      async (sent, secret, sizes) => {
        const chunks: Buffer[] = [];
        for (let from = 0, turn = 0; from < sent.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(Buffer.from(sent.slice(from, from + size)));
          from += size;
        }
        const passed = await buffer(Readable.from(chunks).pipe(hideKey(secret).inStream()));
        expect(passed.toString()).toBe(sent.replaceAll(secret, '***'));
      },
    ),
  );
});

it.each(['pl/anted+key', 'a key=b&c', 'plain'])('hides the key %s in the forms of URLs, too', async (key) => {
  const forms = [key, encodeURIComponent(key), String(new URLSearchParams({ key })).slice(4)];
  const text = forms.map((form) => `https://api.example/?key=${form}&page=2`).join(' ');
  const shown = forms.map(() => 'https://api.example/?key=***&page=2').join(' ');
  const bytes = text.split('').map((letter) => Buffer.from(letter));
  const hide = hideKey(key);
  expect((await buffer(Readable.from(bytes).pipe(hide.inStream()))).toString()).toBe(shown);
  expect(hide.inBytes(Buffer.from(text)).toString()).toBe(shown);
  expect(hide.inText(text)).toBe(shown);
});
