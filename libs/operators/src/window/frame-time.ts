import { assert } from '@millrace/kernel';
import type { SlidingWindow } from '../contract/window.ts';

/** The window of a batch: everything there is, over when the input ends. Its rows need no event time. */
export const EVERYTHING: SlidingWindow = {
  kind: 'sliding',
  sizeMs: Number.POSITIVE_INFINITY,
  slideMs: Number.POSITIVE_INFINITY,
};

/**
 * Arithmetic of a sliding window. Time is cut into frames of one slide each; frame `f` covers [f · slide, (f + 1) · slide), and the
 * window that ends with it holds the last `framesPerWindow` frames (panes: Li et al., "No pane, no gain", SIGMOD Record 2005).
 */
export class FrameTime {
  readonly slideMs: number;
  readonly sizeMs: number;
  readonly framesPerWindow: number;
  /** One frame for everything, number 0. */
  readonly isTimeless: boolean;

  constructor({ sizeMs, slideMs }: SlidingWindow) {
    this.isTimeless = slideMs === Number.POSITIVE_INFINITY;
    assert(
      this.isTimeless || (slideMs > 0 && sizeMs >= slideMs && sizeMs % slideMs === 0),
      `a window of ${sizeMs} ms cannot slide by ${slideMs} ms`,
    );
    this.slideMs = slideMs;
    this.sizeMs = sizeMs;
    this.framesPerWindow = this.isTimeless ? 1 : sizeMs / slideMs;
  }

  frameOf(timeMs: number): number {
    return Math.floor(timeMs / this.slideMs);
  }

  /** End of the window that ends with this frame, exclusive. */
  endMs(frame: number): number {
    return (frame + 1) * this.slideMs;
  }

  /** The last frame that is over at this watermark. */
  lastOver(watermarkMs: number): number {
    return Math.floor(watermarkMs / this.slideMs) - 1;
  }

  /** Rows of frames up to this one are late: all their windows are over. */
  lastLate(watermarkMs: number): number {
    return this.lastOver(watermarkMs) - this.framesPerWindow + 1;
  }
}
