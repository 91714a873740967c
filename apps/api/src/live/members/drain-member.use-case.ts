import type { MemberFacts } from '@millrace/cluster';
import { errorCode, MillraceError, suggestNames, systemClock } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { Executions } from '../../queue/executions.ts';

const UnknownMember = errorCode('member.unknown', { domain: 'user', retry: 'never', title: 'There is no such member' });

const LastMember = errorCode('member.last_active', {
  domain: 'user',
  retry: 'after-repair',
  title: 'No other member could take the jobs',
});

/** Has a member give its jobs to others, or take jobs again. Already so is fine. */
@Injectable()
export class DrainMemberUseCase {
  constructor(private readonly executions: Executions) {}

  /** @throws MillraceError `member.unknown`, `member.last_active`, `redis.unavailable` */
  async drain(name: string): Promise<MemberFacts> {
    const { executions } = this;
    const { member, others } = await this.#find(name);
    if (!others.some(({ state }) => state === 'active')) {
      throw new MillraceError(LastMember, {
        message: `no other member takes jobs: those of "${name}" would stand still`,
        mend: 'Start another worker first, or undo the drain of one. To stop this worker now, send it SIGTERM: its jobs wait, with a snapshot, for the next one.',
      });
    }
    await executions.asked(executions.members.drain(name, systemClock.nowMs()));
    return member.state === 'active' ? { ...member, state: 'draining' } : member;
  }

  /** @throws MillraceError `member.unknown`, `redis.unavailable` */
  async undo(name: string): Promise<MemberFacts> {
    const { executions } = this;
    const { member } = await this.#find(name);
    await executions.asked(executions.members.undoDrain(name));
    return { ...member, state: 'active' };
  }

  async #find(name: string): Promise<{ readonly member: MemberFacts; readonly others: readonly MemberFacts[] }> {
    const { executions } = this;
    const { members } = await executions.asked(executions.members.list(systemClock.nowMs()));
    const member = members.find((each) => each.name === name);
    if (member !== undefined) return { member, others: members.filter((each) => each !== member) };
    const names = members.map((each) => each.name);
    throw new MillraceError(UnknownMember, {
      message: `there is no member "${name}"`,
      mend: suggestNames('member', name, names),
    });
  }
}
