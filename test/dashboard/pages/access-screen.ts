import type { Page } from 'playwright-core';

/** Keys, and the way in. */
export class AccessScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async open(): Promise<void> {
    await this.#page.goto('/ui/access');
    await this.#page.getByRole('heading', { level: 1, name: 'Access' }).waitFor();
  }

  /** Makes the first key, reads it, and goes on with it. */
  async makeFirstKey(): Promise<string> {
    await this.#page.getByRole('button', { name: 'Make the first key' }).click();
    const key = await this.#shownKey();
    await this.#page.getByRole('button', { name: 'I have kept it: go on with it' }).click();
    await this.#page.getByRole('table', { name: 'Keys' }).waitFor();
    return key;
  }

  async makeKey(name: string, role: string): Promise<string> {
    await this.#page.getByRole('button', { name: 'Make a key' }).click();
    const dialog = this.#page.getByRole('dialog', { name: 'Make a key' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('combobox', { name: 'Role' }).click();
    await this.#page.getByRole('option', { name: role }).click();
    await dialog.getByRole('button', { name: 'Make a key' }).click();
    return this.#shownKey();
  }

  async logOut(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Log out' }).click();
    await this.#page.getByRole('dialog').getByRole('button', { name: 'Log out' }).click();
    await this.#page.getByLabel('API key').waitFor();
  }

  async logIn(key: string): Promise<void> {
    await this.#page.getByLabel('API key').fill(key);
    await this.#page.getByRole('button', { name: 'Log in' }).click();
  }

  async #shownKey(): Promise<string> {
    const box = this.#page.getByRole('status').filter({ hasText: 'shown this once' });
    return (await box.locator('code').textContent()) ?? '';
  }
}
