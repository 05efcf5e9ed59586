import { type ComponentType, useSyncExternalStore } from 'react';
import { AlertsView } from '../alerts/AlertsView.tsx';
import { DayView } from '../day/DayView.tsx';
import { FreshnessView } from '../freshness/FreshnessView.tsx';
import { LanesView } from '../lanes/LanesView.tsx';
import { RidersView } from '../riders/RidersView.tsx';
import { RunsView } from '../runs/RunsView.tsx';
import { ScheduleView } from '../schedule/ScheduleView.tsx';
import { TimelineView } from '../timeline/TimelineView.tsx';
import { WindowsView } from '../windows/WindowsView.tsx';

export interface View {
  readonly name: string;
  readonly title: string;
  readonly Show: ComponentType<{ id: string | undefined }>;
}

export const views: readonly View[] = [
  { name: 'windows', title: 'Windows', Show: WindowsView },
  { name: 'lanes', title: 'Lanes', Show: LanesView },
  { name: 'timeline', title: 'Timeline', Show: TimelineView },
  { name: 'day', title: '24 hours', Show: DayView },
  { name: 'runs', title: 'Runs', Show: RunsView },
  { name: 'freshness', title: 'Freshness', Show: FreshnessView },
  { name: 'riders', title: 'Riders', Show: RidersView },
  { name: 'schedule', title: 'Schedule', Show: ScheduleView },
  { name: 'alerts', title: 'Alerts', Show: AlertsView },
];

/** Where the page is: `#/runs/abc` is view `runs` and `abc` in it. The rest of the address is the API's. */
interface Route {
  readonly view: string;
  readonly id: string | undefined;
}

function routeOf(hash: string): Route {
  const [view = '', id] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  return { view: view || 'windows', id: id || undefined };
}

function follow(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export const useRoute = (): Route => routeOf(useSyncExternalStore(follow, () => location.hash));
