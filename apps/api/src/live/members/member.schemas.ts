import { z } from 'zod';

const time = z.iso.datetime();

export const memberSchema = z
  .object({
    name: z.string().meta({ description: 'Host and process.' }),
    state: z.enum(['active', 'draining', 'drained']).meta({
      description:
        'draining: it takes no job and gives its jobs to others. drained: it has none left, and can be stopped.',
    }),
    startedAt: time,
    at: time.meta({ description: 'When it told this; every second.' }),
    threads: z.int().meta({ description: 'Of its engine.' }),
    jobs: z.array(z.object({ id: z.string(), name: z.string() })),
    heapUsedBytes: z.int(),
    heapMaxBytes: z.int(),
    rssBytes: z.int(),
    cpu: z.number().meta({ description: 'Cores it used in the last second; engine threads make it more than 1.' }),
    eventLoopP50Ms: z.number().meta({ description: 'How late the event loop of the main thread was.' }),
    eventLoopP99Ms: z.number(),
    version: z.string(),
  })
  .meta({ id: 'Member', description: 'A worker that is there.' });

export type MemberView = z.infer<typeof memberSchema>;

export const membersSchema = z
  .object({
    items: z.array(memberSchema),
    gone: z
      .array(z.object({ name: z.string(), lastAt: time }))
      .meta({ description: 'Workers that went without a word in the last ten minutes.' }),
  })
  .meta({ id: 'Members', description: 'The workers of the cluster.' });

export type MembersView = z.infer<typeof membersSchema>;
