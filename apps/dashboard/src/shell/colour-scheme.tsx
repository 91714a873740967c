import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun } from '@tabler/icons-react';

export function ColourScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const next = useComputedColorScheme('light') === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon variant="default" size={28} aria-label={`Use ${next} colours`} onClick={() => setColorScheme(next)}>
      {next === 'dark' ? <IconMoon size={15} stroke={1.6} /> : <IconSun size={15} stroke={1.6} />}
    </ActionIcon>
  );
}
