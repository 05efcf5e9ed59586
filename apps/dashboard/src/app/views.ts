import type { ComponentType } from 'react';
import { WindowsView } from '../windows/WindowsView.tsx';

export interface View {
  /** Its place in the address. */
  readonly name: string;
  readonly title: string;
  readonly Show: ComponentType<{ id: string | undefined }>;
}

/** In the order in which they stand in the head of the page; the first is where it opens. */
export const views: readonly View[] = [{ name: 'windows', title: 'Windows', Show: WindowsView }];
