import { styleText } from 'node:util';
import { terminalColors } from '@paceline/client';
import { lanes } from '@paceline/shared/definition';
import { type Look, type Paint, plain } from './core/look.ts';

export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

type Style = Parameters<typeof styleText>[0];
const styled = (style: Style) => (text: string) =>
  text === '' ? '' : styleText(style, text, { validateStream: false });

const colors: Paint = {
  colored: true,
  lane: (lane, text) => styled(terminalColors[lanes[lane].color])(text),
  wrong: styled('red'),
  strong: styled('bold'),
  quiet: styled('gray'),
};

const usualWidth = 80;
const widest = 140;
const narrowest = 32;

/** Colors only in a terminal, and not there when `NO_COLOR` is set; `FORCE_COLOR` wants them anywhere. */
export function createScreen(output: OutputStream, env: NodeJS.ProcessEnv) {
  const isTerminal = output.isTTY === true && env.TERM !== 'dumb';
  const colored = env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : isTerminal && !env.NO_COLOR;
  let shown = '';
  return {
    get look(): Look {
      const columns = output.columns ?? Number(env.COLUMNS ?? usualWidth);
      const width = Math.min(widest, Math.max(narrowest, Number.isFinite(columns) ? columns : usualWidth));
      return { width, paint: colored ? colors : plain };
    },
    print: (lines: readonly string[]) => void output.write(lines.map((line) => `${line}\n`).join('')),
    /** Replaces what was shown before; where nothing can be replaced, prints when it is about something new. */
    progress(line: string, about: string): void {
      if (!isTerminal && about === shown) return;
      shown = about;
      output.write(isTerminal ? `\r\u001B[2K${line}` : `${line}\n`);
    },
    endProgress: (lines: readonly string[]) =>
      void output.write(`${isTerminal ? '\r\u001B[2K' : ''}${lines.map((line) => `${line}\n`).join('')}`),
    clear: () => void output.write('\u001B[2J'),
    repaint: (lines: readonly string[]) =>
      void output.write(`\u001B[H${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`),
  };
}

export type Screen = ReturnType<typeof createScreen>;
