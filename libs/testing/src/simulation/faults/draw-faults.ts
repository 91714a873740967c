import { randomFor } from '../loop/seeds.ts';
import type { Fault, RequestName } from './fault.ts';

/** How long the same pipeline runs when nothing goes wrong. */
export interface UndisturbedSize {
  readonly steps: number;
  readonly durationMs: number;
  /** Requests by name. */
  readonly requests: ReadonlyMap<string, number>;
}

const FAULTS_MAX = 5;
const THREADS_MAX = 4;
const STRETCH_MS_MAX = 150;
const DELAY_MS_MAX = 120;
const SPEND_MS_MAX = 20;
/** Faults fall up to here, as a share of the undisturbed run: repeated work makes the disturbed one longer. */
const SPREAD = 1.3;

const REQUESTS: readonly RequestName[] = [
  'store.write',
  'witness.write',
  'sink.prepare',
  'sink.commit',
  'sink.restore',
  'source.acknowledge',
];

const KINDS: readonly Fault['kind'][] = [
  'kill',
  'kill',
  'kill-at-request',
  'kill-at-request',
  'thread-loss',
  'takeover',
  'shutdown',
  'restart',
  'request-fails',
  'slow-outside',
  'slow-channels',
  'slow-channels',
  'slow-tasklets',
  'sink-refuses',
  'processor-fails',
];

/** What goes wrong under this seed. */
export function drawFaults(seed: number, size: UndisturbedSize): readonly Fault[] {
  const random = randomFor(seed, 'faults');
  const atStep = (): number => random.integer(1, Math.ceil(size.steps * SPREAD));
  const threads = (): number => random.integer(1, THREADS_MAX);
  const nth = (request: RequestName): number => random.integer(1, Math.max(1, size.requests.get(request) ?? 1));
  const stretch = () => ({
    fromMs: random.next() * size.durationMs * SPREAD,
    durationMs: random.next() * STRETCH_MS_MAX,
  });
  const draw = (kind: Fault['kind']): Fault => {
    switch (kind) {
      case 'kill':
      case 'takeover':
      case 'shutdown':
        return { kind, atStep: atStep(), threads: threads() };
      case 'kill-at-request': {
        const request = random.pick(REQUESTS);
        return { kind, request, nth: nth(request), hasEffect: random.chance(0.5), threads: threads() };
      }
      case 'restart':
        return { kind, atStep: atStep() };
      case 'thread-loss':
        return { kind, atStep: atStep(), thread: random.integer(0, THREADS_MAX - 1) };
      case 'request-fails': {
        const request = random.pick(REQUESTS);
        return { kind, request, nth: nth(request), hasEffect: random.chance(0.5) };
      }
      case 'slow-outside':
      case 'slow-channels':
        return { kind, ...stretch(), delayMs: random.next() * DELAY_MS_MAX };
      case 'slow-tasklets':
        return { kind, ...stretch(), spendMs: random.next() * SPEND_MS_MAX };
      case 'sink-refuses':
        return { kind, ...stretch() };
      case 'processor-fails':
        return { kind, nthBatch: random.integer(1, 200) };
    }
  };
  return Array.from({ length: random.integer(1, FAULTS_MAX) }, () => draw(random.pick(KINDS)));
}
