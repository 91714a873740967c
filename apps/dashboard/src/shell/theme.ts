import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The water of the mark. White on shade 7 and shade 4 on dark both pass 4.5:1. */
const water: MantineColorsTuple = [
  '#eaf5fb',
  '#d3e8f4',
  '#a3d0e9',
  '#71b7df',
  '#5aaede',
  '#2d8cc4',
  '#1c76ab',
  '#155e8c',
  '#124f75',
  '#0c3c5b',
];

/** Greys of the dark pages, with a little of the water in them. */
const dark: MantineColorsTuple = [
  '#d8dee4',
  '#b5bec7',
  '#9aa5b0',
  '#8b96a1',
  '#38424c',
  '#252c33',
  '#1d2329',
  '#14181c',
  '#101417',
  '#0c0f12',
];

export const theme = createTheme({
  primaryColor: 'water',
  primaryShade: { light: 7, dark: 6 },
  colors: { water, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.25rem' }, h2: { fontSize: '1rem' }, h3: { fontSize: '0.875rem' } },
  },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' }, styles: { label: { fontWeight: 500 } } },
    NavLink: { styles: { root: { borderRadius: 'var(--mantine-radius-sm)', paddingBlock: 6 } } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Modal: { defaultProps: { centered: true, transitionProps: { duration: 80 } } },
    Drawer: { defaultProps: { transitionProps: { duration: 80 }, overlayProps: { backgroundOpacity: 0.3 } } },
    Tooltip: { defaultProps: { withArrow: true, events: { hover: true, focus: true, touch: true } } },
  },
});

/** Colours mean a state and nothing else; each has enough contrast as text on its page. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#55606b',
    '--mantine-color-placeholder': '#66717c',
    '--surface': '#f5f7f9',
    '--line': '#dde3e8',
    '--tone-ok': '#1e7338',
    '--tone-busy': '#155e8c',
    '--tone-warn': '#8a5300',
    '--tone-bad': '#b3261e',
    '--tone-idle': '#55606b',
    '--tone-ok-bg': '#e6f4ea',
    '--tone-busy-bg': '#e4f0f7',
    '--tone-warn-bg': '#fdf1dc',
    '--tone-bad-bg': '#fcebea',
    '--tone-idle-bg': '#eef1f4',
  },
  dark: {
    '--mantine-color-body': '#14181c',
    '--mantine-color-text': '#d8dee4',
    '--mantine-color-dimmed': '#9aa5b0',
    '--mantine-color-placeholder': '#8b96a1',
    '--mantine-color-default': '#1d2329',
    '--mantine-color-default-hover': '#252c33',
    '--mantine-color-default-border': '#38424c',
    '--surface': '#1b2025',
    '--line': '#2e363e',
    '--tone-ok': '#6fcf8b',
    '--tone-busy': '#71b7df',
    '--tone-warn': '#f0b35a',
    '--tone-bad': '#ff8a80',
    '--tone-idle': '#9aa5b0',
    '--tone-ok-bg': '#16301f',
    '--tone-busy-bg': '#15303f',
    '--tone-warn-bg': '#382a12',
    '--tone-bad-bg': '#3d1d1b',
    '--tone-idle-bg': '#252c33',
  },
});
