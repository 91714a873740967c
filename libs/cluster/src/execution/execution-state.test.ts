import { describe, expect, it } from '@jest/globals';
import { type ExecutionSignal, type ExecutionState, isEndState, nextState, STATUS_OF } from './execution-state.ts';

const states = Object.keys(STATUS_OF) as ExecutionState[];
const signals: ExecutionSignal[] = [
  'deployed',
  'waited',
  'suspendAsked',
  'cancelAsked',
  'restartAsked',
  'releaseAsked',
  'inputEnded',
  'drained',
  'failedForNow',
  'failedForGood',
  'fenced',
];

describe('states of an execution', () => {
  it('have a row for every signal, and end states stay', () => {
    for (const state of states) {
      for (const signal of signals) {
        const next = nextState(state, signal);
        expect(states).toContain(next);
        if (isEndState(state)) expect(next).toBe(state);
      }
    }
  });

  it('end silently when fenced, wherever they are', () => {
    for (const state of states.filter((each) => !isEndState(each)))
      expect(nextState(state, 'fenced')).toBe('superseded');
    expect(STATUS_OF.superseded).toBeUndefined();
  });

  it('reach an end from everywhere: nothing hangs', () => {
    for (const state of states) {
      const seen = new Set<ExecutionState>([state]);
      for (const each of seen) for (const signal of signals) seen.add(nextState(each, signal));
      expect([...seen].some(isEndState)).toBe(true);
    }
  });

  const journeys: readonly (readonly [string, ExecutionState, readonly ExecutionSignal[], ExecutionState])[] = [
    ['a suspend takes its last snapshot first', 'running', ['suspendAsked', 'drained'], 'suspended'],
    ['a suspend whose last snapshot fails still suspends', 'running', ['suspendAsked', 'failedForNow'], 'suspended'],
    ['a cancel takes its last snapshot first', 'running', ['cancelAsked', 'drained'], 'cancelled'],
    ['a restart comes back with a new attempt', 'running', ['restartAsked', 'drained', 'deployed'], 'running'],
    ['a failure that may pass is waited for', 'running', ['failedForNow', 'waited', 'deployed'], 'running'],
    ['a failure that needs a person ends the job', 'running', ['failedForGood'], 'failed'],
    ['a job can be suspended between attempts', 'running', ['failedForNow', 'suspendAsked'], 'suspended'],
    ['a completed job commits what its sinks prepared last', 'running', ['inputEnded', 'drained'], 'completed'],
    ['a completion without its snapshot starts over', 'running', ['inputEnded', 'failedForNow'], 'waiting'],
    ['a shutdown hands the job on', 'running', ['releaseAsked', 'drained'], 'released'],
    [
      'a shutdown does not wait for the last snapshot of a completed job',
      'running',
      ['inputEnded', 'releaseAsked'],
      'released',
    ],
  ];
  it.each(journeys)('%s', (_, from, raised, to) => {
    expect(raised.reduce(nextState, from)).toBe(to);
  });
});
