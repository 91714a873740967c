import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

const GRAVE = new Set(['serious', 'critical']);

/** Resolves when colours have stopped changing: half-way between light and dark nothing can be read. */
const SETTLED = `(async () => {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity);
  await Promise.allSettled(ending.map(({ finished }) => finished));
})()`;

const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** What axe finds grave on the page as it is, in light and in dark: rule and places. */
export async function graveFindings(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(SETTLED);
    const axe = new AxeBuilder({ page });
    // Only colours differ in the dark.
    if (colorScheme === 'dark') axe.withRules(COLOUR_RULES);
    const { violations } = await axe.analyze();
    for (const { id, impact, nodes } of violations) {
      if (!GRAVE.has(impact ?? '')) continue;
      found.push(
        ...nodes.map(({ html, failureSummary }) => `${colorScheme} ${id}: ${html.slice(0, 200)} ${failureSummary}`),
      );
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}
