import { Group, Text } from '@mantine/core';
import { useMe } from '../api/me.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { Page } from '../parts/page.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { FirstKeyPanel } from './first-key-panel.tsx';
import { KeysPanel } from './keys-panel.tsx';

/** Who may do what: oneself, and the keys there are. */
export function AccessPage() {
  const { me, may } = useMe();
  return (
    <Page title="Access" about="Who may call the API, and what for">
      {me?.open === true && <FirstKeyPanel />}
      {me !== null && !me.open && (
        <>
          <Panel
            title="You"
            aside={
              <ConfirmAction
                label="Log out"
                needs="viewer"
                says="The session of this browser ends. The key goes on working."
                call={(api) => api.DELETE('/api/v1/session')}
              />
            }
          >
            <Facts
              facts={[
                { name: 'Key', value: me.name },
                { name: 'Role', value: me.role },
                {
                  name: 'Session ends',
                  value: me.expiresAt === null ? 'never' : new Date(me.expiresAt).toLocaleString('en-GB'),
                },
              ]}
            />
          </Panel>
          {may('admin') ? (
            <KeysPanel />
          ) : (
            <Group>
              <Text size="sm" c="dimmed">
                Keys and the audit log are for admins.
              </Text>
            </Group>
          )}
        </>
      )}
    </Page>
  );
}
