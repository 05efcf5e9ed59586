import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '@paceline/shared/clock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockOf, readSettings, sandboxClock } from './settings.ts';
import { openState, type StateFolder } from './state.ts';

let folder: string;
let state: StateFolder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-settings-'));
  state = await openState(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const upstream = { ZWIFTRACING_BASE_URL: 'https://upstream.example/api', ZWIFTRACING_API_KEY: 'k' };

describe('the settings of npm start', () => {
  it('are all optional with the sandbox', () => {
    expect(readSettings({})).toMatchObject({ API_HOST: '127.0.0.1', API_PORT: 3000 });
  });

  it('report every problem at once', () => {
    const wrong = { ...upstream, ZWIFTRACING_API_KEY: '', API_PORT: 'many', DATABASE_URL: 'mysql://x' };
    expect(() => readSettings(wrong)).toThrow(/API_PORT[^]*ZWIFTRACING_API_KEY is missing[^]*DATABASE_URL/);
  });

  it('reject retention times that are too short and sizes that are malformed', () => {
    const wrong = { RETENTION_HISTORY: '12h', RETENTION_EVENTS: '3d', RETENTION_EVENT_STREAM: 'a week' };
    expect(() =>
      readSettings({ ...wrong, LOG_FILE_SIZE: '16', RETENTION_DEAD_LETTERS_SIZE: '512KiB' }),
    ).toThrow(
      /RETENTION_EVENT_STREAM must be a duration[^]*DEAD_LETTERS_SIZE must be at least 1MiB[^]*HISTORY must be at least 1d[^]*EVENTS must be at least 4d/,
    );
    expect(() => readSettings({ LOG_FILE_SIZE: '16' })).toThrow(
      'LOG_FILE_SIZE must be a size such as "512KiB"',
    );
  });

  it('include those of every service, so that a wrong one fails before anything starts', () => {
    const wrong = { SLACK_WEBHOOK_URL: 'slack', SLOT_NEAR: 'often', ZWIFTRACING_SIGNUPS_PATH: '/signups' };
    expect(() => readSettings(wrong)).toThrow(/SIGNUPS_PATH[^]*SLOT_NEAR[^]*SLACK_WEBHOOK_URL/);
  });

  it('reject a faster clock against a remote upstream', () => {
    const faster = { ...upstream, PACELINE_CLOCK: 'scale=60,anchor=1' };
    expect(() => readSettings(faster)).toThrow(
      'can only speed up time when ZWIFTRACING_BASE_URL is on loopback',
    );
    const local = { ...faster, ZWIFTRACING_BASE_URL: 'http://127.0.0.1:9/api' };
    expect(readSettings(local).PACELINE_CLOCK).toEqual({ scale: 60, anchor: 1 });
  });
});

describe('the clock of npm start', () => {
  it('is real time against a real upstream', async () => {
    expect(await clockOf(readSettings(upstream), upstream, state)).toEqual({ scale: 1, anchor: 0 });
  });

  it('runs sixty times faster with the sandbox, and continues after a restart', async () => {
    const first = await clockOf(readSettings({}), {}, state);
    expect(first.scale).toBe(60);
    expect(await clockOf(readSettings({}), {}, await openState(folder))).toEqual(first);
  });

  it('is PACELINE_CLOCK when that is set', async () => {
    const env = { PACELINE_CLOCK: 'scale=7,anchor=5' };
    expect(await clockOf(readSettings(env), env, state)).toEqual({ scale: 7, anchor: 5 });
  });
});

/** The time that a clock with this setting shows at a given real time. */
const shownAt = ({ scale, anchor }: { scale: number; anchor: number }, realNow: number) =>
  anchor + (realNow - anchor) * scale;

describe("a sandbox's clock", () => {
  it('starts at 18:20 UTC, at most a day ahead, at any real time', () => {
    const realTimes = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2035, 0, 1) });
    fc.assert(
      fc.property(realTimes, fc.integer({ min: 2, max: 1_000 }), (realNow, scale) => {
        const shown = shownAt(sandboxClock(realNow, scale), realNow);
        const evening = new Date(Math.round(shown / 1_000) * 1_000);
        expect(evening.toISOString().slice(11, 16)).toMatch(/18:(19|20)/);
        expect(Math.abs(shown - realNow)).toBeLessThanOrEqual(86_400_000 + 1_000);
      }),
    );
  });

  it('runs at its scale from there', () => {
    const setting = sandboxClock(Date.now(), 60);
    expect(createClock(setting).now()).toBeGreaterThan(Date.now() - 1_000);
  });
});
