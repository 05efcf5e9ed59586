import { describe, expect, it } from 'vitest';
import { createScreen } from './screen.ts';

function screenOf(terminal: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv = {}) {
  let written = '';
  const screen = createScreen({ ...terminal, write: (text) => (written += text) }, env);
  return { screen, written: () => written };
}

describe('what is shown', () => {
  it('has colors in a terminal only, and none where NO_COLOR is set', () => {
    const colored = (isTTY: boolean, env?: NodeJS.ProcessEnv) =>
      screenOf({ isTTY }, env).screen.look.paint.wrong('no') !== 'no';
    expect(colored(true)).toBe(true);
    expect(colored(false)).toBe(false);
    expect(colored(true, { NO_COLOR: '1' })).toBe(false);
    expect(colored(true, { NO_COLOR: '' })).toBe(true);
    expect(colored(true, { TERM: 'dumb' })).toBe(false);
    expect(colored(false, { FORCE_COLOR: '1' })).toBe(true);
  });

  it('is as wide as the terminal, or as COLUMNS says', () => {
    expect(screenOf({ columns: 100 }).screen.look.width).toBe(100);
    expect(screenOf({}, { COLUMNS: '50' }).screen.look.width).toBe(50);
    expect(screenOf({}, { COLUMNS: 'wide' }).screen.look.width).toBe(80);
  });

  it('replaces progress in a terminal, and elsewhere says only what is new', () => {
    const terminal = screenOf({ isTTY: true });
    const pipe = screenOf({});
    for (const { screen } of [terminal, pipe]) {
      screen.progress('waits, 0:02', 'waits');
      screen.progress('waits, 0:01', 'waits');
      screen.progress('is fetched', 'fetched');
      screen.endProgress(['is here']);
    }
    expect(terminal.written().split('\r\u001B[2K').slice(1).join('|')).toBe(
      'waits, 0:02|waits, 0:01|is fetched|is here\n',
    );
    expect(pipe.written()).toBe('waits, 0:02\nis fetched\nis here\n');
  });
});
