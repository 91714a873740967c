import { NavLink, Stack } from '@mantine/core';
import {
  IconActivity,
  IconArrowBarToDown,
  IconArrowBarToRight,
  IconCalendarClock,
  IconHistory,
  IconKey,
  IconMailExclamation,
  IconServer2,
  IconTopologyStar3,
} from '@tabler/icons-react';
import { Link, useLocation } from '@tanstack/react-router';
import type { ComponentType } from 'react';

interface Place {
  readonly to: string;
  readonly name: string;
  readonly icon: ComponentType<{ size: number; stroke: number }>;
}

const PLACES: readonly Place[] = [
  { to: '/', name: 'Overview', icon: IconActivity },
  { to: '/jobs', name: 'Jobs', icon: IconTopologyStar3 },
  { to: '/schedules', name: 'Schedules', icon: IconCalendarClock },
  { to: '/sources', name: 'Sources', icon: IconArrowBarToRight },
  { to: '/sinks', name: 'Sinks', icon: IconArrowBarToDown },
  { to: '/dead-letters', name: 'Dead letters', icon: IconMailExclamation },
  { to: '/members', name: 'Members', icon: IconServer2 },
  { to: '/access', name: 'Access', icon: IconKey },
  { to: '/audit', name: 'Audit', icon: IconHistory },
];

/** The places there are; the present one is marked. */
export function Navigation({ onGo }: { readonly onGo: () => void }) {
  const { pathname } = useLocation();
  return (
    <Stack gap={2}>
      {PLACES.map(({ to, name, icon: Icon }) => {
        const isHere = to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`);
        return (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={name}
            leftSection={<Icon size={16} stroke={1.6} />}
            active={isHere}
            aria-current={isHere ? 'page' : undefined}
            onClick={onGo}
          />
        );
      })}
    </Stack>
  );
}
