import { errorCode } from '@millrace/kernel';

export const UnknownSchedule = errorCode('schedule.unknown', {
  domain: 'user',
  retry: 'never',
  title: 'Unknown schedule',
});

export const ScheduleNameTaken = errorCode('schedule.name_taken', {
  domain: 'user',
  retry: 'never',
  title: 'Name is taken',
});

export const TooManySchedules = errorCode('schedule.too_many', {
  domain: 'user',
  retry: 'after-repair',
  title: 'There are too many schedules',
});

/** Somebody asks for a run while one is not over, and the schedule skips such. */
export const ScheduleBusy = errorCode('schedule.busy', {
  domain: 'user',
  retry: 'later',
  title: 'A run of the schedule is not over',
});
