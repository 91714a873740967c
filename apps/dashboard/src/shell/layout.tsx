import { AppShell, Burger, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { LoginPage } from '../access/login-page.tsx';
import { useFleetStream } from '../api/fleet.ts';
import { meQuery } from '../api/me.ts';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { Announcer } from './announcer.tsx';
import { ColourScheme } from './colour-scheme.tsx';
import { Freeze } from './freeze.tsx';
import { HealthLine } from './health-line.tsx';
import { Navigation } from './navigation.tsx';
import styles from './shell.module.css';

/** The page for who is known, else the way in. */
export function Root() {
  const { data: me, error, isPending } = useQuery(meQuery);
  if (isPending) return null;
  if (me === null) return <LoginPage />;
  return (
    <>
      {error !== null && <ProblemAlert error={error} />}
      <Layout />
    </>
  );
}

/** The frame of every page: where one can go, whether anything is wrong, and the page. */
function Layout() {
  useFleetStream();
  const [isOpen, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // A page that was gone to is read from its beginning; the first one keeps the focus where the browser has it.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
    void pathname;
  }, [pathname]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 184, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className={styles['skip']} href="#main">
        Go to the content
      </a>
      <AppShell.Header>
        <div className={styles['header']}>
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Link to="/" className={styles['brand']}>
              <img src={`${import.meta.env.BASE_URL}mark.svg`} width={22} height={22} alt="" />
              Millrace
            </Link>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <HealthLine />
            <Freeze />
            <ColourScheme />
          </Group>
        </div>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Places">
        <Navigation onGo={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={styles['main']}>
        <Outlet />
        <Announcer />
      </AppShell.Main>
    </AppShell>
  );
}
