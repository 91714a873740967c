import { expect, it } from '@jest/globals';
import { type ConnectorView, connectorsText, connectorText } from './connectors-text.ts';

const sink: ConnectorView = {
  type: 'lake',
  role: 'sink',
  summary: 'Writes lines.',
  capabilities: { holds: 'changes', parallel: true },
  guarantees: [
    {
      mode: { mode: 'append' },
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'By rename.',
      needs: ['One file system.'],
    },
  ],
  config: { required: ['directory'], properties: { directory: { description: 'Where they appear.' } } },
  stage: { required: ['mode'], properties: { mode: { description: 'How.', default: 'append' } } },
};

it('lists connectors, one line each', () => {
  expect(connectorsText([sink, { ...sink, type: 'lake-two', role: 'source' }])).toBe(
    'sink    lake      Writes lines.\nsource  lake-two  Writes lines.',
  );
});

it('shows what a connector can do, holds and wants to know', () => {
  expect(connectorText(sink)).toBe(`sink lake: Writes lines.

Can
  holds: changes
  parallel: true

Holds
  mode: append, exactly-once, visible at-snapshot
    By rename.
    needs: One file system.

Options of the sink
  directory  Where they appear. Required.

Options of a stage
  mode  How. Default: "append".`);
});
