import { type RefObject, useEffect, useState } from 'react';

/** What is this near to the window counts as seen, so that scrolling meets nothing old. */
const MARGIN = '300px 0px';

type Callback = (isInSight: boolean) => void;

const callbacks = new Map<Element, Callback>();
let observer: IntersectionObserver | undefined;

/** One observer for all: it tells of many elements at once. */
function observe(element: Element, callback: Callback): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) callbacks.get(target)?.(isIntersecting);
    },
    { rootMargin: MARGIN },
  );
  callbacks.set(element, callback);
  observer.observe(element);
  return () => {
    callbacks.delete(element);
    observer?.unobserve(element);
  };
}

/** Whether an element is in the window, or near it; `true` until that is known. */
export function useInSight(element: RefObject<Element | null>): boolean {
  const [isInSight, setInSight] = useState(true);
  useEffect(() => observe(element.current!, setInSight), [element]);
  return isInSight;
}
