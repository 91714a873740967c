import { errorCode, MillraceError } from '@millrace/kernel';
import type { GraphNode } from '../graph/graph-node.ts';

export const ParallelismInvalid = errorCode('pipeline.parallelism_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'An impossible number of instances',
});

const PARALLELISM_MAX = 1_024;

/** @throws MillraceError `pipeline.parallelism_invalid` */
export function setParallelism(node: GraphNode, instances: number): void {
  if (!Number.isInteger(instances) || instances < 1 || instances > PARALLELISM_MAX) {
    throw new MillraceError(ParallelismInvalid, {
      message: `stage "${node.name}" cannot run as ${instances} instances`,
      mend: `Give a whole number from 1 to ${PARALLELISM_MAX}.`,
      details: { stage: node.name },
    });
  }
  if (instances > 1 && 'policy' in node && node.policy !== undefined) {
    throw new MillraceError(ParallelismInvalid, {
      message: `stage "${node.name}" sets rows aside, in one order, so it cannot run as ${instances} instances`,
      mend: 'Leave setLocalParallelism out, or onError.',
      details: { stage: node.name },
    });
  }
  node.parallelism = instances;
}
