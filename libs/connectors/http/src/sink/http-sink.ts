import { defineSink } from '@millrace/connector-contract';
import { checkReceiver } from './check-receiver.ts';
import { type ReceiverConfig, receiverConfig, type SendingStage, sendingStage } from './config.ts';
import { WebhookSink } from './webhook-sink.processor.ts';

/** Change events as requests to a receiver of webhooks. */
export const httpSink = defineSink<ReceiverConfig, SendingStage>({
  type: 'http',
  role: 'sink',
  summary: 'Sends change events as signed HTTP requests (webhooks).',
  config: receiverConfig,
  stage: sendingStage,
  capabilities: { holds: 'changes', createsTarget: 'never', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'at-least-once',
      visible: 'at-once',
      how: 'A snapshot waits until the receiver has answered 2xx to everything before it. What was sent after the last snapshot is sent again after a crash, each event under the same id (webhook-id, or id of the event), so that a receiver that remembers ids has each effect once. The events of a key go in order.',
      needs: [
        'A receiver that answers 2xx only when it has kept the event.',
        'For effects once: that it skips ids which it has seen. Computed rows get other ids after a restart; for them it has to replace by key.',
      ],
    },
  ],
  check: checkReceiver,
  showsRowsAtOnce: () => true,
  checkStage: ({ config }, _input, signal) => checkReceiver(config, signal),
  refuses: () => true,
  createSink: (options) => () => new WebhookSink(options),
});
