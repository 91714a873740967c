import type { Page } from 'playwright-core';

/** The steps that register a source or a sink. */
export class RegisterScreen {
  readonly #page: Page;
  readonly #what: 'source' | 'sink';

  constructor(page: Page, what: 'source' | 'sink') {
    this.#page = page;
    this.#what = what;
  }

  async open(): Promise<void> {
    await this.#page.goto(`/ui/new-${this.#what}`);
    await this.#page.getByRole('heading', { name: '1. Where it is' }).waitFor();
  }

  async type(name: string): Promise<void> {
    await this.#page.getByRole('combobox', { name: 'Type' }).click();
    await this.#page.getByRole('option', { name, exact: true }).click();
  }

  /** Pastes a URL, which fills in the fields. */
  async paste(url: string): Promise<void> {
    await this.#page.getByLabel('Paste its URL').fill(url);
  }

  async fill(field: string, value: string): Promise<void> {
    await this.#page.getByRole('textbox', { name: field, exact: true }).fill(value);
  }

  async value(field: string): Promise<string> {
    return this.#page.getByRole('textbox', { name: field, exact: true }).inputValue();
  }

  /** Asks the system, and resolves when it has said what it needs. */
  async look(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Look at it' }).click();
    await this.#page.getByRole('heading', { name: '2. What it needs' }).waitFor();
  }

  async choose(table: string): Promise<void> {
    await this.#page.getByRole('checkbox', { name: table, exact: true }).check();
  }

  /** Names and registers it; gives the call that was shown. */
  async register(name: string): Promise<string> {
    const label = `Register the ${this.#what}`;
    await this.#page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
    await this.#page.getByRole('button', { name: label }).click();
    const dialog = this.#page.getByRole('dialog', { name: label });
    const curl = (await dialog.locator('pre').textContent()) ?? '';
    await dialog.getByRole('button', { name: label }).click();
    await dialog.waitFor({ state: 'hidden' });
    return curl;
  }
}
