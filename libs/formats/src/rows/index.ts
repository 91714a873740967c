export { AvroContainer } from './avro/avro-container.ts';
export type { ContentAt } from './content-at.ts';
export { type ContentRowsOptions, contentRows, parquetColumnNames } from './content-rows.ts';
export { globPattern, globPrefix, globProblem } from './glob.ts';
export { isUnread, type LinesFormat, rowsParser, type UnreadRow } from './rows-parser.ts';
