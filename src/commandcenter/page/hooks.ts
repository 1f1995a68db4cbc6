// What several parts of the page ask of the browser: how wide an element is, what time it is, what was settled on. Each ends what it
// began when its part goes.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** A reference to an element and its width in CSS pixels; 0 until it is laid out. */
export function useWidth<Element extends HTMLElement>(): [RefObject<Element | null>, number] {
  const element = useRef<Element>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const observer = new ResizeObserver((entries) => {
      const found = entries[0]?.contentRect.width ?? 0;
      setWidth(Math.round(found));
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

/** The reader's wall clock in ms, anew each `everyMs`. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNowMs(Date.now());
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** A value that stays the same until it was left alone for so long. */
export function useSettled<Value>(value: Value, afterMs: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}
