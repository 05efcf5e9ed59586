import type { Clock } from '@paceline/shared/clock';
import { alertTypes } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { meter } from '@paceline/shared/telemetry';
import { findDataAges, openAlerts } from '../alerts/query.ts';
import type { HealthReader } from '../health/parts.ts';
import { findSources } from '../sources/route.ts';

/** From memory, so that it also shows that the database is down. A part of which nothing is known has no value. */
export function measureParts({ parts }: HealthReader): void {
  const up = meter().createObservableGauge('paceline.part.up', {
    description: '1: the part of the installation is up, 0: down',
  });
  up.addCallback((observe) => {
    for (const { part, state } of parts())
      if (state !== 'unknown') observe.observe(state === 'up' ? 1 : 0, { part });
  });
}

export function measureStoredData(db: Database, clock: Clock): void {
  const meters = meter();
  const open = meters.createObservableGauge('paceline.alerts.open', {
    unit: '{alert}',
    description: 'Open alerts',
  });
  const age = meters.createObservableGauge('paceline.data.age', {
    unit: 's',
    description: 'Age of the oldest club and of the event list',
  });
  const available = meters.createObservableGauge('paceline.source.available', {
    description: '1: source available, 0: unavailable',
  });
  meters.addBatchObservableCallback(
    async (observe) => {
      const now = clock.now();
      const stored = await Promise.all([
        openAlerts(db),
        findDataAges(db, Math.round(now)),
        findSources(db),
      ]).catch(() => undefined);
      if (!stored) return;
      const [alerts, ages, sources] = stored;
      for (const type of alertTypes)
        observe.observe(open, alerts.filter((alert) => alert.type === type).length, { type });
      for (const data of ['clubs', 'events'] as const) {
        const { fetchedAt } = ages[data];
        if (fetchedAt !== undefined) observe.observe(age, (now - fetchedAt) / 1_000, { data });
      }
      for (const { source, state } of sources)
        if (state !== 'unknown') observe.observe(available, state === 'available' ? 1 : 0, { source });
    },
    [open, age, available],
  );
}
