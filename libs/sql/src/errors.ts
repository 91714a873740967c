import { type ErrorCode, errorCode, MillraceError } from '@millrace/kernel';

const SQLSTATES = new WeakMap<ErrorCode, string>();

/** A code with the SQLSTATE that PostgreSQL gives for the same failure. */
function sqlCode(name: string, sqlstate: string, title: string): ErrorCode {
  // Class 22 is "data exception": the values of a row are to blame, not the expression.
  const ofRecord = sqlstate.startsWith('22');
  const code = errorCode(`sql.${name}`, { domain: 'user', retry: 'never', title, ofRecord });
  SQLSTATES.set(code, sqlstate);
  return code;
}

export const InvalidSyntax = sqlCode('syntax', '42601', 'The expression is not valid SQL');
export const UnknownColumn = sqlCode('unknown_column', '42703', 'The expression names a column that does not exist');
export const UnknownFunction = sqlCode('unknown_function', '42883', 'No function or operator fits');
export const UnknownType = sqlCode('unknown_type', '42704', 'The expression names a type that is not supported');
export const AmbiguousCall = sqlCode('ambiguous_call', '42725', 'More than one function or operator fits');
export const TypeMismatch = sqlCode('type_mismatch', '42804', 'A value has the wrong type');
export const CannotCast = sqlCode('cannot_cast', '42846', 'There is no cast between the types');
export const GroupingError = sqlCode(
  'grouping',
  '42803',
  'A column outside of an aggregate, or an aggregate in the wrong place',
);
export const Unsupported = sqlCode('unsupported', '0A000', 'The expression uses something that is not supported');

export const DivisionByZero = sqlCode('division_by_zero', '22012', 'Division by zero');
export const OutOfRange = sqlCode('out_of_range', '22003', 'A number is out of range');
export const InvalidText = sqlCode('invalid_text', '22P02', 'A text is not a value of the type');
export const InvalidDatetime = sqlCode('invalid_datetime', '22007', 'A text is not a date or time');
export const DatetimeOutOfRange = sqlCode('datetime_out_of_range', '22008', 'A date or time is out of range');
export const InvalidParameter = sqlCode('invalid_parameter', '22023', 'An argument has a value that is not allowed');
export const InvalidEscape = sqlCode('invalid_escape', '22025', 'A LIKE pattern ends with its escape character');
export const InvalidRegularExpression = sqlCode('invalid_regular_expression', '2201B', 'An invalid regular expression');
export const NegativeLength = sqlCode('negative_length', '22011', 'A negative substring length');
export const InvalidLogarithm = sqlCode('invalid_logarithm', '2201E', 'The logarithm of a number that has none');
export const InvalidPower = sqlCode('invalid_power', '2201F', 'A root or power of numbers that have none');

/** The SQLSTATE that PostgreSQL gives for the same failure; `undefined` for a code of another library. */
export const sqlstateOf = (code: ErrorCode): string | undefined => SQLSTATES.get(code);

/** A failure of evaluation: it depends on the values. The message is PostgreSQL's. */
export const sqlError = (code: ErrorCode, message: string, mend?: string): MillraceError =>
  new MillraceError(code, {
    message,
    mend: mend ?? 'Leave such rows out with a filter, or let CASE or NULLIF treat them.',
    details: { sqlstate: SQLSTATES.get(code) },
  });
