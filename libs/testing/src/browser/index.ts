export { chromiumProgram } from './chromium-program.ts';
export { openBrowser } from './open-browser.ts';
