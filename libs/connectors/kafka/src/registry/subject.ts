/** How subjects are named, as Confluent's serialisers do it. */
export const SUBJECT_STRATEGIES = ['topic-name', 'record-name', 'topic-record-name'] as const;

export type SubjectStrategy = (typeof SUBJECT_STRATEGIES)[number];

/** @param record full name of the record, or the title of the JSON Schema */
export function subjectOf(strategy: SubjectStrategy, topic: string, part: 'key' | 'value', record: string): string {
  switch (strategy) {
    case 'topic-name':
      return `${topic}-${part}`;
    case 'record-name':
      return record;
    case 'topic-record-name':
      return `${topic}-${record}`;
  }
}
