import type { Page } from 'playwright-core';

/** The editor of a new job. */
export class EditorScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async open(): Promise<void> {
    await this.#page.goto('/ui/new-job');
    await this.#editor().waitFor();
  }

  async text(): Promise<string> {
    return (await this.#editor().textContent()) ?? '';
  }

  /** Replaces the whole text. */
  async write(text: string): Promise<void> {
    await this.#editor().click();
    await this.#page.keyboard.press('ControlOrMeta+a');
    await this.#page.keyboard.insertText(text);
  }

  /** Resolves when the list of what is wrong says this. */
  async says(words: string | RegExp): Promise<void> {
    await this.#page.getByRole('main').getByRole('status').filter({ hasText: words }).waitFor();
  }

  async isGood(): Promise<void> {
    await this.says('This is how it would run');
  }

  async create(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Create' }).click();
    await this.#page.getByRole('dialog', { name: 'Create' }).getByRole('button', { name: 'Create' }).click();
  }

  #editor() {
    return this.#page.getByRole('textbox', { name: 'The job as YAML' });
  }
}
