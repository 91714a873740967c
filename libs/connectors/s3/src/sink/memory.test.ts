import { expect, it } from '@jest/globals';
import { Memory } from './memory.ts';

it('counts what is held by whom, and says when to finish something and when to wait', () => {
  const memory = new Memory(100);
  const [object, part] = [{}, {}];
  const state = () => [memory.total, memory.isRoomy, memory.isTight, memory.isFull];
  expect(state()).toEqual([0, true, false, false]);
  memory.waiting.hold(object, 49);
  expect(state()).toEqual([49, false, false, false]);
  memory.waiting.hold(object, 50);
  memory.moving.hold(part, 50);
  expect(state()).toEqual([100, false, true, true]);
  memory.waiting.hold(object, 20);
  memory.moving.hold(part, 0);
  expect(state()).toEqual([20, true, false, false]);
});
