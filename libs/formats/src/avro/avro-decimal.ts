const DECIMAL = /^(-?)(\d*)(?:\.(\d*))?$/;
/** Digits of a number that JavaScript adds and multiplies without rounding. */
const SAFE_DIGITS = 15;
const BYTE = 256;

/**
 * The unscaled value of a decimal number as big-endian two's complement, as short as possible.
 * @returns `undefined` when it has more digits than precision and scale allow, or is no number (`NaN`, an exponent)
 */
export function decimalBytes(text: string, precision: number, scale: number): Buffer | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const beyond = fraction.slice(scale);
  if (whole.length + fraction.length === 0 || /[1-9]/.test(beyond)) return undefined;
  const digits = (whole + fraction.slice(0, scale).padEnd(scale, '0')).replace(/^0+/, '');
  if (digits.length > precision) return undefined;
  if (digits.length > SAFE_DIGITS) return bigBytes(BigInt(`${sign}${digits}`));
  const size = Number(digits);
  return numberBytes(sign === '-' ? -size : size);
}

/** A whole number that is exact as big-endian two's complement, as short as possible. */
export function numberBytes(value: number): Buffer {
  let length = 1;
  for (let limit = BYTE / 2; value >= limit || value < -limit; limit *= BYTE) length += 1;
  const bytes = Buffer.allocUnsafe(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at--) {
    const byte = ((rest % BYTE) + BYTE) % BYTE;
    bytes[at] = byte;
    rest = (rest - byte) / BYTE;
  }
  return bytes;
}

function bigBytes(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  const hex = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

/** The digits of a decimal, with exactly `scale` of them after the point, as PostgreSQL prints `numeric(p,s)`. */
export function decimalText(bytes: Uint8Array, scale: number): string {
  if (bytes.length === 0) return decimalText(Buffer.from([0]), scale);
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}
