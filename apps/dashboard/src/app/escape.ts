import { type RefObject, useEffect } from 'react';

/** Closes what is open inside of an element when Escape is pressed there. */
export function useEscape(inside: RefObject<HTMLElement | null>, isOpen: boolean, close: () => void): void {
  useEffect(() => {
    const { current } = inside;
    if (!current || !isOpen) return undefined;
    const onKey = ({ key }: KeyboardEvent) => key === 'Escape' && close();
    current.addEventListener('keydown', onKey);
    return () => current.removeEventListener('keydown', onKey);
  }, [inside, isOpen, close]);
}
