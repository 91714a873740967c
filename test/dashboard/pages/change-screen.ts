import type { Page } from 'playwright-core';

/** The form that changes a source or a sink. */
export class ChangeScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async open(kind: 'sources' | 'sinks', name: string): Promise<void> {
    await this.#page.goto(`/ui/${kind}/${name}`);
    await this.#page.getByRole('link', { name: 'Change' }).click();
    await this.#page.getByRole('heading', { level: 1, name: `Change ${name}` }).waitFor();
    await this.#page.getByRole('heading', { name: /^Options of/ }).waitFor();
  }

  async fill(field: string, value: string): Promise<void> {
    await this.#page.getByLabel(field, { exact: true }).fill(value);
  }

  async value(field: string): Promise<string> {
    return this.#page.getByLabel(field, { exact: true }).inputValue();
  }

  /** Saves, and gives what the confirmation said and showed. */
  async save(): Promise<string> {
    await this.#page.getByRole('button', { name: 'Save' }).click();
    const dialog = this.#page.getByRole('dialog', { name: 'Save' });
    await dialog.locator('pre').waitFor();
    const said = (await dialog.textContent()) ?? '';
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    return said;
  }
}
