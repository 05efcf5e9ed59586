import { describe, expect, it } from 'vitest';
import { numberOf, oneOf, runCommand, wholeNumberOf } from './arguments.ts';

const usage = 'npm run command -- [--seeds N] [--kind a|b]';
const options = { seeds: { type: 'string', default: '1' }, kind: { type: 'string', default: 'a' } } as const;

async function called(...args: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  const output = { out: (text: string) => out.push(text), error: (text: string) => errors.push(text) };
  const code = await runCommand({ usage, options }, args, output, ({ seeds, kind }) => {
    out.push(`${wholeNumberOf('--seeds', seeds, 1, 9)} ${oneOf('--kind', kind, ['a', 'b'])}`);
    return 7;
  });
  return { code, out, errors };
}

describe('a command', () => {
  it('runs with its options and returns its exit code', async () => {
    expect(await called('--seeds', '3')).toEqual({ code: 7, out: ['3 a'], errors: [] });
  });

  it('prints its usage with --help', async () => {
    expect(await called('--help')).toEqual({ code: 0, out: [usage], errors: [] });
  });

  it.each([
    [['--fast'], "Unknown option '--fast'"],
    [['--seeds', '10'], '--seeds must be a number from 1 to 9'],
    [['--seeds', '1.5'], '--seeds must be a whole number'],
    [['--seeds', ''], '--seeds must be a number'],
    [['--kind', 'c'], '--kind must be one of a, b'],
  ])('returns 2 and prints the problem and the usage for %j', async (args, problem) => {
    const { code, out, errors } = await called(...args);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(errors.join('')).toContain(problem);
    expect(errors.join('')).toContain(usage);
  });

  it('passes on other errors', async () => {
    const failing = runCommand({ usage, options }, [], { out: () => 0, error: () => 0 }, () => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
  });
});

describe('a number', () => {
  it('can have a fraction and equal either bound', () => {
    expect([numberOf('--n', '0.5', 0, 1), numberOf('--n', '0', 0, 1), numberOf('--n', '1', 0, 1)]).toEqual([
      0.5, 0, 1,
    ]);
  });
});
