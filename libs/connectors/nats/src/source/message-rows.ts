import { MessageReader, type Refusals, textBytes } from '@millrace/connector-contract';
import { declaredRowOfJson, declaredSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { SourceStage } from '../config.ts';
import { RowRefused } from '../errors.ts';

/** What a row is made of, and where it was. */
export interface Message {
  readonly stream: string;
  readonly subject: string;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Rows of messages. */
export function messageRows(
  stage: SourceStage,
  stageName: string,
  refusals: Refusals | undefined,
): MessageReader<Message> {
  const schema = declaredSchema(stage);
  return new MessageReader<Message>({
    schema,
    refusals,
    rowOf: ({ body }) => declaredRowOfJson(schema.columns, textOf(body)),
    refused: ({ stream, subject, sequence }, reason) =>
      new MillraceError(RowRefused, {
        message: `message ${sequence} of stream ${stream} (${subject}): ${reason}`,
        mend: 'Correct columns and key of the stage, read other subjects, or set such messages aside: give the stage onError.',
        details: { stream, sequence, subject },
      }),
    letter: {
      stage: stageName,
      names: ['stream', 'subject', 'sequence', 'value'],
      partsOf: ({ stream, subject, sequence, body }) => ({ stream, subject, sequence, value: body }),
      messageOf: ({ stream, subject, sequence, value }) => ({
        stream: stream ?? '',
        subject: subject ?? '',
        sequence: Number(sequence),
        body: textBytes(value ?? ''),
      }),
    },
  });
}

const textOf = (body: Uint8Array): string => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
