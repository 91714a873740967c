import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './chart.css';

export interface Series {
  readonly name: string;
  /** Name of a colour of the page. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly isDashed?: boolean;
}

export interface ChartProps {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number | null) => string;
}

const HEIGHT = 150;
/** Shorter spans are told by the second. */
const SECONDS_UNDER = 600;

/** The newest values while nothing is pointed at. */
const showNewest = (plot: UPlot): void => {
  if (plot.cursor.idx == null && plot.data[0].length > 0) plot.setLegend({ idx: plot.data[0].length - 1 });
};

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over the last hour. What they come to is said in words as well. */
export default function Chart({ title, times, series, format }: ChartProps) {
  const scheme = useComputedColorScheme('light');
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(undefined);
  const names = series.map(({ name }) => name).join();
  const shape = useRef({ series, format });
  shape.current = { series, format };
  useEffect(() => {
    if (width === 0) return;
    const line = colourOf('--line');
    const text = colourOf('--mantine-color-dimmed');
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    const plot = new UPlot(
      {
        width,
        height: HEIGHT,
        padding: [6, 28, 0, 0],
        hooks: { setCursor: [showNewest] },
        legend: { live: true },
        cursor: { y: false, points: { size: 5 } },
        series: [
          { value: (_, at) => (at == null ? '—' : new Date(at * 1_000).toLocaleTimeString('en-GB')) },
          ...shape.current.series.map(({ name, colour, isDashed }) => ({
            label: name,
            stroke: colourOf(colour),
            width: 1.5,
            ...(isDashed === true ? { dash: [4, 3] } : {}),
            points: { show: false },
            value: (_: UPlot, value: number | null) => shape.current.format(value),
          })),
        ],
        axes: [
          {
            ...axis,
            size: 24,
            space: 80,
            values: (_, splits) => {
              const isShort = splits.at(-1)! - splits[0]! < SECONDS_UNDER;
              return splits.map((at) => new Date(at * 1_000).toLocaleTimeString('en-GB').slice(0, isShort ? 8 : 5));
            },
          },
          { ...axis, size: 56, values: (_, splits) => splits.map((value) => shape.current.format(value)) },
        ],
        scales: { y: { range: (_, _min, max) => [0, Math.max(1, max * 1.1)] } },
      },
      [[], ...shape.current.series.map(() => [])],
      place.current!,
    );
    chart.current = plot;
    return () => {
      plot.destroy();
      chart.current = undefined;
    };
  }, [names, width, scheme]);
  useEffect(() => {
    chart.current?.setData([times.map((at) => at / 1_000), ...series.map(({ values }) => [...values])]);
    if (chart.current !== undefined) showNewest(chart.current);
  }, [times, series, width, scheme]);
  const words = series
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      return `${name}: ${format(known.at(-1) ?? null)} now, at most ${format(known.length === 0 ? null : Math.max(...known))}`;
    })
    .join('; ');
  return (
    <div ref={ref} role="img" aria-label={`${title}. ${words}`} style={{ minHeight: HEIGHT + 28, width: '100%' }}>
      <div ref={place} />
    </div>
  );
}
