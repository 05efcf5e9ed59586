import { createStore, useStore } from '../api/client.ts';

const announced = createStore({ text: '', number: 0 });

/** Lets a screen reader say what an action changed elsewhere on the page. */
export const announce = (text: string): void => announced.set({ text, number: announced.get().number + 1 });

export function Announcements() {
  const { text, number } = useStore(announced);
  return (
    <output className="visually-hidden" data-announcements>
      {/* The key makes the same text a new announcement. */}
      <span key={number}>{text}</span>
    </output>
  );
}
