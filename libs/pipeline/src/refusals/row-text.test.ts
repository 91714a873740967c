import { describe, expect, it } from '@jest/globals';
import { rowOfText, rowText } from './row-text.ts';

describe('rows as text', () => {
  it.each([
    [{ id: 1, name: 'ä', nested: [{ a: null }, true] }, '{"id":1,"name":"ä","nested":[{"a":null},true]}'],
    [{ big: 12n, at: new Date(0) }, '{"big":{"$bigint":"12"},"at":{"$date":"1970-01-01T00:00:00.000Z"}}'],
    [[Number.NaN, Number.NEGATIVE_INFINITY, -0, undefined], undefined],
    [new Map<unknown, unknown>([[1n, new Set(['a'])]]), undefined],
    [{ bytes: Uint8Array.of(0, 255), odd: { $bigint: 'no number' }, deeper: { $x: { $y: 1n } } }, undefined],
    ['text', '"text"'],
    [null, 'null'],
  ])('come back as they were: %p', (row, text) => {
    const written = rowText(row);
    if (text !== undefined) expect(written).toBe(text);
    expect(rowOfText(written)).toEqual(row);
    expect(rowText(rowOfText(written))).toBe(written);
  });

  it('are refused when they hold what is no data', () => {
    const circle: { self?: unknown } = {};
    circle.self = [circle];
    expect(() => rowText({ call: () => 1 })).toThrow(TypeError);
    expect(() => rowText(circle)).toThrow(RangeError);
  });
});
