import { describe, expect, it } from 'vitest';
import { createScreen } from './screen.ts';

function screenOf(terminal: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv = {}) {
  let written = '';
  const screen = createScreen({ ...terminal, write: (text) => (written += text) }, env);
  return { screen, written: () => written };
}

describe('the screen', () => {
  it('uses colors in a terminal only, and none when NO_COLOR is set', () => {
    const colored = (isTTY: boolean, env?: NodeJS.ProcessEnv) =>
      screenOf({ isTTY }, env).screen.look.paint.error('no') !== 'no';
    expect(colored(true)).toBe(true);
    expect(colored(false)).toBe(false);
    expect(colored(true, { NO_COLOR: '1' })).toBe(false);
    expect(colored(true, { NO_COLOR: '' })).toBe(true);
    expect(colored(true, { TERM: 'dumb' })).toBe(false);
    expect(colored(false, { FORCE_COLOR: '1' })).toBe(true);
  });

  it('is as wide as the terminal, or as COLUMNS', () => {
    expect(screenOf({ columns: 100 }).screen.look.width).toBe(100);
    expect(screenOf({}, { COLUMNS: '50' }).screen.look.width).toBe(50);
    expect(screenOf({}, { COLUMNS: 'wide' }).screen.look.width).toBe(80);
  });

  it('replaces the progress line in a terminal, and prints only changes elsewhere', () => {
    const terminal = screenOf({ isTTY: true });
    const pipe = screenOf({});
    for (const { screen } of [terminal, pipe]) {
      screen.progress('waiting, 0:02', 'waiting');
      screen.progress('waiting, 0:01', 'waiting');
      screen.progress('being fetched', 'running');
      screen.endProgress(['added']);
    }
    expect(terminal.written().split('\r\u001B[2K').slice(1).join('|')).toBe(
      'waiting, 0:02|waiting, 0:01|being fetched|added\n',
    );
    expect(pipe.written()).toBe('waiting, 0:02\nbeing fetched\nadded\n');
  });
});
