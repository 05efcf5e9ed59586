import { type ComponentType, lazy } from 'react';

export interface PageProps {
  readonly id: string | undefined;
  readonly query: URLSearchParams;
}

interface PageEntry {
  /** The first part of its hash route; empty for the overview. */
  readonly name: string;
  readonly title: string;
  /** What the page answers, below its title. */
  readonly question: string;
  /** Its group in the menu; the overview has none. */
  readonly group?: 'team' | 'operations';
  readonly load: () => Promise<{ default: ComponentType<PageProps> }>;
}

/** In the order of the menu. Each page is loaded when it is opened. */
const entries: readonly PageEntry[] = [
  {
    name: '',
    title: 'Overview',
    question: 'Can I add a rider now, what happens next, and is anything wrong?',
    load: () => import('../overview/OverviewPage.tsx').then((file) => ({ default: file.OverviewPage })),
  },
  {
    name: 'riders',
    title: 'Riders',
    question: 'Who rides for us, in what shape, and how old is what we know?',
    group: 'team',
    load: () => import('../riders/RidersPage.tsx').then((file) => ({ default: file.RidersPage })),
  },
  {
    name: 'events',
    title: 'Events',
    question: 'Which events do our riders ride next, and what changed?',
    group: 'team',
    load: () => import('../events/EventsPage.tsx').then((file) => ({ default: file.EventsPage })),
  },
  {
    name: 'clubs',
    title: 'Clubs',
    question: 'Who joined, who left, and when are the members fetched again?',
    group: 'team',
    load: () => import('../clubs/ClubsPage.tsx').then((file) => ({ default: file.ClubsPage })),
  },
  {
    name: 'requests',
    title: 'Requests',
    question: 'What was requested, and how far is it?',
    group: 'team',
    load: () => import('../requests/RequestsPage.tsx').then((file) => ({ default: file.RequestsPage })),
  },
  {
    name: 'windows',
    title: 'Rate limits',
    question: 'Which calls count now, and when is the next one possible?',
    group: 'operations',
    load: () => import('../windows/WindowsPage.tsx').then((file) => ({ default: file.WindowsPage })),
  },
  {
    name: 'lanes',
    title: 'Queue',
    question: 'Which requests wait, in which order, and until when?',
    group: 'operations',
    load: () => import('../lanes/LanesPage.tsx').then((file) => ({ default: file.LanesPage })),
  },
  {
    name: 'timeline',
    title: 'Timeline',
    question: 'When did each sync run, and what delayed it?',
    group: 'operations',
    load: () => import('../timeline/TimelinePage.tsx').then((file) => ({ default: file.TimelinePage })),
  },
  {
    name: 'day',
    title: 'Last 24 hours',
    question: 'Which calls were made, and were any rejected?',
    group: 'operations',
    load: () => import('../day/DayPage.tsx').then((file) => ({ default: file.DayPage })),
  },
  {
    name: 'runs',
    title: 'Runs',
    question: 'What did each sync fetch, and what failed?',
    group: 'operations',
    load: () => import('../runs/RunsPage.tsx').then((file) => ({ default: file.RunsPage })),
  },
  {
    name: 'freshness',
    title: 'Freshness and plan',
    question: 'Are the signups fresh enough, and which events are fetched next?',
    group: 'operations',
    load: () => import('../freshness/FreshnessPage.tsx').then((file) => ({ default: file.FreshnessPage })),
  },
  {
    name: 'schedule',
    title: 'Schedule',
    question: 'When does each sync run, and do its calls fit the rate limits?',
    group: 'operations',
    load: () => import('../schedule/SchedulePage.tsx').then((file) => ({ default: file.SchedulePage })),
  },
  {
    name: 'alerts',
    title: 'Alerts',
    question: 'What is wrong, since when, and what can I do?',
    group: 'operations',
    load: () => import('../alerts/AlertsPage.tsx').then((file) => ({ default: file.AlertsPage })),
  },
];

export const pages = entries.map(({ load, ...entry }) => ({ ...entry, Page: lazy(load) }));
