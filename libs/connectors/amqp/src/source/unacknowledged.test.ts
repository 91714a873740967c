import { expect, it } from '@jest/globals';
import type { Received } from '../server/receiving-link.ts';
import { Unacknowledged } from './unacknowledged.ts';

const held = (...ids: string[]) => ids.map((id) => ({ received: {} as Received, id }));

it('knows a message until the broker has forgotten it, not only until it is acknowledged', () => {
  const messages = new Unacknowledged();
  messages.add(held('a', 'b'));
  const covered = messages.count;
  messages.add(held('c'));
  const due = messages.upTo(covered, 10);
  expect(due.map(({ id }) => id)).toEqual(['a', 'b']);
  expect([messages.ids, messages.knows('a')]).toEqual([['a', 'b', 'c'], true]);
  messages.forget(due);
  expect([messages.ids, messages.knows('a')]).toEqual([['c'], false]);
});

it('knows an id as long as one of its messages is there', () => {
  const messages = new Unacknowledged();
  messages.add(held('a', 'a'));
  messages.forget(messages.upTo(1, 10));
  expect(messages.knows('a')).toBe(true);
  messages.forget(messages.upTo(2, 10));
  expect(messages.knows('a')).toBe(false);
});

it('remembers what an execution before held until it comes again and is forgotten', () => {
  const messages = new Unacknowledged();
  messages.remember(['a', 'b']);
  messages.add(held('a'));
  messages.forget(messages.upTo(messages.count, 10));
  expect([messages.knows('a'), messages.remembered]).toEqual([false, ['b']]);
});
